//! What is to be erased: a case, persons and fields of it, or an import; destroys nothing.

use std::collections::BTreeSet;
use std::str::FromStr;

use crate::domain::id::ObjectId;
use crate::node::keys::KeyGroup;

/// The most persons and fields of one order.
const PARTS_MAX: usize = 100;

/// The longest path, in bytes.
const PATH_BYTES_MAX: usize = 200;

/// The families of fields of which one can be erased alone. How a case is worked, decided and held is none of them.
const FAMILIES: [&str; 10] = [
    "subjects/",
    "consignments/",
    "goods/",
    "seizures/",
    "documents/",
    "interviews/",
    "inspections/",
    "identifiers/",
    "notes/",
    "facts/",
];

/// Under this, beside the fields of an item, stands what was seen of them when a warning was acknowledged.
const ACKNOWLEDGED: &str = "acknowledged";

/// What an order names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The whole case with its evidence.
    Case,
    /// Parts of it.
    Parts(Parts),
    /// A whole import with its rows.
    Import,
}

/// Persons and fields of a case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    /// The numbers of subjects.
    pub(super) subjects: BTreeSet<u32>,
    /// Paths of fields, or of items with all their fields.
    pub(super) fields: BTreeSet<String>,
}

/// A text that is no scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "say `case` for the whole case, or name up to 100 subjects such as subjects/0 and fields such as notes/0/text or subjects/0/identifiers/1; fields of tasks, tracks, holds and links go with the case only"
)]
pub(super) struct NoScope;

impl Scope {
    /// Reads the parts of a scope.
    pub(super) fn of<T: AsRef<str>>(parts: &[T]) -> Result<Self, NoScope> {
        match parts {
            [part] if part.as_ref() == "case" => Ok(Self::Case),
            [part] if part.as_ref() == "import" => Ok(Self::Import),
            [] => Err(NoScope),
            parts if parts.len() > PARTS_MAX => Err(NoScope),
            parts => {
                let mut read = Parts::default();
                for part in parts {
                    read.add(part.as_ref())?;
                }
                Ok(Self::Parts(read))
            }
        }
    }

    /// Its parts, as they are signed.
    pub(super) fn parts(&self) -> Vec<String> {
        match self {
            Self::Case => vec!["case".to_owned()],
            Self::Import => vec!["import".to_owned()],
            Self::Parts(parts) => parts.paths().collect(),
        }
    }

    /// The content keys of the case itself that are destroyed: `held` are the persons that the case has. A field has no
    /// key of its own.
    pub(super) fn keys(&self, case: ObjectId, held: &BTreeSet<u32>) -> Vec<KeyGroup> {
        let subjects = |numbers: &BTreeSet<u32>| -> Vec<KeyGroup> {
            numbers.iter().map(|number| KeyGroup::subject(case, *number)).collect()
        };
        match self {
            Self::Case => subjects(held).into_iter().chain([KeyGroup::case(case)]).collect(),
            Self::Parts(parts) => subjects(&parts.subjects),
            Self::Import => Vec::new(),
        }
    }
}

impl FromStr for Scope {
    type Err = NoScope;

    fn from_str(text: &str) -> Result<Self, NoScope> {
        Self::of(&text.split(' ').collect::<Vec<_>>())
    }
}

impl Parts {
    fn add(&mut self, text: &str) -> Result<(), NoScope> {
        let is_word = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        let family = FAMILIES.iter().find(|family| text.starts_with(**family)).ok_or(NoScope)?;
        if text.len() > PATH_BYTES_MAX || !text.split('/').all(is_word) {
            return Err(NoScope);
        }
        let rest = text.strip_prefix(family).unwrap_or_default();
        let (number, leaf) = rest.split_once('/').unwrap_or((rest, ""));
        let read = number.parse::<u32>().ok().filter(|read| read.to_string() == number);
        match (*family, read, leaf) {
            ("facts/", _, _) => drop(self.fields.insert(text.to_owned())),
            (_, None, _) => return Err(NoScope),
            ("subjects/", Some(number), "") => drop(self.subjects.insert(number)),
            (_, Some(_), _) => drop(self.fields.insert(whole(text))),
        }
        Ok(())
    }

