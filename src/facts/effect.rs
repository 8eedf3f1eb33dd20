//! What a call will do to the outside world, stated before it does it.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::{
    ConnectionAlias, FieldName, JsonObject, LocalStep, MemoryArea, MemoryChange, MethodName, ModelName,
    Operation, OwnChange,
};

/// One thing a call will do. Rules see these, and nothing else is executed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every effect is one of records; a box would be one more allocation for each"
)]
pub enum Effect {
    /// Records of one model, reached through one method.
    Records(RecordEffect),
    /// A connection itself: who is trusted, where credentials go.
    Connection { connection: ConnectionAlias, change: ConnectionChange },
    /// All connections at once, whichever there are: only ever to look at them.
    AllConnections { change: ConnectionChange },
    /// Files of the memory, which lies in this server and in no Odoo.
    Memory {
        area: MemoryArea,
        change: MemoryChange,
        /// The file; absent where the call looks at all of them, or names them elsewhere.
        #[serde(skip_serializing_if = "Option::is_none")]
        file: Option<Arc<str>>,
    },
    /// What belongs to the caller alone: their own connections, and which of them is the active one.
    Own { connection: Option<ConnectionAlias>, change: OwnChange },
}

impl Effect {
    /// The effect on records, if it is one.
    pub fn records(&self) -> Option<&RecordEffect> {
        match self {
            Self::Records(records) => Some(records),
            Self::Connection { .. }
            | Self::AllConnections { .. }
            | Self::Memory { .. }
            | Self::Own { .. } => None,
        }
    }

    /// The same, taken out.
    pub fn into_records(self) -> Option<RecordEffect> {
        match self {
            Self::Records(records) => Some(records),
            Self::Connection { .. }
            | Self::AllConnections { .. }
            | Self::Memory { .. }
            | Self::Own { .. } => None,
        }
    }
}

/// What happens to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionChange {
    /// Look at definitions, certificates or the version; credentials stay where they are.
    Inspect,
    /// Sign in and save.
    Connect,
    /// Forget it.
    Disconnect,
    /// Trust another key of the peer.
    Repin,
    /// Open a web session for the caller.
    SignIn,
    /// End the caller's web session.
    SignOut,
}

/// Records of one model and what is done to them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordEffect {
    pub connection: ConnectionAlias,
    pub model: ModelName,
    pub operation: Operation,
    pub method: MethodName,
    /// The records by id; `None` where the call names none (searches, model methods, create).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<i64>>,
    /// Why the effect is there: it is the call, it helps the call, or it hides in the call's values.
    #[serde(skip_serializing_if = "Part::is_main")]
    pub part: Part,
    /// Fields whose values come back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields_read: Vec<FieldName>,
    /// No fields were named where none means all of them; the definitions say which those are.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reads_every_field: bool,
    /// It is the tool that chooses among all fields, and it leaves out those that show a value of
    /// another record.
    #[serde(skip)]
    pub leaves_out_related: bool,
    /// Fields that receive values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields_written: Vec<FieldName>,
    /// Those read, written or filtered fields that an optional module brings; where the definitions do not
    /// have them, nothing is done with them.
    #[serde(skip)]
    pub fields_optional: Vec<FieldName>,
    /// Fields (dotted paths included) that decide which records or in which order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields_filtered: Vec<String>,
    /// Paths through relations whose values come back, such as `partner_id.email`; their first fields
    /// stand in `fields_read` as well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths_read: Vec<String>,
    /// Those of `fields_filtered` that order or group: ordering by a relation compares names.
    #[serde(skip)]
    pub fields_ordered: Vec<String>,
    /// Most rows the call can touch or return; absent where there is no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row_bound: Option<u64>,
    /// The values as they will be sent: one object for a write, one per record for a create. Rules
    /// may look at them; the log never holds them.
    #[serde(skip)]
    pub values: Arc<[JsonObject]>,
    /// The caller's domain, checked: conditions in Odoo's prefix notation.
    #[serde(skip)]
    pub domain: Arc<[Value]>,
    /// The context members the caller sends, `lang` and companies included.
    #[serde(skip)]
    pub context: Arc<JsonObject>,
    /// Every field of every model that the call names, once the definitions are known: each hop of a
    /// path, the fields behind a related one, the names that sorting by a relation compares.
    #[serde(skip)]
    pub uses: Arc<[FieldUse]>,
    /// Of a call of steps that nobody has read yet: what each step of this program would do. Which of
    /// them are meant is found out before the policy decides.
    #[serde(skip)]
    pub local_steps: Arc<[LocalStep]>,
}

