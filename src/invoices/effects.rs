//! Everything a run may do to Odoo, stated before it begins. A run that does more is stopped.

use super::{
    bill::{self, ATTACHMENT, COMPANY, LINE, MESSAGE, MOVE, PARTNER, fields, texts},
    broker::further_effects,
    request::{RunRequest, Selection},
    step::{BuiltIn, Step, steps},
};
use crate::{
    config::InvoiceSettings,
    facts::{ConnectionAlias, Effect, FieldName, LocalStep, MethodName, ModelName, Operation, RecordEffect},
    plugins::Registry,
};

/// Earlier bills and their lines that are read.
const HISTORY_ROWS_MAX: u64 = 330;

/// What a run with this request does, or what its rehearsal looks at.
pub fn effects(
    connection: &ConnectionAlias,
    request: &RunRequest,
    settings: &InvoiceSettings,
    rehearsal: bool,
) -> Vec<Effect> {
    let stated = Stated { connection, request };
    let runs = |step: BuiltIn| {
        step.is_selected(request.selection) && step.comes_before(request.stop_after.as_deref())
    };
    let mut effects = stated.reads();
    if runs(BuiltIn::History) && settings.few_shot && request.move_id.is_some() {
        effects.extend(stated.history());
    }
    if runs(BuiltIn::Extract) {
        effects.push(stated.content());
    }
    if rehearsal {
        return effects.into_iter().map(Effect::Records).collect();
    }
    if request.move_id.is_some() && request.selection != Selection::ExtractOnly {
        // The budget guard leaves its word on the bill too.
        effects.extend(stated.note_and_flags());
    }
    if runs(BuiltIn::WriteBack) && request.move_id.is_some() {
        effects.extend(stated.write_back(settings));
    }
    if runs(BuiltIn::Post) {
        effects.extend(stated.posting(settings));
    }
    effects.into_iter().map(Effect::Records).collect()
}

/// What each step does to a bill where a pipeline in Odoo asks for it alone, with all that has to be
/// done before it.
pub fn local_steps(
    connection: &ConnectionAlias,
    bill: i64,
    settings: &InvoiceSettings,
    registry: &Registry,
) -> Vec<LocalStep> {
    let request = RunRequest::of_bill(bill);
    let stated = Stated { connection, request: &request };
    let all = steps(registry, Selection::Stepwise);
    let of_step = |step: &Step| {
        let mut effects = stated.reads();
        let before = step.needs().iter().copied().map(Step::BuiltIn);
        for step in before.chain([step.clone()]) {
            let more = match &step {
                Step::BuiltIn(step) => stated.of_step(*step, settings),
                Step::Plugin(step) => {
                    // A plugin that stops the run is told of on the bill.
                    let mut effects = Vec::from(stated.note_and_flags());
                    let asked = further_effects(connection, Some(bill), &step.capabilities());
                    effects.extend(asked.into_iter().filter_map(Effect::into_records));
                    effects
                }
            };
            effects.extend(more);
        }
        LocalStep { name: step.name().to_owned(), effects }
    };
    all.iter().map(of_step).collect()
}

struct Stated<'a> {
    connection: &'a ConnectionAlias,
    request: &'a RunRequest,
}

