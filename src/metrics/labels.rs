//! The words that labels are made of.

use super::OTHER;

/// How a call ended, in as few words as a dashboard wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallStatus {
    Ok,
    /// The policy, a limit, a pause or a scope refused it.
    Denied,
    /// A person is asked first.
    Asked,
    Error,
    /// A tool that was switched off at start.
    Disabled,
    /// No tool of that name exists for its caller.
    Unknown,
}

impl CallStatus {
    pub(super) const WORDS: [&str; 6] = ["ok", "denied", "asked", "error", "disabled", "unknown"];

    pub fn as_str(self) -> &'static str {
        Self::WORDS.get(self as usize).copied().unwrap_or(OTHER)
    }
}

/// Why a request did not come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthFailure {
    Missing,
    Wrong,
    TooMany,
    Unavailable,
    /// The token is good, and not for this.
    Scope,
    /// A `Host` or `Origin` of somebody else.
    Foreign,
}

impl AuthFailure {
    pub(super) const WORDS: [&str; 6] = ["missing", "wrong", "too_many", "unavailable", "scope", "foreign"];
}

/// Which part of the HTTP surface a request was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteGroup {
    Mcp,
    Api,
    Oauth,
    SignIn,
    Console,
    Approvals,
    Health,
    Metrics,
    Other,
}

impl RouteGroup {
    pub(super) const WORDS: [&str; 9] =
        ["/mcp", "/api", "/oauth", "/sign-in", "/console", "/approvals", "/health", "/metrics", OTHER];

    pub fn as_str(self) -> &'static str {
        Self::WORDS.get(self as usize).copied().unwrap_or(OTHER)
    }

    /// The group of a path. Whatever is in the rest of the path stays out of the numbers.
    pub fn of(path: &str) -> Self {
        let first = path.strip_prefix('/').unwrap_or_default().split('/').next().unwrap_or_default();
        match first {
            "mcp" => Self::Mcp,
            "api" => Self::Api,
            "oauth" | ".well-known" => Self::Oauth,
            "sign-in" | "sign-out" => Self::SignIn,
            "console" => Self::Console,
            "approve" | "approvals" => Self::Approvals,
            "health" | "livez" | "readyz" => Self::Health,
            "metrics" => Self::Metrics,
            _ => Self::Other,
        }
    }
}

/// The methods of HTTP that are counted apart.
pub(super) const METHODS: [&str; 6] = ["GET", "POST", "DELETE", "HEAD", "OPTIONS", OTHER];

/// A method as the numbers and traces call it.
pub fn method_word(name: &str) -> &'static str {
    METHODS.get(method(name)).copied().unwrap_or(OTHER)
}

pub(super) fn method(name: &str) -> usize {
    METHODS.iter().position(|known| *known == name).unwrap_or(METHODS.len() - 1)
}

/// The statuses that are counted apart; any other is counted as the hundred it belongs to.
pub(super) const STATUSES: [&str; 24] = [
    "200", "202", "204", "302", "303", "307", "400", "401", "403", "404", "405", "406", "408", "409", "413",
    "415", "429", "500", "502", "503", "1xx_2xx", "3xx", "4xx", "5xx",
];

pub(super) fn status(code: u16) -> usize {
    let text = code.to_string();
    STATUSES.iter().position(|known| *known == text).unwrap_or(match code {
        ..300 => 20,
        300..400 => 21,
        400..500 => 22,
        500.. => 23,
    })
}

/// What a request asks of Odoo.
pub(super) const OPERATIONS: [&str; 9] =
    ["read", "create", "write", "unlink", "execute", "mail", "report", "web", OTHER];

pub(super) fn operation_word(name: &str) -> &'static str {
    OPERATIONS.get(operation(name)).copied().unwrap_or(OTHER)
}

pub(super) fn operation(name: &str) -> usize {
    OPERATIONS.iter().position(|known| *known == name).unwrap_or(OPERATIONS.len() - 1)
}

/// The models that are counted apart. A model is named by whoever calls, so the list is ours; it holds
/// those that most of the work is done with.
pub(super) const MODELS: [&str; 41] = [
    "account.account",
    "account.journal",
    "account.move",
    "account.move.line",
    "account.payment",
    "account.tax",
    "crm.lead",
    "crm.team",
    "hr.employee",
    "hr.leave",
    "ir.actions.server",
    "ir.attachment",
    "ir.config_parameter",
    "ir.model",
    "ir.model.data",
    "ir.model.fields",
    "ir.module.module",
    "ir.ui.view",
    "mail.activity",
    "mail.message",
    "mrp.production",
    "product.category",
    "product.pricelist",
    "product.product",
    "product.template",
    "project.project",
    "project.task",
    "purchase.order",
    "purchase.order.line",
    "res.company",
    "res.currency",
    "res.lang",
    "res.partner",
    "res.users",
    "sale.order",
    "sale.order.line",
    "stock.move",
    "stock.picking",
    "stock.quant",
    "website",
    OTHER,
];

pub(super) fn model_word(name: &str) -> &'static str {
    MODELS.get(model(name)).copied().unwrap_or(OTHER)
}

pub(super) fn model(name: &str) -> usize {
    MODELS.iter().position(|known| *known == name).unwrap_or(MODELS.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_makes_up_is_other() {
        assert_eq!(MODELS[model("x; drop table")], OTHER);
        assert_eq!(OPERATIONS[operation("sudo")], OTHER);
        assert_eq!(METHODS[method("BREW")], OTHER);
        assert_eq!(MODELS[model("res.partner")], "res.partner");
        for (code, word) in [
            (200, "200"),
            (101, "1xx_2xx"),
            (226, "1xx_2xx"),
            (308, "3xx"),
            (418, "4xx"),
            (599, "5xx"),
            (999, "5xx"),
        ] {
            assert_eq!(STATUSES[status(code)], word, "{code}");
        }
    }

    #[test]
    fn paths_are_groups() {
        for (path, group) in [
            ("/mcp", RouteGroup::Mcp),
            ("/mcpx", RouteGroup::Other),
            ("//mcp", RouteGroup::Other),
            ("", RouteGroup::Other),
            ("/api/ai/extract-raw", RouteGroup::Api),
            ("/.well-known/oauth-protected-resource/mcp", RouteGroup::Oauth),
            ("/readyz", RouteGroup::Health),
            ("/console/policy/x/y", RouteGroup::Console),
        ] {
            assert_eq!(RouteGroup::of(path), group, "{path}");
        }
    }
}
