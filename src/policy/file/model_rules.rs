//! Reading rules for Odoo models.

use std::sync::Arc;

use serde_json::Value;

use super::{
    document::{At, Domains, FieldRule, Methods, ModelRule, Right},
    domain, keys,
    limits::Counters,
    reader::{Object, Reader, pattern, rule_id},
};
use crate::{facts::Operation, policy::Shown};

impl<'a> Reader<'a> {
    pub(super) fn model_rule(
        &mut self,
        at: &str,
        value: &'a Value,
        counters: &Counters,
    ) -> Option<ModelRule> {
        let object = self.object(at, value, &keys::MODEL)?;
        let ops = match object.get("ops") {
            Some(_) => object.texts("ops").filter_map(|(_, text)| Operation::of_word(text)).collect(),
            None => vec![Operation::Read],
        };
        let rule = ModelRule {
            at: object.rule(),
            ops,
            methods: self.methods(&object),
            domain: self.domains(&object),
            fields: self.fields(&object),
            fields_default: right(object.text("fields_default")).unwrap_or_default(),
            values: self.values(&object),
            batch: self.batch(&object),
            limits: self.limits(&object, counters),
            approve_if: self.items(&object, "approve_if"),
            deny_if: self.items(&object, "deny_if"),
            require: self.items(&object, "require"),
            context: object.texts("context").map(|(_, text)| Arc::from(text)).collect(),
            report_allowed: object.text("report") == Some("allow"),
            mode: object.mode(),
        };
        object.done();
        if object.has("methods") && !rule.ops.contains(&Operation::Execute) && rule.methods.allow.is_some() {
            let message = "methods are allowed here while `ops` does not hold \"execute\"";
            self.warn(&object.place("methods"), message);
        }
        Some(rule)
    }

    fn methods(&mut self, object: &Object<'a>) -> Methods {
        let at = object.place("methods");
        let Some(value) = object.get("methods") else { return Methods::default() };
        let Some(object) = self.object(&at, value, &keys::METHODS) else { return Methods::default() };
        let methods = Methods {
            allow: object.get("allow").map(|_| object.patterns("allow")),
            deny: object.patterns("deny"),
            approve: object.patterns("approve"),
        };
        object.done();
        methods
    }

    fn domains(&mut self, object: &Object<'a>) -> Domains {
        let at = object.place("domain");
        match object.get("domain") {
            None => Domains::default(),
            Some(Value::Array(_)) => {
                let domain = self.domain(object, "domain");
                Domains {
                    read: domain.clone(),
                    write: domain.clone(),
                    unlink: domain.clone(),
                    create: domain,
                }
            }
            Some(value) => {
                let Some(object) = self.object(&at, value, &keys::DOMAINS) else { return Domains::default() };
                let domains = Domains {
                    read: self.domain(&object, "read"),
                    write: self.domain(&object, "write"),
                    unlink: self.domain(&object, "unlink"),
                    create: self.domain(&object, "create"),
                };
                object.done();
                domains
            }
        }
    }

    fn domain(&mut self, object: &Object<'a>, key: &str) -> Option<At<Arc<[Value]>>> {
        let at = object.place(key);
        let terms = object.get(key)?.as_array()?;
        domain::check(terms, &at, &mut |at, message| self.problem(at, message));
        Some(At { at: rule_id(&at), it: Arc::from(terms.as_slice()) })
    }

    fn fields(&mut self, object: &Object<'a>) -> Vec<(super::document::Pattern, FieldRule)> {
        let mut fields = Vec::new();
        for (at, name, value) in object.entries("fields") {
            let Some(object) = self.object(&at, value, &keys::FIELD) else { continue };
            let rule = FieldRule {
                at: object.rule(),
                read: object.word("read", shown),
                write: object.word("write", |word| right(Some(word))),
                filter: object.word("filter", |word| right(Some(word))),
            };
            object.done();
            let masked = matches!(
                rule.read.as_ref().map(|read| read.it),
                Some(Shown::Mask | Shown::Hash | Shown::Last4)
            );
            if masked && rule.filter.as_ref().is_some_and(|filter| filter.it == Right::Allow) {
                let message =
                    "a masked field cannot be searched by: the search would answer what the mask hides";
                self.problem(&object.place("filter"), message);
            }
            fields.push((pattern(name), rule));
        }
        fields
    }

    fn values(&mut self, object: &Object<'a>) -> Vec<(Arc<str>, super::document::Item)> {
        let entries = object.entries("values");
        entries
            .into_iter()
            .filter_map(|(at, field, value)| {
                Some((Arc::from(field), self.value_condition(&at, field, value)?))
            })
            .collect()
    }
}

fn shown(text: &str) -> Option<Shown> {
    Some(match text {
        "allow" => Shown::Plain,
        "deny" => Shown::Never,
        "mask" => Shown::Mask,
        "hash" => Shown::Hash,
        "last4" => Shown::Last4,
        _ => return None,
    })
}

fn right(text: Option<&str>) -> Option<Right> {
    match text? {
        "allow" => Some(Right::Allow),
        "deny" => Some(Right::Deny),
        _ => None,
    }
}
