//! Counting, medians and the lines of the table; knows nothing of what is measured.

use std::time::Instant;

use crate::cpu::cpu_ns;

/// How much was done in how much time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figure {
    /// Items, or bytes, a second of wall time.
    pub(crate) rate: f64,
    /// The same a second of CPU time.
    pub(crate) per_cpu: f64,
}

/// Measures what happens between `start` and `stop`.
pub(crate) struct Meter {
    wall: Instant,
    cpu: f64,
}

impl Meter {
    pub(crate) fn start() -> Self {
        Self { wall: Instant::now(), cpu: cpu_ns() }
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.wall.elapsed().as_secs_f64()
    }

    pub(crate) fn stop(&self, done: u64) -> Figure {
        let (wall, cpu) = (self.seconds(), (cpu_ns() - self.cpu) / 1e9);
        Figure { rate: done as f64 / wall, per_cpu: done as f64 / cpu }
    }
}

/// The middle one; of an even number the upper.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Rounds of a measurement and of its limit, taken in turn so that both see the same weather.
#[derive(Default)]
pub(crate) struct Pair {
    pub(crate) ours: Vec<Figure>,
    pub(crate) limit: Vec<Figure>,
}

impl Pair {
    /// The median of the ratios of each round.
    fn ratio(&self, of: impl Fn(&Figure) -> f64) -> f64 {
        median(self.ours.iter().zip(&self.limit).map(|(ours, limit)| of(ours) / of(limit)))
    }

    /// Prints the line of the limit and of the measurement. `unit` is what a rate is divided by.
    pub(crate) fn print(&self, what: &str, limit: &str, unit: f64) {
        line(limit, &self.limit, unit, None);
        let ratios = (self.ratio(|f| f.rate), self.ratio(|f| f.per_cpu));
        line(what, &self.ours, unit, Some(ratios));
    }
}

#[expect(clippy::print_stdout, reason = "the table is what the bench is for")]
pub(crate) fn print_head() {
    println!("{:52}{:>12}{:>14}{:>10}{:>10}", "", "a second", "per CPU-s", "x limit", "x in CPU");
}

/// One line: the medians, and the ratios to the limit in wall and CPU time.
#[expect(clippy::print_stdout, reason = "the table is what the bench is for")]
pub(crate) fn line(what: &str, figures: &[Figure], unit: f64, ratios: Option<(f64, f64)>) {
    let rate = median(figures.iter().map(|f| f.rate)) / unit;
    let per_cpu = median(figures.iter().map(|f| f.per_cpu)) / unit;
    // Small figures (GB) need places, large ones (items) do not.
    let places = if rate < 100.0 { 3 } else { 0 };
    let ratios = ratios.map_or(String::new(), |(wall, cpu)| format!("{wall:>10.2}{cpu:>10.2}"));
    println!("{what:52}{rate:>12.places$}{per_cpu:>14.places$}{ratios}");
}
