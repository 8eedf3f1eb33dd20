//! Switches that make the sandbox misbehave the way servers and networks do.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// The answer comes late.
    Delay { ms: u64 },
    /// The connection closes without an answer, and the call was not executed.
    DropBefore,
    /// The connection closes without an answer, although the call was executed and kept.
    DropAfterCommit,
    /// HTTP 500 with an HTML page; the call was not executed.
    Http500,
    /// HTTP 502 of a proxy; the call was not executed.
    Http502,
    /// The session is over.
    SessionExpired,
    /// The login page, HTTP 200.
    LoginPage,
    /// A correct answer with this many more bytes in it.
    Oversized { bytes: usize },
    /// A correct answer, sent in pieces with a pause after each.
    SlowBody { pieces: usize, pause_ms: u64 },
    /// Every login is refused, right or wrong.
    RefuseLogin,
    /// HTTP 200, typed as JSON, and no JSON in it.
    GarbageJson,
    /// HTTP 429.
    TooManyRequests,
}

/// A fault, for which calls, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    #[serde(flatten)]
    pub kind: FaultKind,
    /// How many matching requests it befalls.
    #[serde(default = "once")]
    pub times: u32,
    /// Only calls on this model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Only calls of this method (`authenticate` for logins).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
}

fn once() -> u32 {
    1
}

impl Fault {
    /// The next request.
    pub fn once(kind: FaultKind) -> Self {
        Self { kind, times: 1, model: None, method: None }
    }

    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    pub fn on_model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    pub fn on_method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }

    fn fits(&self, target: &Target<'_>) -> bool {
        let login_only = matches!(self.kind, FaultKind::RefuseLogin);
        let fits_one =
            |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        (!login_only || target.method == "authenticate")
            && fits_one(&self.model, target.model)
            && fits_one(&self.method, target.method)
    }
}

/// What a request is about, as far as faults care.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Target<'t> {
    pub(crate) model: &'t str,
    pub(crate) method: &'t str,
}

/// The switches of one sandbox.
#[derive(Debug, Default)]
pub struct Faults {
    armed: Mutex<Vec<Fault>>,
}

impl Faults {
    /// Arms a fault; several stand in line, and each befalls the requests it fits.
    pub fn arm(&self, fault: Fault) {
        self.lock().push(fault);
    }

    /// Removes all faults.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// What is still armed.
    pub fn armed(&self) -> Vec<Fault> {
        self.lock().clone()
    }

    /// Takes the first fault that fits and counts it.
    pub(crate) fn take(&self, target: &Target<'_>) -> Option<FaultKind> {
        let mut armed = self.lock();
        let at = armed.iter().position(|fault| fault.fits(target))?;
        let fault = armed.get_mut(at)?;
        let kind = fault.kind.clone();
        fault.times = fault.times.saturating_sub(1);
        if fault.times == 0 {
            armed.remove(at);
        }
        Some(kind)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Fault>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_befalls_what_it_names_and_no_more() {
        let faults = Faults::default();
        faults.arm(Fault::once(FaultKind::Http500).on_model("res.partner").on_method("write").times(2));
        let write = Target { model: "res.partner", method: "write" };
        assert_eq!(faults.take(&Target { model: "res.partner", method: "read" }), None);
        assert_eq!(faults.take(&Target { model: "sale.order", method: "write" }), None);
        assert_eq!(faults.take(&write), Some(FaultKind::Http500));
        assert_eq!(faults.take(&write), Some(FaultKind::Http500));
        assert_eq!(faults.take(&write), None);
    }

    #[test]
    fn refused_logins_are_about_logins_only() {
        let faults = Faults::default();
        faults.arm(Fault::once(FaultKind::RefuseLogin));
        assert_eq!(faults.take(&Target { model: "res.partner", method: "read" }), None);
        assert_eq!(faults.take(&Target { model: "", method: "authenticate" }), Some(FaultKind::RefuseLogin));
    }

    #[test]
    fn a_fault_reads_from_json() {
        let fault: Fault = serde_json::from_str(r#"{"kind":"delay","ms":20,"method":"read"}"#).unwrap();
        assert_eq!(fault, Fault::once(FaultKind::Delay { ms: 20 }).on_method("read"));
    }
}
