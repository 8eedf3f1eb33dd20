//! Every method a client may call: where it is found, what it takes, what runs it.

use super::{
    Answer, Call, account, ai, archive, bus, loading, messages, meta, names, reading, sale, translations,
    views, website, writing,
};
use crate::{
    facts::JsonObject,
    sandbox::{
        env::Env,
        errors::{OdooError, Result},
        field::SandboxVersion,
        groups,
    },
};

/// What a method works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
    /// The model: no ids.
    Model,
    /// Records: the first argument is their ids.
    Records,
}

pub(super) type Run = fn(&mut Env<'_>, &Call) -> Result<Answer>;

/// One method.
#[derive(Debug)]
pub(super) struct Method {
    pub(super) name: &'static str,
    /// Models that have it; empty means all.
    pub(super) models: &'static [&'static str],
    pub(super) only: Option<SandboxVersion>,
    pub(super) on: On,
    /// Names in order; a name with `!` in front must be given.
    pub(super) parameters: &'static [&'static str],
    /// Whether it takes arguments of any name.
    pub(super) open: bool,
    pub(super) run: Run,
}

const fn method(name: &'static str, on: On, parameters: &'static [&'static str], run: Run) -> Method {
    Method { name, models: &[], only: None, on, parameters, open: false, run }
}

impl Method {
    const fn of(mut self, models: &'static [&'static str]) -> Self {
        self.models = models;
        self
    }

    const fn only14(mut self) -> Self {
        self.only = Some(SandboxVersion::V14);
        self
    }

    const fn only19(mut self) -> Self {
        self.only = Some(SandboxVersion::V19);
        self
    }

    const fn open(mut self) -> Self {
        self.open = true;
        self
    }

    /// The first parameter that must be given and was not.
    pub(super) fn missing(&self, bound: &JsonObject) -> Option<&'static str> {
        let required = self.parameters.iter().filter_map(|parameter| parameter.strip_prefix('!'));
        required.into_iter().find(|parameter| !bound.contains_key(*parameter))
    }
}

/// Models with a chatter.
const THREADS: &[&str] =
    &["res.partner", "product.template", "product.product", "sale.order", "account.move", "crm.lead"];
const ORDERS: &[&str] = &["sale.order"];

/// The model of the add-on for tests.
const STEPS: &[&str] = &["ai.test.steps"];

const MOVES: &[&str] = &["account.move"];

const USERS: &[&str] = &["res.users"];

