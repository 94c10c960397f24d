//! The marking of a record or field: handling codes, TLP, PAP, classification, grading; converts none into another.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::domain::finding::{ImpossibleValue, short_text};

/// The highest classification level.
pub const LEVEL_MAX: u8 = 4;

/// The longest text form of a marking, in bytes.
const TEXT_BYTES_MAX: usize = 4096;

/// Handling codes as Europol uses them; they combine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HandlingCode {
    /// Only for preventing and combating crime, under the law that applies.
    H0,
    /// Not in judicial proceedings without the provider's permission.
    H1,
    /// Not passed on without the provider's permission.
    H2,
    /// Other restrictions, in words.
    H3,
}

/// Traffic Light Protocol 2.0, from the widest to the strictest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tlp {
    /// No limit.
    Clear,
    /// The community.
    Green,
    /// The organisation and its clients.
    Amber,
    /// The organisation only.
    AmberStrict,
    /// Named people only.
    Red,
}

/// Permissible Actions Protocol, from the widest to the strictest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pap {
    /// No limit.
    Clear,
    /// Active actions allowed.
    Green,
    /// Passive cross-checks only.
    Amber,
    /// Nothing that the target could notice.
    Red,
}

/// A classification level with the state that set it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Classification {
    level: u8,
    issuer: String,
}

/// How reliable the source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceGrade {
    /// No doubt.
    A,
    /// Mostly reliable.
    B,
    /// Mostly unreliable.
    C,
    /// Cannot be assessed.
    X,
}

/// How reliable the information is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InformationGrade {
    /// Not in doubt.
    One,
    /// Known to the source, not to the officer.
    Two,
    /// Not known to the source, corroborated.
    Three,
    /// Not known to the source, not corroborated.
    Four,
}

/// The 4x4 grading of a piece of information.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Grading {
    /// The source.
    pub source: SourceGrade,
    /// The information.
    pub information: InformationGrade,
}

/// How something may be used and passed on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Marking {
    codes: BTreeSet<HandlingCode>,
    restrictions: BTreeSet<String>,
    tlp: Tlp,
    pap: Option<Pap>,
    classification: Option<Classification>,
    grading: Option<Grading>,
}

/// A text that is not a marking. Treat what bears it as [`Marking::strictest`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a marking: {0}. Write it like 'H1 TLP:AMBER+STRICT A1'")]
pub struct InvalidMarking(String);

impl Marking {
    /// A marking of one TLP label and nothing else.
    #[must_use]
    pub fn of(tlp: Tlp) -> Self {
        Self {
            codes: BTreeSet::new(),
            restrictions: BTreeSet::new(),
            tlp,
            pap: None,
            classification: None,
            grading: None,
        }
    }

    /// What an unknown marking counts as: the highest of everything, not exported.
    #[must_use]
    pub fn strictest() -> Self {
        Self {
            codes: BTreeSet::from([HandlingCode::H0, HandlingCode::H1, HandlingCode::H2]),
            restrictions: BTreeSet::new(),
            tlp: Tlp::Red,
            pap: Some(Pap::Red),
            classification: Some(Classification { level: LEVEL_MAX, issuer: "UNKNOWN".to_owned() }),
            grading: Some(Grading { source: SourceGrade::X, information: InformationGrade::Four }),
        }
    }

    /// The same marking with a handling code. H3 comes with its words: see [`Marking::with_restriction`].
    #[must_use]
    pub fn with_code(mut self, code: HandlingCode) -> Self {
        self.codes.insert(code);
        self
    }

    /// The same marking with H3 and its words.
    ///
    /// # Errors
    /// If the words are empty, too long, not one line, or hold a bracket.
    pub fn with_restriction(mut self, words: &str) -> Result<Self, ImpossibleValue> {
        let words = short_text("restriction", words)?;
        if words.contains(['(', ')']) {
            return Err(ImpossibleValue::of("restriction", "must not hold brackets"));
        }
        self.codes.insert(HandlingCode::H3);
        self.restrictions.insert(words);
        Ok(self)
    }

    /// The same marking with a PAP label.
    #[must_use]
    pub fn with_pap(self, pap: Pap) -> Self {
        Self { pap: Some(pap), ..self }
    }

    /// The same marking with a classification.
    #[must_use]
    pub fn with_classification(self, classification: Classification) -> Self {
        Self { classification: Some(classification), ..self }
    }

    /// The same marking with a grading.
    #[must_use]
    pub fn with_grading(self, grading: Grading) -> Self {
        Self { grading: Some(grading), ..self }
    }

