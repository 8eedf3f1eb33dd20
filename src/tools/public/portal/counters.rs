//! The home of the portal: how many documents of each kind there are.

use std::collections::BTreeMap;

use jiff::Zoned;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{conditions, kinds::Kind, owner::Owner};
use crate::{
    facts::{Caller, Class, ConnectionAlias, Effect, MethodName, ModelName, Operation, RecordEffect, Risk},
    odoo::{Context, Domain, FaultKind, OdooError, PermittedOdoo},
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(in crate::tools::public) const TOOLS: &[ToolEntry] = &[row::<PortalHome>()];

/// What can be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Counter {
    Quotations,
    Orders,
    Invoices,
    OverdueInvoices,
    Bills,
    RequestsForQuotation,
    Purchases,
    Projects,
    Tasks,
    Tickets,
}

/// All of them, in the order of the portal.
const ALL: [Counter; 10] = [
    Counter::Quotations,
    Counter::Orders,
    Counter::Invoices,
    Counter::OverdueInvoices,
    Counter::Bills,
    Counter::RequestsForQuotation,
    Counter::Purchases,
    Counter::Projects,
    Counter::Tasks,
    Counter::Tickets,
];

/// What stands behind a counter.
enum Counted {
    List(Kind, &'static str),
    Model(&'static str),
}

impl Counter {
    fn counted(self) -> Counted {
        match self {
            Self::Quotations => Counted::List(Kind::Orders, "quotations"),
            Self::Orders => Counted::List(Kind::Orders, "orders"),
            Self::Invoices => Counted::List(Kind::Invoices, "invoices"),
            Self::OverdueInvoices => Counted::List(Kind::Invoices, "overdue_invoices"),
            Self::Bills => Counted::List(Kind::Invoices, "bills"),
            Self::RequestsForQuotation => Counted::List(Kind::Purchases, "rfq"),
            Self::Purchases => Counted::List(Kind::Purchases, "all"),
            Self::Projects => Counted::Model("project.project"),
            Self::Tasks => Counted::Model("project.task"),
            Self::Tickets => Counted::List(Kind::Tickets, "all"),
        }
    }

    fn effect(self, connection: &ConnectionAlias) -> RecordEffect {
        match self.counted() {
            Counted::List(kind, _) => kind.effect(connection, "search_count"),
            Counted::Model(model) => RecordEffect::new(
                connection,
                &ModelName::known(model),
                Operation::Read,
                MethodName::known("search_count"),
            )
            .filtering(vec!["project_id".to_owned()]),
        }
        .bounded(0)
    }
}

/// Arguments of `public_access_portal_home`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PortalHome {
    /// Connection alias.
    #[serde(default = "ConnectionAlias::default_alias")]
    connection: ConnectionAlias,
    /// What to count; everything when empty.
    #[serde(default)]
    counters: Vec<Counter>,
}

/// Result of `public_access_portal_home`.
#[derive(Debug, Serialize, JsonSchema)]
struct Home {
    /// How many documents of each kind the portal lists for this user.
    counters: BTreeMap<Counter, u64>,
    /// Kinds this server does not have.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_installed: Vec<Counter>,
    /// Kinds this user may not read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    no_access: Vec<Counter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

impl PortalHome {
    fn wanted(&self) -> Vec<Counter> {
        if self.counters.is_empty() { ALL.to_vec() } else { self.counters.clone() }
    }
}

impl Tool for PortalHome {
    const NAME: &'static str = "public_access_portal_home";
    const TITLE: &'static str = "Portal: how much there is";
    const DESCRIPTION: &'static str = "How many quotations, orders, invoices, purchases, tasks and tickets Odoo's \
         portal lists for the connection's user. The other portal tools list them.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = Home;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        let mut effects = vec![Owner::effect(&self.connection)];
        for counter in self.wanted() {
            let effect = Effect::Records(counter.effect(&self.connection));
            if !effects.contains(&effect) {
                effects.push(effect);
            }
        }
        effects
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Home, ToolError> {
        let odoo = cx.odoo(&self.connection)?;
        let owner = Owner::of_user(&odoo).await?;
        let major = odoo.version().await.major().unwrap_or(u16::MAX);
        let today = Zoned::now().date();
        let mut home = Home {
            counters: BTreeMap::new(),
            not_installed: Vec::new(),
            no_access: Vec::new(),
            url: odoo.page_address("/my/home"),
        };
        for counter in self.wanted() {
            let (model, conditions) = match counter.counted() {
                Counted::List(kind, filter) => {
                    (kind.model(), conditions::of_filter(kind, filter, major, &owner, today))
                }
                Counted::Model(model) => (ModelName::known(model), of_model(model, major)),
            };
            let domain = Domain::parse(Value::Array(conditions))?;
            match counted(&odoo, &model, &domain).await {
                Ok(count) => {
                    home.counters.insert(counter, count);
                }
                Err(OdooError::UnknownModel { .. }) => home.not_installed.push(counter),
                Err(OdooError::Fault { kind: FaultKind::AccessError | FaultKind::AccessDenied, .. }) => {
                    home.no_access.push(counter);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(home)
    }
}

/// The definitions come first: they tell a model that is missing from a server that is.
async fn counted(odoo: &PermittedOdoo<'_>, model: &ModelName, domain: &Domain) -> Result<u64, OdooError> {
    odoo.schema(model).await?;
    odoo.search_count(model, domain, &Context::default()).await
}

/// Private tasks, which 16 brought, are not shown in the portal.
fn of_model(model: &str, major: u16) -> Vec<Value> {
    if model == "project.task" && major >= 16 { vec![json!(["project_id", "!=", false])] } else { Vec::new() }
}
