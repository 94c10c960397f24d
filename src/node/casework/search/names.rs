//! Names in several spellings and scripts: the keys under which one is looked for, and how alike two are; never says that
//! two persons are one.
//!
//! A name is parts in Latin letters. The skeleton of a part is what stays of it in every spelling: its consonants, those
//! that languages exchange taken for one another. A name is looked for by pairs of skeletons, in any order and with one
//! letter of one of the two wrong; a name of one part by that part. What is found so is then compared letter by letter.

use std::collections::{BTreeMap, BTreeSet};

use strsim::jaro_winkler;

use crate::node::casework::cases::content::Content;
use crate::node::casework::search::words::{cut, folded};
use crate::record::Value;

/// The most parts of a name that count.
const PARTS_MAX: usize = 6;

/// The shortest skeleton of which a letter may be wrong; shorter ones would be like too many.
const TYPO_CHARS_MIN: usize = 3;

/// Names less alike than this, of 1000, are not shown.
pub(super) const SCORE_MIN: u16 = 820;

/// What two parts are alike at least that sound the same.
const SAME_SOUND: f64 = 0.93;

/// What a name loses for each part that the other has not.
const LOST_PART: f64 = 0.03;

/// Parts of names that may be left out, and forms of companies.
const SMALL_PARTS: [&str; 38] = [
    "al", "el", "ul", "bin", "ibn", "ben", "bint", "abu", "von", "van", "vom", "zu", "de", "der",
    "den", "del", "della", "da", "di", "du", "dos", "la", "le", "mr", "mrs", "ms", "dr", "prof",
    "ltd", "limited", "llc", "inc", "co", "gmbh", "ag", "sa", "bv", "ooo",
];

/// The leaves of a subject that hold a name of it.
const NAME_LEAVES: [&str; 4] = ["name", "alias", "aliases", "former_name"];

/// How alike two names are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Likeness {
    /// Of 1000.
    pub(super) score: u16,
    /// Why, for an officer.
    pub(super) reasons: Vec<String>,
}

/// Whether a path is one of a subject's name: `subjects/N/name` and the like, `subjects/N/aliases/M`.
pub(super) fn is_name_path(path: &str) -> bool {
    let Some(rest) = path.strip_prefix("subjects/") else { return false };
    let mut parts = rest.split('/').skip(1);
    parts.next().is_some_and(|leaf| NAME_LEAVES.contains(&leaf))
}

/// The names of the subjects of a content, by path; a list of names has a number after its path.
pub(super) fn names(content: &Content) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for (path, value) in content.iter().filter(|(path, _)| is_name_path(path)) {
        match value {
            Value::Text(name) => drop(names.insert(path.clone(), name.clone())),
            Value::Array(items) => {
                let items = items.iter().enumerate();
                names.extend(items.filter_map(|(number, item)| {
                    Some((format!("{path}[{number}]"), item.as_text()?.to_owned()))
                }));
            }
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Bytes(_) | Value::Map(_) => {}
        }
    }
    names
}

/// The keys under which a name is kept.
pub(super) fn keys_of(name: &str) -> BTreeSet<String> {
    let skeletons = skeletons(name);
    let mut keys = pairs(&skeletons);
    for skeleton in &skeletons {
        keys.extend(wrong_by_one(skeleton).into_iter().map(|key| format!("part {key}")));
        keys.insert(format!("part {skeleton}"));
    }
    if let [only] = skeletons.as_slice() {
        keys.insert(format!("only {only}"));
    }
    keys
}

/// The keys by which a name is looked for: it has one of them with each name that may be meant.
pub(super) fn keys_for(name: &str) -> BTreeSet<String> {
    let skeletons = skeletons(name);
    let mut keys = pairs(&skeletons);
    if let [only] = skeletons.as_slice() {
        keys.insert(format!("part {only}"));
        keys.extend(wrong_by_one(only).into_iter().map(|key| format!("part {key}")));
    }
    keys.extend(skeletons.iter().map(|skeleton| format!("only {skeleton}")));
    keys
}

/// Each two skeletons, in either order, at most one of them wrong by a letter.
fn pairs(skeletons: &[String]) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    let mut add = |one: &str, other: &str| {
        let (first, second) = if one <= other { (one, other) } else { (other, one) };
        keys.insert(format!("pair {first} {second}"));
    };
    for (place, one) in skeletons.iter().enumerate() {
        for other in skeletons.iter().skip(place + 1) {
            add(one, other);
            for wrong in wrong_by_one(one) {
                add(&wrong, other);
            }
            for wrong in wrong_by_one(other) {
                add(one, &wrong);
            }
        }
    }
    keys
}

/// A skeleton without one of its letters: two that differ by one letter share one of these.
fn wrong_by_one(skeleton: &str) -> BTreeSet<String> {
    if skeleton.len() < TYPO_CHARS_MIN {
        return BTreeSet::new();
    }
    (0..skeleton.len())
        .map(|gap| {
            skeleton.chars().enumerate().filter(|(at, _)| *at != gap).map(|(_, c)| c).collect()
        })
        .collect()
}

