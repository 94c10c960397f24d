//! Whether the store is behind what was signed before: the high-water file is asked first, then the witnesses.
//!
//! A store restored from a copy that is too old would sign a second history. Sends nothing itself.

use async_trait::async_trait;

use crate::domain::id::AuthorityName;
use crate::node::log::high_water::HighWater;
use crate::node::log::signing::Signing;
use crate::node::store::logs::Log;
use crate::transparency::checkpoint::Checkpoint;
use crate::transparency::key::VerifierKey;
use crate::transparency::note::Note;

/// What a witness says about a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WitnessKnows {
    /// It could not be asked.
    Unreachable,
    /// It never cosigned the log.
    Nothing,
    /// The newest note that it cosigned.
    Note(Vec<u8>),
}

/// Asks the witnesses of the own log.
#[async_trait]
pub trait AskWitnesses: Send + Sync {
    /// What each peer's witness knows of the log.
    async fn ask(&self, origin: &str) -> Vec<(AuthorityName, WitnessKnows)>;
}

/// What the high-water file alone says about the newest log in the store.
#[must_use]
pub fn by_file(file: Option<&HighWater>, newest: Option<&Log>) -> Signing {
    // A log that was opened and never sealed has nothing that could be forked.
    let sealed = newest.filter(|log| log.size > 0);
    match (file, sealed.map(HighWater::of)) {
        (None, None) => Signing::Allowed,
        // A crash between the commit of a seal and the file leaves the store ahead; it is raised at the next seal.
        (Some(file), Some(store)) if *file == store || store.is_above(file) => Signing::Allowed,
        (Some(_) | None, Some(_)) | (Some(_), None) => Signing::Unknown,
    }
}

/// The verdict after the witnesses were asked. Only notes under the log's own signature count.
#[must_use]
pub fn by_witnesses(
    file: Option<&HighWater>,
    newest: Option<&Log>,
    answers: &[(AuthorityName, WitnessKnows)],
    log_key: &dyn Fn(&str) -> Option<VerifierKey>,
) -> Signing {
    let ours = newest.map_or(0, |log| u64::try_from(log.size).unwrap_or(0));
    let mut has_answer = false;
    for (_, knows) in answers {
        match knows {
            WitnessKnows::Unreachable => {}
            WitnessKnows::Nothing => has_answer = true,
            WitnessKnows::Note(note) => {
                has_answer = true;
                if let Some(theirs) = contradicts(note, newest, log_key) {
                    return Signing::Behind { ours, theirs };
                }
            }
        }
    }
    match file {
        // Nobody else can say how far the log was.
        Some(file) if answers.is_empty() => {
            Signing::Behind { ours, theirs: u64::try_from(file.size).unwrap_or(0) }
        }
        Some(_) | None if has_answer || answers.is_empty() => Signing::Allowed,
        Some(_) | None => Signing::Unknown,
    }
}

/// The size that a witness knows, if the store does not have that much, or has another tree of that size.
#[must_use]
pub fn contradicts(
    note: &[u8],
    newest: Option<&Log>,
    log_key: &dyn Fn(&str) -> Option<VerifierKey>,
) -> Option<u64> {
    let note = Note::parse(note).ok()?;
    let origin = Checkpoint::parse(note.text()).ok()?.origin;
    let signed = Checkpoint::open(&note, &origin, &[log_key(&origin)?]).ok()?;
    let Some(newest) = newest.filter(|log| log.origin == origin) else { return Some(signed.size) };
    let ours = u64::try_from(newest.size).unwrap_or(0);
    let is_other = signed.size == ours && signed.root.0 != newest.root;
    (signed.size > ours || is_other).then_some(signed.size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transparency::key::NoteSigner;
    use crate::transparency::tree::Hash;

    const ORIGIN: &str = "customs.xa.example/log/2026";

    fn log(size: i64) -> Log {
        Log {
            origin: ORIGIN.to_owned(),
            year: 2026,
            size,
            root: [7; 32],
            frontier: Vec::new(),
            sealed_seq: size,
            opened_at: 0,
            closed_at: None,
        }
    }

    fn signer() -> NoteSigner {
        NoteSigner::new(ORIGIN, ed25519_dalek::SigningKey::from_bytes(&[1; 32])).unwrap()
    }

    fn knows(size: u64, root: u8) -> Vec<(AuthorityName, WitnessKnows)> {
        let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size, root: Hash([root; 32]) };
        let note = checkpoint.sign(&signer()).unwrap().to_text().into_bytes();
        vec![("customs.xb.example".parse().unwrap(), WitnessKnows::Note(note))]
    }

    fn verdict(file: Option<i64>, answers: &[(AuthorityName, WitnessKnows)]) -> Signing {
        let file = file.map(|size| HighWater::of(&log(size)));
        let key = |_: &str| Some(signer().verifier_key().clone());
        by_witnesses(file.as_ref(), Some(&log(10)), answers, &key)
    }

    #[test]
    fn an_equal_file_or_a_crash_before_the_file_allows_signing() {
        let file = |size| HighWater::of(&log(size));
        assert_eq!(by_file(None, None), Signing::Allowed);
        assert_eq!(by_file(None, Some(&log(0))), Signing::Allowed);
        assert_eq!(by_file(Some(&file(10)), Some(&log(10))), Signing::Allowed);
        assert_eq!(by_file(Some(&file(9)), Some(&log(10))), Signing::Allowed);
    }

    #[test]
    fn a_store_behind_its_file_or_without_one_signs_nothing_before_a_witness_answered() {
        let file = |size| HighWater::of(&log(size));
        assert_eq!(by_file(Some(&file(11)), Some(&log(10))), Signing::Unknown);
        assert_eq!(by_file(None, Some(&log(10))), Signing::Unknown);
        assert_eq!(by_file(Some(&file(11)), None), Signing::Unknown);
        let other = HighWater { root: [8; 32], ..file(10) };
        assert_eq!(by_file(Some(&other), Some(&log(10))), Signing::Unknown);
    }

    #[test]
    fn a_witness_that_knows_more_or_another_tree_stops_signing() {
        assert_eq!(verdict(Some(12), &knows(12, 7)), Signing::Behind { ours: 10, theirs: 12 });
        assert_eq!(verdict(None, &knows(10, 8)), Signing::Behind { ours: 10, theirs: 10 });
        assert_eq!(verdict(None, &knows(10, 7)), Signing::Allowed);
        assert_eq!(verdict(Some(11), &knows(4, 7)), Signing::Allowed);
    }

    #[test]
    fn nobody_to_ask_means_the_file_alone_decides() {
        assert_eq!(verdict(None, &[]), Signing::Allowed);
        assert_eq!(verdict(Some(11), &[]), Signing::Behind { ours: 10, theirs: 11 });
        let away = [("customs.xb.example".parse().unwrap(), WitnessKnows::Unreachable)];
        assert_eq!(verdict(Some(11), &away), Signing::Unknown);
        assert_eq!(verdict(None, &away), Signing::Unknown);
    }

    #[test]
    fn a_note_that_the_log_never_signed_stops_nothing() {
        let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: 99, root: Hash([1; 32]) };
        let forger =
            NoteSigner::new(ORIGIN, ed25519_dalek::SigningKey::from_bytes(&[2; 32])).unwrap();
        let note = checkpoint.sign(&forger).unwrap().to_text().into_bytes();
        let answers = [("customs.xb.example".parse().unwrap(), WitnessKnows::Note(note))];
        assert_eq!(verdict(None, &answers), Signing::Allowed);
    }
}
