//! The file of refused rows: line, reason and the row as it stands in its file, byte for byte.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;

use crate::node::cli::exit::Failure;
use crate::node::mappings::Format;

/// How such a file begins, up to the delimiter.
const BEGINNING: &[u8] = b"line";

/// The most of a refused row that is copied, in bytes; a longer one stays where it is.
const ROW_BYTES_MAX: u64 = 1 << 20;

/// A file of refused rows that is being written.
pub(super) struct RefusedFile {
    out: BufWriter<File>,
    part: PathBuf,
    target: PathBuf,
    rows: File,
    /// The delimiter, if the rows have columns.
    delimiter: Option<u8>,
}

impl RefusedFile {
    /// Refuses to write over a file that is none of refused rows.
    pub(super) fn may_be_written(target: &Path) -> Result<(), Failure> {
        let mut beginning = Vec::new();
        let Ok(file) = File::open(target) else { return Ok(()) };
        let length = u64::try_from(BEGINNING.len()).unwrap_or(0);
        let is_read = file.take(length).read_to_end(&mut beginning).is_ok();
        if is_read && (beginning == BEGINNING || beginning.is_empty()) {
            return Ok(());
        }
        Err(Failure::Refused(format!(
            "{} exists already and holds no refused rows; name another file",
            target.display()
        )))
    }

    /// Begins the file for rows of another.
    pub(super) fn create(target: &Path, rows: &Path, format: Format) -> anyhow::Result<Self> {
        let name = rows.display();
        let rows = File::open(rows).with_context(|| format!("cannot read {name}"))?;
        let mut header = Vec::new();
        let mut reader = BufReader::new(&rows).take(ROW_BYTES_MAX);
        reader.read_until(b'\n', &mut header).with_context(|| format!("cannot read {name}"))?;
        let part = target.with_added_extension("part");
        let out =
            File::create(&part).with_context(|| format!("cannot write {}", target.display()))?;
        let mut out = BufWriter::new(out);
        let delimiter = match format {
            Format::Csv(delimiter) => Some(delimiter),
            Format::Json | Format::JsonLines => None,
        };
        let header = header.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&header).trim_ascii_end();
        let comma = delimiter.unwrap_or(b',');
        let columns = if delimiter.is_some() { header } else { b"row" };
        let head = [b"line", [comma].as_slice(), b"reason", &[comma], columns, b"\n"].concat();
        out.write_all(&head)?;
        Ok(Self { out, part, target: target.to_owned(), rows, delimiter })
    }

    /// Writes a refused row.
    pub(super) fn write(&mut self, refusal: &Value) -> anyhow::Result<()> {
        let number = |key: &str| refusal.get(key).and_then(Value::as_u64).unwrap_or(0);
        let first = number("first_byte");
        let length = number("end_byte").saturating_sub(first).min(ROW_BYTES_MAX);
        let mut row = Vec::new();
        self.rows.seek(SeekFrom::Start(first))?;
        (&self.rows).take(length).read_to_end(&mut row)?;
        let reason = refusal.get("reason").and_then(Value::as_str).unwrap_or_default();
        let comma = [self.delimiter.unwrap_or(b',')];
        // A row with a stray quote stands in one cell, so that it spoils no other row of this file.
        let has_stray = row.split(|byte| *byte == b'"').count() % 2 == 0;
        let row = if self.delimiter.is_none() || has_stray { quoted(&row) } else { row };
        let number = number("row").to_string();
        let reason = quoted(reason.as_bytes());
        let cells = [number.as_bytes(), &comma, &reason, &comma, &row, b"\n"].concat();
        Ok(self.out.write_all(&cells)?)
    }

    /// Puts the file in its place.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        let name = self.target.display().to_string();
        let file = self.out.into_inner().with_context(|| format!("cannot write {name}"))?;
        file.sync_all().with_context(|| format!("cannot write {name}"))?;
        fs::rename(&self.part, &self.target).with_context(|| format!("cannot write {name}"))
    }
}

/// A text as one cell.
fn quoted(text: &[u8]) -> Vec<u8> {
    let mut cell = vec![b'"'];
    for byte in text {
        if *byte == b'"' {
            cell.push(b'"');
        }
        cell.push(*byte);
    }
    cell.push(b'"');
    cell
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn refused_rows_stand_as_they_were_beside_line_and_reason() {
        let folder = tempfile::tempdir().unwrap();
        let (rows, target) = (folder.path().join("rows.csv"), folder.path().join("refused.csv"));
        let text = b"\xef\xbb\xbfNo;Goods\r\n1;tea\r\n2;\xff\r\n3;\"open\r\n";
        fs::write(&rows, text).unwrap();
        let mut file = RefusedFile::create(&target, &rows, Format::Csv(b';')).unwrap();
        for (line, first, end, reason) in
            [(3, 20, 23, "is not UTF-8"), (4, 25, 32, "opens a \"quote\"")]
        {
            let refusal =
                json!({"row": line, "first_byte": first, "end_byte": end, "reason": reason});
            file.write(&refusal).unwrap();
        }
        file.finish().unwrap();
        let wanted = b"line;reason;No;Goods\n3;\"is not UTF-8\";2;\xff\n4;\"opens a \"\"quote\"\"\";\"3;\"\"open\"\n";
        assert_eq!(fs::read(&target).unwrap(), wanted);
        assert!(RefusedFile::may_be_written(&target).is_ok());
        assert!(RefusedFile::may_be_written(&rows).is_err());
        assert!(RefusedFile::may_be_written(&folder.path().join("new")).is_ok());
    }
}
