//! What a check has found: findings, their weight, the verdict, as text and as JSON; checks nothing itself.

use std::collections::BTreeMap;
use std::fmt;

use crate::domain::id::AuthorityName;

/// The most findings that are kept; a hostile pack could have millions. All are counted.
pub const FINDINGS_MAX: usize = 20_000;

/// How much a finding weighs, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// A rule is broken: the pack does not verify.
    Failure,
    /// Something that the reader should know before relying on the pack.
    Warning,
    /// A fact about the pack, such as a file withheld on purpose.
    Note,
    /// A rule is kept.
    Ok,
}

impl Severity {
    /// The word in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Warning => "warning",
            Self::Note => "note",
            Self::Ok => "ok",
        }
    }
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How much it weighs.
    pub severity: Severity,
    /// The path in the pack, or the statement, that it is about.
    pub item: String,
    /// The rule, one of [`rule`](crate::audit::rule).
    pub rule: &'static str,
    /// What is wrong and what it means, in a sentence.
    pub message: String,
}

/// What the check comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every rule is kept, and every authority is one that the auditor trusts, as are enough of the witnesses.
    Verified,
    /// Every rule is kept by keys that the pack brings itself; nobody says yet that they belong to those authorities.
    ConsistentUntrusted,
    /// A rule is broken.
    Failed,
}

impl Verdict {
    /// The word in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::ConsistentUntrusted => "consistent_untrusted",
            Self::Failed => "failed",
        }
    }

    /// The exit code of `sealane-verify`: 3 for anything but verified.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Verified => 0,
            Self::ConsistentUntrusted | Self::Failed => 3,
        }
    }
}

/// The sentence for people.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Verified => "verified",
            Self::ConsistentUntrusted => "consistent, issuer not trusted",
            Self::Failed => "NOT verified",
        })
    }
}

/// An authority whose signatures count in the pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// Its name.
    pub authority: AuthorityName,
    /// Whether the auditor gave a card with the same root key.
    pub trusted: bool,
    /// Whether that is a root which the authority had before.
    pub former: bool,
    /// Thumbprint of the root key.
    pub root_key: String,
    /// Version of the card.
    pub card_version: i64,
}

/// What the pack holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Records with all their fields.
    pub records: u64,
    /// Records with some of their fields.
    pub excerpts: u64,
    /// Evidence files in the pack.
    pub evidence_files: u64,
    /// Their bytes.
    pub evidence_bytes: u64,
    /// Different checkpoints.
    pub checkpoints: u64,
}

/// All findings about one pack.
#[derive(Clone, Debug, Default)]
pub struct Report {
    findings: Vec<Finding>,
    passed: BTreeMap<&'static str, u64>,
    counts: BTreeMap<Severity, u64>,
    keep_ok: bool,
    /// Something rests on the word of whoever it is about.
    own_word: bool,
    /// The authorities that the pack relies on.
    pub parties: Vec<Party>,
    /// What the pack holds.
    pub totals: Totals,
}

impl Report {
    /// An empty report; with `keep_ok`, kept rules are listed one by one and not only counted.
    #[must_use]
    pub fn new(keep_ok: bool) -> Self {
        Self { keep_ok, ..Self::default() }
    }

    /// Adds a finding.
    pub fn push(&mut self, finding: Finding) {
        let count = self.counts.entry(finding.severity).or_default();
        *count += 1;
        if finding.severity == Severity::Ok {
            *self.passed.entry(finding.rule).or_default() += 1;
            if !self.keep_ok {
                return;
            }
        }
        // A failure always finds a place: it is what the reader needs to see.
        if self.findings.len() < FINDINGS_MAX
            || (finding.severity == Severity::Failure && *count <= FINDINGS_MAX as u64)
        {
            self.findings.push(finding);
        }
    }

    /// Adds a broken rule.
    pub fn fail(&mut self, rule: &'static str, item: impl Into<String>, why: impl fmt::Display) {
        self.add(Severity::Failure, rule, item, why);
    }

    /// Adds something that the reader should know.
    pub fn warn(&mut self, rule: &'static str, item: impl Into<String>, why: impl fmt::Display) {
        self.add(Severity::Warning, rule, item, why);
    }

    /// Adds a warning that something rests on nobody else's word: the pack is consistent at best.
    pub fn rests_on_its_own(
        &mut self,
        rule: &'static str,
        item: impl Into<String>,
        why: impl fmt::Display,
    ) {
        self.own_word = true;
        self.warn(rule, item, why);
    }

    /// Adds a fact.
    pub fn note(&mut self, rule: &'static str, item: impl Into<String>, why: impl fmt::Display) {
        self.add(Severity::Note, rule, item, why);
    }

    /// Adds a rule that is kept.
    pub fn ok(&mut self, rule: &'static str, item: &str) {
        if self.keep_ok {
            self.add(Severity::Ok, rule, item, "holds");
        } else {
            *self.passed.entry(rule).or_default() += 1;
            *self.counts.entry(Severity::Ok).or_default() += 1;
        }
    }

    fn add(
        &mut self,
        severity: Severity,
        rule: &'static str,
        item: impl Into<String>,
        why: impl fmt::Display,
    ) {
        self.push(Finding { severity, rule, item: item.into(), message: why.to_string() });
    }

    /// Takes over the findings of another report.
    pub fn absorb(&mut self, other: Self) {
        let kept = other.keep_ok;
        self.own_word |= other.own_word;
        for finding in other.findings {
            self.push(finding);
        }
        if !kept {
            for (rule, count) in other.passed {
                *self.passed.entry(rule).or_default() += count;
                *self.counts.entry(Severity::Ok).or_default() += count;
            }
        }
    }

