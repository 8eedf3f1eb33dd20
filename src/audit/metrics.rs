//! What the corridor counts about itself, as text that Prometheus reads.
//!
//! Labels come from the policy file and from fixed words, never from callers, and there is a cap on
//! how many there may be. Serving the text over a port is not done here.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::{ledger::CounterUse, metrics::Page};

/// Most pairs of outcome and rule that are counted apart; further ones are counted as `other`.
const SERIES_MAX: usize = 2_000;
/// The rule under which further ones are counted.
const OTHER: &str = "other";
/// Upper bounds of the decision time histogram, in nanoseconds and as seconds in the text.
const DECISION_BOUNDS: [(u64, &str); 10] = [
    (250, "0.00000025"),
    (500, "0.0000005"),
    (1_000, "0.000001"),
    (2_500, "0.0000025"),
    (5_000, "0.000005"),
    (10_000, "0.00001"),
    (50_000, "0.00005"),
    (250_000, "0.00025"),
    (1_000_000, "0.001"),
    (10_000_000, "0.01"),
];

/// All counts of one corridor.
#[derive(Debug, Default)]
pub struct Metrics {
    decisions: Mutex<BTreeMap<&'static str, BTreeMap<String, u64>>>,
    shadow_denials: Mutex<BTreeMap<String, u64>>,
    decision_buckets: [AtomicU64; DECISION_BOUNDS.len()],
    decision_count: AtomicU64,
    decision_nanoseconds: AtomicU64,
    pending_approvals: AtomicU64,
    reloads_accepted: AtomicU64,
    reloads_refused: AtomicU64,
    /// Is the file that was read last in force?
    reload_failed: AtomicU64,
    /// When the policy in force was loaded, in seconds since 1970.
    loaded_at_s: AtomicI64,
}

/// What the journal says of itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JournalState {
    /// Number of the last line.
    pub sequence: u64,
    /// Calls that wait for the log.
    pub queue: u64,
    /// Calls that have an opening line and no closing one.
    pub under_way: u64,
    /// The end of the chain was found and fits.
    pub chain_holds: bool,
    pub checkpoint_at: Option<jiff::Timestamp>,
    pub counters: Vec<CounterUse>,
    /// Breakers that stop somebody now.
    pub breakers_open: Option<u64>,
}

impl Metrics {
    /// An outcome: `allow`, `deny`, `ask`, `unknown`, or `limited` after an `allow` that no counter
    /// could pay; by which rule, and how long deciding took where it was decided.
    pub fn decided(&self, outcome: &'static str, rule: &str, took: Option<Duration>) {
        {
            let mut decisions = self.decisions.lock().unwrap_or_else(PoisonError::into_inner);
            let known: usize = decisions.values().map(BTreeMap::len).sum();
            count(decisions.entry(outcome).or_default(), rule, known);
        }
        let Some(took) = took else { return };
        let took_ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        for ((bound, _), bucket) in DECISION_BOUNDS.iter().zip(&self.decision_buckets) {
            if took_ns <= *bound {
                bucket.fetch_add(1, Ordering::Relaxed);
                break;
            }
        }
        self.decision_count.fetch_add(1, Ordering::Relaxed);
        self.decision_nanoseconds.fetch_add(took_ns, Ordering::Relaxed);
    }

    /// A rule in shadow would have refused or asked.
    pub fn would_deny(&self, rule: &str) {
        let mut shadow = self.shadow_denials.lock().unwrap_or_else(PoisonError::into_inner);
        let known = shadow.len();
        count(&mut shadow, rule, known);
    }

    /// How often each outcome came up, whichever rule it was.
    pub fn decisions(&self) -> Vec<(&'static str, u64)> {
        let decisions = self.decisions.lock().unwrap_or_else(PoisonError::into_inner);
        decisions.iter().map(|(outcome, rules)| (*outcome, rules.values().sum())).collect()
    }

    pub fn set_pending_approvals(&self, pending: u64) {
        self.pending_approvals.store(pending, Ordering::Relaxed);
    }

    /// A policy is in force from now on.
    pub fn policy_loaded(&self, now: jiff::Timestamp) {
        self.reloads_accepted.fetch_add(1, Ordering::Relaxed);
        self.reload_failed.store(0, Ordering::Relaxed);
        self.loaded_at_s.store(now.as_second(), Ordering::Relaxed);
    }

    /// A policy file was refused; the one before it stays in force.
    pub fn policy_refused(&self) {
        self.reloads_refused.fetch_add(1, Ordering::Relaxed);
        self.reload_failed.store(1, Ordering::Relaxed);
    }

