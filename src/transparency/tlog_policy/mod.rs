//! Trust policies (c2sp.org/tlog-policy): which logs and witnesses an offline verifier trusts, and how many must agree.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::transparency::key::{KeyError, VerifierKey};
use crate::transparency::note::{Note, NoteError};
use crate::transparency::tlog_policy::draft::{Draft, split_items};

mod draft;

/// The most logs, witnesses or groups that are read; the specification asks for at least 32.
pub const POLICY_ITEMS_MAX: usize = 1024;

/// The largest policy that is read.
pub const POLICY_BYTES_MAX: usize = 1024 * 1024;

/// The name that stands for a quorum of nobody.
const NONE: &str = "none";

/// A trust policy; every name in it is defined, and used as a member at most once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogPolicy {
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    groups: Vec<PolicyGroup>,
    /// A witness or group, or [`NONE`].
    quorum: String,
}

/// A log that is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyLog {
    /// The key, named like the log's origin.
    pub key: VerifierKey,
    /// Where the log is found.
    pub url: Option<String>,
}

/// A witness that is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyWitness {
    /// The name within the policy.
    pub name: String,
    /// The key.
    pub key: VerifierKey,
    /// Where the witness takes requests.
    pub url: Option<String>,
}

/// A group of witnesses or other groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyGroup {
    /// The name within the policy.
    pub name: String,
    /// How many members must have witnessed a checkpoint.
    pub threshold: Threshold,
    /// The members, defined before the group.
    pub members: Vec<String>,
}

/// How many members of a group must have witnessed a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threshold {
    /// Every member.
    All,
    /// One member.
    Any,
    /// This many, at least 1 and at most all.
    AtLeast(usize),
}

/// A cosignature of a witness that the policy names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witnessing {
    /// The witness's name within the policy.
    pub witness: String,
    /// When the witness saw the checkpoint, in seconds since 1970.
    pub unix_seconds: u64,
}

/// Why a text is not a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The whole breaks a rule.
    #[error("the policy is not usable: {0}")]
    Whole(&'static str),
    /// A line breaks a rule.
    #[error("line {line} of the policy: {rule}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// The rule.
        rule: &'static str,
    },
    /// A line has a key that cannot be used.
    #[error("line {line} of the policy has an unusable key")]
    Key {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        source: KeyError,
    },
}

impl TlogPolicy {
    /// The policy of a federation: these logs, and more than half of these witnesses (none if there are none).
    ///
    /// Two majorities share a witness, so two forks of a log cannot both gather one.
    ///
    /// # Errors
    /// If a key has the wrong kind or stands twice, or a name is unusable or stands twice.
    pub fn majority(
        logs: Vec<PolicyLog>,
        witnesses: Vec<PolicyWitness>,
    ) -> Result<Self, PolicyError> {
        const PEERS: &str = "peers";
        let mut draft = Draft::default();
        let members: Vec<String> = witnesses.iter().map(|witness| witness.name.clone()).collect();
        let whole = PolicyError::Whole;
        logs.into_iter().try_for_each(|log| draft.add_log(log)).map_err(whole)?;
        witnesses.into_iter().try_for_each(|one| draft.add_witness(one)).map_err(whole)?;
        if members.is_empty() {
            draft.choose_quorum(NONE).map_err(whole)?;
        } else {
            let threshold = Threshold::AtLeast(members.len() / 2 + 1);
            let group = PolicyGroup { name: PEERS.to_owned(), threshold, members };
            draft.add_group(group).map_err(whole)?;
            draft.choose_quorum(PEERS).map_err(whole)?;
        }
        draft.finish()
    }

    /// Reads a policy; the inverse of [`TlogPolicy::to_text`] but for comments and spacing.
    ///
    /// # Errors
    /// If the text breaks a rule or a limit of the format.
    pub fn parse(policy: &str) -> Result<Self, PolicyError> {
        if policy.len() > POLICY_BYTES_MAX {
            return Err(PolicyError::Whole("it is larger than 1 MiB"));
        }
        if policy.bytes().any(|b| (b < 0x20 && b != b'\t' && b != b'\n') || b == 0x7f) {
            return Err(PolicyError::Whole("it has control characters other than tab and newline"));
        }
        if !policy.is_empty() && !policy.ends_with('\n') {
            return Err(PolicyError::Whole("its last line does not end in a newline"));
        }
        let mut draft = Draft::default();
        for (line, text) in (1..).zip(policy.lines()) {
            let items = split_items(text);
            if items.first().is_some_and(|first| !first.starts_with('#')) {
                draft.add_line(line, &items)?;
            }
        }
        draft.finish()
    }

