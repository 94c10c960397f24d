//! A transparent risk score of a declaration: points, each with its reason. It decides nothing on anybody (R37a).

use std::collections::{HashMap, HashSet};

use crate::node::casework::imports::rows::{Kept, Row};
use crate::node::store::declarations::Declaration;

/// How many prices of the same six digits make a median that says something.
const COMMODITY_SAMPLES_MIN: usize = 8;

/// The same for a chapter, whose goods differ more.
const CHAPTER_SAMPLES_MIN: usize = 30;

/// A spread below this makes every price an outlier.
const SPREAD_MIN: f64 = 0.1;

/// The highest score.
const SCORE_MAX: i64 = 100;

/// Logarithms of prices per kg, by commodity (six digits) and by chapter (two).
#[derive(Debug, Default)]
pub(crate) struct Prices(HashMap<String, Group>);

/// The prices of a commodity or chapter, and their spread as it was computed last.
#[derive(Debug, Default)]
struct Group {
    prices: Vec<f64>,
    spread: Option<Spread>,
}

/// Median and median absolute deviation.
#[derive(Clone, Copy, Debug)]
struct Spread {
    median: f64,
    deviation: f64,
    count: usize,
}

impl Prices {
    /// The prices per kg that are remembered of one commodity or chapter.
    pub(crate) const SAMPLES_MAX: usize = 1_024;

    /// The groups of rows of which no prices were taken in before.
    pub(crate) fn unknown(&self, rows: &[Row]) -> HashSet<String> {
        let groups = rows.iter().filter_map(declared).flat_map(|row| groups(&row.hs6));
        groups.filter(|group| !self.0.contains_key(*group)).map(str::to_owned).collect()
    }

    /// Takes in the prices of a group that were imported before.
    pub(crate) fn learn(&mut self, group: &str, rows: &[(String, String)]) {
        let known = &mut self.0.entry(group.to_owned()).or_default().prices;
        known.extend(rows.iter().filter_map(|(mass, price)| price_per_kg(mass, price)));
        known.truncate(Self::SAMPLES_MAX);
    }

    /// Takes in the price of a declaration, for its commodity and its chapter.
    pub(crate) fn add(&mut self, row: &Row) {
        let Some(declaration) = declared(row) else { return };
        let Some(price) = price_per_kg(&declaration.net_mass, &declaration.item_price) else {
            return;
        };
        for group in groups(&declaration.hs6) {
            if !self.0.contains_key(group) {
                self.0.insert(group.to_owned(), Group::default());
            }
            if let Some(known) = self.0.get_mut(group)
                && known.prices.len() < Self::SAMPLES_MAX
            {
                known.prices.push(price);
            }
        }
    }

    /// Scores declarations by what is known now: the score, and the reasons as one text.
    pub(crate) fn score(&mut self, rows: &mut [Row]) {
        for row in rows {
            let Some(declaration) = declared(row) else { continue };
            let mut reasons = Vec::new();
            self.judge_price(declaration, &mut reasons);
            judge_row(row, declaration, &mut reasons);
            let points: i64 = reasons.iter().map(|(points, _)| points).sum();
            let texts: Vec<_> =
                reasons.iter().map(|(points, text)| format!("{text} (+{points})")).collect();
            if let Kept::Declaration(declaration) = &mut row.kept {
                declaration.score = points.min(SCORE_MAX);
                declaration.reasons = texts.join("; ");
            }
        }
    }

    fn judge_price(&mut self, declaration: &Declaration, reasons: &mut Vec<(i64, String)>) {
        let Some(price) = price_per_kg(&declaration.net_mass, &declaration.item_price) else {
            return;
        };
        let needed = [COMMODITY_SAMPLES_MIN, CHAPTER_SAMPLES_MIN];
        for (group, needed) in groups(&declaration.hs6).into_iter().zip(needed) {
            let spread = self.0.get_mut(group).and_then(Group::spread);
            let Some(spread) = spread.filter(|spread| spread.count >= needed) else { continue };
            let distance = price - spread.median;
            // 0.6745 makes the median absolute deviation comparable to a standard deviation.
            let z = 0.6745 * distance / spread.deviation.max(SPREAD_MIN);
            let Some(points) = points(z) else { return };
            let word = if z < 0.0 { "below" } else { "above" };
            let ratio = distance.abs().exp();
            let count = spread.count;
            let text =
                format!("price per kg {ratio:.1} times {word} the median of {count} of HS {group}");
            reasons.push((points, text));
            return;
        }
    }
}

impl Group {
    /// The spread of the prices; computed again when a sixteenth more of them are known.
    fn spread(&mut self) -> Option<Spread> {
        let is_new = |spread: &Spread| spread.count + spread.count / 16 >= self.prices.len();
        if !self.spread.as_ref().is_some_and(is_new) {
            self.spread = spread(&self.prices);
        }
        self.spread
    }
}

