//! The four lists as tools.

use jiff::Zoned;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{arguments::Asked, conditions, kinds::Kind, owner::Owner, rows::Row};
use crate::{
    facts::{Caller, Class, Effect, Risk},
    odoo::{Context, PageQuery},
    tools::{ArgumentsError, CallContext, Tool, ToolEntry, ToolError, public::installed::not_installed, row},
};

pub(in crate::tools::public) const TOOLS: &[ToolEntry] =
    &[row::<Orders>(), row::<Invoices>(), row::<Purchases>(), row::<Tickets>()];

/// A page of a list.
#[derive(Debug, Serialize, JsonSchema)]
struct ListPage {
    rows: Vec<Row>,
    page: u32,
    page_size: u32,
    /// Documents that match.
    total: u64,
    /// There is another page after this one.
    has_next: bool,
    /// The filter that was used.
    filterby: String,
}

impl ListPage {
    async fn of(kind: Kind, asked: Asked, cx: &CallContext<'_>) -> Result<Self, ToolError> {
        let odoo = cx.odoo(&asked.connection)?;
        let (feature, modules) = kind.feature();
        let missing = |error| not_installed(error, feature, modules);
        let schema = odoo.schema(&kind.model()).await.map_err(missing)?;
        let owner = if kind.asks_for_owner() { Owner::of_user(&odoo).await? } else { Owner::NOBODY };
        let major = odoo.version().await.major().unwrap_or(u16::MAX);
        let query = PageQuery {
            model: kind.model(),
            domain: conditions::of_page(kind, &asked, major, &owner, Zoned::now().date())?,
            fields: kind.fields(),
            limit: asked.page_size,
            offset: asked.offset(),
            order: Some(asked.order(kind).to_owned()),
            context: Context::default(),
        };
        let found = odoo.page(&query).await.map_err(missing)?;
        let rows =
            found.records.iter().filter_map(|record| Row::read(kind, record, &schema, &odoo)).collect();
        Ok(Self {
            rows,
            page: asked.page,
            page_size: asked.page_size,
            total: found.total,
            has_next: u64::from(asked.offset()) + u64::from(asked.page_size) < found.total,
            filterby: asked.filter(kind).to_owned(),
        })
    }
}

fn effects(kind: Kind, asked: &Asked) -> Vec<Effect> {
    let listed = kind
        .effect(&asked.connection, "search_read")
        .reading(&kind.fields())
        .ordering(ordered(asked.order(kind)))
        .bounded(u64::from(asked.page_size));
    let mut effects = vec![Effect::Records(listed)];
    if kind.asks_for_owner() {
        effects.push(Owner::effect(&asked.connection));
    }
    effects
}

/// The fields of an order.
fn ordered(order: &str) -> Vec<String> {
    order.split(',').filter_map(|term| term.split_whitespace().next()).map(str::to_owned).collect()
}

/// A list is a name, a few words and a kind.
macro_rules! list {
    ($tool:ident, $name:literal, $title:literal, $description:literal, $kind:expr) => {
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(transparent)]
        struct $tool(Asked);

        impl Tool for $tool {
            const NAME: &'static str = $name;
            const TITLE: &'static str = $title;
            const DESCRIPTION: &'static str = $description;
            const CLASS: Class = Class::Read;
            const RISK: Risk = Risk::Low;
            const IDEMPOTENT: bool = true;
            type Output = ListPage;

            fn effects(&self, _: &Caller) -> Vec<Effect> {
                effects($kind, &self.0)
            }

            fn check(&self) -> Result<(), ArgumentsError> {
                self.0.check($kind)
            }

            async fn run(self, cx: &CallContext<'_>) -> Result<ListPage, ToolError> {
                ListPage::of($kind, self.0, cx).await
            }
        }
    };
}

list!(
    Orders,
    "public_access_portal_orders",
    "Portal: sales orders",
    "Sales orders (or, with `filterby: quotations`, quotations) that Odoo's portal lists for the \
     connection's user, as rows with amounts, states and links. `sortby`: date, name, stage, amount_total.",
    Kind::Orders
);
list!(
    Invoices,
    "public_access_portal_invoices",
    "Portal: invoices",
    "Invoices and bills that Odoo's portal lists for the connection's user, as rows with amounts, states and \
     links. `filterby`: all, invoices, bills, overdue_invoices. `sortby`: date, duedate, name, state, \
     amount_total.",
    Kind::Invoices
);
list!(
    Purchases,
    "public_access_portal_purchases",
    "Portal: purchase orders",
    "Purchase orders that Odoo's portal lists for the connection's user, as rows with amounts, states and \
     links. `filterby`: all, purchase, cancel, done, rfq. `sortby`: date, name, amount_total.",
    Kind::Purchases
);
list!(
    Tickets,
    "public_access_portal_tickets",
    "Portal: tickets",
    "Helpdesk tickets of the connection's user, as rows with stages and links. Needs a helpdesk \
     application on the server. `sortby`: date, name.",
    Kind::Tickets
);
