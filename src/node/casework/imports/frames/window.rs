//! A file seen through a window that holds at least one whole row, however long the file is.

use std::io::{self, Read};

/// The longest row, in bytes.
pub(crate) const ROW_BYTES_MAX: usize = 64 * 1024;

/// Read at a time.
const CHUNK_BYTES: usize = 192 * 1024;

/// A file and how far it was read.
pub(crate) struct Window<R> {
    file: R,
    buffer: Vec<u8>,
    /// Where the unread bytes begin in the buffer.
    from: usize,
    /// Where they begin in the file.
    byte: u64,
    line: u64,
    is_end: bool,
}

impl<R: Read> Window<R> {
    pub(crate) const fn new(file: R) -> Self {
        Self { file, buffer: Vec::new(), from: 0, byte: 0, line: 1, is_end: false }
    }

    /// Reads on until a whole row and the end of its line are in the window, or the file ends.
    pub(crate) fn fill(&mut self) -> io::Result<()> {
        while !self.is_end && self.bytes().len() < ROW_BYTES_MAX + 2 {
            self.buffer.drain(..self.from);
            self.from = 0;
            let wanted = u64::try_from(CHUNK_BYTES).unwrap_or(u64::MAX);
            let read = self.file.by_ref().take(wanted).read_to_end(&mut self.buffer)?;
            self.is_end = read < CHUNK_BYTES;
        }
        Ok(())
    }

    /// What is not read yet, as far as it is in the window.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.buffer.get(self.from..).unwrap_or_default()
    }

    /// Whether the window reaches to the end of the file.
    pub(crate) const fn is_last(&self) -> bool {
        self.is_end
    }

    /// The place of the first byte in the window.
    pub(crate) const fn byte(&self) -> u64 {
        self.byte
    }

    /// Its line, from 1.
    pub(crate) const fn line(&self) -> u64 {
        self.line
    }

    /// Goes on by some bytes of the window.
    pub(crate) fn skip(&mut self, count: usize) {
        let passed = self.bytes().get(..count).unwrap_or_else(|| self.bytes());
        let (lines, count) = (passed.split(|byte| *byte == b'\n').count() - 1, passed.len());
        self.line = self.line.saturating_add(u64::try_from(lines).unwrap_or(u64::MAX));
        self.byte = self.byte.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        self.from += count;
    }

    /// Goes on to the next line, however long this one is; gives where this one ended.
    pub(crate) fn skip_line(&mut self) -> io::Result<u64> {
        loop {
            self.fill()?;
            let bytes = self.bytes();
            if let Some(at) = bytes.iter().position(|byte| *byte == b'\n') {
                let text = bytes.get(..at).unwrap_or_default();
                let length = text.strip_suffix(b"\r").unwrap_or(text).len();
                let end = self.byte + u64::try_from(length).unwrap_or(u64::MAX);
                self.skip(at + 1);
                return Ok(end);
            }
            self.skip(bytes.len());
            if self.is_end {
                return Ok(self.byte);
            }
        }
    }

    /// Goes past the mark with which some programs begin a file in UTF-8; says whether the file is UTF-16 instead.
    pub(crate) fn skip_mark(&mut self) -> io::Result<bool> {
        self.fill()?;
        if self.bytes().starts_with(b"\xef\xbb\xbf") {
            self.skip(3);
        }
        Ok(self.bytes().starts_with(b"\xff\xfe") || self.bytes().starts_with(b"\xfe\xff"))
    }
}
