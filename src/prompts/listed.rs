//! The prompts: names, arguments and the files of their texts.

use super::{Argument, Completes, Prompt};

const CONNECTION: Argument = Argument {
    name: "connection",
    description: "Alias of the Odoo connection",
    completes: Some(Completes::Connection),
    otherwise: Some("default"),
};

pub const PROMPTS: &[Prompt] = &[
    Prompt {
        name: "explain_model",
        title: "Explain a model",
        description: "What the records of a model are, how they are made and how to search them.",
        arguments: &[
            Argument {
                name: "model",
                description: "Technical name, such as sale.order",
                completes: Some(Completes::Model),
                otherwise: None,
            },
            Argument {
                name: "field",
                description: "A field to explain in particular",
                completes: Some(Completes::Field),
                otherwise: Some("name the ten that matter most, by their labels"),
            },
            CONNECTION,
        ],
        text: include_str!("explain_model.md"),
    },
    Prompt {
        name: "import_contacts",
        title: "Import contacts",
        description: "Contacts from a list: matched against those that exist, shown, then created.",
        arguments: &[text("rows", "The list, as CSV or as text"), CONNECTION],
        text: include_str!("import_contacts.md"),
    },
    Prompt {
        name: "month_end_review",
        title: "Month-end review",
        description: "What is left to do before a month can be closed. Only looks.",
        arguments: &[
            text("month", "The month, such as 2026-10"),
            or("company", "Name of the company", "all companies that can be seen"),
            CONNECTION,
        ],
        text: include_str!("month_end_review.md"),
    },
    Prompt {
        name: "overdue_invoices",
        title: "Overdue invoices",
        description: "Who owes how much since when, and what to do about it. Only looks.",
        arguments: &[or("days", "How many days past the due date", "30"), CONNECTION],
        text: include_str!("overdue_invoices.md"),
    },
    Prompt {
        name: "quotation_from_mail",
        title: "Quotation from a mail",
        description: "A draft quotation from what a customer writes, shown before it is made.",
        arguments: &[
            text("mail", "The mail, as text"),
            or("customer", "The customer, if the mail does not say it", "as the mail says"),
            CONNECTION,
        ],
        text: include_str!("quotation_from_mail.md"),
    },
    Prompt {
        name: "translate_page",
        title: "Translate a page",
        description: "A page of the website into other languages, shown before it is written.",
        arguments: &[
            text("page", "Address or name of the page, such as /contactus"),
            text("languages", "The languages, such as French and German"),
            CONNECTION,
        ],
        text: include_str!("translate_page.md"),
    },
];

const fn text(name: &'static str, description: &'static str) -> Argument {
    Argument { name, description, completes: None, otherwise: None }
}

const fn or(name: &'static str, description: &'static str, otherwise: &'static str) -> Argument {
    Argument { name, description, completes: None, otherwise: Some(otherwise) }
}
