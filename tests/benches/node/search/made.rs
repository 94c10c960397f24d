//! Invented cases: each is made from its number alone. Words and names are as uneven as those of a language: of 30,000
//! words the one of rank r occurs in proportion to 1/r.

use std::collections::BTreeSet;

use sealane::node::store::cases::Case;
use sealane::node::store::search::SearchCase;

const WORDS: f64 = 30_000.0;
const WORDS_OF_CASE: usize = 24;
const FIRST_NAMES: f64 = 500.0;
const LAST_NAMES: f64 = 20_000.0;
const SYLLABLES: [&str; 20] = [
    "ka", "ri", "mon", "ta", "le", "sir", "du", "ven", "po", "gal", "mi", "ter", "no", "fas", "be",
    "lun", "ze", "kor", "ha", "win",
];
/// 2021-01-01 in microseconds, and the time between two cases of a million in five years.
const FIRST: i64 = 1_609_459_200_000_000;
const APART: i64 = 157_000_000;

/// A case.
pub(super) struct Made {
    pub(super) number: u64,
    pub(super) words: Vec<String>,
    pub(super) name: [String; 2],
    pub(super) container: String,
    pub(super) hs: String,
    country: u64,
    unit: u64,
    kind: u64,
    status: u64,
}

/// A stream of numbers that depends on the seed alone (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn share(&mut self) -> f64 {
        (self.roll() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A rank below `count`, the lower the likelier.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 1 to `count`"
    )]
    fn rank(&mut self, count: f64) -> u64 {
        count.powf(self.share()) as u64 - 1
    }
}

fn word(kind: u64, rank: u64) -> String {
    let mut dice = Dice(kind.wrapping_mul(1_000_003).wrapping_add(rank));
    let syllables = 2 + dice.roll() % 3;
    (0..syllables).map(|_| SYLLABLES[(dice.roll() % 20) as usize]).collect()
}

impl Made {
    pub(super) fn case(number: u64) -> Self {
        let mut dice = Dice(number);
        let words = (0..WORDS_OF_CASE).map(|_| word(1, dice.rank(WORDS))).collect();
        let name = [word(2, dice.rank(FIRST_NAMES)), word(3, dice.rank(LAST_NAMES))];
        Self {
            number,
            words,
            name,
            container: format!("CSQU{:07}", dice.roll() % 5_000_000),
            hs: format!("{:02}{:04}", 1 + dice.rank(97.0), dice.rank(1_000.0)),
            country: dice.rank(100.0),
            unit: dice.roll() % 20,
            kind: dice.rank(11.0),
            status: dice.rank(10.0),
        }
    }

    pub(super) fn id(&self) -> String {
        format!("00000000-0000-4000-8000-{:012x}", self.number)
    }

    pub(super) fn opened_at(&self) -> i64 {
        FIRST + APART * self.number.cast_signed()
    }

    pub(super) fn case_type(&self) -> String {
        format!("type{}", self.kind)
    }

    pub(super) fn status(&self) -> String {
        format!("status{}", self.status)
    }

    pub(super) fn row(&self) -> Case {
        Case {
            id: self.id(),
            reference: format!("2026/{:07}", self.number),
            title: self.words[..5].join(" "),
            case_type: self.case_type(),
            status: self.status(),
            unit: format!("unit{}", self.unit),
            owner: format!("user{}", self.number % 200),
            opened_at: self.opened_at(),
            updated_at: self.opened_at(),
            head: [1; 32],
            version: 1,
            workflow: [2; 32],
            pending: String::new(),
            proposer: String::new(),
            status_since: self.opened_at(),
            acted_at: self.opened_at(),
            review_by: None,
            restricted: String::new(),
            erasures: 0,
            level: 0,
            compartment: String::new(),
        }
    }

    pub(super) fn known(&self) -> SearchCase {
        let mut terms = BTreeSet::new();
        for word in &self.words {
            terms.insert(term("word", word));
            terms.extend((3..word.len().min(11)).map(|length| term("prefix", &word[..length])));
        }
        terms.extend(self.name_terms());
        // The parts of a name, each right and with one letter wrong.
        for part in &self.name {
            terms.extend((0..5).map(|wrong| term("part", &format!("{part}{wrong}"))));
        }
        terms.extend([
            term("identifier", &self.container),
            term("identifier", &self.hs),
            term("chapter", &self.hs[..2]),
            term("country", &self.country.to_string()),
            term("type", &self.case_type()),
            term("status", &self.status()),
            term("officer", &(self.number % 200).to_string()),
        ]);
        terms.extend(self.unit_terms().into_iter().take(1));
        SearchCase { doc: self.opened_at(), case_id: self.id(), terms }
    }

    /// The pair of the parts, right and with one letter of one of them wrong.
    pub(super) fn name_terms(&self) -> Vec<String> {
        let name = self.name.join(" ");
        (0..9).map(|wrong| term("pair", &format!("{name}{wrong}"))).collect()
    }

    /// Every second question is for a code that stands in many cases.
    pub(super) fn identifier(&self) -> &str {
        if self.number.is_multiple_of(2) { &self.container } else { &self.hs }
    }

    pub(super) fn identifier_terms(&self) -> Vec<String> {
        vec![term("identifier", self.identifier())]
    }

    /// A word of the case, and the beginning of another.
    pub(super) fn asked_words(&self) -> (&str, &str) {
        let (one, other) = (&self.words[6], &self.words[13]);
        (one, &other[..other.len().clamp(3, 5).min(other.len())])
    }

    pub(super) fn word_groups(&self) -> Vec<Vec<String>> {
        let (one, beginning) = self.asked_words();
        vec![vec![term("word", one)], vec![term("word", beginning), term("prefix", beginning)]]
    }

    pub(super) fn filter_groups(&self) -> Vec<Vec<String>> {
        vec![
            vec![term("type", &self.case_type())],
            vec![term("status", &self.status())],
            vec![term("chapter", &self.hs[..2])],
        ]
    }

    /// The unit, or an officer of it who works on cases of others.
    pub(super) fn unit_terms(&self) -> Vec<String> {
        let officer = term("officer", &(self.number % 200).to_string());
        vec![term("unit", &self.unit.to_string()), officer]
    }
}

/// A term as the node makes it, under a key of this bench.
fn term(sense: &str, word: &str) -> String {
    let mut hasher = blake3::Hasher::new_keyed(&[7; 32]);
    hasher.update(sense.as_bytes()).update(b"\0").update(word.as_bytes());
    let hash = hasher.finalize();
    let number = hash.as_bytes()[..5].iter().fold(0_u64, |n, byte| (n << 8) | u64::from(*byte));
    let letters = b"abcdefghijklmnopqrstuvwxyz234567";
    (0..8).map(|place| char::from(letters[((number >> (5 * place)) & 31) as usize])).collect()
}