/// Why an effect is part of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// What the caller asked for.
    #[default]
    Main,
    /// A read that the tool adds, such as the look at the values before a write.
    Auxiliary,
    /// Unfolded from the values or the context of a main effect: an x2many command, a `default_`.
    Nested,
}

impl Part {
    fn is_main(&self) -> bool {
        *self == Self::Main
    }
}

/// One field that a call names, and what for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FieldUse {
    pub model: ModelName,
    pub field: FieldName,
    pub how: Use,
}

/// What a field is named for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Use {
    /// Its value comes back.
    Read,
    /// Its value comes back under the name of another field, or within another record.
    ReadThrough,
    /// It decides which records, in which order or in which group.
    Filter,
    /// It receives a value.
    Write,
}

impl Use {
    /// The same use of what a field leads to.
    #[must_use]
    pub fn further(self) -> Self {
        match self {
            Self::Read => Self::ReadThrough,
            other => other,
        }
    }
}

impl RecordEffect {
    /// An effect without ids and fields; the builder methods add what is known.
    pub fn new(
        connection: &ConnectionAlias,
        model: &ModelName,
        operation: Operation,
        method: MethodName,
    ) -> Self {
        Self {
            connection: connection.clone(),
            model: model.clone(),
            operation,
            method,
            ids: None,
            part: Part::Main,
            fields_read: Vec::new(),
            reads_every_field: false,
            leaves_out_related: false,
            fields_written: Vec::new(),
            fields_optional: Vec::new(),
            fields_filtered: Vec::new(),
            paths_read: Vec::new(),
            fields_ordered: Vec::new(),
            row_bound: None,
            values: Arc::default(),
            domain: Arc::default(),
            context: Arc::default(),
            uses: Arc::default(),
            local_steps: Arc::default(),
        }
    }

    /// A read that the tool adds to what was asked.
    #[must_use]
    pub fn auxiliary(mut self) -> Self {
        self.part = Part::Auxiliary;
        self
    }

    #[must_use]
    pub fn reading_every_field(mut self) -> Self {
        self.reads_every_field = true;
        self
    }

    /// The tool chooses the fields, once it knows which there are.
    #[must_use]
    pub fn choosing_fields(mut self) -> Self {
        self.reads_every_field = true;
        self.leaves_out_related = true;
        self
    }

    /// The values that will be sent. The names of their fields count as written.
    #[must_use]
    pub fn with_values(mut self, values: Arc<[JsonObject]>) -> Self {
        self.values = values;
        self
    }

    /// The caller's domain; its paths belong into `filtering`.
    #[must_use]
    pub fn within(mut self, domain: Arc<[Value]>) -> Self {
        self.domain = domain;
        self
    }

    #[must_use]
    pub fn in_context(mut self, context: Arc<JsonObject>) -> Self {
        self.context = context;
        self
    }

    #[must_use]
    pub fn with_ids(mut self, ids: &[i64]) -> Self {
        self.ids = Some(ids.to_vec());
        self
    }

    #[must_use]
    pub fn reading(mut self, fields: &[FieldName]) -> Self {
        self.fields_read = fields.to_vec();
        self
    }

    #[must_use]
    pub fn writing(mut self, fields: Vec<FieldName>) -> Self {
        self.fields_written = fields;
        self
    }

    /// Read or written fields that this Odoo need not have.
    #[must_use]
    pub fn optionally(mut self, fields: &[FieldName]) -> Self {
        self.fields_optional = fields.to_vec();
        self
    }

    #[must_use]
    pub fn filtering(mut self, paths: Vec<String>) -> Self {
        self.fields_filtered = paths;
        self
    }

    /// Paths that order or group; they choose rows as well, so they count as filtered.
    #[must_use]
    pub fn ordering(mut self, paths: Vec<String>) -> Self {
        for path in &paths {
            if !self.fields_filtered.contains(path) {
                self.fields_filtered.push(path.clone());
            }
        }
        self.fields_ordered = paths;
        self
    }