    /// The stricter of two on every axis: what a text drawn from both bears.
    #[must_use]
    pub fn stricter(&self, other: &Self) -> Self {
        Self {
            codes: self.codes.union(&other.codes).copied().collect(),
            restrictions: self.restrictions.union(&other.restrictions).cloned().collect(),
            tlp: self.tlp.max(other.tlp),
            pap: self.pap.max(other.pap),
            classification: self.classification.clone().max(other.classification.clone()),
            grading: match (self.grading, other.grading) {
                (Some(one), Some(two)) => Some(Grading {
                    source: one.source.max(two.source),
                    information: one.information.max(two.information),
                }),
                (grading, None) | (None, grading) => grading,
            },
        }
    }

    /// The strictest of several; without any, nothing is known and [`Marking::strictest`] applies.
    #[must_use]
    pub fn strictest_of<'a>(markings: impl IntoIterator<Item = &'a Self>) -> Self {
        markings
            .into_iter()
            .cloned()
            .reduce(|one, two| one.stricter(&two))
            .unwrap_or_else(Self::strictest)
    }

    /// Whether it bears a handling code.
    #[must_use]
    pub fn has(&self, code: HandlingCode) -> bool {
        self.codes.contains(&code)
    }

    /// The TLP label.
    #[must_use]
    pub const fn tlp(&self) -> Tlp {
        self.tlp
    }

    /// The PAP label, if any.
    #[must_use]
    pub const fn pap(&self) -> Option<Pap> {
        self.pap
    }

    /// The classification level; 0 where there is none.
    #[must_use]
    pub fn level(&self) -> u8 {
        self.classification.as_ref().map_or(0, Classification::level)
    }

    /// The grading, if any.
    #[must_use]
    pub const fn grading(&self) -> Option<Grading> {
        self.grading
    }

    /// Whether it may be passed on without asking the provider: neither H2 nor TLP:RED or AMBER+STRICT.
    #[must_use]
    pub fn allows_onward(&self) -> bool {
        !self.has(HandlingCode::H2) && self.tlp <= Tlp::Amber
    }
}

impl Classification {
    /// The level that a state or organisation set.
    ///
    /// # Errors
    /// If the level is above 4 or the issuer is not a short word such as `DE` or `EU`.
    pub fn new(level: u8, issuer: &str) -> Result<Self, ImpossibleValue> {
        if level > LEVEL_MAX {
            return Err(ImpossibleValue::of("classification", "has a level from 0 to 4"));
        }
        let is_word =
            (1..=16).contains(&issuer.len()) && issuer.bytes().all(|b| b.is_ascii_uppercase());
        if !is_word {
            return Err(ImpossibleValue::of(
                "classification",
                "names the state that set it in capital letters, such as DE or EU",
            ));
        }
        Ok(Self { level, issuer: issuer.to_owned() })
    }

    /// The level, 0 to 4.
    #[must_use]
    pub const fn level(&self) -> u8 {
        self.level
    }

    /// Who set it.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }
}

const CODES: [(HandlingCode, &str); 4] = [
    (HandlingCode::H0, "H0"),
    (HandlingCode::H1, "H1"),
    (HandlingCode::H2, "H2"),
    (HandlingCode::H3, "H3"),
];

const TLPS: [(Tlp, &str); 5] = [
    (Tlp::Clear, "CLEAR"),
    (Tlp::Green, "GREEN"),
    (Tlp::Amber, "AMBER"),
    (Tlp::AmberStrict, "AMBER+STRICT"),
    (Tlp::Red, "RED"),
];

const PAPS: [(Pap, &str); 4] =
    [(Pap::Clear, "CLEAR"), (Pap::Green, "GREEN"), (Pap::Amber, "AMBER"), (Pap::Red, "RED")];

const SOURCES: [(SourceGrade, &str); 4] =
    [(SourceGrade::A, "A"), (SourceGrade::B, "B"), (SourceGrade::C, "C"), (SourceGrade::X, "X")];

const INFORMATION: [(InformationGrade, &str); 4] = [
    (InformationGrade::One, "1"),
    (InformationGrade::Two, "2"),
    (InformationGrade::Three, "3"),
    (InformationGrade::Four, "4"),
];

