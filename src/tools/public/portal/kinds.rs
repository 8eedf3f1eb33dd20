//! What each list of the portal is made of: the model, its fields, its orders and filters.

use crate::facts::{ConnectionAlias, FieldName, MethodName, ModelName, Operation, RecordEffect};

/// The lists there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Orders,
    Invoices,
    Purchases,
    Tickets,
}

/// One way to sort, by its name in Odoo's portal.
type Sorting = (&'static str, &'static str);

impl Kind {
    pub(super) fn model(self) -> ModelName {
        ModelName::known(match self {
            Self::Orders => "sale.order",
            Self::Invoices => "account.move",
            Self::Purchases => "purchase.order",
            Self::Tickets => "helpdesk.ticket",
        })
    }

    /// What it is called where it is missing, and what would bring it.
    pub(super) fn feature(self) -> (&'static str, &'static str) {
        match self {
            Self::Orders => ("sales orders", "the module `sale`"),
            Self::Invoices => ("invoices", "the module `account`"),
            Self::Purchases => ("purchase orders", "the module `purchase`"),
            Self::Tickets => ("helpdesk tickets", "`helpdesk` or the community module `helpdesk_mgmt`"),
        }
    }

    pub(super) fn date_field(self) -> &'static str {
        match self {
            Self::Orders | Self::Purchases => "date_order",
            Self::Invoices => "invoice_date",
            Self::Tickets => "create_date",
        }
    }

    pub(super) fn state_field(self) -> &'static str {
        match self {
            Self::Orders | Self::Invoices | Self::Purchases => "state",
            Self::Tickets => "stage_id",
        }
    }

    pub(super) fn fields(self) -> Vec<FieldName> {
        let names: &[&str] = match self {
            Self::Orders | Self::Purchases => {
                &["name", "date_order", "amount_total", "currency_id", "state", "access_url"]
            }
            Self::Invoices => &[
                "name",
                "invoice_date",
                "invoice_date_due",
                "amount_total",
                "amount_residual",
                "currency_id",
                "state",
                "payment_state",
                "move_type",
                "access_url",
            ],
            Self::Tickets => &["name", "create_date", "stage_id", "access_url"],
        };
        names.iter().filter_map(|name| FieldName::parse(name).ok()).collect()
    }

    /// The first is the one Odoo takes.
    pub(super) fn sortings(self) -> &'static [Sorting] {
        match self {
            Self::Orders => &[
                ("date", "date_order desc, id desc"),
                ("name", "name, id"),
                ("stage", "state, id"),
                ("amount_total", "amount_total desc, id desc"),
            ],
            Self::Invoices => &[
                ("date", "invoice_date desc, id desc"),
                ("duedate", "invoice_date_due desc, id desc"),
                ("name", "name desc, id desc"),
                ("state", "state, id"),
                ("amount_total", "amount_total desc, id desc"),
            ],
            Self::Purchases => &[
                ("date", "create_date desc, id desc"),
                ("name", "name, id"),
                ("amount_total", "amount_total desc, id desc"),
            ],
            Self::Tickets => &[("date", "create_date desc, id desc"), ("name", "name, id")],
        }
    }

    /// The first is the one Odoo takes.
    pub(super) fn filters(self) -> &'static [&'static str] {
        match self {
            Self::Orders => &["orders", "quotations"],
            Self::Invoices => &["all", "invoices", "bills", "overdue_invoices"],
            Self::Purchases => &["all", "purchase", "cancel", "done", "rfq"],
            Self::Tickets => &["all"],
        }
    }

    /// Do the conditions look at who is asking?
    pub(super) fn asks_for_owner(self) -> bool {
        matches!(self, Self::Orders | Self::Invoices)
    }

    /// Can its documents be printed from the portal?
    pub(super) fn has_pdf(self) -> bool {
        self != Self::Tickets
    }

    /// Fields that the conditions of any version may look at.
    fn fields_filtered(self) -> Vec<String> {
        let names: &[&str] = match self {
            Self::Orders => &["partner_id", "message_partner_ids", "state", "create_date", "name"],
            Self::Invoices => &[
                "move_type",
                "state",
                "payment_state",
                "invoice_date_due",
                "partner_id",
                "create_date",
                "name",
            ],
            Self::Purchases => &["state", "create_date", "name"],
            Self::Tickets => &["create_date", "name"],
        };
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    /// A search of this list, as the policy sees it.
    pub(super) fn effect(self, connection: &ConnectionAlias, method: &'static str) -> RecordEffect {
        RecordEffect::new(connection, &self.model(), Operation::Read, MethodName::known(method))
            .filtering(self.fields_filtered())
    }
}
