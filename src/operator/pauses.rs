//! The kill switch: who may do nothing for now, because a person said so.
//!
//! The file is read by every process that shares the directory. One that cannot be understood stops
//! everybody: a kill switch that fails open would be none.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    facts::{Caller, GrantName, Pause},
    store::{DocumentError, Stamp, StateDir, StoreError, is_unreachable, parse_document, write_document},
};

pub const FILE: &str = "paused.json";
const VERSION: u64 = 1;
/// Most orders at one time: one for each grant of a large installation.
const ORDERS_MAX: usize = 1_000;
/// What refusals give as their rule: no line of the policy file, and it cannot be mistaken for one.
const RULE: &str = "/pause";

/// One order to stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PauseOrder {
    /// The grant that is stopped; everybody where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantName>,
    pub since: Timestamp,
    /// Without end where a person has to lift it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl PauseOrder {
    fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    fn concerns(&self, caller: &Caller) -> bool {
        self.grant.as_ref().is_none_or(|grant| *grant == caller.grant)
    }
}

/// Why the orders cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum PauseError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("`{FILE}` cannot be used: {0}")]
    Document(#[from] DocumentError),
    #[error("`{FILE}` could not be encoded")]
    Encode,
    #[error("there are already {ORDERS_MAX} orders")]
    TooMany,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    orders: Vec<PauseOrder>,
}

/// The orders of the directory; without a file there are none. Those that are over are left out.
pub fn orders(dir: &StateDir, now: Timestamp) -> Result<Vec<PauseOrder>, PauseError> {
    let Some(bytes) = dir.shared().read(FILE)? else { return Ok(Vec::new()) };
    let mut document: Document = parse_document(&bytes, VERSION)?;
    document.orders.retain(|order| !order.is_over(now));
    Ok(document.orders)
}

/// Stops a grant, or everybody. An earlier order for the same is replaced.
pub fn order_pause(dir: &StateDir, order: PauseOrder) -> Result<(), PauseError> {
    let dir = &dir.shared();
    let file = dir.lock(FILE)?;
    // What cannot be read is replaced: whoever stops must be able to.
    let mut kept = orders(dir, order.since).unwrap_or_default();
    kept.retain(|other| other.grant != order.grant);
    if kept.len() >= ORDERS_MAX {
        return Err(PauseError::TooMany);
    }
    kept.push(order);
    write(&file, kept)
}

/// Lifts the order for a grant, or all orders; gives those that were lifted.
pub fn lift(
    dir: &StateDir,
    grant: Option<&GrantName>,
    now: Timestamp,
) -> Result<Vec<PauseOrder>, PauseError> {
    let dir = &dir.shared();
    let file = dir.lock(FILE)?;
    let standing = match orders(dir, now) {
        Ok(standing) => standing,
        // Lifting everything is the way out of a file that nobody can read.
        Err(PauseError::Document(_)) if grant.is_none() => Vec::new(),
        Err(error) => return Err(error),
    };
    let (lifted, kept) =
        standing.into_iter().partition(|order| grant.is_none_or(|grant| order.grant.as_ref() == Some(grant)));
    write(&file, kept)?;
    Ok(lifted)
}

fn write(file: &crate::store::LockedFile<'_>, orders: Vec<PauseOrder>) -> Result<(), PauseError> {
    let bytes = write_document(&Document { orders }, VERSION).map_err(|_| PauseError::Encode)?;
    Ok(file.replace(&bytes)?)
}

/// The orders as a running process knows them. Asking costs a call one pointer.
#[derive(Debug)]
pub struct Pauses {
    dir: Option<StateDir>,
    seen: Mutex<Seen>,
    current: ArcSwap<Current>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Never,
    Stamp(Option<Stamp>),
}

#[derive(Debug)]
enum Current {
    Orders(Vec<PauseOrder>),
    Unreadable,
}

impl Pauses {
    /// For a corridor that no state directory stops.
    pub fn none() -> Self {
        Self {
            dir: None,
            seen: Mutex::new(Seen::Never),
            current: ArcSwap::from_pointee(Current::Orders(vec![])),
        }
    }

    /// The orders of a directory, read once now and then at each `refresh`.
    pub fn of(dir: &StateDir, now: Timestamp) -> Self {
        let pauses = Self { dir: Some(dir.shared()), ..Self::none() };
        pauses.refresh(now);
        pauses
    }

    /// Reads the file if it was replaced; true if it was.
    pub fn refresh(&self, now: Timestamp) -> bool {
        let Some(dir) = &self.dir else { return false };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = dir.stamp(FILE);
        // While the shared store is away no call runs anyway; what it said last is good until it is back.
        if *seen != Seen::Never && stamp.as_ref().is_err_and(|error| is_unreachable(&error.source)) {
            return false;
        }
        if stamp.as_ref().is_ok_and(|stamp| *seen == Seen::Stamp(*stamp)) {
            return false;
        }
        let current = match orders(dir, now) {
            Ok(orders) => Current::Orders(orders),
            Err(error) => {
                tracing::error!(%error, "the kill switch cannot be read, so nobody may call");
                Current::Unreadable
            }
        };
        self.current.store(Arc::new(current));
        // A stamp that could not be taken is taken again next time.
        *seen = stamp.map_or(Seen::Never, Seen::Stamp);
        true
    }

