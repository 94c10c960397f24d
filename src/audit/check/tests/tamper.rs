//! What a forger may do to a pack, one change at a time, with the rule that must find it and the item it must name.

use sha2::{Digest, Sha256};

use crate::audit::check::sample::{Hashes, PHOTO};
use crate::audit::check::tests::Files;
use crate::audit::pack::layout::{self, FileOrigin, VKEYS_PATH};
use crate::audit::rule;
use crate::record::{Statement, Value};

type Change = Box<dyn Fn(&mut Files, &Hashes)>;
type Item = fn(&Hashes) -> String;

/// One change.
pub(crate) struct Tampering {
    pub(crate) name: &'static str,
    pub(crate) change: Change,
    pub(crate) rule: &'static str,
    /// `None` where it is whichever file comes first.
    pub(crate) item: Option<Item>,
}

fn tampering(name: &'static str, change: Change, rule: &'static str, item: Item) -> Tampering {
    Tampering { name, change, rule, item: Some(item) }
}

/// All of them.
pub(crate) fn all() -> Vec<Tampering> {
    [statements(), receipts(), logs(), files(), left_out()].into_iter().flatten().collect()
}

fn statement(h: &Hashes) -> String {
    layout::statement_path(h.evidence)
}

fn fields(h: &Hashes) -> String {
    layout::fields_path(h.evidence)
}

fn shown(h: &Hashes) -> String {
    layout::fields_path(h.case)
}

fn disclosure(h: &Hashes) -> String {
    layout::disclosure_path(h.case)
}

fn proof(h: &Hashes) -> String {
    layout::proof_path(h.evidence, &FileOrigin::of("customs.xa.example/log/2026"))
}

fn checkpoint(_: &Hashes) -> String {
    layout::checkpoint_path(&FileOrigin::of("customs.xa.example/log/2026"))
}

fn card(_: &Hashes) -> String {
    "data/trust/cards/customs.xa.example.card".to_owned()
}

fn pem(_: &Hashes) -> String {
    "data/trust/keys/customs.xa.example.receipt.pem".to_owned()
}

fn evidence(_: &Hashes) -> String {
    layout::evidence_path(&Sha256::digest(PHOTO).into(), Some("a.jpg"))
}

fn flip(path: Item, from_end: usize) -> Change {
    Box::new(move |files, hashes| {
        let bytes = files.at(&path(hashes));
        let at = bytes.len() - from_end;
        bytes[at] ^= 1;
    })
}

fn edit(path: Item, change: impl Fn(&str) -> String + 'static) -> Change {
    Box::new(move |files, hashes| {
        let bytes = files.at(&path(hashes));
        let text = String::from_utf8(bytes.clone()).unwrap();
        let changed = change(&text);
        assert_ne!(changed, text);
        *bytes = changed.into_bytes();
    })
}

fn replace(path: Item, from: &'static str, to: &'static str) -> Change {
    edit(path, move |text| text.replacen(from, to, 1))
}

fn drop_file(path: Item) -> Change {
    Box::new(move |files, hashes| {
        files.0.remove(&path(hashes)).unwrap();
    })
}

/// Gives the evidence record other receipts.
fn receipts_of(receipts: impl Fn(&mut Files, &Hashes) -> Vec<Vec<u8>> + 'static) -> Change {
    Box::new(move |files, hashes| {
        let receipts = receipts(files, hashes);
        let file = files.at(&statement(hashes));
        *file = Statement::parse_transparent(file).unwrap().0.with_receipts(&receipts);
    })
}

fn statements() -> Vec<Tampering> {
    let swap: Change = Box::new(|files, hashes| {
        let bytes = files.at(&fields(hashes));
        let Value::Array(mut leaves) = Value::decode(bytes).unwrap() else { panic!("no array") };
        leaves.swap(8, 9);
        *bytes = Value::Array(leaves).encode();
    });
    vec![
        tampering("signature", flip(statement, 1), rule::STATEMENT_SIGNATURE, statement),
        tampering("other hash", flip(statement, 1), rule::STATEMENT_NAME, statement),
        tampering("field", flip(fields, 30), rule::FIELDS_ROOT, fields),
        tampering("two fields swapped", swap, rule::FIELDS_ROOT, fields),
        tampering("fields dropped", drop_file(fields), rule::FIELDS_MISSING, fields),
        tampering("shown field", flip(shown, 30), rule::DISCLOSURE_ROOT, shown),
        tampering("disclosure", flip(disclosure, 1), rule::DISCLOSURE_FORM, disclosure),
    ]
}

