//! The bytes of a file as far as its rows are done, by their digest: another file is told before a row of it is taken in.

use std::cell::RefCell;
use std::io::{self, Read};
use std::rc::Rc;

use sha2::{Digest, Sha256};

/// The most bytes that wait to be digested. The rows of a batch are fewer; only empty lines are more.
const WAITING_BYTES_MAX: usize = 8 << 20;

/// How far the reader of rows may be ahead of the row that it hands on.
const AHEAD_BYTES_MAX: usize = 1 << 20;

/// The beginning of a file: so many bytes with that digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prefix {
    pub(crate) bytes: u64,
    pub(crate) sha256: [u8; 32],
}

/// Digests what is read of a file, and knows the digest of its beginning up to a row that was read a while ago.
pub(crate) struct Meter {
    digest: Sha256,
    /// How many bytes are in the digest.
    digested: u64,
    /// What was read beyond them.
    waiting: Vec<u8>,
    /// What was taken in before, until so many bytes were read.
    before: Option<Prefix>,
    agrees: bool,
}

impl Meter {
    /// For a file of which that beginning was taken in before, if any was.
    pub(crate) fn new(before: Option<Prefix>) -> Self {
        let (digest, agrees) = (Sha256::new(), before.is_none());
        Self { digest, digested: 0, waiting: Vec::new(), before, agrees }
    }

    /// Whether the file begins as what was taken in before; not so until that much of it was read.
    pub(crate) const fn agrees(&self) -> bool {
        self.agrees
    }

    /// How many bytes were read.
    pub(crate) fn read(&self) -> u64 {
        self.digested.saturating_add(u64::try_from(self.waiting.len()).unwrap_or(u64::MAX))
    }

    /// The beginning of the file up to a row that ends there, with the byte that ends the row.
    pub(crate) fn up_to(&mut self, end: u64) -> Prefix {
        self.digest_to(end.saturating_add(1));
        Prefix { bytes: self.digested, sha256: self.digest.clone().finalize().into() }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
        if let Some(before) = self.before {
            self.digest_to(before.bytes);
            if self.digested == before.bytes {
                let sha256: [u8; 32] = self.digest.clone().finalize().into();
                self.agrees = sha256 == before.sha256;
                self.before = None;
            }
        }
        if self.waiting.len() > WAITING_BYTES_MAX {
            let ahead = u64::try_from(AHEAD_BYTES_MAX).unwrap_or(u64::MAX);
            self.digest_to(self.read().saturating_sub(ahead));
        }
    }

    fn digest_to(&mut self, end: u64) {
        let count = usize::try_from(end.saturating_sub(self.digested)).unwrap_or(usize::MAX);
        let count = count.min(self.waiting.len());
        self.digest.update(self.waiting.get(..count).unwrap_or_default());
        self.waiting.drain(..count);
        self.digested = self.digested.saturating_add(u64::try_from(count).unwrap_or(0));
    }
}

/// A reader that meters what it reads.
pub(crate) struct Metered<R> {
    pub(crate) file: R,
    pub(crate) meter: Rc<RefCell<Meter>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.meter.borrow_mut().take(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

impl<R: Read> Metered<R> {
    /// Reads on to the end; gives the digest of the whole file.
    pub(crate) fn finish(mut self) -> io::Result<[u8; 32]> {
        io::copy(&mut self, &mut io::sink())?;
        let mut meter = self.meter.borrow_mut();
        meter.digest_to(u64::MAX);
        Ok(meter.digest.clone().finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], before: Option<Prefix>) -> Meter {
        let mut meter = Meter::new(before);
        for part in bytes.chunks(3) {
            meter.take(part);
        }
        meter
    }

    fn digest(bytes: &[u8]) -> [u8; 32] {
        Sha256::digest(bytes).into()
    }

    #[test]
    fn the_beginning_up_to_a_row_is_known_though_more_was_read() {
        let mut meter = read(b"a,b\n1,2\n3,4\n", None);
        assert!(meter.agrees());
        assert_eq!(meter.up_to(7), Prefix { bytes: 8, sha256: digest(b"a,b\n1,2\n") });
        assert_eq!(meter.up_to(11), Prefix { bytes: 12, sha256: digest(b"a,b\n1,2\n3,4\n") });
        assert_eq!(meter.up_to(7).bytes, 12, "it does not go back");
    }

    #[test]
    fn a_file_agrees_once_as_much_of_it_was_read_and_is_the_same() {
        let before = Some(Prefix { bytes: 8, sha256: digest(b"a,b\n1,2\n") });
        assert!(read(b"a,b\n1,2\n3,", before).agrees());
        assert!(read(b"a,b\n1,2\n", before).agrees());
        assert!(!read(b"a,b\n1,", before).agrees());
        assert!(!read(b"a,b\n1,3\n3,", before).agrees());
        assert!(!read(b"a,b\n1,23\n,", before).agrees());
    }

    #[test]
    fn what_waits_is_bounded_and_the_digest_is_of_all() {
        let bytes = vec![b'\n'; WAITING_BYTES_MAX + 5];
        let meter = Rc::new(RefCell::new(Meter::new(None)));
        let mut file = Metered { file: bytes.as_slice(), meter: Rc::clone(&meter) };
        let mut buffer = vec![0; 64 << 10];
        while file.read(&mut buffer).unwrap() > 0 {
            assert!(meter.borrow().waiting.len() <= WAITING_BYTES_MAX);
        }
        assert_eq!(file.finish().unwrap(), digest(&bytes));
    }
}
