//! What a check of a node's data finds, each with what to do; decides no exit code.

/// How far a long work has come: so many of so many.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) + Send + Sync);

/// Findings that are listed; more are counted. One wrong byte near the start of a log makes all that follows wrong.
const LISTED_MAX: usize = 200;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is about: a log with a place, a record, a row, a file.
    pub about: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub advice: &'static str,
}

/// Everything that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    list: Vec<Finding>,
    unlisted: u64,
    notes: Vec<String>,
}

impl Findings {
    /// Adds one.
    pub fn add(&mut self, about: impl Into<String>, what: impl Into<String>, advice: &'static str) {
        if self.list.len() < LISTED_MAX {
            self.list.push(Finding { about: about.into(), what: what.into(), advice });
        } else {
            self.unlisted = self.unlisted.saturating_add(1);
        }
    }

    /// Adds something that is worth knowing and no fault.
    pub fn note(&mut self, note: impl Into<String>) {
        if self.notes.len() < LISTED_MAX {
            self.notes.push(note.into());
        }
    }

    /// Takes over what another check found.
    pub fn absorb(&mut self, other: Self) {
        for finding in other.list {
            self.add(finding.about, finding.what, finding.advice);
        }
        self.unlisted = self.unlisted.saturating_add(other.unlisted);
        other.notes.into_iter().for_each(|note| self.note(note));
    }

    /// Whether all is as it should be.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        u64::try_from(self.list.len()).unwrap_or(u64::MAX).saturating_add(self.unlisted)
    }

    /// Those that are listed.
    #[must_use]
    pub fn list(&self) -> &[Finding] {
        &self.list
    }

    /// What is worth knowing.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_findings_is_counted_and_not_kept() {
        let mut findings = Findings::default();
        assert!(findings.is_empty());
        for number in 0..500 {
            findings.add(format!("record {number}"), "is wrong", "look");
        }
        let mut all = Findings::default();
        all.add("first", "is wrong", "look");
        all.absorb(findings);
        assert_eq!((all.count(), all.list().len()), (501, LISTED_MAX));
        assert_eq!(all.list()[0].about, "first");
    }
}
