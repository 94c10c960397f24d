//! Purposes of processing and how long something is kept; says nothing on who may act.

use std::fmt;
use std::str::FromStr;

use crate::domain::finding::Finding;
use crate::domain::time::Date;

/// Why somebody reads, uses or shares something. A share names the purposes it allows; a read must name one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Finding and stopping breaches of customs law.
    CustomsEnforcement,
    /// Criminal prosecution.
    Prosecution,
    /// Administrative sanctions.
    AdministrativeSanction,
    /// Assessing and recovering duties and taxes.
    RevenueRecovery,
    /// Risk analysis, without a decision on a person.
    RiskAnalysis,
    /// Answering a request for mutual assistance.
    MutualAssistance,
    /// Keeping and moving evidence.
    EvidenceCustody,
    /// Safety, health or the environment.
    PublicSafety,
    /// Supervision, audit and integrity checks.
    Audit,
    /// Rights of persons whose data is kept.
    DataProtection,
    /// Training, without personal data.
    Training,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 11] = [
        Self::CustomsEnforcement,
        Self::Prosecution,
        Self::AdministrativeSanction,
        Self::RevenueRecovery,
        Self::RiskAnalysis,
        Self::MutualAssistance,
        Self::EvidenceCustody,
        Self::PublicSafety,
        Self::Audit,
        Self::DataProtection,
        Self::Training,
    ];

    /// The stable code.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CustomsEnforcement => "customs_enforcement",
            Self::Prosecution => "prosecution",
            Self::AdministrativeSanction => "administrative_sanction",
            Self::RevenueRecovery => "revenue_recovery",
            Self::RiskAnalysis => "risk_analysis",
            Self::MutualAssistance => "mutual_assistance",
            Self::EvidenceCustody => "evidence_custody",
            Self::PublicSafety => "public_safety",
            Self::Audit => "audit",
            Self::DataProtection => "data_protection",
            Self::Training => "training",
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no such purpose: use customs_enforcement, prosecution, administrative_sanction, revenue_recovery, risk_analysis, mutual_assistance, evidence_custody, public_safety, audit, data_protection or training"
)]
pub struct UnknownPurpose;

impl FromStr for Purpose {
    type Err = UnknownPurpose;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == text).ok_or(UnknownPurpose)
    }
}

/// How long something may be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// When somebody must look whether it is still needed.
    pub review_by: Option<Date>,
    /// When it must be gone, unless a legal hold names a proceeding.
    pub delete_by: Option<Date>,
}

impl Retention {
    /// The stricter of two: the earlier day of each.
    #[must_use]
    pub fn stricter(self, other: Self) -> Self {
        Self {
            review_by: earlier(self.review_by, other.review_by),
            delete_by: earlier(self.delete_by, other.delete_by),
        }
    }

    /// Whether the day to delete has come.
    #[must_use]
    pub fn is_over(self, today: Date) -> bool {
        self.delete_by.is_some_and(|day| today >= day)
    }

    /// What an officer should look at.
    #[must_use]
    pub fn findings(self, today: Date) -> Vec<Finding> {
        let mut findings = Vec::new();
        if self.delete_by.is_none() {
            findings.push(Finding::warning("delete_by", "is missing: nothing is kept for ever"));
        }
        if self.is_over(today) {
            findings.push(Finding::error("delete_by", "has passed already"));
        }
        if let (Some(review), Some(delete)) = (self.review_by, self.delete_by)
            && review > delete
        {
            findings.push(Finding::warning("review_by", "comes after the day to delete"));
        }
        findings
    }
}

fn earlier(one: Option<Date>, other: Option<Date>) -> Option<Date> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (day, None) | (None, day) => day,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::finding::has_error;

    #[test]
    fn each_purpose_has_its_own_code() {
        for purpose in Purpose::ALL {
            assert_eq!(Purpose::from_str(purpose.name()), Ok(purpose));
            assert!(UnknownPurpose.to_string().contains(purpose.name()));
        }
        assert_eq!(Purpose::from_str("curiosity"), Err(UnknownPurpose));
    }

    #[test]
    fn the_earlier_day_is_the_stricter_one() {
        let day = |text| Date::from_str(text).ok();
        let long = Retention { review_by: day("2027-01-01"), delete_by: day("2031-01-01") };
        let short = Retention { review_by: None, delete_by: day("2028-01-01") };
        let both = long.stricter(short);
        assert_eq!(both, short.stricter(long));
        assert_eq!(both, Retention { review_by: long.review_by, delete_by: short.delete_by });
        assert!(both.is_over(day("2028-01-01").unwrap()));
        assert!(!both.is_over(day("2027-12-31").unwrap()));
        assert!(has_error(&both.findings(day("2028-02-01").unwrap())));
        assert_eq!(Retention::default().findings(day("2026-01-01").unwrap()).len(), 1);
    }
}