    /// Paths through relations whose values come back.
    #[must_use]
    pub fn reading_paths(mut self, paths: Vec<String>) -> Self {
        self.paths_read = paths;
        self
    }

    #[must_use]
    pub fn bounded(mut self, rows: u64) -> Self {
        self.row_bound = Some(rows);
        self
    }
}

/// Where Odoo keeps its reports.
const REPORTS: &str = "ir.actions.report";
/// What pages and routes of the web server that are no records count as.
const PAGES: &str = "web.page";

impl RecordEffect {
    /// A printed report. Which model it is about is found out before the policy decides.
    pub fn of_report(connection: &ConnectionAlias, report_name: &str, ids: &[i64]) -> Self {
        let mut asked = JsonObject::new();
        asked.insert("report_name".to_owned(), report_name.into());
        asked.insert("ids".to_owned(), ids.to_vec().into());
        Self::new(connection, &ModelName::known(REPORTS), Operation::Report, MethodName::known("report"))
            .with_values(Arc::from([asked]))
            .bounded(ids.len() as u64)
    }

    /// The report and the records that an effect asks for whose model is not known yet.
    pub fn unplaced_report(&self) -> Option<(&str, Vec<i64>)> {
        if self.operation != Operation::Report || self.ids.is_some() || self.model.as_str() != REPORTS {
            return None;
        }
        let asked = self.values.first()?;
        let ids = asked.get("ids")?.as_array()?.iter().filter_map(Value::as_i64).collect();
        Some((asked.get("report_name")?.as_str()?, ids))
    }

    /// The same report, now that its model is known.
    #[must_use]
    pub fn placed_on(&self, model: &ModelName, ids: &[i64]) -> Self {
        let placed = Self::new(&self.connection, model, Operation::Report, self.method.clone());
        let placed = placed.with_ids(ids).in_context(Arc::clone(&self.context));
        Self { part: self.part, row_bound: self.row_bound, ..placed }
    }

    /// A page of the web server. `reads` only where the page is known to change nothing.
    pub fn of_page(connection: &ConnectionAlias, http_method: &str, path: &str, reads: bool) -> Self {
        let mut asked = JsonObject::new();
        asked.insert("path".to_owned(), path.into());
        asked.insert("http_method".to_owned(), http_method.into());
        let operation = if reads { Operation::Read } else { Operation::Execute };
        let method = MethodName::known(if http_method == "GET" { "get" } else { "post" });
        Self::new(connection, &ModelName::known(PAGES), operation, method)
            .with_values(Arc::from([asked]))
            .bounded(1)
    }

    /// Is this a page, which has no field definitions?
    pub fn is_page(&self) -> bool {
        self.model.as_str() == PAGES
    }
}

/// What `default_` members of a context begin with; the rest is the name of a field.
const DEFAULT_PREFIX: &str = "default_";

impl RecordEffect {
    /// Could the field definitions show more than the effect says by itself? Cheap: no definitions,
    /// no allocation.
    ///
    /// A list or an object among the values may be commands for another model; so may nothing,
    /// which empties a list of lines. Every model has `active` for the same thing, a plain yes or no.
    pub fn may_hide_more(&self) -> bool {
        self.reads_every_field || self.may_reach_further()
    }

    /// The same, all fields of the model itself apart: could it touch records of other models?
    pub fn may_reach_further(&self) -> bool {
        !self.paths_read.is_empty()
            || self.fields_filtered.iter().any(|path| path.contains('.'))
            || self.context.keys().any(|key| key.starts_with(DEFAULT_PREFIX))
            || self.values.iter().flatten().any(|(name, value)| match value {
                Value::Array(_) | Value::Object(_) => true,
                Value::Null | Value::Bool(false) => name != "active",
                Value::Bool(true) | Value::Number(_) | Value::String(_) => false,
            })
    }

    /// Could it compare names of related records, which the definitions would tell? Worth a look where
    /// a policy restricts fields: a relation compared with text or ordered by is a look at the other
    /// model. Cheap as well.
    pub fn may_compare_names(&self) -> bool {
        fn holds_text(value: &Value) -> bool {
            match value {
                Value::String(_) => true,
                Value::Array(items) => items.iter().any(holds_text),
                _ => false,
            }
        }
        !self.fields_ordered.is_empty()
            || self.domain.iter().filter_map(Value::as_array).any(|condition| {
                let like = condition.get(1).and_then(Value::as_str).is_some_and(|op| op.contains("like"));
                like || condition.get(2).is_some_and(holds_text)
            })
    }