fn receipts() -> Vec<Tampering> {
    let of_other = |files: &mut Files, hashes: &Hashes| {
        let other = files.at(&layout::statement_path(hashes.moved)).clone();
        Statement::parse_transparent(&other).unwrap().1
    };
    let cut = |files: &mut Files, hashes: &Hashes| {
        let mut own = Statement::parse_transparent(files.at(&statement(hashes))).unwrap().1;
        own[0].pop();
        own
    };
    let wrong = receipts_of(of_other);
    vec![
        tampering("receipt of another statement", wrong, rule::RECEIPT_SIGNATURE, statement),
        tampering("receipt cut", receipts_of(cut), rule::RECEIPT_FORM, statement),
        tampering("no receipt", receipts_of(|_, _| vec![]), rule::RECEIPT_MISSING, statement),
    ]
}

fn logs() -> Vec<Tampering> {
    const WITNESS: &str = "xc.example/witness";
    let unsigned = edit(proof, |text| {
        text.split_inclusive('\n').filter(|line| !line.contains(WITNESS)).collect()
    });
    let borrowed: Change = Box::new(|files, hashes| {
        let other = layout::checkpoint_path(&FileOrigin::of("customs.xb.example/log/2026"));
        let other = String::from_utf8(files.at(&other).clone()).unwrap();
        let line = other.lines().find(|line| line.contains(WITNESS)).unwrap();
        let text = String::from_utf8(files.at(&proof(hashes)).clone()).unwrap();
        let changed = text.lines().map(|old| if old.contains(WITNESS) { line } else { old });
        *files.at(&proof(hashes)) = changed.fold(String::new(), |t, l| t + l + "\n").into_bytes();
    });
    let moved = replace(proof, "index 5\n", "index 4\n");
    let grown = replace(proof, "\n8\n", "\n9\n");
    let newest = replace(checkpoint, "\n8\n", "\n9\n");
    vec![
        tampering("proof index", moved, rule::PROOF_INCLUSION, proof),
        tampering("proof size", grown, rule::CHECKPOINT_SIGNATURE, proof),
        tampering("proof header", replace(proof, "@v1", "@v2"), rule::PROOF_FORM, proof),
        tampering("proof dropped", drop_file(proof), rule::PROOF_MISSING, statement),
        tampering("checkpoint", newest, rule::CHECKPOINT_SIGNATURE, checkpoint),
        tampering("cosignature removed", unsigned, rule::QUORUM, proof),
        tampering("cosignature of another log", borrowed, rule::COSIGNATURE, proof),
    ]
}

fn files() -> Vec<Tampering> {
    vec![
        tampering("evidence", flip(evidence, 1), rule::EVIDENCE_DIGEST, evidence),
        tampering("evidence dropped", drop_file(evidence), rule::EVIDENCE_MISSING, |_| {
            layout::evidence_path(&Sha256::digest(PHOTO).into(), None)
        }),
        tampering("card", flip(card, 1), rule::CARD_SIGNATURE, card),
        tampering("card dropped", drop_file(card), rule::TRUST_FILE, |_| VKEYS_PATH.to_owned()),
        tampering("key for other tools", flip(pem, 40), rule::TRUST_FILE, pem),
    ]
}

fn left_out() -> Vec<Tampering> {
    let case: Change =
        Box::new(|files, h| files.0.retain(|path, _| !path.contains(&h.case.to_string())));
    let policy: Change =
        Box::new(|files, h| files.0.retain(|path, _| !path.contains(&h.policy.to_string())));
    vec![
        tampering("record", case, rule::CHAIN_GAP, |h| layout::statement_path(h.moved)),
        Tampering { name: "policy", change: policy, rule: rule::POLICY_MISSING, item: None },
    ]
}