    /// The policy as text: logs, witnesses, groups, quorum.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut policy = String::new();
        let with_url =
            |url: &Option<String>| url.iter().fold(String::new(), |_, u| format!(" {u}"));
        for log in &self.logs {
            let _ = writeln!(policy, "log {}{}", log.key, with_url(&log.url));
        }
        for PolicyWitness { name, key, url } in &self.witnesses {
            let _ = writeln!(policy, "witness {name} {key}{}", with_url(url));
        }
        for PolicyGroup { name, threshold, members } in &self.groups {
            let threshold = match threshold {
                Threshold::All => "all".to_owned(),
                Threshold::Any => "any".to_owned(),
                Threshold::AtLeast(count) => count.to_string(),
            };
            let _ = writeln!(policy, "group {name} {threshold} {}", members.join(" "));
        }
        let _ = writeln!(policy, "quorum {}", self.quorum);
        policy
    }

    /// The logs that are trusted.
    #[must_use]
    pub fn logs(&self) -> &[PolicyLog] {
        &self.logs
    }

    /// The witnesses that are trusted.
    #[must_use]
    pub fn witnesses(&self) -> &[PolicyWitness] {
        &self.witnesses
    }

    /// The groups, each after its members.
    #[must_use]
    pub fn groups(&self) -> &[PolicyGroup] {
        &self.groups
    }

    /// The witness or group that must have witnessed a checkpoint; `None` if nobody need have.
    #[must_use]
    pub fn quorum(&self) -> Option<&str> {
        (self.quorum != NONE).then_some(self.quorum.as_str())
    }

    /// The keys of the log with that origin (log keys are named like it).
    #[must_use]
    pub fn log_keys(&self, origin: &str) -> Vec<VerifierKey> {
        let is_its = |log: &&PolicyLog| log.key.name() == origin;
        self.logs.iter().filter(is_its).map(|log| log.key.clone()).collect()
    }

    /// Whether a checkpoint with cosignatures of these witnesses (names within the policy) is witnessed.
    #[must_use]
    pub fn is_met_by<'a>(&'a self, cosigned: impl IntoIterator<Item = &'a str>) -> bool {
        let cosigned: BTreeSet<&str> = cosigned.into_iter().collect();
        let is_witness = |name: &&str| cosigned.contains(name);
        // A group has only members defined before it, so one pass in order settles all of them.
        let mut met: BTreeSet<&str> =
            self.witnesses.iter().map(|witness| witness.name.as_str()).filter(is_witness).collect();
        for group in &self.groups {
            let count = group.members.iter().filter(|name| met.contains(name.as_str())).count();
            if count >= group.needed() {
                met.insert(&group.name);
            }
        }
        self.quorum == NONE || met.contains(self.quorum.as_str())
    }

    /// The cosignatures on the note by witnesses of this policy; whether they suffice says [`TlogPolicy::is_met_by`].
    ///
    /// # Errors
    /// If a line in the name of one of the witnesses is wrong.
    pub fn witnessings(&self, note: &Note) -> Result<Vec<Witnessing>, NoteError> {
        let keys: Vec<VerifierKey> =
            self.witnesses.iter().map(|witness| witness.key.clone()).collect();
        let good = match note.verify(&keys) {
            Ok(good) => good,
            Err(NoteError::NoTrustedSignature) => Vec::new(),
            Err(error @ (NoteError::BadSignature { .. } | NoteError::Malformed(_))) => {
                return Err(error);
            }
        };
        let witnessing = |witness: &PolicyWitness| {
            let signature = good.iter().find(|signature| *signature.key == witness.key)?;
            let unix_seconds = signature.unix_seconds?;
            Some(Witnessing { witness: witness.name.clone(), unix_seconds })
        };
        Ok(self.witnesses.iter().filter_map(witnessing).collect())
    }
}

