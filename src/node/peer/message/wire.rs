//! Reading and writing the CBOR of messages, with every bound checked before memory is taken; knows no message.

use bytes::Bytes;
use minicbor::data::Type;
use minicbor::{Decoder, Encoder};

/// The deepest nesting that is skipped inside a field which this version does not know.
const NESTING_MAX: u32 = 16;

/// Why bytes are not a message, or a message does not fit into a frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// A frame that is longer than the bound.
    #[error("a frame of {length} bytes: at most {max} are allowed")]
    FrameTooLong {
        /// The announced or needed length.
        length: u64,
        /// The bound.
        max: usize,
    },
    /// A frame type that this version does not know.
    #[error("frame type {0:#04x} is not known to this version")]
    UnknownFrame(u8),
    /// A list or string that is longer than its bound.
    #[error("{what}: {length}, at most {max} are allowed")]
    TooMany {
        /// What was counted.
        what: &'static str,
        /// The announced count.
        length: u64,
        /// The bound.
        max: usize,
    },
    /// A field that every version of the message has is not there.
    #[error("the field '{0}' is missing")]
    Missing(&'static str),
    /// Bytes that are not the expected CBOR.
    #[error("'{0}' is not encoded as expected")]
    Malformed(&'static str),
    /// A longer head than needed, indefinite length, or map keys out of order (RFC 8949 4.2.1).
    #[error("the encoding is not deterministic")]
    NotCanonical,
    /// Bytes after the end of the message.
    #[error("{0} bytes follow the message")]
    Trailing(usize),
}

/// Writes deterministic CBOR: shortest heads, definite lengths; map keys in the caller's ascending order.
#[derive(Debug)]
pub(crate) struct Writer(Encoder<Vec<u8>>);

impl Writer {
    /// A writer with room for that many bytes.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self(Encoder::new(Vec::with_capacity(capacity)))
    }

    /// Writes an unsigned integer, a map key among them.
    pub(crate) fn uint(&mut self, value: u64) -> &mut Self {
        self.0.u64(value).expect("a vector takes any bytes");
        self
    }

    /// Writes a byte string.
    pub(crate) fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.0.bytes(value).expect("a vector takes any bytes");
        self
    }

    /// Writes a text string.
    pub(crate) fn text(&mut self, value: &str) -> &mut Self {
        self.0.str(value).expect("a vector takes any bytes");
        self
    }

    /// Opens an array of that many items.
    pub(crate) fn array(&mut self, length: usize) -> &mut Self {
        self.0.array(length as u64).expect("a vector takes any bytes");
        self
    }

    /// Opens a map of that many entries.
    pub(crate) fn map(&mut self, length: usize) -> &mut Self {
        self.0.map(length as u64).expect("a vector takes any bytes");
        self
    }

    /// Writes an array of byte strings.
    pub(crate) fn list(&mut self, items: &[Bytes]) -> &mut Self {
        self.array(items.len());
        for item in items {
            self.bytes(item);
        }
        self
    }

    /// Writes a list of hashes as one byte string.
    pub(crate) fn hashes(&mut self, hashes: &[[u8; 32]]) -> &mut Self {
        self.bytes(hashes.as_flattened())
    }

    /// The bytes written.
    pub(crate) fn finish(self) -> Bytes {
        self.0.into_writer().into()
    }
}

/// Reads deterministic CBOR out of shared bytes without copying strings.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    source: &'a Bytes,
    decoder: Decoder<'a>,
}

/// Where a reader stands inside a map.
#[derive(Debug)]
pub(crate) struct MapCursor {
    left: u64,
    last: Option<u64>,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `source`.
    pub(crate) fn new(source: &'a Bytes) -> Self {
        Self { source, decoder: Decoder::new(source) }
    }

    /// Ends reading.
    pub(crate) fn finish(self) -> Result<(), WireError> {
        match self.left() {
            0 => Ok(()),
            left => Err(WireError::Trailing(left)),
        }
    }

    /// Opens a map with ascending integer keys.
    pub(crate) fn map(&mut self, what: &'static str) -> Result<MapCursor, WireError> {
        let start = self.decoder.position();
        let length =
            self.decoder.map().map_err(|_| malformed(what))?.ok_or(WireError::NotCanonical)?;
        self.expect_head(start, length, 0)?;
        Ok(MapCursor { left: length, last: None })
    }