    /// The findings, failures first, otherwise in the order in which they were found.
    #[must_use]
    pub fn findings(&self) -> Vec<&Finding> {
        let mut sorted: Vec<&Finding> = self.findings.iter().collect();
        sorted.sort_by_key(|finding| finding.severity);
        sorted
    }

    /// How often each rule was kept.
    #[must_use]
    pub const fn passed(&self) -> &BTreeMap<&'static str, u64> {
        &self.passed
    }

    /// How many findings have this weight, also those that were not kept.
    #[must_use]
    pub fn count(&self, severity: Severity) -> u64 {
        self.counts.get(&severity).copied().unwrap_or(0)
    }

    /// What the findings come to.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if self.count(Severity::Failure) > 0 || self.parties.is_empty() {
            Verdict::Failed
        } else if !self.own_word && self.parties.iter().all(|party| party.trusted) {
            Verdict::Verified
        } else {
            Verdict::ConsistentUntrusted
        }
    }

    /// The report as JSON (PROTOCOL 7.3).
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let findings: Vec<_> = self
            .findings()
            .into_iter()
            .map(|f| {
                serde_json::json!({
                    "severity": f.severity.as_str(), "rule": f.rule, "item": f.item,
                    "message": f.message,
                })
            })
            .collect();
        let parties: Vec<_> = self
            .parties
            .iter()
            .map(|party| {
                serde_json::json!({
                    "authority": party.authority.as_str(), "trusted": party.trusted,
                    "former_root": party.former,
                    "root_key": party.root_key, "card_version": party.card_version,
                })
            })
            .collect();
        serde_json::json!({
            "verdict": self.verdict().as_str(),
            "records": self.totals.records,
            "excerpts": self.totals.excerpts,
            "evidence_files": self.totals.evidence_files,
            "evidence_bytes": self.totals.evidence_bytes,
            "checkpoints": self.totals.checkpoints,
            "authorities": parties,
            "failures": self.count(Severity::Failure),
            "warnings": self.count(Severity::Warning),
            "notes": self.count(Severity::Note),
            "passed": self.passed,
            "findings": findings,
        })
    }
}

/// The report for people: the verdict, who signed, then every finding.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let totals = &self.totals;
        writeln!(f, "verdict: {}", self.verdict())?;
        writeln!(
            f,
            "{} records, {} excerpts, {} evidence files, {} checkpoints",
            totals.records, totals.excerpts, totals.evidence_files, totals.checkpoints
        )?;
        for party in &self.parties {
            let trust =
                if party.trusted { "trusted" } else { "NOT trusted: give its card with --trust" };
            let root = if party.former { "former root key" } else { "root key" };
            writeln!(f, "  {} ({root} {}): {trust}", party.authority, party.root_key)?;
        }
        for finding in self.findings() {
            let Finding { severity, item, rule, message } = finding;
            writeln!(f, "{:>7}  {rule}  {item}: {message}", severity.as_str())?;
        }
        let listed = self.findings.iter().filter(|found| found.severity != Severity::Ok).count();
        let all: u64 = [Severity::Failure, Severity::Warning, Severity::Note]
            .into_iter()
            .map(|severity| self.count(severity))
            .sum();
        let listed = u64::try_from(listed).unwrap_or(u64::MAX);
        if all > listed {
            writeln!(f, "         and {} more findings", all - listed)?;
        }
        for (rule, count) in &self.passed {
            writeln!(f, "     ok  {rule}: holds {count} times")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(trusted: bool) -> Party {
        Party {
            authority: "customs.xa.example".parse().unwrap(),
            trusted,
            former: false,
            root_key: "00".to_owned(),
            card_version: 1,
        }
    }

    #[test]
    fn the_verdict_is_the_weakest_of_findings_and_trust() {
        let verdict = |failed: bool, trusted: &[bool]| {
            let mut report = Report::new(false);
            report.parties = trusted.iter().map(|trusted| party(*trusted)).collect();
            report.warn("zip", "x", "a warning alone does not break a pack");
            if failed {
                report.fail("zip", "x", "y");
            }
            report.verdict()
        };
        assert_eq!(verdict(false, &[true, true]), Verdict::Verified);
        assert_eq!(verdict(false, &[true, false]), Verdict::ConsistentUntrusted);
        assert_eq!(verdict(true, &[true]), Verdict::Failed);
        assert_eq!(
            verdict(false, &[]),
            Verdict::Failed,
            "a pack that relies on nobody proves nothing"
        );
        let codes = [Verdict::Verified, Verdict::ConsistentUntrusted, Verdict::Failed];
        assert_eq!(codes.map(Verdict::exit_code), [0, 3, 3]);
    }

    #[test]
    fn failures_stand_first_and_are_counted_beyond_what_is_kept() {
        let mut report = Report::new(false);
        report.ok("zip", "x");
        for n in 0..FINDINGS_MAX {
            report.note("zip", format!("{n}"), "a note");
        }
        report.fail("zip", "the item", "broken");
        report.note("zip", "z", "a note");
        assert_eq!(report.findings().first().map(|f| f.item.as_str()), Some("the item"));
        assert_eq!(report.count(Severity::Note), FINDINGS_MAX as u64 + 1);
        assert!(report.to_string().contains("and 1 more findings"));
        assert!(report.to_string().contains("holds 1 times"));
    }
}
