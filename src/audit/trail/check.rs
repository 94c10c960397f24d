//! Checks an exported part of the audit trail: its chain, its seal, its place in the log, and that nothing of it is missing.

use std::io::{BufRead, Read as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::audit::check::Options;
use crate::audit::pack::layout::owner_of;
use crate::audit::report::{Party, Report};
use crate::audit::rule;
use crate::audit::trail::{Entry, FORMAT, Head, LINE_BYTES_MAX, Line, Seal};
use crate::domain::time::Timestamp;
use crate::record::card::Card;
use crate::record::key::KeyId;
use crate::record::kinds::audit::TrailExported;
use crate::record::{Record, Statement};
use crate::transparency::checkpoint::Checkpoint;
use crate::transparency::key::VerifierKey;
use crate::transparency::proof::verify_inclusion;
use crate::transparency::tlog_proof::TlogProof;
use crate::transparency::tree::leaf_hash;

/// The name of the whole file in findings.
const FILE: &str = "audit trail";
/// The name of its last line.
const SEAL: &str = "seal";

/// What the lines before the seal came to.
struct Walk {
    head: Head,
    entries: i64,
    first: Option<Entry>,
    last: Option<Entry>,
    digest: Sha256,
}

/// Checks an exported part of a trail against the cards in the options. Whatever is wrong is a finding; needs memory for one
/// line at a time.
pub fn check_trail<R: BufRead>(mut reader: R, options: &Options) -> Report {
    let mut report = Report::new(options.keep_ok);
    if let Err(why) = check(&mut reader, options, &mut report) {
        report.fail(rule::TRAIL_FORM, FILE, why);
    }
    report
}

/// # Errors
/// Why nothing more can be said about the file.
fn check(reader: &mut dyn BufRead, options: &Options, report: &mut Report) -> Result<(), String> {
    let Some((Line::Trail(head), _)) = next(reader)? else {
        return Err("its first line does not say whose trail it is".to_owned());
    };
    if head.format != FORMAT {
        return Err(format!(
            "it is of the format {}, and this program reads {FORMAT}",
            head.format
        ));
    }
    let mut walk = Walk { head, entries: 0, first: None, last: None, digest: Sha256::new() };
    loop {
        match next(reader)? {
            Some((Line::Entry(entry), bytes)) => walk.take(entry, &bytes, report),
            Some((Line::Seal(seal), _)) => {
                if next(reader)?.is_some() {
                    return Err("something stands after the line that seals it".to_owned());
                }
                report.ok(rule::TRAIL_FORM, FILE);
                return walk.close(&seal, options, report);
            }
            Some((Line::Trail(_), _)) => return Err("it begins twice".to_owned()),
            None => return Err("it has no line that seals it: its end was cut off".to_owned()),
        }
    }
}

/// The next line and its bytes; nothing at the end.
fn next(reader: &mut dyn BufRead) -> Result<Option<(Line, Vec<u8>)>, String> {
    let mut bytes = Vec::new();
    let most = LINE_BYTES_MAX as u64 + 1;
    reader
        .take(most)
        .read_until(b'\n', &mut bytes)
        .map_err(|error| format!("it cannot be read: {error}"))?;
    if bytes.is_empty() {
        return Ok(None);
    }
    if bytes.len() > LINE_BYTES_MAX {
        return Err("a line of it is longer than 1 MiB".to_owned());
    }
    let line = serde_json::from_slice(&bytes)
        .map_err(|error| format!("a line of it is none of an audit trail: {error}"))?;
    Ok(Some((line, bytes)))
}

impl Walk {
    /// Compares an entry with its hash and with the one before it.
    fn take(&mut self, entry: Entry, bytes: &[u8], report: &mut Report) {
        let item = format!("entry {}", entry.seq);
        if let Some(last) = &self.last {
            if entry.prev != last.hash {
                let why = format!(
                    "it does not continue entry {}: what stood between them was taken out, or they changed places",
                    last.seq
                );
                report.fail(rule::TRAIL_CHAIN, item.as_str(), why);
            } else if entry.seq <= last.seq {
                report.fail(
                    rule::TRAIL_CHAIN,
                    item.as_str(),
                    "its place is not after the one before",
                );
            }
        }
        let own = hash_of(&entry.prev).map(|prev| hex::encode(entry.hashed().chained(&prev)));
        if own.as_ref() != Some(&entry.hash) {
            report.fail(
                rule::TRAIL_CHAIN,
                item.as_str(),
                "it was changed: it does not have its hash",
            );
        } else if entry.time != Timestamp(entry.at).to_string() {
            report.fail(rule::TRAIL_CHAIN, item.as_str(), "its two times are not the same");
        } else {
            report.ok(rule::TRAIL_CHAIN, &item);
        }
        self.entries = self.entries.saturating_add(1);
        self.digest.update(bytes);
        self.first.get_or_insert_with(|| entry.clone());
        self.last = Some(entry);
    }

    /// Compares what was read with what was signed.
    fn close(self, seal: &Seal, options: &Options, report: &mut Report) -> Result<(), String> {
        let (statement, record) = opened(seal).inspect_err(|why| {
            report.fail(rule::TRAIL_SEAL, SEAL, why);
        })?;
        let cards: Vec<&Card> = options
            .trust
            .iter()
            .map(|signed| &signed.card)
            .filter(|card| card.authority == statement.issuer)
            .collect();
        self.check_signature(&statement, &cards, report);
        match record.payload::<TrailExported>() {
            Ok(signed) => self.compare(&statement, &signed, report),
            Err(error) => report.fail(rule::TRAIL_SEAL, SEAL, error),
        }
        check_anchor(seal, &statement, &cards, options, report);
        Ok(())
    }

    /// The signature, by a key that a card of the authority lists for that time.
    fn check_signature(&self, statement: &Statement, cards: &[&Card], report: &mut Report) {
        let issuer = statement.issuer.as_str();
        if issuer != self.head.authority {
            let why = format!(
                "it is sealed by {issuer}, and its first line names {}",
                self.head.authority
            );
            report.fail(rule::TRAIL_SEAL, SEAL, why);
        }
        let at = Timestamp::from_secs(statement.issued_at);
        let listed = |card: &&&Card| card.record_key(statement.key, at).is_some();
        let card = cards.iter().find(listed).or(cards.first());
        report.parties.push(Party {
            authority: statement.issuer.clone(),
            trusted: card.is_some(),
            former: false,
            root_key: card.map(|card| KeyId::of(&card.root_key).to_string()).unwrap_or_default(),
            card_version: card.map_or(0, |card| card.version),
        });
        let Some(card) = card else {
            let why = "nothing shows who signed it: get the card of the authority from the authority, compare the fingerprint words, and give it with --trust";
            report.warn(rule::AUTHORITY_TRUSTED, issuer, why);
            return;
        };
        report.ok(rule::AUTHORITY_TRUSTED, issuer);
        match card.record_key(statement.key, at).map(|key| statement.verify(&key)) {
            Some(Ok(())) => report.ok(rule::STATEMENT_SIGNATURE, SEAL),
            Some(Err(error)) => report.fail(rule::STATEMENT_SIGNATURE, SEAL, error),
            None => {
                let why = "it is signed with a key that the card does not list for that time";
                report.fail(rule::KEY_UNKNOWN, SEAL, why);
            }
        }
    }

    fn compare(&self, statement: &Statement, signed: &TrailExported, report: &mut Report) {
        let seq = |entry: &Option<Entry>| entry.as_ref().map(|entry| entry.seq);
        let prev = self.first.as_ref().map_or(Some([0; 32]), |entry| hash_of(&entry.prev));
        let last = self.last.as_ref().map_or(Some([0; 32]), |entry| hash_of(&entry.hash));
        let digest: [u8; 32] = self.digest.clone().finalize().into();
        let (from, to) = (self.head.from, self.head.to);
        for (what, is_same) in [
            ("the time that it is of", (from, to) == (signed.from, signed.to)),
            ("the number of its entries", self.entries == signed.entries),
            ("its first entry", seq(&self.first) == signed.first),
            ("its last entry", seq(&self.last) == signed.last),
            ("what its first entry continues", prev == Some(signed.prev_hash)),
            ("the hash of its last entry", last == Some(signed.last_hash)),
            ("its lines", digest == signed.lines),
        ] {
            if is_same {
                report.ok(rule::TRAIL_SEAL, SEAL);
            } else {
                let why = format!("{what}: not as {} signed it", statement.issuer);
                report.fail(rule::TRAIL_SEAL, SEAL, why);
            }
        }
        let at = |entry: &Option<Entry>| entry.as_ref().map(|entry| entry.at);
        let begins = signed.prev_hash == [0; 32] || at(&self.first).is_some_and(|at| at < from);
        let ends = signed.is_end == 1 || at(&self.last).is_some_and(|at| at > to);
        for (is_whole, why) in [
            (begins, "entries of that time from before its first one may be missing"),
            (ends, "entries of that time from after its last one may be missing"),
        ] {
            if is_whole {
                report.ok(rule::TRAIL_WHOLE, FILE);
            } else {
                report.fail(rule::TRAIL_WHOLE, FILE, why);
            }
        }
    }
}

/// That the sealing record is in the authority's log.
fn check_anchor(
    seal: &Seal,
    statement: &Statement,
    cards: &[&Card],
    options: &Options,
    report: &mut Report,
) {
    let Some(proof) = &seal.proof else {
        let why = "it was exported before its seal was in the log: the authority could still write another; export it again";
        report.rests_on_its_own(rule::TRAIL_ANCHOR, SEAL, why);
        return;
    };
    if cards.is_empty() {
        report.note(
            rule::TRAIL_ANCHOR,
            SEAL,
            "without the card of the authority the log is not judged",
        );
        return;
    }
    match anchor(proof, statement, cards, options) {
        Ok((index, cosignatures)) => {
            report.ok(rule::TRAIL_ANCHOR, SEAL);
            let by = if options.policy.is_some() {
                "as the policy asks"
            } else {
                "not judged without --policy"
            };
            let why = format!("leaf {index} of the log; {cosignatures} cosignature(s), {by}");
            report.note(rule::TRAIL_ANCHOR, SEAL, why);
        }
        Err(why) => report.fail(rule::TRAIL_ANCHOR, SEAL, why),
    }
}

/// The place in the log, and how many signatures its checkpoint has beside that of the log.
fn anchor(
    proof: &str,
    statement: &Statement,
    cards: &[&Card],
    options: &Options,
) -> Result<(u64, usize), String> {
    let proof = TlogProof::parse(proof.as_bytes()).map_err(|error| error.to_string())?;
    let claimed = Checkpoint::parse(proof.note.text()).map_err(|error| error.to_string())?;
    if owner_of(&claimed.origin).as_ref() != Some(&statement.issuer) {
        return Err(format!("{} is no log of {}", claimed.origin, statement.issuer));
    }
    let listed = cards.iter().flat_map(|card| &card.log_vkeys);
    let keys: Vec<VerifierKey> = listed
        .filter_map(|vkey| vkey.parse::<VerifierKey>().ok())
        .filter(|key| key.name() == claimed.origin)
        .collect();
    let checkpoint = Checkpoint::open(&proof.note, &claimed.origin, &keys)
        .map_err(|error| format!("the checkpoint is not the log's: {error}"))?;
    let leaf = leaf_hash(statement.bytes());
    verify_inclusion(&leaf, proof.index, checkpoint.size, &proof.path, &checkpoint.root)
        .map_err(|error| format!("the seal is not in the log: {error}"))?;
    if let Some(policy) = &options.policy {
        proof
            .verify(statement.bytes(), &claimed.origin, &keys, policy)
            .map_err(|error| error.to_string())?;
    }
    Ok((proof.index, proof.note.signatures().len().saturating_sub(1)))
}

/// The record of a seal; its signature is judged elsewhere.
fn opened(seal: &Seal) -> Result<(Statement, Record), String> {
    let bytes = |text: &String| STANDARD.decode(text).map_err(|_| "it is not base64".to_owned());
    let statement =
        Statement::parse(&bytes(&seal.statement)?).map_err(|error| error.to_string())?;
    let leaves = seal.leaves.iter().map(bytes).collect::<Result<Vec<_>, _>>()?;
    let record = Record::assemble(statement.clone(), leaves).map_err(|error| error.to_string())?;
    Ok((statement, record))
}

fn hash_of(text: &str) -> Option<[u8; 32]> {
    hex::decode(text).ok()?.try_into().ok()
}