    /// The paths of the persons and fields.
    pub(super) fn paths(&self) -> impl Iterator<Item = String> {
        let subjects = self.subjects.iter().map(|number| format!("subjects/{number}"));
        subjects.chain(self.fields.iter().cloned())
    }

    /// What goes with the fields, each with all below it: also what was seen of them when a warning was acknowledged.
    pub(super) fn with_fields(&self) -> BTreeSet<String> {
        let item = |path: &String| path.split('/').take(2).collect::<Vec<_>>().join("/");
        let seen = self.fields.iter().map(|path| format!("{}/{ACKNOWLEDGED}", item(path)));
        self.fields.iter().cloned().chain(seen).collect()
    }
}

/// Whether a path is one of some, or below one of them.
pub(super) fn is_among(paths: &BTreeSet<String>, path: &str) -> bool {
    let is_below = |above: &String| {
        path.strip_prefix(above.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    paths.iter().any(is_below)
}

/// An identifier goes as a whole: each of its forms tells the others.
fn whole(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').collect();
    let is_list = |at: usize| parts.get(at) == Some(&"identifiers");
    let is_number = |at: usize| parts.get(at).is_some_and(|part| part.parse::<u32>().is_ok());
    match parts.len().checked_sub(3) {
        Some(at) if is_list(at) && is_number(at + 1) => {
            parts.get(..at + 2).unwrap_or_default().join("/")
        }
        Some(_) | None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_read_back_and_anything_else_is_none() {
        for parts in [
            vec!["case"],
            vec!["import"],
            vec!["subjects/0"],
            vec!["subjects/3", "subjects/12", "facts/loss", "goods/0", "notes/0/text"],
        ] {
            let scope = Scope::of(&parts).unwrap();
            assert_eq!(scope.parts(), parts);
            assert_eq!(parts.join(" ").parse(), Ok(scope));
        }
        for parts in [
            vec![],
            vec![""],
            vec!["case", "subjects/0"],
            vec!["import", "notes/0"],
            vec!["subjects/x"],
            vec!["subjects/00"],
            vec!["subjects/00/name"],
            vec!["subjects"],
            vec!["notes/0/"],
            vec!["notes/0 /text"],
            vec!["holds/0/proceeding"],
            vec!["tracks/judicial/outcome"],
            vec!["title"],
        ] {
            assert_eq!(Scope::of(&parts), Err(NoScope), "{parts:?}");
        }
        let many: Vec<String> = (0..=100).map(|n| format!("subjects/{n}")).collect();
        assert_eq!(Scope::of(&many), Err(NoScope));
    }

    #[test]
    fn an_identifier_goes_whole_and_with_it_what_was_seen_of_it() {
        let of = |path: &str| match Scope::of(&[path]) {
            Ok(Scope::Parts(parts)) => parts,
            other => panic!("{other:?}"),
        };
        let parts = of("subjects/0/identifiers/1/normalised");
        assert_eq!(parts.paths().collect::<Vec<_>>(), ["subjects/0/identifiers/1"]);
        assert_eq!(of("identifiers/2/observed").paths().collect::<Vec<_>>(), ["identifiers/2"]);
        let paths = parts.with_fields();
        for (path, goes) in [
            ("subjects/0/identifiers/1", true),
            ("subjects/0/identifiers/1/check", true),
            ("subjects/0/identifiers/10/check", false),
            ("subjects/0/acknowledged/identifiers.1/value", true),
            ("subjects/0/name", false),
        ] {
            assert_eq!(is_among(&paths, path), goes, "{path}");
        }
    }
}