    /// Fields and values that the context sets on whatever the call makes.
    pub fn defaults(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.context.iter().filter_map(|(key, value)| Some((key.strip_prefix(DEFAULT_PREFIX)?, value)))
    }

    /// Once unfolded: `default_` members of the context that name no field of the model. They may set
    /// a field of some other model that the method makes, nobody knows which.
    pub fn unknown_defaults(&self) -> impl Iterator<Item = &str> {
        let makes = self.part == Part::Main
            && matches!(self.operation, Operation::Create | Operation::Execute | Operation::Mail);
        self.defaults()
            .map(|(name, _)| name)
            .filter(move |name| makes && !self.fields_written.iter().any(|field| field.as_str() == *name))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn effect() -> RecordEffect {
        let alias = ConnectionAlias::parse("shop").unwrap();
        let model = ModelName::parse("sale.order").unwrap();
        RecordEffect::new(&alias, &model, Operation::Create, MethodName::known("create"))
    }

    #[expect(clippy::needless_pass_by_value, reason = "cases read better as values")]
    fn of_values(values: Value) -> RecordEffect {
        effect().with_values(Arc::from([values.as_object().unwrap().clone()]))
    }

    #[expect(clippy::needless_pass_by_value, reason = "cases read better as values")]
    fn of_context(context: Value) -> RecordEffect {
        effect().in_context(Arc::new(context.as_object().unwrap().clone()))
    }

    #[test]
    fn a_plain_call_hides_nothing() {
        for plain in [
            effect(),
            of_values(json!({"name": "x", "partner_id": 7, "active": false, "priority": true})),
            of_context(json!({"lang": "fr_FR", "active_test": false, "allowed_company_ids": [1, 2]})),
            effect().filtering(vec!["name".to_owned()]).ordering(vec!["id".to_owned()]),
        ] {
            assert!(!plain.may_hide_more(), "{plain:?}");
        }
    }

    #[test]
    fn lists_defaults_and_paths_may_hide_more() {
        for hiding in [
            of_values(json!({"order_line": [[2, 5]]})),
            of_values(json!({"name": "x", "order_line": []})),
            of_values(json!({"order_line": {"0": [2, 5]}})),
            of_values(json!({"order_line": false})),
            of_values(json!({"order_line": null})),
            of_context(json!({"default_state": "sale"})),
            effect().filtering(vec!["partner_id.name".to_owned()]),
            effect().ordering(vec!["partner_id.name".to_owned()]),
            effect().reading_paths(vec!["partner_id.name".to_owned()]),
            effect().reading_every_field(),
        ] {
            assert!(hiding.may_hide_more(), "{hiding:?}");
        }
    }

    #[test]
    fn a_default_without_a_field_is_told() {
        let effect = of_context(json!({"default_state": "sale", "default_x": 1, "lang": "fr_FR"}));
        let effect = effect.writing(vec![FieldName::parse("state").unwrap()]);
        assert_eq!(effect.unknown_defaults().collect::<Vec<_>>(), ["x"]);
    }

    #[test]
    fn a_report_is_unplaced_until_its_model_is_known() {
        let alias = ConnectionAlias::parse("shop").unwrap();
        let report = RecordEffect::of_report(&alias, "sale.report_saleorder", &[7, 8]);
        assert!(report.may_hide_more(), "it has to be unfolded");
        assert_eq!(report.unplaced_report(), Some(("sale.report_saleorder", vec![7, 8])));
        let placed = report.placed_on(&ModelName::parse("sale.order").unwrap(), &[7, 8]);
        assert_eq!(placed.unplaced_report(), None);
        assert_eq!((placed.ids.as_deref(), placed.row_bound), (Some([7, 8].as_slice()), Some(2)));
        assert!(!placed.may_hide_more());
    }

    #[test]
    fn a_page_is_read_only_where_that_is_known() {
        let alias = ConnectionAlias::parse("shop").unwrap();
        let page = RecordEffect::of_page(&alias, "GET", "/shop", true);
        assert!(page.is_page() && !page.may_hide_more());
        assert_eq!(page.operation, Operation::Read);
        assert_eq!(RecordEffect::of_page(&alias, "POST", "/x", false).operation, Operation::Execute);
    }
}
