//! Rows of comma-separated values (RFC 4180), strictly: a quote that is not closed costs its own line and no other.
//!
//! A lenient reader takes a stray quote for the start of a text that goes on over all the rows after it. Here a row over
//! several lines must have exactly the columns of the header; if not, its first line is refused and the next is a row.

use std::io::Read;

use crate::node::casework::imports::frames::{
    Broken, Frame, ROW_BYTES_MAX, Span, Window, text_fault,
};

/// The cells of one row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cells {
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Cells {
    /// The cells in their order; of a row that was read as text.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len()).map(|number| self.get(number).unwrap_or_default())
    }

    /// The cell of a column, from 0.
    pub(crate) fn get(&self, number: usize) -> Option<&str> {
        let end = *self.ends.get(number)?;
        let start = number.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        std::str::from_utf8(self.text.get(start.unwrap_or(0)..end)?).ok()
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    fn push(&mut self, text: &[u8]) {
        self.text.extend_from_slice(text);
    }

    fn end_cell(&mut self) {
        self.ends.push(self.text.len());
    }
}

/// Why a row could not be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    AfterQuote,
    TooLong,
    Unclosed,
}

impl Fault {
    const fn text(self) -> &'static str {
        match self {
            Self::AfterQuote => {
                "has text after a closing quote; a quote within a text is written twice"
            }
            Self::TooLong => "is longer than 64 KiB",
            Self::Unclosed => "opens a quote that is not closed",
        }
    }
}

/// The rows of a file, after its header.
pub(crate) struct CsvRows<R> {
    window: Window<R>,
    delimiter: u8,
    columns: usize,
    cells: Cells,
}

impl<R: Read> CsvRows<R> {
    /// Reads the header: the rows, and the names of the columns.
    pub(crate) fn begin(file: R, delimiter: u8) -> Result<(Self, Vec<String>), Broken> {
        let mut window = Window::new(file);
        let is_utf16 = window.skip_mark()?;
        let mut rows = Self { window, delimiter, columns: 0, cells: Cells::default() };
        let form = |reason: &str| Broken::Form { line: 1, reason: reason.to_owned() };
        if is_utf16 {
            return Err(form("the file is in UTF-16; save it in UTF-8"));
        }
        let length = match split(rows.window.bytes(), delimiter, &mut rows.cells) {
            Ok(0) => return Err(form("the file is empty; its first line names the columns")),
            Ok(length) => length,
            Err(fault) => return Err(form(&format!("the header {}", fault.text()))),
        };
        let header = rows.window.bytes().get(..length).unwrap_or_default();
        if let Some(fault) = text_fault(header) {
            return Err(form(&format!("the header {fault}")));
        }
        rows.window.skip(length);
        rows.columns = rows.cells.len();
        let names = rows.cells.iter().map(|name| name.trim().to_owned()).collect();
        Ok((rows, names))
    }

    /// The next row, whose cells are then in [`CsvRows::cells`]; empty lines are passed over.
    pub(crate) fn next(&mut self) -> Result<Option<Frame>, Broken> {
        loop {
            self.window.fill()?;
            match self.window.bytes() {
                [] => return Ok(None),
                [b'\n', ..] => self.window.skip(1),
                [b'\r', b'\n', ..] => self.window.skip(2),
                _ => break,
            }
        }
        let (line, first) = (self.window.line(), self.window.byte());
        let cut = split(self.window.bytes(), self.delimiter, &mut self.cells);
        let row = cut.ok().and_then(|length| self.window.bytes().get(..length));
        let has_lines =
            row.is_some_and(|row| row.strip_suffix(b"\n").unwrap_or(row).contains(&b'\n'));
        let fault = match (cut, row) {
            (Err(fault), _) => Some(fault.text().to_owned()),
            (Ok(_), _) if self.cells.len() != self.columns => {
                let hint =
                    if has_lines { "; a quote is opened in it that ends lines later" } else { "" };
                let (has, header) = (self.cells.len(), self.columns);
                Some(format!("has {has} columns, the header {header}{hint}"))
            }
            (Ok(_), row) => row.and_then(text_fault),
        };
        // A row that was cut and yet is at fault may have swallowed others.
        if cut.is_err() || fault.is_some() && has_lines {
            let end = self.window.skip_line()?;
            return Ok(Some(Frame { span: Span { line, first, end }, fault }));
        }
        let text = row.unwrap_or_default();
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let text = text.strip_suffix(b"\r").unwrap_or(text).len();
        let end = first + u64::try_from(text).unwrap_or(u64::MAX);
        self.window.skip(cut.unwrap_or_default());
        Ok(Some(Frame { span: Span { line, first, end }, fault }))
    }

    /// The cells of the last row.
    pub(crate) const fn cells(&self) -> &Cells {
        &self.cells
    }
}

/// Cuts the first row into cells; gives its length with the end of its line. The bytes reach to the end of the file, or
/// beyond the longest row.
fn split(bytes: &[u8], delimiter: u8, cells: &mut Cells) -> Result<usize, Fault> {
    cells.clear();
    // A quote that is not closed is not looked for beyond the longest row.
    let bytes = bytes.get(..ROW_BYTES_MAX + 2).unwrap_or(bytes);
    let mut at = 0;
    loop {
        if bytes.get(at) == Some(&b'"') {
            at = quoted(bytes, at + 1, cells)?;
        } else {
            let rest = bytes.get(at..).unwrap_or_default();
            let length = rest.iter().position(|byte| *byte == delimiter || *byte == b'\n');
            let length = length.unwrap_or(rest.len());
            let text = rest.get(..length).unwrap_or_default();
            let is_last = rest.get(length) != Some(&delimiter);
            cells.push(if is_last { text.strip_suffix(b"\r").unwrap_or(text) } else { text });
            at += length;
        }
        cells.end_cell();
        if at > ROW_BYTES_MAX {
            return Err(Fault::TooLong);
        }
        match bytes.get(at..).unwrap_or_default() {
            [] => return Ok(at),
            [byte, ..] if *byte == delimiter => at += 1,
            [b'\n', ..] | [b'\r'] => return Ok(at + 1),
            [b'\r', b'\n', ..] => return Ok(at + 2),
            _ => return Err(Fault::AfterQuote),
        }
    }
}

/// Reads a cell in quotes from after the first one; gives the place after the last.
fn quoted(bytes: &[u8], mut at: usize, cells: &mut Cells) -> Result<usize, Fault> {
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let length = rest.iter().position(|byte| *byte == b'"').ok_or(Fault::Unclosed)?;
        cells.push(rest.get(..length).unwrap_or_default());
        at += length + 1;
        if bytes.get(at) != Some(&b'"') {
            return Ok(at);
        }
        cells.push(b"\"");
        at += 1;
    }
}
