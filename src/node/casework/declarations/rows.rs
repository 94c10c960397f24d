//! Rows of a declaration file, found by the names in its header; scores and stores nothing.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::rc::Rc;

use csv::{ByteRecord, ReaderBuilder};

use crate::domain::amount::{Decimal, FRACTION_DIGITS_MAX};
use crate::domain::identifier::{Check, Identifier, Scheme};
use crate::node::casework::Error;
use crate::node::store::declarations::Declaration;

/// The longest row, in bytes.
const ROW_BYTES_MAX: u64 = 64 * 1024;

/// What the reader may have read ahead of the row that it parses.
const READ_AHEAD_BYTES: u64 = 64 * 1024;

/// The longest number of a declaration, in bytes.
const ID_BYTES_MAX: usize = 64;

/// The columns that every file has; the rest is kept as it is.
const NEEDED: [&str; 8] = [
    "Declaration ID",
    "HS6 Code",
    "Country of Departure",
    "Country of Origin",
    "Importer ID",
    "Seller ID",
    "Net Mass",
    "Item Price",
];

/// A row that can be kept.
#[derive(Clone, Debug)]
pub struct Row {
    /// The line of the file.
    pub line: u64,
    /// What is kept of it; the score is not known yet.
    pub declaration: Declaration,
    /// What an officer should look at.
    pub warnings: Vec<String>,
    /// The tax rate in per cent, if the file has it.
    pub tax_rate: Option<String>,
}

/// What became of a line.
#[derive(Clone, Debug)]
pub enum Line {
    /// It can be kept.
    Row(Box<Row>),
    /// It cannot; the line and why.
    Refused(u64, String),
}

/// Reads a file row by row and hands each on, until `take` wants no more.
///
/// # Errors
/// [`Error::Invalid`] if the file has no sound header or breaks off.
pub fn read_rows(
    file: impl Read,
    source: &str,
    now: i64,
    mut take: impl FnMut(Line) -> bool,
) -> Result<(), Error> {
    let allowed = Rc::new(Cell::new(ROW_BYTES_MAX + READ_AHEAD_BYTES));
    let bounded = Bounded { file, allowed: Rc::clone(&allowed), read: 0 };
    // Rows of another length are told apart here, not by the reader.
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(bounded);
    let header = Header::read(reader.byte_headers().map_err(broken)?)?;
    let mut record = ByteRecord::new();
    loop {
        let ahead = ROW_BYTES_MAX + READ_AHEAD_BYTES;
        allowed.set(reader.position().byte().saturating_add(ahead));
        if !reader.read_byte_record(&mut record).map_err(broken)? {
            return Ok(());
        }
        let line = record.position().map_or(0, csv::Position::line);
        let read = header.row(&record, line, source, now);
        let read = read.unwrap_or_else(|reason| Line::Refused(line, reason));
        if !take(read) {
            return Ok(());
        }
    }
}

/// Whether a file begins as one of declarations does: it is CSV, and has every column that is needed.
///
/// # Errors
/// [`Error::Invalid`] that says what is missing.
pub fn check_header(file: impl Read) -> Result<(), Error> {
    let allowed = Rc::new(Cell::new(ROW_BYTES_MAX));
    let mut reader =
        ReaderBuilder::new().flexible(true).from_reader(Bounded { file, allowed, read: 0 });
    Header::read(reader.byte_headers().map_err(broken)?).map(drop)
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err wants it")]
fn broken(error: csv::Error) -> Error {
    Error::invalid("file", format!("cannot be read as CSV: {error}"))
}

/// A reader that ends with an error when a row is longer than it may be, before it fills the memory.
struct Bounded<R> {
    file: R,
    allowed: Rc<Cell<u64>>,
    read: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read > self.allowed.get() {
            return Err(io::Error::other("a row is longer than 64 KiB"));
        }
        let new = self.file.read(buffer)?;
        self.read = self.read.saturating_add(u64::try_from(new).unwrap_or(u64::MAX));
        Ok(new)
    }
}

/// The names of the columns, in the order of the file.
struct Header(Vec<String>);