    /// Is this caller stopped at this time?
    pub fn found(&self, caller: &Caller, now: Timestamp) -> Option<Pause> {
        let current = self.current.load();
        let order = match &**current {
            Current::Orders(orders) => {
                orders.iter().find(|order| order.concerns(caller) && !order.is_over(now))?
            }
            Current::Unreadable => {
                let reason = Arc::from("the order to pause cannot be read");
                return Some(Pause { rule: Arc::from(RULE), reason, until: None });
            }
        };
        let reason = order.reason.as_deref().unwrap_or("an operator has paused this");
        Some(Pause { rule: Arc::from(RULE), reason: Arc::from(reason), until: order.until })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Arrival;

    fn dir() -> (tempfile::TempDir, StateDir) {
        let folder = tempfile::tempdir().unwrap();
        let dir = StateDir::open(&folder.path().join("state")).unwrap();
        (folder, dir)
    }

    fn at(text: &str) -> Timestamp {
        format!("2026-11-21T{text}Z").parse().unwrap()
    }

    fn caller(grant: &str) -> Caller {
        Caller { grant: GrantName::parse(grant).unwrap(), ..Caller::local(Arrival::Stdio) }
    }

    fn order(grant: Option<&str>, until: Option<&str>) -> PauseOrder {
        let grant = grant.map(|grant| GrantName::parse(grant).unwrap());
        PauseOrder { grant, since: at("10:00:00"), until: until.map(at), reason: Some("Enough.".to_owned()) }
    }

    #[test]
    fn an_order_stops_whom_it_names_until_it_is_over_or_lifted() {
        let (_folder, dir) = dir();
        let pauses = Pauses::of(&dir, at("10:00:00"));
        assert_eq!(pauses.found(&caller("desk"), at("10:00:00")), None);
        assert!(!pauses.refresh(at("10:00:00")), "nothing was written");

        order_pause(&dir, order(Some("desk"), Some("10:10:00"))).unwrap();
        assert_eq!(pauses.found(&caller("desk"), at("10:00:00")), None, "it was not read yet");
        assert!(pauses.refresh(at("10:00:00")));
        let pause = pauses.found(&caller("desk"), at("10:09:59")).unwrap();
        assert_eq!((&*pause.rule, &*pause.reason, pause.until), ("/pause", "Enough.", Some(at("10:10:00"))));
        assert_eq!(pauses.found(&caller("desk"), at("10:10:00")), None, "the end is no part of it");
        assert_eq!(pauses.found(&caller("shop"), at("10:00:00")), None);

        order_pause(&dir, order(None, None)).unwrap();
        pauses.refresh(at("10:00:00"));
        assert_eq!(pauses.found(&caller("shop"), at("23:00:00")).unwrap().until, None);
        let desk = GrantName::parse("desk").unwrap();
        assert_eq!(lift(&dir, Some(&desk), at("10:00:00")).unwrap().len(), 1);
        pauses.refresh(at("10:00:00"));
        assert!(pauses.found(&caller("desk"), at("10:00:00")).is_some(), "everybody is still stopped");
        assert_eq!(lift(&dir, None, at("10:00:00")).unwrap().len(), 1);
        pauses.refresh(at("10:00:00"));
        assert_eq!(pauses.found(&caller("desk"), at("10:00:00")), None);
    }

    #[test]
    fn the_same_order_again_replaces_the_first_and_old_ones_go() {
        let (_folder, dir) = dir();
        for until in ["10:05:00", "10:06:00"] {
            order_pause(&dir, order(Some("desk"), Some(until))).unwrap();
        }
        assert_eq!(orders(&dir, at("10:00:00")).unwrap(), [order(Some("desk"), Some("10:06:00"))]);
        assert_eq!(orders(&dir, at("10:06:00")).unwrap(), []);
    }

    #[test]
    fn a_file_that_cannot_be_read_stops_everybody() {
        let (_folder, dir) = dir();
        for bad in
            ["", "{}", "{\"version\":1,\"orders\":[{}]}", "{\"version\":2}", "{\"version\":1,\"order\":[]}"]
        {
            dir.lock(FILE).unwrap().replace(bad.as_bytes()).unwrap();
            let pauses = Pauses::of(&dir, at("10:00:00"));
            let pause = pauses.found(&caller("desk"), at("10:00:00"));
            assert!(pause.is_some_and(|pause| pause.reason.contains("cannot be read")), "{bad}");
            assert!(lift(&dir, Some(&GrantName::parse("desk").unwrap()), at("10:00:00")).is_err(), "{bad}");
        }
        lift(&dir, None, at("10:00:00")).unwrap();
        assert_eq!(Pauses::of(&dir, at("10:00:00")).found(&caller("desk"), at("10:00:00")), None);
    }
}
