//! From what a case says to the terms by which it is found: keyed hashes, each of one word in one sense.

use std::collections::{BTreeMap, BTreeSet};

use zeroize::Zeroizing;

use crate::domain::identifier::{Identifier, Scheme};
use crate::node::casework::cases::content::Content;
use crate::node::casework::cases::searchable;
use crate::node::casework::search::names::{keys_of, names};
use crate::node::casework::search::words::words;
use crate::node::casework::{Desk, Error};
use crate::node::keys::KeyGroup;
use crate::node::store::cases::{Case, CaseMember};
use crate::node::store::search::TERM_CHARS;
use crate::record::Value;

/// The most names of a case by which it is found, in the order of their paths.
const NAMES_MAX: usize = 200;

/// The most different words of a case that are found; PostgreSQL takes no more than a megabyte of terms.
const WORDS_MAX: usize = 10_000;

/// The shortest beginning of a word by which it is found.
pub(super) const PREFIX_CHARS_MIN: usize = 3;
/// The longest one, so that long words do not have too many.
pub(super) const PREFIX_CHARS_MAX: usize = 10;

/// Leaves that hold a word of a closed list, a code or what the node computed: nobody looks for them by words.
const NO_WORDS: [&str; 21] = [
    "scheme",
    "check",
    "reason",
    "kind",
    "role",
    "basis",
    "state",
    "status",
    "outcome",
    "type",
    "mode",
    "unit",
    "currency",
    "key",
    "before",
    "grading",
    "hs_edition",
    "born",
    "review",
    "lifted",
    "valuation_method",
];

/// The letters of a term.
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// In which sense a case has a word.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sense {
    /// It stands in it.
    Word,
    /// A word that stands in it begins so.
    Prefix,
    /// A subject's name has parts that sound so.
    Name,
    /// This identifier of this scheme stands in it.
    Identifier(Scheme),
    /// A column of its row: which, such as `status`.
    Column(&'static str),
    /// Goods of this chapter of the Harmonized System.
    Chapter,
    /// Goods from there, or a way from or to there.
    Country,
    /// This user leads it or works on it.
    Officer,
}

impl Sense {
    fn tag(self) -> (&'static str, &'static str) {
        match self {
            Self::Word => ("word", ""),
            Self::Prefix => ("prefix", ""),
            Self::Name => ("name", ""),
            Self::Identifier(scheme) => ("identifier", scheme.name()),
            Self::Column(name) => ("column", name),
            Self::Chapter => ("chapter", ""),
            Self::Country => ("country", ""),
            Self::Officer => ("officer", ""),
        }
    }
}

/// Makes terms. Without its key nobody can tell what a term stands for, or make one to compare with.
#[derive(Clone)]
pub(crate) struct TermMaker(Zeroizing<[u8; 32]>);

impl TermMaker {
    /// Makes terms with a key.
    pub(crate) const fn new(key: Zeroizing<[u8; 32]>) -> Self {
        Self(key)
    }

    /// The term of a word in a sense: 40 bits of a keyed BLAKE3 hash.
    pub(super) fn term(&self, sense: Sense, word: &str) -> String {
        let (sense, detail) = sense.tag();
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        for part in [sense, "\0", detail, "\0", word] {
            hasher.update(part.as_bytes());
        }
        let hash = hasher.finalize();
        let number =
            hash.as_bytes().iter().take(5).fold(0_u64, |n, byte| (n << 8) | u64::from(*byte));
        let letter = |place: usize| {
            let index = usize::try_from((number >> (5 * place)) & 31).unwrap_or_default();
            LETTERS.get(index).copied().map_or('a', char::from)
        };
        (0..TERM_CHARS).map(letter).collect()
    }

    /// The term of an officer of a case.
    pub(crate) fn officer(&self, user: &str) -> String {
        self.term(Sense::Officer, user)
    }

    /// The terms of what a case says, without those of its team.
    pub(crate) fn of_case(&self, case: &Case, content: &Content) -> BTreeSet<String> {
        let mut terms = BTreeSet::new();
        self.add_words(case, content, &mut terms);
        for name in names(content).values().take(NAMES_MAX) {
            terms.extend(keys_of(name).iter().map(|key| self.term(Sense::Name, key)));
        }
        for (_, found) in searchable(content) {
            terms.insert(self.term(Sense::Identifier(found.scheme), &found.normalised));
            if found.scheme == Scheme::Hs
                && let Some(chapter) = found.normalised.get(..2)
            {
                terms.insert(self.term(Sense::Chapter, chapter));
            }
        }
        terms.extend(countries(content).iter().map(|country| self.term(Sense::Country, country)));
        for (column, value) in columns(case) {
            terms.insert(self.term(Sense::Column(column), value));
        }
        terms.insert(self.officer(&case.owner));
        terms
    }

    /// As [`TermMaker::of_case`], with those of its team.
    pub(crate) fn with_team(
        &self,
        terms: &BTreeSet<String>,
        team: &[CaseMember],
    ) -> BTreeSet<String> {
        let team = team.iter().map(|member| self.officer(&member.user_id));
        terms.iter().cloned().chain(team).collect()
    }

