//! The names of the rules that a court pack is checked against; the checks themselves are in `audit::check`.
//!
//! A finding names its rule by one of these, so that a script can tell findings apart without reading the message.

/// The file is a sound zip archive.
pub const ZIP: &str = "zip";
/// Every path in the archive is plain, relative and inside one folder.
pub const ZIP_PATH: &str = "zip-path";
/// No path stands twice, not even in another case.
pub const ZIP_DUPLICATE: &str = "zip-duplicate";
/// The archive keeps within the limits of a court pack.
pub const ZIP_LIMIT: &str = "zip-limit";
/// No file expands beyond all proportion.
pub const ZIP_BOMB: &str = "zip-bomb";
/// A file in the archive can be read to its end.
pub const FILE_READABLE: &str = "file-readable";
/// A file has a place in the layout of a court pack.
pub const FILE_UNKNOWN: &str = "file-unknown";

/// The bag's own files are there and well formed (RFC 8493).
pub const BAG_FORM: &str = "bag-form";
/// Every file that a manifest lists is there.
pub const BAG_MISSING: &str = "bag-missing";
/// Every file that is there is listed in a manifest.
pub const BAG_SURPLUS: &str = "bag-surplus";
/// A file has the digest that the manifest says.
pub const BAG_DIGEST: &str = "bag-digest";
/// Number and size of the files are those that `bag-info.txt` says.
pub const BAG_OXUM: &str = "bag-oxum";

/// A card is well formed.
pub const CARD_FORM: &str = "card-form";
/// A card is signed by the root key that it names.
pub const CARD_SIGNATURE: &str = "card-signature";
/// A card in the pack has the root key that the auditor trusts for that authority.
pub const CARD_ROOT: &str = "card-root";
/// The pack has the card of every authority whose signatures count.
pub const CARD_MISSING: &str = "card-missing";
/// Whether a newer card of the same root was given by the auditor.
pub const CARD_OLDER: &str = "card-older";
/// Keys and vkeys for other tools are those of the cards.
pub const TRUST_FILE: &str = "trust-file";
/// The file is a part of an audit trail, whole lines from its head to its seal.
pub const TRAIL_FORM: &str = "trail-form";
/// An entry has its hash and continues the one before.
pub const TRAIL_CHAIN: &str = "trail-chain";
/// What was signed of a part of an audit trail is what the file says.
pub const TRAIL_SEAL: &str = "trail-seal";
/// No entry of its time is missing.
pub const TRAIL_WHOLE: &str = "trail-whole";
/// The seal is in the authority's log.
pub const TRAIL_ANCHOR: &str = "trail-anchor";

/// An authority is one that the auditor trusts.
pub const AUTHORITY_TRUSTED: &str = "authority-trusted";

/// The pack has at least one record.
pub const PACK_EMPTY: &str = "pack-empty";
/// A statement is in the one deterministic form.
pub const STATEMENT_FORM: &str = "statement-form";
/// A statement stands under its own hash.
pub const STATEMENT_NAME: &str = "statement-name";
/// A statement's key is one that its issuer's card lists.
pub const KEY_UNKNOWN: &str = "key-unknown";
/// A root key signs cards and nothing else.
pub const KEY_ROOT: &str = "key-root";
/// A statement was signed while its key was valid.
pub const KEY_EXPIRED: &str = "key-expired";
/// A statement's signature holds.
pub const STATEMENT_SIGNATURE: &str = "statement-signature";
/// The fields of a statement are in the pack.
pub const FIELDS_MISSING: &str = "fields-missing";
/// The fields are well formed, the fixed ones at their places.
pub const FIELDS_FORM: &str = "fields-form";
/// The fields are those that were signed.
pub const FIELDS_ROOT: &str = "fields-root";
/// A disclosure object is well formed and belongs to its statement.
pub const DISCLOSURE_FORM: &str = "disclosure-form";
/// Each disclosed field is under the signed root.
pub const DISCLOSURE_ROOT: &str = "disclosure-root";
/// A record of a known kind has what its kind needs.
pub const KIND_CONTENT: &str = "kind-content";

/// A record names a predecessor that is in the pack, or that the pack says it leaves out.
pub const CHAIN_GAP: &str = "chain-gap";
/// A predecessor that the pack leaves out on purpose.
pub const CHAIN_OUTSIDE: &str = "chain-outside";
/// A record and its predecessor are about the same object.
pub const CHAIN_OBJECT: &str = "chain-object";
/// An author continues a chain in one way only.
pub const CHAIN_FORK: &str = "chain-fork";

/// A receipt is well formed.
pub const RECEIPT_FORM: &str = "receipt-form";
/// A receipt is signed by the receipt key in the card of the log's owner.
pub const RECEIPT_KEY: &str = "receipt-key";
/// A receipt's proof and signature hold for the statement.
pub const RECEIPT_SIGNATURE: &str = "receipt-signature";
/// A record has a receipt of its author's own log.
pub const RECEIPT_MISSING: &str = "receipt-missing";

/// A log proof is well formed and stands under the right name.
pub const PROOF_FORM: &str = "proof-form";
/// A log's key is one that its owner's card lists.
pub const LOG_KEY: &str = "log-key";
/// A checkpoint is well formed and stands under the right name.
pub const CHECKPOINT_FORM: &str = "checkpoint-form";
/// A checkpoint is signed by its log.
pub const CHECKPOINT_SIGNATURE: &str = "checkpoint-signature";
/// A log proof leads from the statement to its checkpoint.
pub const PROOF_INCLUSION: &str = "proof-inclusion";
/// A record has a log proof with enough witnesses.
pub const PROOF_MISSING: &str = "proof-missing";
/// A record has a log proof of its author's own log.
pub const PROOF_AUTHOR: &str = "proof-author";
/// The witness policy that was in force at a checkpoint is in the pack.
pub const POLICY_MISSING: &str = "policy-missing";
/// A witness policy can be read and is for this log.
pub const POLICY_FORM: &str = "policy-form";
/// Enough witnesses cosigned a checkpoint.
pub const QUORUM: &str = "quorum";
/// Enough of a checkpoint's cosigners are in cards that the auditor trusts.
pub const QUORUM_UNCONFIRMED: &str = "quorum-unconfirmed";
/// A cosignature in the name of a witness of the policy holds.
pub const COSIGNATURE: &str = "cosignature";
/// A witness's key is the one in its authority's card.
pub const WITNESS_KEY: &str = "witness-key";
/// A witness's card is in the pack.
pub const WITNESS_UNCONFIRMED: &str = "witness-unconfirmed";
/// A log does not count its own owner as a witness.
pub const WITNESS_SELF: &str = "witness-self";
/// One size of one log has one root.
pub const LOG_ROOT: &str = "log-root";
/// One place in one log holds one statement.
pub const LOG_POSITION: &str = "log-position";

/// An evidence file has the digest under which it stands.
pub const EVIDENCE_DIGEST: &str = "evidence-digest";
/// An evidence file has the size that its record says.
pub const EVIDENCE_SIZE: &str = "evidence-size";
/// An evidence file is one that a record speaks of.
pub const EVIDENCE_UNCLAIMED: &str = "evidence-unclaimed";
/// A file that a record speaks of is in the pack, or listed as withheld.
pub const EVIDENCE_MISSING: &str = "evidence-missing";
/// A file that the pack withholds on purpose.
pub const EVIDENCE_WITHHELD: &str = "evidence-withheld";
