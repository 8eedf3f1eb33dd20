//! What a call would change, as it stands now: the records a question shows, and their state that
//! an approval is bound to. Nothing is fetched here; Odoo's side fills it in.

use crate::facts::{ConnectionAlias, JsonObject, ModelName};

/// Fields that tell a person what confirming a document means, looked at beside the written ones.
pub const SHOWN_BESIDE: &[&str] = &["amount_total", "amount", "currency_id"];
pub(super) const AMOUNTS: &[&str] = &["amount_total", "amount"];
pub(super) const CURRENCY: &str = "currency_id";

/// The records a call names, before it.
#[derive(Debug, Clone, Default)]
pub struct Preview {
    pub records: Vec<RecordPreview>,
    /// Records beyond those, which were not looked at.
    pub more: usize,
}

/// One record that an effect names.
#[derive(Debug, Clone)]
pub struct RecordPreview {
    /// The place of the effect among the call's effects.
    pub effect: usize,
    pub connection: ConnectionAlias,
    pub model: ModelName,
    pub id: i64,
    /// There is such a record for this connection.
    pub exists: bool,
    /// Its name, where the caller may see it plainly.
    pub name: Option<String>,
    /// The moment of its last change, as Odoo tells it.
    pub write_date: Option<String>,
    /// Fields and their values as the caller may see them.
    pub values: JsonObject,
}

impl Preview {
    /// The records of one effect.
    pub fn of_effect(&self, effect: usize) -> impl Iterator<Item = &RecordPreview> {
        self.records.iter().filter(move |record| record.effect == effect)
    }
}
