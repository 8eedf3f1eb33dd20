//! Fields of `account.account`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{boolean, char, many2many, many2one, selection, text};

pub(super) static MODEL: Model = Model {
    name: "account.account",
    label_14: "Account",
    label_19: "Account",
    order_14: "code, company_id",
    order_19: "code",
    name_field: "name",
    only: None,
    fields: &[
        char("code", "Code").unstored().searchable().only19(),
        char("code", "Code").required().only14(),
        char("name", "Account Name").required().translated().only19(),
        char("name", "Account Name").required().only14(),
        selection(
            "account_type",
            "Type",
            &[
                ("asset_receivable", "Receivable"),
                ("asset_cash", "Bank and Cash"),
                ("asset_current", "Current Assets"),
                ("asset_non_current", "Non-current Assets"),
                ("asset_prepayments", "Prepayments"),
                ("asset_fixed", "Fixed Assets"),
                ("liability_payable", "Payable"),
                ("liability_credit_card", "Credit Card"),
                ("liability_current", "Current Liabilities"),
                ("liability_non_current", "Non-current Liabilities"),
                ("equity", "Equity"),
                ("equity_unaffected", "Current Year Earnings"),
                ("income", "Income"),
                ("income_other", "Other Income"),
                ("expense", "Expenses"),
                ("expense_other", "Other Expenses"),
                ("expense_depreciation", "Depreciation"),
                ("expense_direct_cost", "Cost of Revenue"),
                ("off_balance", "Off-Balance Sheet"),
            ],
        )
        .required()
        .only19(),
        selection(
            "internal_group",
            "Internal Group",
            &[
                ("equity", "Equity"),
                ("asset", "Asset"),
                ("liability", "Liability"),
                ("income", "Income"),
                ("expense", "Expense"),
                ("off", "Off Balance"),
            ],
        )
        .readonly()
        .unstored()
        .searchable()
        .only19(),
        selection(
            "internal_group",
            "Internal Group",
            &[
                ("equity", "Equity"),
                ("asset", "Asset"),
                ("liability", "Liability"),
                ("income", "Income"),
                ("expense", "Expense"),
                ("off_balance", "Off Balance"),
            ],
        )
        .readonly()
        .only14(),
        boolean("reconcile", "Allow Reconciliation"),
        many2one("company_id", "Company", "res.company").required().readonly().only14(),
        many2many("company_ids", "Companies", "res.company").required().only19(),
        many2one("currency_id", "Account Currency", "res.currency"),
        boolean("deprecated", "Deprecated").only14(),
        boolean("active", "Active").only19(),
        text("note", "Internal Notes"),
        selection(
            "internal_type",
            "Internal Type",
            &[
                ("other", "Regular"),
                ("receivable", "Receivable"),
                ("payable", "Payable"),
                ("liquidity", "Liquidity"),
            ],
        )
        .readonly()
        .only14(),
        boolean("include_initial_balance", "Bring Accounts Balance Forward")
            .readonly()
            .unstored()
            .searchable()
            .only19(),
    ],
};
