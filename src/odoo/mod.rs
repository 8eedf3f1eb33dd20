//! Talking to Odoo: connections, sessions, wire formats, domains, faults.
//!
//! Nothing but this room knows Odoo's wire, and nothing here knows MCP.

mod address;
mod call;
mod calls;
mod client;
#[cfg(test)]
mod client_tests;
mod command_codes;
mod connections;
mod context;
mod currencies;
mod default_order;
mod domain;
mod domain_check;
mod explain;
mod failure;
mod fault;
mod http;
mod list_view;
mod login;
mod method_docs;
mod names_searched;
mod narrowed;
mod notices;
mod page;
mod parameters;
mod paths;
mod permitted;
mod pipeline_steps;
mod read_scope;
mod record_facts;
mod record_ids;
mod redaction;
mod reports;
mod restated;
mod routes;
mod schema;
mod schema_cache;
mod secrets;
mod session;
mod sign_in;
mod tls;
mod transfer;
mod translations;
mod unfold;
mod values;
mod version;
mod version_check;
mod web;
mod wording;

pub use call::{Argument, Call, Page, PageQuery};
pub use calls::{MethodCall, Target};
pub use client::OdooClient;
pub use connections::{
    CONNECTIONS_FILE, CertificateReport, CheckResult, ConnectRequest, Connected, Connections, Overview,
    OwnRequest, OwnRow, OwnState, PermittedConnections, PinReport, PinStatus, ProtocolName, Repinned, Row,
    SecretKind, seal_keys,
};
pub use context::{Context, ContextError};
pub use currencies::currencies;
pub use domain::Domain;
use failure::Failure;
pub use fault::{FaultKind, OdooError};
pub use names_searched::with_names_searched;
pub use notices::{ACTION_NAME, Means, Notice, Told, action_code, effect as notice_effect};
pub use parameters::of_method as parameter_names;
pub use permitted::PermittedOdoo;
pub use pipeline_steps::{
    RESULT_FIELDS, STEP_FIELDS, STEP_FILTERS, STEP_MODEL, STEP_ORDER, STEPS_MAX, StepRow, steps_query,
};
pub use record_facts::{Before, RECORDS_LOOKED_AT_MAX, RecordBefore, Strayed, answer, look_at, strayed};
pub use record_ids::{kind_of, record_ids};
pub use redaction::worded_for;
pub use reports::{ReportFacts, is_report_name};
pub use schema::{FieldInfo, FieldType, ModelSchema};
pub(crate) use secrets::resolve as resolve_secret;
pub use sign_in::{ClientState, Route, SignIn};
pub use tls::{CertificateFacts, web_config};
pub use transfer::{Content, Download};
pub use translations::{FieldTranslations, TermChange, TermChanges, TextChanges, TranslationRow};
pub use unfold::{unfold, unfold_with};
pub use values::{Comodels, Mode, check_values, check_values_with};
pub use version::{ServerVersion, VersionState};
pub use web::{
    FormPart, PageAnswer, PageBody, PagePath, PageRequest, PartContent, PermittedWeb, Reserved,
    RunningRequest, WebCredentials, WebSignedIn, WebSignedOut, WebUser, content_address, is_known_page,
    request_effects, web_page_effect,
};
