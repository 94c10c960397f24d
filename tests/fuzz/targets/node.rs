//! What a running node is handed beside records: files of declarations, backups, certificates of whoever dials.

use std::io::Cursor;
use std::path::Path;

use sealane::domain::time::Timestamp;
use sealane::node::casework::{Line, check_header, read_rows};
use sealane::node::peer::identity;
use sealane::node::upkeep::restore;

/// A file of declarations: read to its end or refused, line after line, and twice alike.
pub(crate) fn declarations(input: &[u8]) {
    let read = || {
        let mut lines = Vec::new();
        let whole = read_rows(input, "fuzz.csv", 0, |line| {
            lines.push(line);
            true
        });
        (lines, whole.is_ok())
    };
    let (lines, is_whole) = read();
    if check_header(input).is_err() {
        assert!(lines.is_empty() && !is_whole, "no row is taken from a file without its columns");
    }
    let mut last = 1;
    for line in &lines {
        let number = match line {
            Line::Row(row) => {
                assert!(!row.declaration.id.is_empty() && row.declaration.id.len() <= 64);
                assert_eq!(row.declaration.hs6.len(), 6, "a commodity code has six digits");
                row.line
            }
            Line::Refused(number, why) => {
                assert!(!why.is_empty());
                *number
            }
        };
        assert!(number >= last, "rows come in their order");
        last = number;
    }
    let (again, _) = read();
    assert_eq!(format!("{again:?}"), format!("{lines:?}"));
}

/// A backup that is restored: what its manifest does not name or does not fit is refused before anything is written.
pub(crate) fn restore_archive(input: &[u8]) {
    let Ok(manifest) = restore::check(Cursor::new(input), Path::new("fuzz.backup")) else { return };
    for file in &manifest.files {
        let is_inside = file.path == "sealane.toml" || file.path.starts_with("data/");
        assert!(is_inside && !file.path.contains(".."), "{}", file.path);
    }
}

/// The leaf certificate of whoever dials: it speaks for one authority or for none.
pub(crate) fn certificate_leaf(input: &[u8]) {
    let Ok(identity) = identity::read(input) else { return };
    let name = identity.authority.as_str();
    assert_eq!(name.parse().as_ref(), Ok(&identity.authority));
    for at in [identity.not_before, identity.not_after] {
        let is_valid = identity.not_before.as_secs() <= identity.not_after.as_secs();
        assert_eq!(identity::identify(input, at).is_ok(), is_valid);
    }
    if let Some(after) = identity.not_after.as_secs().checked_add(1) {
        assert!(identity::identify(input, Timestamp::from_secs(after)).is_err());
    }
}