    /// The next key of a map; the caller reads or skips its value.
    pub(crate) fn key(&mut self, map: &mut MapCursor) -> Result<Option<u64>, WireError> {
        if map.left == 0 {
            return Ok(None);
        }
        map.left -= 1;
        let key = self.uint("map key")?;
        if map.last.is_some_and(|last| last >= key) {
            return Err(WireError::NotCanonical);
        }
        map.last = Some(key);
        Ok(Some(key))
    }

    /// An unsigned integer.
    pub(crate) fn uint(&mut self, what: &'static str) -> Result<u64, WireError> {
        let start = self.decoder.position();
        let value = self.decoder.u64().map_err(|_| malformed(what))?;
        self.expect_head(start, value, 0)?;
        Ok(value)
    }

    /// A byte string of at most `max` bytes, sharing the source's memory.
    pub(crate) fn bytes(&mut self, what: &'static str, max: usize) -> Result<Bytes, WireError> {
        let start = self.decoder.position();
        let value = self.decoder.bytes().map_err(|_| malformed(what))?;
        self.expect_head(start, value.len() as u64, value.len())?;
        bounded(what, value.len() as u64, max)?;
        Ok(self.source.slice_ref(value))
    }

    /// A text string of at most `max` bytes.
    pub(crate) fn text(&mut self, what: &'static str, max: usize) -> Result<String, WireError> {
        let start = self.decoder.position();
        let value = self.decoder.str().map_err(|_| malformed(what))?;
        self.expect_head(start, value.len() as u64, value.len())?;
        bounded(what, value.len() as u64, max)?;
        Ok(value.to_owned())
    }

    /// Exactly `N` bytes.
    pub(crate) fn fixed<const N: usize>(
        &mut self,
        what: &'static str,
    ) -> Result<[u8; N], WireError> {
        let bytes = self.bytes(what, N)?;
        bytes.as_ref().try_into().map_err(|_| malformed(what))
    }

    /// Opens an array of at most `max` items that take at least `item_bytes_min` bytes each, so that room for
    /// the announced items is never more than the bytes that are really there can pay for.
    pub(crate) fn array(
        &mut self,
        what: &'static str,
        max: usize,
        item_bytes_min: usize,
    ) -> Result<usize, WireError> {
        let start = self.decoder.position();
        let length =
            self.decoder.array().map_err(|_| malformed(what))?.ok_or(WireError::NotCanonical)?;
        self.expect_head(start, length, 0)?;
        let count = bounded(what, length, max)?;
        if count.saturating_mul(item_bytes_min) > self.left() {
            return Err(malformed(what));
        }
        Ok(count)
    }

    /// An array of at most `max` byte strings of at least `item_bytes_min` bytes each.
    pub(crate) fn list(
        &mut self,
        what: &'static str,
        max: usize,
        item_bytes_min: usize,
    ) -> Result<Vec<Bytes>, WireError> {
        let count = self.array(what, max, item_bytes_min)?;
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            let item = self.bytes(what, self.source.len())?;
            if item.len() < item_bytes_min {
                return Err(malformed(what));
            }
            items.push(item);
        }
        Ok(items)
    }

    /// At most `max` hashes, written as one byte string.
    pub(crate) fn hashes(
        &mut self,
        what: &'static str,
        max: usize,
    ) -> Result<Vec<[u8; 32]>, WireError> {
        let bytes = self.bytes(what, max.saturating_mul(32))?;
        let (hashes, rest) = bytes.as_chunks::<32>();
        if rest.is_empty() { Ok(hashes.to_vec()) } else { Err(malformed(what)) }
    }

    /// Passes over a value that this version does not know.
    pub(crate) fn skip(&mut self) -> Result<(), WireError> {
        self.skip_nested(NESTING_MAX)
    }

    fn skip_nested(&mut self, depth: u32) -> Result<(), WireError> {
        const WHAT: &str = "unknown field";
        let depth = depth.checked_sub(1).ok_or(malformed(WHAT))?;
        match self.decoder.datatype().map_err(|_| malformed(WHAT))? {
            Type::Array => {
                for _ in 0..self.array(WHAT, self.source.len(), 1)? {
                    self.skip_nested(depth)?;
                }
                Ok(())
            }
            Type::Map => {
                let length = self.decoder.map().map_err(|_| malformed(WHAT))?;
                for _ in 0..length.ok_or(WireError::NotCanonical)? {
                    self.skip_nested(depth)?;
                    self.skip_nested(depth)?;
                }
                Ok(())
            }
            Type::Tag => {
                self.decoder.tag().map_err(|_| malformed(WHAT))?;
                self.skip_nested(depth)
            }
            Type::ArrayIndef | Type::MapIndef | Type::BytesIndef | Type::StringIndef => {
                Err(WireError::NotCanonical)
            }
            Type::Break | Type::Unknown(_) => Err(malformed(WHAT)),
            _ => self.decoder.skip().map_err(|_| malformed(WHAT)),
        }
    }

    /// Refuses a head that is longer than its value needs: each message has one encoding.
    fn expect_head(&self, start: usize, value: u64, content: usize) -> Result<(), WireError> {
        let head = match value {
            0..=23 => 1,
            24..=0xff => 2,
            0x100..=0xffff => 3,
            0x1_0000..=0xffff_ffff => 5,
            _ => 9,
        };
        let taken = self.decoder.position().saturating_sub(start).saturating_sub(content);
        if taken == head { Ok(()) } else { Err(WireError::NotCanonical) }
    }

    fn left(&self) -> usize {
        self.source.len().saturating_sub(self.decoder.position())
    }
}