/// The parts of a name that count.
fn parts(name: &str) -> Vec<String> {
    // The Arabic article is written with its noun, the Latin one before it.
    let name: Vec<String> = name
        .split_whitespace()
        .map(|part| match part.strip_prefix("ال") {
            Some(noun) if noun.chars().count() > 2 => noun.to_owned(),
            Some(_) | None => part.to_owned(),
        })
        .collect();
    let folded = folded(&name.join(" "));
    let all: Vec<&str> = folded.split(' ').filter(|part| !part.is_empty()).collect();
    let large: Vec<&str> = all.iter().copied().filter(|part| !SMALL_PARTS.contains(part)).collect();
    let kept = if large.is_empty() { all } else { large };
    kept.into_iter().take(PARTS_MAX).map(cut).collect()
}

fn skeletons(name: &str) -> Vec<String> {
    parts(name).iter().map(|part| skeleton(part)).collect()
}

/// Spellings of one sound, longest first.
const SOUNDS: [(&str, &str); 36] = [
    ("shch", "s"),
    ("tsch", "s"),
    ("sch", "s"),
    ("dsch", "j"),
    ("tch", "s"),
    ("dzh", "j"),
    ("ck", "k"),
    ("ch", "k"),
    ("kh", "h"),
    ("gh", "g"),
    ("ph", "f"),
    ("sh", "s"),
    ("zh", "s"),
    ("th", "t"),
    ("dt", "t"),
    ("dj", "j"),
    ("tz", "s"),
    ("ts", "s"),
    ("cz", "s"),
    ("sz", "s"),
    ("ce", "s"),
    ("ci", "s"),
    ("cy", "s"),
    ("x", "ks"),
    ("q", "k"),
    ("c", "k"),
    ("g", "k"),
    ("z", "s"),
    ("v", "f"),
    ("w", "f"),
    ("d", "t"),
    ("b", "p"),
    ("ou", ""),
    ("y", ""),
    ("j", ""),
    ("u", ""),
];

/// What stays of a part in every spelling. A part without consonants is `a`.
fn skeleton(part: &str) -> String {
    let mut rest = part;
    let mut sounds = String::new();
    if let Some(after) = rest.strip_prefix(['j', 'y']) {
        sounds.push('j');
        rest = after;
    }
    while let Some(first) = rest.chars().next() {
        let found = SOUNDS.iter().find(|(spelling, _)| rest.starts_with(spelling));
        let (length, sound) = match found {
            Some((spelling, sound)) => (spelling.len(), *sound),
            None => (first.len_utf8(), rest.get(..first.len_utf8()).unwrap_or_default()),
        };
        // A vowel parts two consonants that would be taken for a double one.
        let is_vowel = sound.is_empty() || matches!(sound, "a" | "e" | "i" | "o");
        sounds.push_str(if is_vowel { "-" } else { sound });
        rest = rest.get(length..).unwrap_or_default();
    }
    let mut skeleton = String::new();
    let mut last = '-';
    for sound in sounds.chars() {
        if sound != '-' && sound != last {
            skeleton.push(sound);
        }
        last = sound;
    }
    if skeleton.is_empty() { "a".to_owned() } else { skeleton }
}

/// How alike a name is to the one that is looked for. Each part of the latter is compared with that part of the other which
/// is likest, by Jaro-Winkler over the letters; what sounds the same counts as such.
pub(super) fn likeness(wanted: &str, name: &str) -> Likeness {
    let (wanted_parts, mut left) = (parts(wanted), parts(name));
    if wanted_parts == left {
        let reason = if folded(wanted) == folded(name) {
            "the same name"
        } else {
            "the same name but for small parts"
        };
        return Likeness {
            score: if reason == "the same name" { 1000 } else { 990 },
            reasons: vec![reason.to_owned()],
        };
    }
    let order = left.clone();
    let (mut sum, mut weights, mut places) = (0.0, 0.0, Vec::new());
    let mut reasons = Vec::new();
    for part in &wanted_parts {
        let best = left
            .iter()
            .enumerate()
            .map(|(place, other)| (place, alike(part, other)))
            .max_by(|one, other| one.1.total_cmp(&other.1));
        let weight = f64::from(u8::try_from(part.len()).unwrap_or(u8::MAX));
        weights += weight;
        let Some((place, likeness)) = best.filter(|(_, likeness)| *likeness >= 0.7) else {
            reasons.push(format!("has nothing like {part}"));
            continue;
        };
        let other = left.remove(place);
        places.extend(order.iter().position(|part| *part == other));
        sum += weight * likeness;
        if *part != other {
            let how = if skeleton(part) == skeleton(&other) {
                "sounds like"
            } else {
                "is written much like"
            };
            reasons.push(format!("{other} {how} {part}"));
        }
    }
    if !places.is_sorted() {
        reasons.push("its parts stand in another order".to_owned());
    }
    if !left.is_empty() {
        reasons.push(format!("also has {}", left.join(", ")));
    }
    let lost = f64::from(u8::try_from(left.len()).unwrap_or(u8::MAX)) * LOST_PART;
    let order = if places.is_sorted() { 0.0 } else { 0.01 };
    Likeness { score: thousandths(sum / f64::max(weights, 1.0) - lost - order), reasons }
}