fn name<T: PartialEq>(table: &[(T, &'static str)], value: &T) -> &'static str {
    table.iter().find(|(known, _)| known == value).map_or("", |(_, name)| name)
}

fn named<T: Copy>(table: &[(T, &'static str)], text: &str) -> Option<T> {
    table.iter().find(|(_, name)| *name == text).map(|(value, _)| *value)
}

impl fmt::Display for Marking {
    /// Handling codes, restrictions, TLP, PAP, level and grading, always in this order.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for code in self.codes.iter().filter(|code| **code != HandlingCode::H3) {
            write!(f, "{} ", name(&CODES, code))?;
        }
        if self.has(HandlingCode::H3) && self.restrictions.is_empty() {
            f.write_str("H3 ")?;
        }
        for words in &self.restrictions {
            write!(f, "H3({words}) ")?;
        }
        write!(f, "TLP:{}", name(&TLPS, &self.tlp))?;
        if let Some(pap) = self.pap {
            write!(f, " PAP:{}", name(&PAPS, &pap))?;
        }
        if let Some(classification) = &self.classification {
            write!(f, " LEVEL:{}/{}", classification.level, classification.issuer)?;
        }
        if let Some(grading) = self.grading {
            write!(f, " {grading}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Grading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(name(&SOURCES, &self.source))?;
        f.write_str(name(&INFORMATION, &self.information))
    }
}

impl FromStr for Grading {
    type Err = InvalidMarking;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (source, information) = text.split_at_checked(1).unwrap_or(("", ""));
        match (named(&SOURCES, source), named(&INFORMATION, information)) {
            (Some(source), Some(information)) => Ok(Self { source, information }),
            (None | Some(_), None | Some(_)) => {
                Err(InvalidMarking("a grading is A, B, C or X followed by 1, 2, 3 or 4".to_owned()))
            }
        }
    }
}

impl FromStr for Marking {
    type Err = InvalidMarking;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = |reason: &str| InvalidMarking(reason.to_owned());
        if text.len() > TEXT_BYTES_MAX {
            return Err(refuse("it is longer than 4 KiB"));
        }
        let mut tlp = None;
        let mut marking = Self::of(Tlp::Red);
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (word, after) = next_word(rest).ok_or_else(|| refuse("a bracket is not closed"))?;
            rest = after.trim_start();
            if let Some(label) = word.strip_prefix("TLP:") {
                let label = named(&TLPS, label)
                    .ok_or_else(|| refuse("TLP is RED, AMBER+STRICT, AMBER, GREEN or CLEAR"))?;
                if tlp.replace(label).is_some() {
                    return Err(refuse("it bears two TLP labels"));
                }
            } else {
                marking = marking.with_word(word)?;
            }
        }
        let tlp = tlp.ok_or_else(|| refuse("the TLP label is missing"))?;
        Ok(Self { tlp, ..marking })
    }
}

impl Marking {
    fn with_word(self, word: &str) -> Result<Self, InvalidMarking> {
        let refuse = |reason: &str| InvalidMarking(reason.to_owned());
        if let Some(code) = named(&CODES, word) {
            return Ok(self.with_code(code));
        }
        if let Some(words) = word.strip_prefix("H3(").and_then(|words| words.strip_suffix(')')) {
            return self.with_restriction(words).map_err(|invalid| refuse(&invalid.to_string()));
        }
        if let Some(label) = word.strip_prefix("PAP:") {
            let label =
                named(&PAPS, label).ok_or_else(|| refuse("PAP is RED, AMBER, GREEN or CLEAR"))?;
            return if self.pap.is_none() {
                Ok(self.with_pap(label))
            } else {
                Err(refuse("it bears two PAP labels"))
            };
        }
        if let Some(level) = word.strip_prefix("LEVEL:") {
            let (level, issuer) =
                level.split_once('/').ok_or_else(|| refuse("a level is written LEVEL:1/DE"))?;
            let level = level.parse().map_err(|_| refuse("a level is a number from 0 to 4"))?;
            let classification = Classification::new(level, issuer)
                .map_err(|invalid| refuse(&invalid.to_string()))?;
            return if self.classification.is_none() {
                Ok(self.with_classification(classification))
            } else {
                Err(refuse("it bears two classifications"))
            };
        }
        let grading = Grading::from_str(word).map_err(|_| {
            InvalidMarking(format!(
                "'{}' is not known",
                word.chars().take(40).flat_map(char::escape_default).collect::<String>()
            ))
        })?;
        if self.grading.is_none() {
            Ok(self.with_grading(grading))
        } else {
            Err(refuse("it bears two gradings"))
        }
    }
}

/// The first word of a text and the rest; a bracket belongs to its word with the spaces in it.
fn next_word(text: &str) -> Option<(&str, &str)> {
    let end = if text.starts_with("H3(") {
        text.find(')')? + 1
    } else {
        text.find(char::is_whitespace).unwrap_or(text.len())
    };
    text.split_at_checked(end)
}
