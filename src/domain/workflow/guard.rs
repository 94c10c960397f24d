//! Which fields a state asks for, and which of them a case lacks; knows no values.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::domain::case::CaseStatus;
use crate::domain::workflow::Workflow;

/// The longest pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 200;

/// A field that must be filled: `facts/loss_amount`, or `goods/*/hs` for every goods line and at least one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPattern(String);

/// A text that is no field pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a required field is a path of lower-case words and numbers joined by /, in which one part may be *, such as goods/*/hs"
)]
pub struct InvalidPattern;

impl FromStr for FieldPattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_word = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        let parts: Vec<&str> = text.split('/').collect();
        let stars = parts.iter().filter(|part| **part == "*").count();
        let is_sound = text.len() <= PATTERN_BYTES_MAX
            && parts.len() >= 2
            && stars <= 1
            && parts.first().is_some_and(|first| is_word(first))
            && parts.last().is_some_and(|last| is_word(last))
            && parts.iter().all(|part| *part == "*" || is_word(part));
        if is_sound { Ok(Self(text.to_owned())) } else { Err(InvalidPattern) }
    }
}

impl fmt::Display for FieldPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FieldPattern {
    /// The paths that a case lacks of it: none if it is filled. For `goods/*/hs` each goods line without `hs`, or the
    /// pattern itself if there is no goods line at all.
    #[must_use]
    pub fn lacking(&self, filled: &BTreeSet<&str>) -> Vec<String> {
        let Some((head, tail)) = self.0.split_once('*') else {
            let is_filled = filled.contains(self.0.as_str());
            return if is_filled { Vec::new() } else { vec![self.0.clone()] };
        };
        let items: BTreeSet<&str> =
            filled.iter().filter_map(|path| path.strip_prefix(head)?.split('/').next()).collect();
        if items.is_empty() {
            return vec![self.0.clone()];
        }
        let paths = items.into_iter().map(|item| format!("{head}{item}{tail}"));
        paths.filter(|path| !filled.contains(path.as_str())).collect()
    }
}

/// What a case lacks to enter a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// The field or task.
    pub path: String,
    /// What to do.
    pub message: String,
}

impl Workflow {
    /// What a case lacks to enter a state: fields that are not `filled`, and tasks that are `open` on it (their
    /// keys); a task that never began is not asked for. Nothing for a state that the workflow does not describe.
    #[must_use]
    pub fn lacks(
        &self,
        to: CaseStatus,
        filled: &BTreeSet<&str>,
        open: &BTreeSet<&str>,
    ) -> Vec<Lack> {
        let patterns = self.states.get(&to).map_or(&[][..], |rule| rule.requires.as_slice());
        let fields = patterns.iter().flat_map(|pattern| pattern.lacking(filled)).map(|path| Lack {
            message: format!(
                "must be filled before the case moves to {to} (workflow {})",
                self.name()
            ),
            path,
        });
        let tasks = self
            .tasks
            .iter()
            .filter(|task| task.before == Some(to) && open.contains(task.key.as_str()));
        let tasks = tasks.map(|task| Lack {
            path: format!("tasks/{}", task.key),
            message: format!(
                "the task \"{}\" must be done before the case moves to {to} (workflow {})",
                task.title,
                self.name()
            ),
        });
        fields.chain(tasks).collect()
    }
}