    /// Everything in the text format of Prometheus.
    pub fn render(&self, journal: &JournalState, now: jiff::Timestamp) -> String {
        let mut page = Page::default();
        page.head("odoo_mcp_decisions_total", "counter", "Decisions by outcome and rule.");
        let decisions = self.decisions.lock().unwrap_or_else(PoisonError::into_inner);
        for (outcome, rules) in decisions.iter() {
            for (rule, number) in rules {
                page.line(
                    "odoo_mcp_decisions_total",
                    &[("outcome", outcome), ("rule", rule)],
                    &number.to_string(),
                );
            }
        }
        drop(decisions);
        self.decision_times(&mut page);
        page.head("odoo_mcp_shadow_denials_total", "counter", "What rules in shadow would have refused.");
        for (rule, number) in self.shadow_denials.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            page.line("odoo_mcp_shadow_denials_total", &[("rule", rule)], &number.to_string());
        }
        page.head("odoo_mcp_counter_use_percent", "gauge", "The fullest counter of each limit.");
        for counter in journal.counters.iter().take(SERIES_MAX) {
            let percent = format!("{:.1}", counter.percent);
            page.line("odoo_mcp_counter_use_percent", &[("counter", &counter.counter)], &percent);
        }
        self.numbers(&mut page, journal, now);
        page.text()
    }

    fn decision_times(&self, page: &mut Page) {
        let name = "odoo_mcp_decision_seconds";
        page.head(name, "histogram", "How long decisions took.");
        let bucket_name = format!("{name}_bucket");
        let mut sum = 0;
        for ((_, bound), bucket) in DECISION_BOUNDS.iter().zip(&self.decision_buckets) {
            sum += bucket.load(Ordering::Relaxed);
            page.line(&bucket_name, &[("le", bound)], &sum.to_string());
        }
        let count = self.decision_count.load(Ordering::Relaxed).max(sum);
        page.line(&bucket_name, &[("le", "+Inf")], &count.to_string());
        let nanoseconds = self.decision_nanoseconds.load(Ordering::Relaxed);
        let seconds = format!("{}.{:09}", nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
        page.line(&format!("{name}_sum"), &[], &seconds);
        page.line(&format!("{name}_count"), &[], &count.to_string());
    }

    fn numbers(&self, page: &mut Page, journal: &JournalState, now: jiff::Timestamp) {
        let age = |since: i64| now.as_second().saturating_sub(since).max(0).to_string();
        let load = |number: &AtomicU64| number.load(Ordering::Relaxed).to_string();
        page.single(
            "odoo_mcp_pending_approvals",
            "gauge",
            "Questions that wait for a person.",
            &load(&self.pending_approvals),
        );
        page.single(
            "odoo_mcp_policy_reloads_total",
            "counter",
            "Policies that came into force.",
            &load(&self.reloads_accepted),
        );
        page.single(
            "odoo_mcp_policy_refused_total",
            "counter",
            "Policies that were refused.",
            &load(&self.reloads_refused),
        );
        page.single(
            "odoo_mcp_policy_stale",
            "gauge",
            "1 while the policy file on disk is refused.",
            &load(&self.reload_failed),
        );
        let loaded_at = self.loaded_at_s.load(Ordering::Relaxed);
        if loaded_at != 0 {
            page.single(
                "odoo_mcp_policy_age_seconds",
                "gauge",
                "Age of the policy in force.",
                &age(loaded_at),
            );
        }
        page.single(
            "odoo_mcp_log_queue_depth",
            "gauge",
            "Calls that wait for the log.",
            &journal.queue.to_string(),
        );
        page.single(
            "odoo_mcp_log_lines_total",
            "counter",
            "Lines of the log.",
            &journal.sequence.to_string(),
        );
        page.single(
            "odoo_mcp_calls_under_way",
            "gauge",
            "Charged calls without a closing line.",
            &journal.under_way.to_string(),
        );
        let holds = u8::from(journal.chain_holds).to_string();
        page.single("odoo_mcp_log_chain_holds", "gauge", "1 while the end of the chain fits.", &holds);
        if let Some(at) = journal.checkpoint_at {
            page.single(
                "odoo_mcp_log_checkpoint_age_seconds",
                "gauge",
                "Age of the last checkpoint.",
                &age(at.as_second()),
            );
        }
    }
}

fn count(counts: &mut BTreeMap<String, u64>, rule: &str, known: usize) {
    if let Some(number) = counts.get_mut(rule) {
        *number += 1;
        return;
    }
    let label = if known < SERIES_MAX { rule } else { OTHER };
    *counts.entry(label.to_owned()).or_default() += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(metrics: &Metrics) -> String {
        let journal = JournalState {
            counters: vec![CounterUse { counter: "tools/t/rate".into(), percent: 50.0 }],
            ..JournalState::default()
        };
        metrics.render(&journal, jiff::Timestamp::from_second(100).unwrap())
    }

    #[test]
    fn every_number_is_shown_under_its_name() {
        let metrics = Metrics::default();
        metrics.decided("deny", "/tools/\"x\"\n", Some(Duration::from_nanos(400)));
        metrics.decided("deny", "/tools/\"x\"\n", Some(Duration::from_secs(1)));
        metrics.would_deny("/all_tools");
        metrics.policy_loaded(jiff::Timestamp::from_second(40).unwrap());
        metrics.policy_refused();
        let text = rendered(&metrics);
        for line in [
            "odoo_mcp_decisions_total{outcome=\"deny\",rule=\"/tools/\\\"x\\\"\\n\"} 2",
            "odoo_mcp_decision_seconds_bucket{le=\"0.00000025\"} 0",
            "odoo_mcp_decision_seconds_bucket{le=\"0.0000005\"} 1",
            "odoo_mcp_decision_seconds_bucket{le=\"+Inf\"} 2",
            "odoo_mcp_decision_seconds_sum 1.000000400",
            "odoo_mcp_shadow_denials_total{rule=\"/all_tools\"} 1",
            "odoo_mcp_counter_use_percent{counter=\"tools/t/rate\"} 50.0",
            "odoo_mcp_policy_stale 1",
            "odoo_mcp_policy_age_seconds 60",
            "odoo_mcp_log_chain_holds 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }

    #[test]
    fn labels_are_bounded() {
        let metrics = Metrics::default();
        for number in 0..3 * SERIES_MAX {
            metrics.decided("deny", &format!("/{number}"), None);
            metrics.would_deny(&format!("/{number}"));
        }
        let text = rendered(&metrics);
        let series = text.lines().filter(|line| line.starts_with("odoo_mcp_decisions_total{")).count();
        assert_eq!(series, SERIES_MAX + 1);
        assert!(text.contains(&format!("rule=\"other\"}} {}", 2 * SERIES_MAX)));
    }
}
