//! What is to be erased of a case: all of it, or single persons; destroys nothing.

use std::collections::BTreeSet;
use std::str::FromStr;

use crate::domain::id::ObjectId;
use crate::node::keys::KeyGroup;

/// The most persons of one order.
const SUBJECTS_MAX: usize = 100;

/// A scope, as an order names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The whole case with its evidence.
    Case,
    /// These subjects of it.
    Subjects(BTreeSet<u32>),
}

/// A text that is no scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("say `case` for the whole case, or name up to 100 subjects such as subjects/0")]
pub(super) struct NoScope;

impl Scope {
    /// Reads the parts of a scope.
    pub(super) fn of<T: AsRef<str>>(parts: &[T]) -> Result<Self, NoScope> {
        if let [part] = parts
            && part.as_ref() == "case"
        {
            return Ok(Self::Case);
        }
        let number = |part: &T| {
            let text = part.as_ref().strip_prefix("subjects/").ok_or(NoScope)?;
            let number: u32 = text.parse().map_err(|_| NoScope)?;
            if number.to_string() == text { Ok(number) } else { Err(NoScope) }
        };
        let numbers: BTreeSet<u32> = parts.iter().map(number).collect::<Result<_, _>>()?;
        if numbers.is_empty() || numbers.len() > SUBJECTS_MAX {
            return Err(NoScope);
        }
        Ok(Self::Subjects(numbers))
    }

    /// Its parts, as they are signed.
    pub(super) fn parts(&self) -> Vec<String> {
        match self {
            Self::Case => vec!["case".to_owned()],
            Self::Subjects(numbers) => {
                numbers.iter().map(|number| format!("subjects/{number}")).collect()
            }
        }
    }

    /// The content keys that seal it, of the case itself: `held` are the persons that the case has.
    pub(super) fn keys(&self, case: ObjectId, held: &BTreeSet<u32>) -> Vec<KeyGroup> {
        let subjects = |numbers: &BTreeSet<u32>| -> Vec<KeyGroup> {
            numbers.iter().map(|number| KeyGroup::subject(case, *number)).collect()
        };
        match self {
            Self::Case => subjects(held).into_iter().chain([KeyGroup::case(case)]).collect(),
            Self::Subjects(numbers) => subjects(numbers),
        }
    }
}

impl FromStr for Scope {
    type Err = NoScope;

    fn from_str(text: &str) -> Result<Self, NoScope> {
        Self::of(&text.split(' ').collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_read_back_and_anything_else_is_none() {
        for parts in [vec!["case"], vec!["subjects/0"], vec!["subjects/3", "subjects/12"]] {
            let scope = Scope::of(&parts).unwrap();
            assert_eq!(scope.parts(), parts);
            assert_eq!(parts.join(" ").parse(), Ok(scope));
        }
        for parts in [
            vec![],
            vec![""],
            vec!["case", "subjects/0"],
            vec!["subjects/x"],
            vec!["subjects/00"],
            vec!["goods/0"],
        ] {
            assert_eq!(Scope::of(&parts), Err(NoScope), "{parts:?}");
        }
        let many: Vec<String> = (0..=100).map(|n| format!("subjects/{n}")).collect();
        assert_eq!(Scope::of(&many), Err(NoScope));
    }
}