/// `length` as a count, if it is within the bound.
pub(crate) fn bounded(what: &'static str, length: u64, max: usize) -> Result<usize, WireError> {
    usize::try_from(length).ok().filter(|count| *count <= max).ok_or(WireError::TooMany {
        what,
        length,
        max,
    })
}

pub(crate) const fn malformed(what: &'static str) -> WireError {
    WireError::Malformed(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T>(
        bytes: &[u8],
        with: impl FnOnce(&mut Reader<'_>) -> Result<T, WireError>,
    ) -> Result<T, WireError> {
        with(&mut Reader::new(&Bytes::copy_from_slice(bytes)))
    }

    #[test]
    fn a_longer_head_than_needed_is_refused() {
        assert_eq!(read(&[0x17], |r| r.uint("n")), Ok(23));
        assert_eq!(read(&[0x18, 0x17], |r| r.uint("n")), Err(WireError::NotCanonical));
        assert_eq!(
            read(&[0x58, 0x01, 0xaa], |r| r.bytes("b", 9)).map(|b| b.len()),
            Err(WireError::NotCanonical)
        );
    }

    #[test]
    fn an_announced_length_beyond_the_bytes_there_takes_no_memory() {
        let huge = [0x9b, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert!(matches!(
            read(&huge, |r| r.array("list", 4096, 1)),
            Err(WireError::TooMany { max: 4096, .. })
        ));
        assert_eq!(read(&[0x99, 0x10, 0x00, 0x40], |r| r.list("list", 4096, 1)), {
            Err(WireError::Malformed("list"))
        });
    }

    #[test]
    fn map_keys_ascend() {
        let mut keys = Vec::new();
        let mut walk = |bytes: &[u8]| {
            keys.clear();
            read(bytes, |r| {
                let mut map = r.map("m")?;
                while let Some(key) = r.key(&mut map)? {
                    keys.push(key);
                    r.skip()?;
                }
                Ok(())
            })
        };
        assert_eq!(walk(&[0xa2, 0, 0, 1, 0]), Ok(()));
        assert_eq!(walk(&[0xa2, 1, 0, 0, 0]), Err(WireError::NotCanonical));
        assert_eq!(walk(&[0xa2, 1, 0, 1, 0]), Err(WireError::NotCanonical));
    }

    #[test]
    fn nesting_deeper_than_sixteen_is_not_followed() {
        let nested = |depth: usize| [vec![0x81; depth], vec![0]].concat();
        let skip = |bytes: &[u8]| Reader::new(&Bytes::copy_from_slice(bytes)).skip();
        assert_eq!(skip(&nested(15)), Ok(()));
        assert!(skip(&nested(16)).is_err());
        assert!(skip(&nested(1 << 20)).is_err());
    }
}
