//! A person or organisation in a case, with the role that data protection asks for; never merges two of them.

use std::fmt;
use std::str::FromStr;

use crate::domain::finding::{Finding, ImpossibleValue, short_text};
use crate::domain::identifier::Identifier;
use crate::domain::time::Date;

/// The most identifiers of one subject.
pub const IDENTIFIERS_MAX: usize = 64;

/// Person or organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubjectKind {
    /// A natural person.
    Person,
    /// A company, association or office.
    Organisation,
}

/// The category that the Law Enforcement Directive asks to keep apart (Article 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubjectRole {
    /// Serious grounds for believing that they committed or will commit an offence.
    Suspect,
    /// Convicted of an offence.
    Convicted,
    /// A victim, or believed to be one.
    Victim,
    /// May be called on to testify.
    Witness,
    /// A contact or associate of a suspect or convicted person.
    Contact,
    /// Anyone else.
    Other,
}

/// Whether something is a fact or somebody's assessment (Law Enforcement Directive, Article 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// Observed or documented.
    Fact,
    /// A personal assessment.
    Assessment,
}

/// A person or organisation in a case.
#[derive(Clone, PartialEq, Eq)]
pub struct Subject {
    /// Person or organisation.
    pub kind: SubjectKind,
    /// The role in the case.
    pub role: SubjectRole,
    /// Whether the role is a fact or an assessment.
    pub basis: Basis,
    /// The name as written.
    pub name: String,
    /// The day of birth, of a person.
    pub born: Option<Date>,
    /// Documents, numbers, accounts.
    pub identifiers: Vec<Identifier>,
}

impl Subject {
    /// A subject of whom only name and role are known.
    ///
    /// # Errors
    /// If the name is empty, too long or not one line of text.
    pub fn new(kind: SubjectKind, role: SubjectRole, name: &str) -> Result<Self, ImpossibleValue> {
        Ok(Self {
            kind,
            role,
            basis: Basis::Assessment,
            name: short_text("name", name)?,
            born: None,
            identifiers: Vec::new(),
        })
    }

    /// What an officer should look at before storing or sharing.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if self.kind == SubjectKind::Organisation && self.born.is_some() {
            findings.push(Finding::warning("born", "an organisation has no day of birth"));
        }
        if self.role == SubjectRole::Convicted && self.basis == Basis::Assessment {
            findings.push(Finding::warning(
                "basis",
                "a conviction is a fact: name the judgment, or choose another role",
            ));
        }
        if self.identifiers.is_empty() {
            findings
                .push(Finding::info("identifiers", "without any, nobody can tell namesakes apart"));
        }
        if self.identifiers.len() > IDENTIFIERS_MAX {
            findings.push(Finding::error("identifiers", "more than 64; split the subject"));
        }
        for (at, identifier) in self.identifiers.iter().enumerate() {
            findings.extend(identifier.findings(&format!("identifiers/{at}")));
        }
        findings
    }
}

impl fmt::Debug for Subject {
    /// Personal data stays out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject")
            .field("kind", &self.kind)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

impl SubjectKind {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Organisation => "organisation",
        }
    }
}

impl SubjectRole {
    /// Every role.
    pub const ALL: [Self; 6] =
        [Self::Suspect, Self::Convicted, Self::Victim, Self::Witness, Self::Contact, Self::Other];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Suspect => "suspect",
            Self::Convicted => "convicted",
            Self::Victim => "victim",
            Self::Witness => "witness",
            Self::Contact => "contact",
            Self::Other => "other",
        }
    }
}

impl Basis {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fact => "fact",
            Self::Assessment => "assessment",
        }
    }
}

/// A text that names no kind, role or basis of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown word: a subject is a person or an organisation; its role is suspect, convicted, victim, witness, contact or other; its basis is fact or assessment"
)]
pub struct UnknownSubjectWord;

impl FromStr for SubjectKind {
    type Err = UnknownSubjectWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Person, Self::Organisation]
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or(UnknownSubjectWord)
    }
}

impl FromStr for SubjectRole {
    type Err = UnknownSubjectWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|role| role.name() == text).ok_or(UnknownSubjectWord)
    }
}

impl FromStr for Basis {
    type Err = UnknownSubjectWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Fact, Self::Assessment]
            .into_iter()
            .find(|basis| basis.name() == text)
            .ok_or(UnknownSubjectWord)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::finding::has_error;
    use crate::domain::identifier::Scheme;

    #[test]
    fn a_subject_has_a_name_and_a_role() {
        assert!(Subject::new(SubjectKind::Person, SubjectRole::Suspect, " ").is_err());
        let mut subject =
            Subject::new(SubjectKind::Organisation, SubjectRole::Convicted, "Nord Trade").unwrap();
        subject.born = Date::new(2020, 1, 1).ok();
        subject.identifiers.push(Identifier::observe(Scheme::Lei, "529900T8BM49AURSDO56").unwrap());
        let findings = subject.findings();
        let paths: Vec<&str> = findings.iter().map(|finding| finding.path.as_str()).collect();
        assert_eq!(paths, ["born", "basis", "identifiers/0"]);
        assert!(!has_error(&findings));
    }

    #[test]
    fn debug_shows_no_personal_data() {
        let subject = Subject::new(SubjectKind::Person, SubjectRole::Witness, "Ada Moth").unwrap();
        assert!(!format!("{subject:?}").contains("Ada"));
    }

    #[test]
    fn words_have_stable_names() {
        for role in SubjectRole::ALL {
            assert_eq!(SubjectRole::from_str(role.name()), Ok(role));
        }
        assert_eq!(SubjectKind::from_str("person"), Ok(SubjectKind::Person));
        assert_eq!(Basis::from_str("fact"), Ok(Basis::Fact));
        assert_eq!(Basis::from_str("rumour"), Err(UnknownSubjectWord));
    }
}