    fn add_words(&self, case: &Case, content: &Content, terms: &mut BTreeSet<String>) {
        let mut seen = BTreeSet::new();
        for text in [case.reference.as_str(), case.title.as_str()].into_iter().chain(texts(content))
        {
            seen.extend(words(text));
            if seen.len() >= WORDS_MAX {
                break;
            }
        }
        for word in seen.iter().take(WORDS_MAX) {
            terms.insert(self.term(Sense::Word, word));
            // Words are ASCII.
            for length in PREFIX_CHARS_MIN..word.len().min(PREFIX_CHARS_MAX + 1) {
                let Some(prefix) = word.get(..length) else { continue };
                terms.insert(self.term(Sense::Prefix, prefix));
            }
        }
    }
}

impl Desk {
    /// What makes the terms of this node.
    pub(crate) async fn term_maker(&self) -> Result<TermMaker, Error> {
        let key = self.keys.get_or_create(&KeyGroup::search()).await.map_err(Error::internal)?;
        Ok(TermMaker::new(key.derive("terms")))
    }
}

/// The columns of a case by which lists are narrowed.
pub(super) fn columns(case: &Case) -> [(&'static str, &str); 3] {
    [("case_type", &case.case_type), ("status", &case.status), ("unit", &case.unit)]
}

/// The texts of a content in which words are looked for.
fn texts(content: &Content) -> impl Iterator<Item = &str> {
    let has_words = |path: &str| {
        let leaf = path.rsplit('/').next().unwrap_or_default();
        !NO_WORDS.contains(&leaf) || path.starts_with("facts/")
    };
    content.iter().filter(move |(path, _)| has_words(path)).flat_map(|(_, value)| texts_of(value))
}

fn texts_of(value: &Value) -> Vec<&str> {
    match value {
        Value::Text(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts_of).collect(),
        Value::Map(pairs) => pairs
            .iter()
            .flat_map(|(key, value)| [texts_of(key), texts_of(value)].concat())
            .collect(),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Bytes(_) => Vec::new(),
    }
}

/// The countries that goods come from, and that consignments leave and reach: ISO 3166-1, two letters.
fn countries(content: &Content) -> BTreeSet<String> {
    let is_country = |path: &str| {
        let mut parts = path.split('/');
        let (family, leaf) = (parts.next(), parts.nth(1));
        parts.next().is_none()
            && matches!(
                (family, leaf),
                (Some("goods"), Some("origin"))
                    | (Some("consignments"), Some("departure" | "destination"))
            )
    };
    let texts: BTreeMap<&String, &str> = content
        .iter()
        .filter(|(path, _)| is_country(path))
        .filter_map(|(path, value)| Some((path, value.as_text()?)))
        .collect();
    texts.into_values().filter_map(country_of).collect()
}

/// The country of a code of a country (ISO 3166-1) or, if it is longer, of a place (UN/LOCODE), which begins with one.
fn country_of(text: &str) -> Option<String> {
    let text = text.trim();
    if text.len() <= 3 {
        return country(text);
    }
    let place = Identifier::observe(Scheme::Unlocode, text).ok()?;
    place.normalised.get(..2).and_then(country)
}

/// The two letters of a country code.
pub(super) fn country(code: &str) -> Option<String> {
    Identifier::observe(Scheme::Country, code).ok().map(|found| found.normalised)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn maker(key: u8) -> TermMaker {
        TermMaker::new(Zeroizing::new([key; 32]))
    }

    #[test]
    fn a_term_depends_on_key_sense_and_word_and_holds_neither() {
        let terms = [
            maker(1).term(Sense::Word, "tea"),
            maker(2).term(Sense::Word, "tea"),
            maker(1).term(Sense::Prefix, "tea"),
            maker(1).term(Sense::Word, "teas"),
            maker(1).term(Sense::Identifier(Scheme::Iban), "tea"),
            maker(1).term(Sense::Identifier(Scheme::Imo), "tea"),
            maker(1).term(Sense::Column("status"), "tea"),
            maker(1).term(Sense::Column("unit"), "tea"),
        ];
        assert_eq!(terms.iter().collect::<BTreeSet<_>>().len(), terms.len());
        assert!(terms.iter().all(|term| term.len() == TERM_CHARS && !term.contains("tea")));
        assert_eq!(terms[0], maker(1).term(Sense::Word, "tea"));
    }

    #[test]
    fn words_of_closed_lists_are_no_words_and_free_texts_are() {
        let content: Content = [
            ("subjects/0/name", "Jane"),
            ("subjects/0/role", "suspect"),
            ("notes/0/text", "seen"),
            ("facts/state", "wet"),
            ("consignments/0/departure", "NLRTM"),
            ("goods/0/origin", "cn"),
            ("consignments/1/departure", "Rotterdam"),
        ]
        .into_iter()
        .map(|(path, text)| (path.to_owned(), Value::text(text)))
        .collect();
        assert_eq!(
            texts(&content).collect::<Vec<_>>(),
            ["NLRTM", "Rotterdam", "wet", "cn", "seen", "Jane"]
        );
        assert_eq!(countries(&content), ["CN".to_owned(), "NL".to_owned()].into());
    }
}
