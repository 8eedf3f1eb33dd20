//! How long things take, in buckets.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::Page;

/// Upper bounds in microseconds, and as seconds in the text: from what the corridor itself takes to the
/// longest wait for an Odoo.
const BOUNDS: [(u64, &str); 14] = [
    (100, "0.0001"),
    (250, "0.00025"),
    (500, "0.0005"),
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (1_000_000, "1"),
    (5_000_000, "5"),
    (30_000_000, "30"),
    (120_000_000, "120"),
];

/// Times in buckets. Counting is two additions, and nobody waits for anybody.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [AtomicU64; BOUNDS.len()],
    beyond: AtomicU64,
    sum_us: AtomicU64,
}

impl Histogram {
    pub fn observe(&self, took: Duration) {
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let fitting = BOUNDS.iter().zip(&self.buckets).find(|((bound, _), _)| took_us <= *bound);
        fitting.map_or(&self.beyond, |(_, bucket)| bucket).fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(took_us, Ordering::Relaxed);
    }

    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    pub fn count(&self) -> u64 {
        self.buckets.iter().chain([&self.beyond]).map(|bucket| bucket.load(Ordering::Relaxed)).sum()
    }

    /// The lines of one histogram of a family.
    pub fn lines(&self, page: &mut Page, name: &str, labels: &[(&str, &str)]) {
        let bucket_name = format!("{name}_bucket");
        let mut labelled = labels.to_vec();
        let mut sum = 0;
        for ((_, bound), bucket) in BOUNDS.iter().zip(&self.buckets) {
            sum += bucket.load(Ordering::Relaxed);
            labelled.push(("le", bound));
            page.line(&bucket_name, &labelled, &sum.to_string());
            labelled.pop();
        }
        sum += self.beyond.load(Ordering::Relaxed);
        labelled.push(("le", "+Inf"));
        page.line(&bucket_name, &labelled, &sum.to_string());
        let microseconds = self.sum_us.load(Ordering::Relaxed);
        let seconds = format!("{}.{:06}", microseconds / 1_000_000, microseconds % 1_000_000);
        page.line(&format!("{name}_sum"), labels, &seconds);
        // The sum of the buckets just read: a time counted meanwhile must not make the text disagree.
        page.line(&format!("{name}_count"), labels, &sum.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_add_up() {
        let histogram = Histogram::default();
        for took_us in [1, 100, 101, 1_000_000, 500_000_000] {
            histogram.observe(Duration::from_micros(took_us));
        }
        let mut page = Page::default();
        histogram.lines(&mut page, "x_seconds", &[("tool", "t")]);
        let text = page.text();
        for line in [
            "x_seconds_bucket{tool=\"t\",le=\"0.0001\"} 2",
            "x_seconds_bucket{tool=\"t\",le=\"0.00025\"} 3",
            "x_seconds_bucket{tool=\"t\",le=\"120\"} 4",
            "x_seconds_bucket{tool=\"t\",le=\"+Inf\"} 5",
            "x_seconds_sum{tool=\"t\"} 501.000202",
            "x_seconds_count{tool=\"t\"} 5",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
