//! Arguments in the two shapes Odoo reads: by position first, or by name only.

use serde::{Serialize, Serializer, ser::SerializeMap as _, ser::SerializeSeq as _};
use serde_json::Value;

use crate::{facts::JsonObject, odoo::Call};

/// `args` of `execute_kw` and `call_kw`: the ids, then what stands by position.
pub(in crate::odoo) struct Positional<'a>(pub(in crate::odoo) &'a Call);

impl Serialize for Positional<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut items = serializer.serialize_seq(None)?;
        if let Some(ids) = &self.0.ids {
            items.serialize_element(ids)?;
        }
        for argument in &self.0.positional {
            items.serialize_element(&argument.value)?;
        }
        items.end()
    }
}

/// `kwargs`: the named arguments and the context.
pub(in crate::odoo) struct Named<'a>(pub(in crate::odoo) &'a Call);

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut entries = serializer.serialize_map(None)?;
        for (name, value) in self.0.named.iter().filter(|(name, _)| *name != CONTEXT) {
            entries.serialize_entry(name, value)?;
        }
        if let Some(context) = context(self.0) {
            entries.serialize_entry(CONTEXT, &*context)?;
        }
        entries.end()
    }
}

/// Odoo takes the context as a named argument on every route.
pub(in crate::odoo) const CONTEXT: &str = "context";

/// The context of the call, over one that stands among the named arguments.
pub(in crate::odoo) fn context(call: &Call) -> Option<std::borrow::Cow<'_, JsonObject>> {
    use std::borrow::Cow;
    let own = call.context.as_object();
    match call.named.get(CONTEXT) {
        Some(Value::Object(named)) if own.is_empty() => Some(Cow::Borrowed(named)),
        Some(Value::Object(named)) => {
            let mut merged = named.clone();
            merged.extend(own.iter().map(|(key, value)| (key.clone(), value.clone())));
            Some(Cow::Owned(merged))
        }
        _ => (!own.is_empty()).then_some(Cow::Borrowed(own)),
    }
}