impl Stated<'_> {
    /// What one step of the server does besides the reads that all of them share.
    fn of_step(&self, step: BuiltIn, settings: &InvoiceSettings) -> Vec<RecordEffect> {
        match step {
            BuiltIn::Probe | BuiltIn::AlreadyExtracted | BuiltIn::Normalize | BuiltIn::LogUsage => Vec::new(),
            BuiltIn::Budget => self.note_and_flags().into(),
            BuiltIn::History if settings.few_shot => self.history().into(),
            BuiltIn::History => Vec::new(),
            BuiltIn::Extract => {
                // A budget that runs out at the last moment is told on the bill too.
                let mut effects = vec![self.content()];
                effects.extend(self.note_and_flags());
                effects
            }
            BuiltIn::WriteBack => {
                let mut effects = self.write_back(settings);
                effects.extend(self.note_and_flags());
                effects
            }
            BuiltIn::Post => self.posting(settings).into_iter().collect(),
        }
    }

    fn posting(&self, settings: &InvoiceSettings) -> Option<RecordEffect> {
        let method = settings.posting_method.as_ref()?;
        let operation = Operation::of_method(method.as_str(), true);
        Some(self.on(MOVE, operation, method.clone()).with_ids(self.ids()).bounded(1))
    }

    fn on(&self, model: &'static str, operation: Operation, method: MethodName) -> RecordEffect {
        RecordEffect::new(self.connection, &ModelName::known(model), operation, method)
    }

    fn ids(&self) -> &[i64] {
        self.request.move_id.as_slice()
    }

    fn read(&self, model: &'static str, names: &[&str], optional: &[&str]) -> RecordEffect {
        self.on(model, Operation::Read, MethodName::known("read"))
            .reading(&fields(names))
            .optionally(&fields(optional))
            .auxiliary()
    }

    /// The bill, its files and its company.
    fn reads(&self) -> Vec<RecordEffect> {
        let mut reads = Vec::new();
        if self.request.move_id.is_some() {
            reads.push(
                self.read(MOVE, &bill::run_fields(), bill::MOVE_OPTIONAL).with_ids(self.ids()).bounded(1),
            );
        }
        let files = self
            .read(ATTACHMENT, bill::ATTACHMENT_FIELDS, &[])
            .filtering(texts(bill::ATTACHMENT_FILTERS))
            .bounded(u64::from(bill::ATTACHMENTS_MAX));
        reads.push(files);
        reads.push(self.read(COMPANY, bill::COMPANY_FIELDS, bill::COMPANY_OPTIONAL).bounded(1));
        reads
    }

    /// The file itself.
    fn content(&self) -> RecordEffect {
        let content = self.read(ATTACHMENT, &["datas"], &[]).bounded(1);
        match self.request.attachment_id {
            Some(id) => content.with_ids(&[id]),
            None => content,
        }
    }

    fn history(&self) -> [RecordEffect; 2] {
        use super::steps::history::{BILL_FIELDS, BILL_FILTERS, LINE_FIELDS, LINE_FILTERS, LINE_OPTIONAL};
        [
            self.read(MOVE, BILL_FIELDS, &[])
                .filtering(texts(BILL_FILTERS))
                .ordering(texts(&["invoice_date", "id"]))
                .bounded(HISTORY_ROWS_MAX),
            self.read(LINE, LINE_FIELDS, LINE_OPTIONAL)
                .filtering(texts(LINE_FILTERS))
                .bounded(HISTORY_ROWS_MAX),
        ]
    }

    fn note_and_flags(&self) -> [RecordEffect; 3] {
        let post = self.on(MOVE, Operation::Mail, MethodName::known("message_post"));
        let flags = fields(bill::REVIEW_FIELDS);
        let written = self.on(MOVE, Operation::Write, MethodName::known("write"));
        [
            post.with_ids(self.ids()).bounded(1),
            self.read(MESSAGE, &["id"], &[]).filtering(texts(&["model", "res_id", "body"])).bounded(1),
            written.with_ids(self.ids()).writing(flags.clone()).optionally(&flags).bounded(1),
        ]
    }

    fn write_back(&self, settings: &InvoiceSettings) -> Vec<RecordEffect> {
        use super::steps::write_back::{DUPLICATE_FILTERS, PARTNER_FIELDS, PARTNER_FILTERS, WRITTEN};
        let mut written: Vec<FieldName> = fields(WRITTEN);
        if settings.line_proposals {
            written.extend(fields(&["invoice_line_ids"]));
        }
        // Flags for people go into the same write.
        let flags = fields(bill::REVIEW_FIELDS);
        written.extend(flags.iter().cloned());
        let write = self.on(MOVE, Operation::Write, MethodName::known("write"));
        vec![
            self.read(PARTNER, PARTNER_FIELDS, &[]).filtering(texts(PARTNER_FILTERS)).bounded(3),
            self.read(MOVE, &["name"], &[]).filtering(texts(DUPLICATE_FILTERS)).bounded(3),
            write.with_ids(self.ids()).writing(written).optionally(&flags).bounded(1),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_asked_for_alone_states_what_has_to_be_done_before_it_too() {
        let shop = ConnectionAlias::parse("shop").unwrap();
        let settings = InvoiceSettings::default();
        let known = local_steps(&shop, 7, &settings, &Registry::default());
        let of = |name: &str| known.iter().find(|step| step.name == name).unwrap().effects.clone();
        assert_eq!(known.len(), BuiltIn::ALL.len());
        for quiet in ["probe_move", "guard_already_extracted", "normalize_bg_fields", "log_usage"] {
            assert!(of(quiet).iter().all(|effect| effect.operation == Operation::Read), "{quiet}");
        }
        let has = |name: &str, model: &str, operation| {
            of(name).iter().any(|effect| effect.model.as_str() == model && effect.operation == operation)
        };
        // A budget that is spent is told on the bill, by whichever step looks at it.
        for careful in ["guard_monthly_budget", "extract_vision", "write_back_move"] {
            assert!(has(careful, MOVE, Operation::Write) && has(careful, MOVE, Operation::Mail), "{careful}");
        }
        let datas = FieldName::parse("datas").unwrap();
        assert!(of("extract_vision").iter().any(|effect| effect.fields_read.contains(&datas)));
        assert!(!of("write_back_move").iter().any(|effect| effect.fields_read.contains(&datas)));
        let changes = known.iter().flat_map(|step| &step.effects).filter(|e| e.operation != Operation::Read);
        assert!(changes.map(|effect| effect.ids.as_deref()).all(|ids| ids == Some(&[7])));
        assert!(!has("invoke_posting_skill", MOVE, Operation::Execute), "no method is set");
    }
}