/// The declaration that a row is, if it is one.
fn declared(row: &Row) -> Option<&Declaration> {
    match &row.kept {
        Kept::Declaration(declaration) => Some(declaration),
        Kept::Other(_) => None,
    }
}

/// The points of a price that many deviations from the median; one too high is less suspicious than one too low.
fn points(z: f64) -> Option<i64> {
    let steps = [(12.0, 60), (8.0, 50), (5.0, 40), (3.5, 30), (2.5, 20)];
    let (_, points) = steps.into_iter().find(|(from, _)| z.abs() >= *from)?;
    Some(if z < 0.0 { points } else { points / 2 })
}

fn judge_row(row: &Row, declaration: &Declaration, reasons: &mut Vec<(i64, String)>) {
    let is_zero = |text: &str| text.parse::<f64>().is_ok_and(|number| number == 0.0);
    let is_high_tax =
        row.tax_rate.as_ref().and_then(|t| t.parse::<f64>().ok()).is_some_and(|t| t >= 20.0);
    if is_zero(&declaration.net_mass) {
        reasons.push((25, "the net mass is zero".to_owned()));
    }
    if is_zero(&declaration.item_price) {
        reasons.push((25, "the price is zero".to_owned()));
    }
    if declaration.origin != declaration.departure {
        let (points, high) = if is_high_tax { (20, " under a high tax rate") } else { (10, "") };
        let (from, origin) = (&declaration.departure, &declaration.origin);
        reasons.push((points, format!("departs from {from}, made in {origin}{high}")));
    }
    if row.is_code_unknown {
        reasons.push((15, "the tariff code is not in the list".to_owned()));
    }
}

/// The groups by which a price is compared: the commodity, then its chapter.
fn groups(hs6: &str) -> [&str; 2] {
    [hs6, hs6.get(..2).unwrap_or(hs6)]
}

/// The natural logarithm of the price per kg; nothing if either is zero.
fn price_per_kg(mass: &str, price: &str) -> Option<f64> {
    let (mass, price): (f64, f64) = (mass.parse().ok()?, price.parse().ok()?);
    let log = (price / mass).ln();
    log.is_finite().then_some(log)
}

fn spread(prices: &[f64]) -> Option<Spread> {
    let median_of_prices = median(prices.to_vec())?;
    let distances = prices.iter().map(|price| (price - median_of_prices).abs()).collect();
    let deviation = median(distances)?;
    Some(Spread { median: median_of_prices, deviation, count: prices.len() })
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *values.get(values.len() / 2 - 1)?;
    Some(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::casework::imports::frames::Span;

    fn row(mass: &str, price: &str, departure: &str) -> Row {
        let span = Span { line: 2, first: 0, end: 0 };
        Row {
            span,
            kept: Kept::Declaration(Box::new(Declaration {
                id: "1".to_owned(),
                import: String::new(),
                line: 2,
                source: String::new(),
                imported_at: 0,
                date: String::new(),
                hs6: "240220".to_owned(),
                origin: "CN".to_owned(),
                departure: departure.to_owned(),
                importer: String::new(),
                seller: String::new(),
                net_mass: mass.to_owned(),
                item_price: price.to_owned(),
                currency: String::new(),
                score: 0,
                reasons: String::new(),
                raw: String::new(),
            })),
            identifiers: Vec::new(),
            warnings: Vec::new(),
            is_code_unknown: false,
            tax_rate: None,
        }
    }

    fn prices() -> Prices {
        let mut prices = Prices::default();
        for price in ["100", "105", "95", "110", "90", "100", "102", "98"] {
            prices.add(&row("10", price, "CN"));
        }
        prices
    }

    fn scored(mut prices: Prices, row: Row) -> (i64, String) {
        let mut rows = [row];
        prices.score(&mut rows);
        let declaration = declared(&rows[0]).expect("the row is one");
        (declaration.score, declaration.reasons.clone())
    }

    #[test]
    fn a_usual_declaration_scores_nothing() {
        assert_eq!(scored(prices(), row("10", "101", "CN")), (0, String::new()));
    }

    #[test]
    fn a_price_far_below_the_median_is_named_with_how_far() {
        let (score, reasons) = scored(prices(), row("10", "1", "CN"));
        assert_eq!(score, 60);
        assert_eq!(reasons, "price per kg 100.0 times below the median of 8 of HS 240220 (+60)");
        assert_eq!(scored(prices(), row("10", "10000", "CN")).0, 30);
    }

    #[test]
    fn few_prices_say_nothing_and_a_detour_says_a_little() {
        let empty = Prices::default;
        assert_eq!(scored(empty(), row("10", "1", "CN")), (0, String::new()));
        assert_eq!(scored(empty(), row("10", "1", "AE")).0, 10);
        let taxed = Row { tax_rate: Some("40".to_owned()), ..row("10", "1", "AE") };
        assert_eq!(scored(empty(), taxed).0, 20);
        assert_eq!(scored(empty(), row("0", "1", "CN")).0, 25);
    }
}
