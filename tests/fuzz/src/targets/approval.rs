//! What a client brings back for a question: nothing but the very state that was given out counts, and
//! whatever is inside a seal is read strictly.
//!
//! Input: any text as the state; `E`, a place, a length and bytes, which are put there into a state
//! that fits; `S` and a text, which is sealed as a state; or `I` and a text as the id of an approval.

use std::{path::PathBuf, sync::LazyLock, time::Duration};

use jiff::Timestamp;
use odoo_mcp::{
    approvals::{
        Answer, ApprovalId, Approvals, Asking, Entry, REQUEST_STATE, Standing, Taken, Verdict, Way,
        is_request_state,
    },
    facts::{Arrival, Caller, Class, Secret},
    policy::{ApprovalMode, ApprovalTerms, RuleId},
    store::{SealKey, SealKeys, StateDir},
};

/// A question that is open, and the state that was given out for it.
struct Open {
    approvals: Approvals,
    asking: Asking,
    key: std::sync::Arc<SealKey>,
    state: String,
}

static OPEN: LazyLock<Open> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let above = if memory.is_dir() { memory } else { std::env::temp_dir() };
    let folder = above.join(format!("odoo-mcp-fuzz-approval-{}", std::process::id()));
    let dir = StateDir::open(&folder).expect("a folder for approvals");
    let keys = SealKeys::in_file(&dir);
    let key = keys.for_sealing().expect("a new key");
    let approvals = Approvals::open(&dir, keys).expect("approvals open");
    let asking = Asking {
        caller: Caller::local(Arrival::Stdio),
        tool: "odoo_write".into(),
        class: Class::Write,
        rule: RuleId("/tools/odoo_write".into()),
        policy: "sha256:0".into(),
        terms: ApprovalTerms {
            ttl: Duration::from_secs(24 * 60 * 60),
            modes: vec![ApprovalMode::Form],
            approvers: Vec::new(),
            self_approval: true,
            max_pending: 1,
            dedupe_window: Duration::from_secs(24 * 60 * 60),
        },
        bound: b"one call".to_vec(),
        text: "May it?".to_owned(),
        way: Way::Form,
    };
    let Ok(Standing::Open(question)) = approvals.ask(&asking, Timestamp::now()) else {
        panic!("the question is not open");
    };
    let state = question.state.to_string();
    Open { approvals, asking, key, state }
});

pub fn run(data: &[u8]) {
    match data {
        [b'E', high, low, length, planted @ ..] => {
            let mut state = OPEN.state.clone().into_bytes();
            let start = (usize::from(*high) << 8 | usize::from(*low)) % state.len();
            let end = (start + usize::from(*length)).min(state.len());
            state.splice(start..end, planted.iter().copied());
            brought_back(&String::from_utf8_lossy(&state));
        }
        [b'S', text @ ..] => {
            let text = Secret::new(String::from_utf8_lossy(text).into_owned());
            let sealed = OPEN.key.seal(REQUEST_STATE, &text).expect("a text can be sealed");
            // It opens or it does not; either way it was given out for nothing.
            let _ = is_request_state(&OPEN.key, &sealed);
            counts_for_nothing(&sealed);
        }
        [b'I', text @ ..] => {
            let text = String::from_utf8_lossy(text);
            if let Some(id) = ApprovalId::parse(&text) {
                assert!(id.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
                assert_eq!(ApprovalId::parse(id.as_str()), Some(id));
            }
            let _ = serde_json::from_str::<Entry>(&text);
        }
        _ => brought_back(&String::from_utf8_lossy(data)),
    }
}

fn brought_back(state: &str) {
    if state != OPEN.state {
        assert!(!is_request_state(&OPEN.key, state), "a state that was never given out opens");
        counts_for_nothing(state);
    }
}

fn counts_for_nothing(state: &str) {
    let answer = Answer { state: state.into(), verdict: Verdict::Approve };
    let taken = OPEN.approvals.take(&answer, &OPEN.asking, Timestamp::now()).expect("answers are read");
    assert_eq!(taken, Taken::DoesNotFit, "{state}");
}
