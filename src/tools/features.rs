//! Switching groups of tools off: by family, by class, by risk.

use std::collections::BTreeSet;

use super::catalog::Found;
use crate::facts::nearest;

/// What begins the name of a class or a risk.
const CLASS: &str = "class:";
const RISK: &str = "risk:";

/// Words of other servers for groups that are several families here, or none.
const OTHER_WORDS: &[(&str, &[&str])] = &[
    ("web", &["web_session"]),
    ("ai", &["invoices", "extraction", "pipelines", "usage"]),
    ("ssh", &[]),
    ("google", &[]),
    ("telegram", &[]),
    ("proxy", &[]),
    ("memory", &["memory"]),
];

/// A switch that switches nothing. It must not be taken for one that does.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`features.off`: {message}")]
pub struct UnknownFeature {
    message: String,
}

/// The names of the tools that these features have.
pub(super) fn named(features: &[String], tools: &[Found]) -> Result<BTreeSet<&'static str>, UnknownFeature> {
    let mut names = BTreeSet::new();
    let known = known(tools);
    for feature in features {
        let word = feature.to_ascii_lowercase();
        if !known.contains(word.as_str()) {
            return Err(unknown(feature, &known));
        }
        let has = tools.iter().filter(|found| is_of(found, &word)).map(|found| found.entry.name());
        names.extend(has);
    }
    Ok(names)
}

fn is_of(found: &Found, word: &str) -> bool {
    if let Some(class) = word.strip_prefix(CLASS) {
        return found.entry.class().as_str() == class;
    }
    if let Some(risk) = word.strip_prefix(RISK) {
        return found.entry.risk().as_str() == risk;
    }
    let of_others = OTHER_WORDS.iter().find(|(other, _)| *other == word);
    found.family == word || of_others.is_some_and(|(_, families)| families.contains(&found.family))
}

/// Every word that may stand there. A class or a risk that no tool has is still one.
fn known(tools: &[Found]) -> BTreeSet<String> {
    let classes = ["read", "write", "execute", "destructive", "financial", "other"];
    let risks = ["low", "medium", "high", "critical"];
    tools
        .iter()
        .map(|found| found.family.to_owned())
        .chain(OTHER_WORDS.iter().map(|(word, _)| (*word).to_owned()))
        .chain(classes.map(|class| format!("{CLASS}{class}")))
        .chain(risks.map(|risk| format!("{RISK}{risk}")))
        .collect()
}

fn unknown(feature: &str, known: &BTreeSet<String>) -> UnknownFeature {
    let shown: String = feature.chars().filter(|c| !c.is_control()).take(40).collect();
    let names = known.iter().map(String::as_str);
    let message = match nearest(feature, names.clone(), 1).first() {
        Some(meant) => format!("there is no `{shown}`; did you mean `{meant}`?"),
        None => format!("there is no `{shown}`; there are {}", names.collect::<Vec<_>>().join(", ")),
    };
    UnknownFeature { message }
}

#[cfg(test)]
mod tests {
    use crate::{
        policy::KnownTools as _,
        tools::{Catalog, UnknownFeature},
    };

    fn without(features: &[&str]) -> Result<Catalog, UnknownFeature> {
        Catalog::new().without(&features.iter().map(|&text| text.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn switched_off_tools_are_unknown_and_a_policy_may_still_name_them() {
        let all = Catalog::new().iter().count();
        for (features, gone, stays) in [
            (&["website"][..], "odoo_website_redirect_create", "odoo_web_login"),
            (&["WEB"], "odoo_web_login", "odoo_write"),
            (&["class:destructive"], "odoo_unlink", "odoo_write"),
            (&["risk:low", "translations"], "odoo_search_count", "odoo_write"),
        ] {
            let catalog = without(features).unwrap();
            assert!(catalog.find(gone).is_none() || !Catalog::new().all_names().any(|name| name == gone));
            assert!(catalog.find(stays).is_some(), "{stays}");
            assert!(catalog.iter().count() < all);
            assert_eq!(catalog.tools().len(), all);
        }
        let catalog = without(&["class:destructive"]).unwrap();
        assert!(catalog.is_switched_off("odoo_unlink") && catalog.input_schema("odoo_unlink").is_some());
    }

    #[test]
    fn what_switches_nothing_off_here_is_known_and_anything_else_is_an_error() {
        assert_eq!(without(&["ssh", "google"]).unwrap().iter().count(), Catalog::new().iter().count());
        for bad in ["webb", "class:reed", "risk:", "odoo_write", "*", "", "class"] {
            assert!(without(&["ssh", bad]).is_err(), "{bad}");
        }
        let said = without(&["web_sesion"]).unwrap_err().to_string();
        assert_eq!(said, "`features.off`: there is no `web_sesion`; did you mean `web_session`?");
    }
}
