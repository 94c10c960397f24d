//! A card as a file that people send each other: armoured text or plain CBOR; decides not whom to trust.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::record::card::{CARD_BYTES_MAX, CardError, SignedCard};

/// The line before the card in an armoured file.
const BEGIN: &str = "-----BEGIN SEALANE CARD-----";
/// The line after it.
const END: &str = "-----END SEALANE CARD-----";

/// The largest card file that is read: base64 with line breaks, and some lines of explanation.
pub const CARD_FILE_BYTES_MAX: usize = 2 * CARD_BYTES_MAX;

/// Characters on a line of armour, as in PEM (RFC 7468 2).
const LINE: usize = 64;

/// Why a file is not a card.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CardFileError {
    /// Larger than any card.
    #[error("the file is larger than a card can be (128 KiB); is it the right file?")]
    TooLarge,
    /// Neither form of a card file.
    #[error(
        "the file holds no card: expected a line '{BEGIN}', base64, and a line '{END}'; export it again with `sealane peers card`"
    )]
    NoCard,
    /// The armour is there, its content is not base64.
    #[error("the card's text was damaged on its way: it is not base64; ask for it again")]
    Damaged,
    /// What is inside is not a card that can be believed.
    #[error(transparent)]
    Card(#[from] CardError),
}

/// Reads a card from either form and checks that it is signed by the root key that it names itself.
///
/// Text before the first and after the last line of the armour is ignored, so a card may be pasted out of a mail.
///
/// # Errors
/// If there is no card in the bytes, or it is not sound.
pub fn read(bytes: &[u8]) -> Result<SignedCard, CardFileError> {
    if bytes.len() > CARD_FILE_BYTES_MAX {
        return Err(CardFileError::TooLarge);
    }
    // CBOR of a card begins with an array head, 0x82, which no UTF-8 text does.
    if bytes.first() == Some(&0x82) {
        return Ok(SignedCard::decode(bytes)?);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| CardFileError::NoCard)?;
    let (_, rest) = text.split_once(BEGIN).ok_or(CardFileError::NoCard)?;
    let (armour, _) = rest.split_once(END).ok_or(CardFileError::NoCard)?;
    let armour: String = armour.split_ascii_whitespace().collect();
    let card = STANDARD.decode(armour).map_err(|_| CardFileError::Damaged)?;
    Ok(SignedCard::decode(&card)?)
}

/// Writes a card as armoured text; the inverse of [`read`].
#[must_use]
pub fn write(card: &SignedCard) -> String {
    armour(BEGIN, &card.encode(), END)
}

/// Base64 in lines of 64 between two lines.
pub(crate) fn armour(begin: &str, bytes: &[u8], end: &str) -> String {
    let mut text = format!("{begin}\n");
    let base64 = STANDARD.encode(bytes);
    let mut rest = base64.as_str();
    while let Some((line, after)) = rest.split_at_checked(LINE) {
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    if !rest.is_empty() {
        text.push_str(rest);
        text.push('\n');
    }
    text.push_str(end);
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::check::sample::{Wish, cards};

    #[test]
    fn both_forms_of_a_card_are_read_back() {
        let card = cards(&Wish::default()).remove(0);
        assert_eq!(read(write(&card).as_bytes()), Ok(card.clone()));
        assert_eq!(read(&card.encode()), Ok(card.clone()));
        let mail =
            format!("Hello,\n\nour card:\r\n{}\nRegards", write(&card).replace('\n', "\r\n"));
        assert_eq!(read(mail.as_bytes()), Ok(card));
    }

    #[test]
    fn what_is_not_a_card_is_refused_by_reason() {
        let text = write(&cards(&Wish::default()).remove(0));
        assert_eq!(read(b""), Err(CardFileError::NoCard));
        assert_eq!(read(b"\xff\xfe"), Err(CardFileError::NoCard));
        assert_eq!(read(text.replace(END, "").as_bytes()), Err(CardFileError::NoCard));
        assert_eq!(read(&vec![b' '; CARD_FILE_BYTES_MAX]), Err(CardFileError::NoCard));
        assert_eq!(read(&vec![b' '; CARD_FILE_BYTES_MAX + 1]), Err(CardFileError::TooLarge));
        let broken = text.replacen("\ngl", "\n!l", 1);
        assert_ne!(broken, text);
        assert_eq!(read(broken.as_bytes()), Err(CardFileError::Damaged));
        assert!(matches!(read(&[0x82, 0x40]), Err(CardFileError::Card(_))));
    }
}