fn alike(one: &str, other: &str) -> f64 {
    let letters = jaro_winkler(one, other);
    let is_same_sound = one != other && skeleton(one) == skeleton(other) && skeleton(one).len() > 1;
    if is_same_sound { letters.max(SAME_SOUND) } else { letters }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0 to 1000 before"
)]
fn thousandths(share: f64) -> u16 {
    (share.clamp(0.0, 1.0) * 1000.0).round() as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(wanted: &str, name: &str) -> bool {
        let (asked, kept) = (keys_for(wanted), keys_of(name));
        !asked.is_disjoint(&kept) && likeness(wanted, name).score >= SCORE_MIN
    }

    #[test]
    fn one_name_in_several_spellings_scripts_and_orders_is_found() {
        for (wanted, name) in [
            ("Muhammad Ali", "Mohamed Ali"),
            ("Mohammed", "Muhammad"),
            ("Mohamed El Arabi", "محمد العربي"),
            ("Mehmet Yilmaz", "Mehmed Yılmaz"),
            ("Hans Schmidt", "Hans Schmitt"),
            ("Schmidt", "Hans Schmitt"),
            ("Schmidt, Hans", "Hans Schmidt"),
            ("Vladimir Kuznetsov", "Владимир Кузнецов"),
            ("Wladimir Kusnezow", "Владимир Кузнецов"),
            ("Kouznetsoff", "Kuznetsov"),
            ("Jürgen Großmann", "Juergen Grossmann"),
            ("Li Wei", "李伟"),
            ("Giorgos Papadopoulos", "Γιώργος Παπαδόπουλος"),
            ("Youssef Khalil", "Yusuf Halil"),
            ("Jon Smyth", "John Smith"),
            ("Schmdit Hans", "Hans Schmidt"),
            ("Peter Mayerhofer", "Peter Maierhofer"),
            ("Maria Gonzales Perez", "María González Pérez"),
            ("Nord Trade", "Nord Trade GmbH"),
        ] {
            let found = likeness(wanted, name);
            assert!(
                finds(wanted, name),
                "{wanted} / {name}: {found:?} {:?} {:?}",
                keys_for(wanted),
                keys_of(name)
            );
        }
    }

    #[test]
    fn other_names_are_not_found() {
        for (wanted, name) in [
            ("Hans Schmidt", "Karl Meier"),
            ("Anna Nowak", "Jan Kowalski"),
            ("Li Wei", "Wang Fang"),
            ("Peter Schmidt", "Hans Schmidt"),
            ("Ali Hassan", "Fatima Zahra"),
        ] {
            assert!(!finds(wanted, name), "{wanted} / {name}: {:?}", likeness(wanted, name));
        }
    }

    #[test]
    fn a_score_has_its_reasons() {
        let same = likeness("Ada Moth", "ADA MOTH");
        assert_eq!((same.score, same.reasons), (1000, vec!["the same name".to_owned()]));
        let other = likeness("Hans Schmidt", "Schmitt, Hans Peter");
        assert_eq!(
            other.reasons,
            ["schmitt sounds like schmidt", "its parts stand in another order", "also has peter"]
        );
        assert!(other.score < 990, "{}", other.score);
        assert!(likeness("Hans Schmidt", "Hans Schmidt-Meier").score < same.score);
    }

    #[test]
    fn a_long_name_makes_no_more_keys_than_its_parts_may_have_letters() {
        let long = "bk".repeat(8_000);
        let keys = keys_of(&vec![long; 6].join(" "));
        assert!(keys.len() < 2_000, "{}", keys.len());
        assert!(keys.iter().all(|key| key.len() < 100));
    }

    #[test]
    fn names_and_aliases_are_read_and_nothing_else() {
        let text = |text: &str| Value::text(text);
        let content: Content = [
            ("subjects/0/name", text("A")),
            ("subjects/0/aliases", Value::Array(vec![text("B"), Value::Int(1), text("C")])),
            ("subjects/1/aliases/0", text("D")),
            ("subjects/1/nickname", text("E")),
            ("goods/0/name", text("F")),
        ]
        .into_iter()
        .map(|(path, value)| (path.to_owned(), value))
        .collect();
        assert_eq!(names(&content).into_values().collect::<String>(), "BCAD");
    }
}