impl Header {
    fn read(record: &ByteRecord) -> Result<Self, Error> {
        let name = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            text.trim_start_matches('\u{feff}').trim().to_owned()
        };
        let names: Vec<String> = record.iter().map(name).collect();
        let missing: Vec<_> =
            NEEDED.into_iter().filter(|n| !names.iter().any(|m| m == n)).collect();
        if missing.is_empty() {
            return Ok(Self(names));
        }
        let message = format!("the columns {} are missing", missing.join(", "));
        Err(Error::invalid("header", message))
    }

    fn row(&self, record: &ByteRecord, line: u64, source: &str, now: i64) -> Result<Line, String> {
        if record.len() != self.0.len() {
            return Err(format!("it has {} columns, the header {}", record.len(), self.0.len()));
        }
        let mut columns = BTreeMap::new();
        for (name, bytes) in self.0.iter().zip(record) {
            let text = std::str::from_utf8(bytes).map_err(|_| format!("{name} is not UTF-8"))?;
            columns.insert(name.as_str(), text.trim());
        }
        let column = |name: &str| columns.get(name).copied().unwrap_or_default();
        let mut warnings = Vec::new();
        let id = column("Declaration ID");
        if id.is_empty() || id.len() > ID_BYTES_MAX || id.chars().any(char::is_control) {
            return Err("Declaration ID is empty, too long or not plain text".to_owned());
        }
        let hs6 = code(column("HS6 Code"), "HS6 Code", Scheme::Hs, &mut warnings)?;
        if hs6.len() != 6 {
            return Err("HS6 Code has not six digits".to_owned());
        }
        let mut country = |name: &str| code(column(name), name, Scheme::Country, &mut warnings);
        let (origin, departure) = (country("Country of Origin")?, country("Country of Departure")?);
        let net_mass = number(column("Net Mass"), "Net Mass", &mut warnings)?;
        let item_price = number(column("Item Price"), "Item Price", &mut warnings)?;
        let declaration = Declaration {
            id: id.to_owned(),
            source: source.to_owned(),
            imported_at: now,
            hs6,
            origin,
            departure,
            importer: column("Importer ID").to_owned(),
            seller: column("Seller ID").to_owned(),
            net_mass,
            item_price,
            currency: column("Currency").to_owned(),
            score: 0,
            reasons: String::new(),
            raw: serde_json::to_string(&columns).map_err(|error| error.to_string())?,
        };
        let tax_rate = columns.get("Tax Rate").map(|text| (*text).to_owned());
        Ok(Line::Row(Box::new(Row { line, declaration, warnings, tax_rate })))
    }
}

fn code(
    text: &str,
    name: &str,
    scheme: Scheme,
    warnings: &mut Vec<String>,
) -> Result<String, String> {
    let found = Identifier::observe(scheme, text).map_err(|error| format!("{name}: {error}"))?;
    if found.check == Check::Fail {
        warnings.push(format!("{name}: {}", found.reason.unwrap_or_default()));
    }
    Ok(found.normalised)
}

/// A number of zero or more. Files that were written from binary fractions have tails such as `18650.600000000002`;
/// what a decimal cannot hold of them is cut, and said.
fn number(text: &str, name: &str, warnings: &mut Vec<String>) -> Result<String, String> {
    let is_tail = |tail: &str| tail.len() > FRACTION_DIGITS_MAX && is_digits(tail);
    let text = match text.split_once('.') {
        Some((whole, tail)) if is_tail(tail) => {
            warnings.push(format!("{name} has more than {FRACTION_DIGITS_MAX} decimals; cut"));
            let kept = tail.get(..FRACTION_DIGITS_MAX).unwrap_or(tail);
            format!("{whole}.{kept}")
        }
        Some(_) | None => text.to_owned(),
    };
    let number: Decimal = text
        .parse()
        .map_err(|error: crate::domain::amount::InvalidDecimal| format!("{name}: {error}"))?;
    if number.is_negative() {
        return Err(format!("{name} is negative"));
    }
    if number.is_zero() {
        warnings.push(format!("{name} is zero"));
    }
    Ok(text)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "Declaration ID,HS6 Code,Country of Departure,Country of Origin,Importer ID,Seller ID,Net Mass,Item Price";

    fn lines(file: &str) -> Result<Vec<Line>, Error> {
        let mut lines = Vec::new();
        read_rows(file.as_bytes(), "test", 0, |line| {
            lines.push(line);
            true
        })?;
        Ok(lines)
    }

    #[test]
    fn a_row_that_cannot_be_kept_is_refused_with_line_and_reason() {
        let file = format!(
            "{HEADER}\n1,240220,CN,CN,I,S,10,20\n2,24,CN,CN,I,S,10,20\n3,240220,CN,CN,I,S,x,20\n4,240220,CN\n"
        );
        let lines = lines(&file).unwrap();
        assert!(matches!(&lines[0], Line::Row(row) if row.line == 2 && row.warnings.is_empty()));
        let refused = lines.iter().filter_map(|line| match line {
            Line::Refused(line, reason) => Some((*line, reason.split([':', ' ']).next().unwrap())),
            Line::Row(_) => None,
        });
        let refused: Vec<_> = refused.collect();
        assert_eq!(refused, [(3, "HS6"), (4, "Net"), (5, "it")]);
    }

    #[test]
    fn odd_values_are_kept_with_a_warning() {
        let lines = lines(&format!("{HEADER}\n1,240220,QQ,CN,I,S,0,20\n")).unwrap();
        assert!(matches!(&lines[0], Line::Row(row) if !row.warnings.is_empty()));
    }

    #[test]
    fn the_tail_of_a_binary_fraction_is_cut_and_said() {
        let lines =
            lines(&format!("{HEADER}\n1,240220,CN,CN,I,S,10,20.6000000000000014\n")).unwrap();
        let Line::Row(row) = &lines[0] else { panic!("{lines:?}") };
        assert_eq!(row.declaration.item_price, "20.600000000000");
        assert_eq!(row.warnings, ["Item Price has more than 12 decimals; cut"]);
    }

    #[test]
    fn a_file_without_its_columns_or_with_an_endless_row_is_refused_as_a_whole() {
        assert!(matches!(lines("a,b\n1,2\n"), Err(Error::Invalid(_))));
        let endless = format!("{HEADER}\n\"{}", "x".repeat(1 << 20));
        assert!(matches!(lines(&endless), Err(Error::Invalid(_))));
    }
}
