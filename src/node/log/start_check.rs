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
///
/// A file above the store decides: witnesses cannot overrule it, since they know only what reached them.
#[must_use]
pub fn by_file(file: Option<&HighWater>, newest: Option<&Log>) -> Signing {
    let Some(file) = file else {
        // A log that was opened and never sealed has nothing that could be forked.
        let is_sealed = newest.is_some_and(|log| log.size > 0);
        return if is_sealed { Signing::Unknown } else { Signing::Allowed };
    };
    let store = newest.map(HighWater::of);
    // A crash between the commit of a seal and the file leaves the store ahead; the file is raised at the next start.
    if store.is_some_and(|store| *file == store || store.is_above(file)) {
        return Signing::Allowed;
    }
    Signing::Behind { ours: size_of(newest), theirs: u64::try_from(file.size).unwrap_or(0) }
}

/// The verdict after the witnesses were asked, for a node without a high-water file; `quorum` of them cosign a log.
///
/// So many must have answered that at least one of them is in every quorum that may have cosigned more. One that knows
/// nothing of the log has cosigned nothing of it. Only notes under the log's own signature count.
#[must_use]
pub fn by_witnesses(
    newest: Option<&Log>,
    answers: &[(AuthorityName, WitnessKnows)],
    quorum: usize,
    log_key: &dyn Fn(&str) -> Option<VerifierKey>,
) -> Signing {
    let mut answered = 0;
    for (_, knows) in answers {
        match knows {
            WitnessKnows::Unreachable => {}
            WitnessKnows::Nothing => answered += 1,
            WitnessKnows::Note(note) => {
                answered += 1;
                if let Some(theirs) = contradicts(note, newest, log_key) {
                    return Signing::Behind { ours: size_of(newest), theirs };
                }
            }
        }
    }
    // With nobody to ask, nobody can have cosigned anything.
    let needed = if answers.is_empty() { 0 } else { (answers.len() + 1).saturating_sub(quorum) };
    if answered >= needed { Signing::Allowed } else { Signing::Unknown }
}

fn size_of(newest: Option<&Log>) -> u64 {
    newest.map_or(0, |log| u64::try_from(log.size).unwrap_or(0))
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

    fn verdict(answers: &[(AuthorityName, WitnessKnows)]) -> Signing {
        let key = |_: &str| Some(signer().verifier_key().clone());
        by_witnesses(Some(&log(10)), answers, answers.len() / 2 + 1, &key)
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
    fn a_store_behind_its_file_signs_nothing_whatever_witnesses_say() {
        let file = |size| HighWater::of(&log(size));
        let behind = Signing::Behind { ours: 10, theirs: 11 };
        assert_eq!(by_file(Some(&file(11)), Some(&log(10))), behind);
        assert_eq!(by_file(Some(&file(11)), None), Signing::Behind { ours: 0, theirs: 11 });
        let other = HighWater { root: [8; 32], ..file(10) };
        let forked = Signing::Behind { ours: 10, theirs: 10 };
        assert_eq!(by_file(Some(&other), Some(&log(10))), forked);
    }

    #[test]
    fn a_log_of_a_new_year_that_was_not_sealed_yet_is_not_behind_the_old_one() {
        let next = Log { year: 2027, ..log(0) };
        assert_eq!(by_file(Some(&HighWater::of(&log(10))), Some(&next)), Signing::Allowed);
    }

    #[test]
    fn a_store_without_a_file_waits_for_the_witnesses() {
        assert_eq!(by_file(None, Some(&log(10))), Signing::Unknown);
    }

    #[test]
    fn a_witness_that_knows_more_or_another_tree_stops_signing() {
        assert_eq!(verdict(&knows(12, 7)), Signing::Behind { ours: 10, theirs: 12 });
        assert_eq!(verdict(&knows(10, 8)), Signing::Behind { ours: 10, theirs: 10 });
        assert_eq!(verdict(&knows(10, 7)), Signing::Allowed);
        assert_eq!(verdict(&knows(4, 7)), Signing::Allowed);
    }

    #[test]
    fn so_many_must_answer_that_every_quorum_has_one_of_them() {
        let name = || "customs.xb.example".parse::<AuthorityName>().unwrap();
        let asked = |answering: usize, away: usize| {
            let nothing = (0..answering).map(|_| (name(), WitnessKnows::Nothing));
            let unreachable = (0..away).map(|_| (name(), WitnessKnows::Unreachable));
            verdict(&nothing.chain(unreachable).collect::<Vec<_>>())
        };
        assert_eq!(asked(0, 0), Signing::Allowed, "nobody to ask");
        for (peers, needed) in [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (7, 4)] {
            assert_eq!(asked(needed, peers - needed), Signing::Allowed, "{needed} of {peers}");
            assert_eq!(asked(needed - 1, peers - needed + 1), Signing::Unknown, "{peers}");
        }
    }

    #[test]
    fn a_note_that_the_log_never_signed_stops_nothing() {
        let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: 99, root: Hash([1; 32]) };
        let forger =
            NoteSigner::new(ORIGIN, ed25519_dalek::SigningKey::from_bytes(&[2; 32])).unwrap();
        let note = checkpoint.sign(&forger).unwrap().to_text().into_bytes();
        let answers = [("customs.xb.example".parse().unwrap(), WitnessKnows::Note(note))];
        assert_eq!(verdict(&answers), Signing::Allowed);
    }
}
