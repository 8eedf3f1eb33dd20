//! What the tests of this room share.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{
    Approvals, Asking, Way,
    entry::{ApprovalId, Entry, State},
};
use crate::{
    facts::{Arrival, Caller, Class, GrantName, UserName},
    policy::{ApprovalMode, ApprovalTerms, RuleId},
    store::{SealKeys, StateDir},
};

pub(super) const T0: Timestamp = Timestamp::UNIX_EPOCH;

pub(super) fn after(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

pub(super) fn entry() -> Entry {
    Entry {
        id: ApprovalId::random().unwrap(),
        digest: "d".repeat(64),
        user: UserName::local(),
        grant: GrantName::local(),
        tool: "odoo_write".to_owned(),
        class: Class::Write,
        rule: "/tools/odoo_write".to_owned(),
        policy: "sha256:0".to_owned(),
        text: "text".to_owned(),
        asked_at: T0,
        expires_at: after(600),
        on_console: true,
        in_form: true,
        approvers: Vec::new(),
        self_approval: true,
        nonce: None,
        page: None,
        state: State::Pending,
    }
}

pub(super) fn terms() -> ApprovalTerms {
    ApprovalTerms {
        ttl: Duration::from_secs(600),
        modes: vec![ApprovalMode::Form, ApprovalMode::Console],
        approvers: Vec::new(),
        self_approval: true,
        max_pending: 3,
        dedupe_window: Duration::from_secs(300),
    }
}

/// A question about the call with this content.
pub(super) fn asking(content: &str, way: Way) -> Asking {
    Asking {
        caller: Caller::local(Arrival::Stdio),
        tool: "odoo_write".into(),
        class: Class::Write,
        rule: RuleId(Arc::from("/tools/odoo_write")),
        policy: "sha256:0".into(),
        terms: terms(),
        bound: content.as_bytes().to_vec(),
        text: format!("May it write {content}?"),
        way,
    }
}

pub(super) fn open() -> (tempfile::TempDir, Approvals) {
    let outer = tempfile::tempdir().unwrap();
    let approvals = open_in(&outer);
    (outer, approvals)
}

/// A second process on the same directory.
pub(super) fn open_in(outer: &tempfile::TempDir) -> Approvals {
    let dir = StateDir::open(&outer.path().join("state")).unwrap();
    Approvals::open(&dir, SealKeys::in_file(&dir)).unwrap()
}