impl PolicyGroup {
    fn needed(&self) -> usize {
        match self.threshold {
            Threshold::All => self.members.len(),
            Threshold::Any => 1,
            Threshold::AtLeast(count) => count,
        }
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;
    use crate::transparency::cosignature::Cosigner;
    use crate::transparency::key::KeyKind;

    fn key(kind: KeyKind, seed: u8) -> VerifierKey {
        let key = SigningKey::from_bytes(&[seed; 32]).verifying_key();
        VerifierKey::new(&format!("key.example/{seed}"), kind, &key).unwrap()
    }

    /// A log, witnesses x1-x3 and y1-y3, and the groups of the specification's example.
    fn example() -> String {
        let mut policy = format!("log {} https://log.example/\n", key(KeyKind::Log, 1));
        for (name, seed) in [("x1", 2), ("x2", 3), ("x3", 4), ("y1", 5), ("y2", 6), ("y3", 7)] {
            let _ = writeln!(policy, "witness {name} {}", key(KeyKind::Witness, seed));
        }
        policy + "group xs 2 x1 x2 x3\ngroup ys any y1 y2 y3\ngroup both all xs ys\nquorum both\n"
    }

    #[test]
    fn a_nested_quorum_is_met_by_enough_of_each_group() {
        let policy = TlogPolicy::parse(&example()).unwrap();
        assert!(policy.is_met_by(["x1", "x3", "y2"]));
        assert!(policy.is_met_by(["x1", "x2", "x3", "y1", "y2", "y3"]));
        for too_few in [vec![], vec!["x1", "y1"], vec!["x1", "x2", "x3"], vec!["y1", "y2", "y3"]] {
            assert!(!policy.is_met_by(too_few.clone()), "{too_few:?}");
        }
        // Group names do not count as witnesses.
        assert!(!policy.is_met_by(["xs", "ys", "both"]));
        assert!(!policy.is_met_by(["x1", "x1", "y1"]));
    }

    #[test]
    fn comments_and_spacing_are_ignored_and_text_is_read_back() {
        let policy = TlogPolicy::parse(&example()).unwrap();
        assert_eq!(policy.to_text(), example());
        let spaced = example().replace("group xs", " # note\n\n \t group\t xs ");
        assert_eq!(TlogPolicy::parse(&spaced).as_ref(), Ok(&policy));
        assert_eq!((policy.groups().len(), policy.quorum()), (3, Some("both")));
        let nobody = TlogPolicy::parse("quorum none\n").unwrap();
        assert!(nobody.is_met_by([]));
        assert_eq!(nobody.quorum(), None);
    }

    #[test]
    fn a_policy_with_one_broken_rule_is_refused() {
        let sound = example();
        let [log, x1] = [key(KeyKind::Log, 1), key(KeyKind::Witness, 2)];
        for broken in [
            sound.replace("quorum both\n", ""),
            sound.replace("quorum both\n", "quorum both\nquorum both\n"),
            sound.replace("quorum both", "quorum unknown"),
            sound.replace("quorum both", "quorum"),
            sound.replace("quorum both", "quorum both xs"),
            sound.replace("quorum both\n", "quorum both"),
            sound.replace("xs 2", "xs 0"),
            sound.replace("xs 2", "xs 4"),
            sound.replace("xs 2", "xs 02"),
            sound.replace("xs 2", "xs most"),
            sound.replace("all xs ys", "all"),
            sound.replace("all xs ys", "all xs xs"),
            sound.replace("all xs ys", "all xs x1"),
            sound.replace("all xs ys", "all xs both"),
            sound.replace("all xs ys", "all xs none"),
            sound.replace("group both", "group none").replace("quorum both", "quorum none"),
            sound.replace("group both", "group xs"),
            sound.replace("group both", "group x1"),
            sound.replace("group both", "party both"),
            sound.replace("https://log.example/", "https://log.example/ more"),
            sound.replace("https", "ht\rtps"),
            format!("log {log}\n{sound}"),
            format!("log {x1}\n{sound}"),
            format!("witness w {x1}\n{sound}"),
            format!("witness w {log}\n{sound}"),
            String::new(),
        ] {
            assert!(TlogPolicy::parse(&broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn an_error_names_the_line() {
        let broken = example().replace("xs 2", "xs 9");
        assert!(matches!(TlogPolicy::parse(&broken), Err(PolicyError::Line { line: 8, .. })));
        let broken = example().replacen("key.example/1+", "key.example/1+0", 1);
        assert!(matches!(TlogPolicy::parse(&broken), Err(PolicyError::Key { line: 1, .. })));
    }

    #[test]
    fn a_policy_has_at_most_1024_items_of_a_kind() {
        let groups = |count: usize| {
            let mut policy = format!("witness g0 {}\n", key(KeyKind::Witness, 1));
            for i in 1..=count {
                let _ = writeln!(policy, "group g{i} any g{}", i - 1);
            }
            policy + &format!("quorum g{count}\n")
        };
        assert!(TlogPolicy::parse(&groups(POLICY_ITEMS_MAX)).unwrap().is_met_by(["g0"]));
        assert!(TlogPolicy::parse(&groups(POLICY_ITEMS_MAX + 1)).is_err());
        let padded = |size: usize| format!("{}\nquorum none\n", "#".repeat(size - 13));
        assert!(TlogPolicy::parse(&padded(POLICY_BYTES_MAX)).is_ok());
        assert!(TlogPolicy::parse(&padded(POLICY_BYTES_MAX + 1)).is_err());
    }

    #[test]
    fn a_federations_quorum_is_more_than_half_of_the_peers() {
        let witness = |seed| PolicyWitness {
            name: format!("w{seed}"),
            key: key(KeyKind::Witness, seed),
            url: None,
        };
        let log = || vec![PolicyLog { key: key(KeyKind::Log, 100), url: None }];
        let policy = |peers: u8| TlogPolicy::majority(log(), (0..peers).map(witness).collect());
        for (peers, needed) in [(0, 0), (1, 1), (2, 2), (3, 2), (4, 3), (5, 3)] {
            let policy = policy(peers).unwrap();
            let names: Vec<String> = (0..peers).map(|seed| format!("w{seed}")).collect();
            let enough = names.iter().take(needed).map(String::as_str);
            assert!(policy.is_met_by(enough), "{peers}");
            let fewer = names.iter().take(needed.saturating_sub(1)).map(String::as_str);
            assert_eq!(policy.is_met_by(fewer), needed == 0, "{peers}");
            assert_eq!(TlogPolicy::parse(&policy.to_text()), Ok(policy));
        }
        let twice = TlogPolicy::majority(vec![], vec![witness(1), witness(1)]);
        assert!(matches!(twice, Err(PolicyError::Whole(_))));
        let spaced = PolicyWitness { name: "a b".to_owned(), ..witness(1) };
        assert!(TlogPolicy::majority(vec![], vec![spaced]).is_err());
    }

    #[test]
    fn only_sound_cosignatures_of_named_witnesses_count() {
        let policy = TlogPolicy::parse(&example()).unwrap();
        let mut note = Note::new("text\n".to_owned()).unwrap();
        assert_eq!(policy.witnessings(&note), Ok(vec![]));
        let cosigner = |seed: u8| {
            let name = format!("key.example/{seed}");
            Cosigner::new(&name, SigningKey::from_bytes(&[seed; 32])).unwrap()
        };
        note.cosign(&cosigner(2), 10);
        note.cosign(&cosigner(50), 11);
        let seen = Witnessing { witness: "x1".to_owned(), unix_seconds: 10 };
        assert_eq!(policy.witnessings(&note), Ok(vec![seen]));
        let mut line = note.signatures()[0].clone();
        line.signature[20] ^= 1;
        note.push(line);
        assert!(policy.witnessings(&note).is_err());
    }

    #[test]
    fn log_keys_are_found_by_origin() {
        let policy = TlogPolicy::parse(&example()).unwrap();
        assert_eq!(policy.log_keys("key.example/1"), [key(KeyKind::Log, 1)]);
        assert_eq!(policy.log_keys("key.example/2"), []);
    }
}