static METHODS: &[Method] = &[
    method("search", On::Model, &["!args", "offset", "limit", "order", "count"], reading::search).only14(),
    method("search", On::Model, &["!domain", "offset", "limit", "order"], reading::search).only19(),
    method("search_count", On::Model, &["!args"], reading::search_count).only14(),
    method("search_count", On::Model, &["!domain", "limit"], reading::search_count).only19(),
    method("search_read", On::Model, &["domain", "fields", "offset", "limit", "order"], reading::search_read)
        .only14(),
    method("search_read", On::Model, &["domain", "fields", "offset", "limit", "order"], reading::search_read)
        .only19()
        .open(),
    method("read", On::Records, &["fields", "load"], reading::read),
    method(
        "web_search_read",
        On::Model,
        &["domain", "fields", "offset", "limit", "order"],
        reading::web_search_read_14,
    )
    .only14(),
    method(
        "web_search_read",
        On::Model,
        &["!domain", "!specification", "offset", "limit", "order", "count_limit"],
        reading::web_search_read_19,
    )
    .only19(),
    method("web_read", On::Records, &["!specification"], reading::web_read).only19(),
    method("web_save", On::Records, &["!vals", "!specification", "next_id"], writing::web_save).only19(),
    method("name_search", On::Model, &["name", "args", "operator", "limit"], names::name_search).only14(),
    method("name_search", On::Model, &["name", "domain", "operator", "limit"], names::name_search).only19(),
    method("name_create", On::Model, &["!name"], names::name_create),
    method("name_get", On::Records, &[], names::name_get).only14(),
    method("fields_get", On::Model, &["allfields", "attributes"], meta::fields_get),
    method("default_get", On::Model, &["!fields_list"], meta::default_get).only14(),
    method("default_get", On::Model, &["!fields"], meta::default_get).only19(),
    method("create", On::Model, &["!vals_list"], writing::create),
    method("write", On::Records, &["!vals"], writing::write),
    method("unlink", On::Records, &[], writing::unlink),
    method("load", On::Model, &["!fields", "!data"], loading::load),
    method("copy", On::Records, &["default"], writing::copy),
    method(
        "read_group",
        On::Model,
        &["!domain", "!fields", "!groupby", "offset", "limit", "orderby", "lazy"],
        groups::read_group,
    ),
    method(
        "formatted_read_group",
        On::Model,
        &["!domain", "groupby", "aggregates", "having", "offset", "limit", "order"],
        groups::formatted_read_group,
    )
    .only19(),
    method(
        "fields_view_get",
        On::Model,
        &["view_id", "view_type", "toolbar", "submenu"],
        views::fields_view_get,
    )
    .only14(),
    method("load_views", On::Model, &["!views", "options"], views::load_views).only14(),
    method("get_view", On::Model, &["view_id", "view_type"], views::get_view).only19().open(),
    method("get_views", On::Model, &["!views", "options"], views::get_views).only19(),
    method("check_access_rights", On::Model, &["!operation", "raise_exception"], meta::check_access_rights),
    method("check_access_rule", On::Records, &["!operation"], meta::check_access_rule),
    method("has_access", On::Records, &["!operation"], meta::has_access).only19(),
    method("get_metadata", On::Records, &[], meta::get_metadata),
    method("export_data", On::Records, &["!fields_to_export"], meta::export_data),
    method("exists", On::Records, &[], meta::exists).only14(),
    method("browse", On::Records, &["ids"], meta::browse).only14(),
    method("get_field_translations", On::Records, &["!field_name", "langs"], translations::get).only19(),
    method(
        "update_field_translations",
        On::Records,
        &["!field_name", "!translations", "source_lang"],
        translations::update,
    )
    .only19(),
    method("action_archive", On::Records, &[], archive::action_archive),
    method("action_unarchive", On::Records, &[], archive::action_unarchive),
    method("toggle_active", On::Records, &[], archive::toggle_active),
    method("message_post", On::Records, &[], messages::message_post).of(THREADS).open(),
    method("poll", On::Model, &["!channels", "last", "options"], bus::poll).of(&["bus.bus"]).only14(),
    method("run", On::Records, &[], bus::run).of(&["ir.actions.server"]),
    method("message_subscribe", On::Records, &["partner_ids", "subtype_ids"], messages::message_subscribe)
        .of(THREADS),
    method("message_unsubscribe", On::Records, &["partner_ids"], messages::message_unsubscribe)
        .of(THREADS)
        .open(),
    method("action_confirm", On::Records, &[], sale::action_confirm).of(ORDERS),
    method("action_cancel", On::Records, &[], sale::action_cancel).of(ORDERS),
    method("action_draft", On::Records, &[], sale::action_draft).of(ORDERS),
    method("action_quotation_send", On::Records, &[], sale::action_quotation_send).of(ORDERS),
    method("action_post", On::Records, &[], account::action_post).of(MOVES),
    method("button_draft", On::Records, &[], account::button_draft).of(MOVES),
    method("button_cancel", On::Records, &[], account::button_cancel).of(MOVES),
    method("action_ai_post_vendor_bill", On::Records, &[], ai::post_vendor_bill).of(MOVES),
    method("step_note", On::Model, &["!ctx"], ai::step_note).of(STEPS),
    method("step_count", On::Model, &["!ctx"], ai::step_count).of(STEPS),
    method("step_abort", On::Model, &["!ctx"], ai::step_abort).of(STEPS),
    method("step_raise", On::Model, &["!ctx"], ai::step_raise).of(STEPS),
    method("step_grow", On::Model, &["!ctx"], ai::step_grow).of(STEPS),
    method("step_silent", On::Model, &["!ctx"], ai::step_silent).of(STEPS),
    method("step_other_record", On::Model, &["!ctx"], ai::step_other_record).of(STEPS),
    method("action_register_payment", On::Records, &[], account::action_register_payment).of(MOVES),
    method(
        "get_portal_url",
        On::Records,
        &["suffix", "report_type", "download", "query_string", "anchor"],
        meta::get_portal_url,
    )
    .of(&["sale.order", "account.move"]),
    method("render_public_asset", On::Model, &["!template", "values"], website::render_public_asset)
        .of(&["ir.ui.view"]),
    method("has_group", On::Model, &["!group_ext_id"], meta::has_group).of(USERS).only14(),
    method("has_group", On::Records, &["!group_ext_id"], meta::has_group).of(USERS).only19(),
    method("context_get", On::Model, &[], meta::context_get).of(USERS),
    method("get_installed", On::Model, &[], meta::get_installed).of(&["res.lang"]),
    method("get_wkhtmltopdf_state", On::Model, &[], meta::get_wkhtmltopdf_state).of(&["ir.actions.report"]),
    method("get_param", On::Model, &["!key", "default"], meta::get_param).of(&["ir.config_parameter"]),
    method("set_param", On::Model, &["!key", "!value"], meta::set_param).of(&["ir.config_parameter"]),
];

/// Public in 14, marked private in 19.
const PRIVATE_IN_19: &[&str] = &[
    "exists",
    "browse",
    "sudo",
    "with_context",
    "with_company",
    "with_user",
    "mapped",
    "filtered",
    "filtered_domain",
    "ensure_one",
    "sorted",
    "check_access",
    "search_fetch",
    "fetch",
    "concat",
    "union",
    "flush_model",
    "invalidate_model",
];

pub(super) fn find(version: SandboxVersion, model: &str, name: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| {
        method.name == name
            && method.only.is_none_or(|only| only == version)
            && (method.models.is_empty() || method.models.contains(&model))
    })
}

pub(crate) fn check_private(version: SandboxVersion, model: &str, method: &str) -> Result<()> {
    let private =
        method.starts_with('_') || (version == SandboxVersion::V19 && PRIVATE_IN_19.contains(&method));
    if !private {
        return Ok(());
    }
    Err(OdooError::access(match version {
        SandboxVersion::V14 => format!("Private methods (such as {method}) cannot be called remotely."),
        SandboxVersion::V19 => {
            format!("Private methods (such as '{model}.{method}') cannot be called remotely.")
        }
    }))
}

pub(crate) fn exists(version: SandboxVersion, model: &str, method: &str) -> bool {
    find(version, model, method).is_some()
}
