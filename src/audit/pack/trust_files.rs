//! Keys of the cards in the forms that other tools read: PEM and vkeys; holds no secret and judges no card.

use std::collections::BTreeMap;

use ed25519_dalek::VerifyingKey;

use crate::audit::card_file::armour;
use crate::audit::pack::layout::{VKEYS_PATH, root_digits};
use crate::record::card::Card;

/// The DER that stands before the 32 bytes of an Ed25519 key in a `SubjectPublicKeyInfo` (RFC 8410 4).
const SPKI_PREFIX: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The files under `data/trust/` that follow from the cards alone: path and content.
///
/// The check makes them again and compares, so that a tool that reads them uses the keys of the cards.
pub(crate) fn trust_files(cards: &[&Card], former: &[&Card]) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut vkeys = String::new();
    let current = cards.iter().map(|card| (card.authority.to_string(), *card));
    let of_root = |card: &Card| format!("{}.former-{}", card.authority, root_digits(card));
    let former = former.iter().map(|card| (of_root(card), *card));
    for (owner, card) in current.chain(former) {
        for vkey in card.log_vkeys.iter().chain([&card.witness_vkey]) {
            vkeys.push_str(vkey);
            vkeys.push('\n');
        }
        for (number, record_key) in (1..).zip(&card.record_keys) {
            let path = format!("data/trust/keys/{owner}.record-{number}.pem");
            files.insert(path, pem(&record_key.key));
        }
        let path = format!("data/trust/keys/{owner}.receipt.pem");
        files.insert(path, pem(&card.receipt_key));
    }
    files.insert(VKEYS_PATH.to_owned(), vkeys);
    files
}

fn pem(key: &VerifyingKey) -> String {
    let spki = [SPKI_PREFIX.as_slice(), key.as_bytes()].concat();
    armour("-----BEGIN PUBLIC KEY-----", &spki, "-----END PUBLIC KEY-----")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pem_is_the_one_that_openssl_writes() {
        let secret = ed25519_dalek::SigningKey::from_bytes(&[1; 32]);
        // `openssl pkey -pubout` of the key with these 32 secret bytes.
        assert_eq!(
            pem(&secret.verifying_key()),
            "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAiojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=\n-----END PUBLIC KEY-----\n"
        );
    }
}
