//! The one Ed25519 check of this crate; holds no keys and knows no formats.

use ed25519_dalek::{Signature, VerifyingKey};

/// Whether the signature is valid in the strict sense.
///
/// Strict refuses small-order keys and nonces, which would let one signature stand for several messages or keys; a
/// verdict must be the same in every implementation that an authority may use.
#[must_use]
pub fn verify_ed25519(key: &VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
    Signature::from_slice(signature)
        .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok())
}

/// Reads a public key; `None` unless it is 32 bytes that encode a point of full order.
#[must_use]
pub fn public_key(bytes: &[u8]) -> Option<VerifyingKey> {
    let key = VerifyingKey::try_from(bytes).ok()?;
    (!key.is_weak() && key.to_edwards().compress().as_bytes() == bytes).then_some(key)
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer as _, SigningKey};

    use super::*;

    #[test]
    fn a_signature_holds_for_its_message_and_key_only() {
        let signer = SigningKey::from_bytes(&[1; 32]);
        let signature = signer.sign(b"message").to_bytes();
        let key = signer.verifying_key();
        assert!(verify_ed25519(&key, b"message", &signature));
        assert!(!verify_ed25519(&key, b"messagE", &signature));
        assert!(!verify_ed25519(&key, b"message", &signature[..63]));
        let other = SigningKey::from_bytes(&[2; 32]).verifying_key();
        assert!(!verify_ed25519(&other, b"message", &signature));
    }

    #[test]
    fn keys_of_small_order_are_refused() {
        assert!(public_key(SigningKey::from_bytes(&[1; 32]).verifying_key().as_bytes()).is_some());
        assert!(public_key(&[0; 32]).is_none());
        assert!(public_key(&[1; 31]).is_none());
        let mut identity = [0; 32];
        identity[0] = 1;
        assert!(public_key(&identity).is_none());
    }
}
