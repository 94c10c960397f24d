//! What a running node is handed beside records: files of rows and their mappings, backups, certificates of whoever dials.

use std::io::Cursor;
use std::path::Path;

use sealane::domain::time::Timestamp;
use sealane::node::casework::{About, Kept, Line, check_file, read_rows};
use sealane::node::mappings::{Format, Kind, Mapping, SHIPPED};
use sealane::node::peer::identity;
use sealane::node::upkeep::restore;

/// A file of rows: read to its end or refused, row after row, twice alike, and alike when it is gone on with.
fn rows(input: &[u8], mapping: &Mapping) {
    let read = |skip| {
        let mut lines = Vec::new();
        let whole = read_rows(input, mapping, &About::default(), skip, |line| {
            lines.push(line);
            true
        });
        (lines, whole.is_ok())
    };
    let (lines, is_whole) = read(0);
    if check_file(input, mapping).is_err() {
        assert!(lines.is_empty() && !is_whole, "no row is taken from a file without its columns");
    }
    let mut last = 0;
    for line in &lines {
        let span = match line {
            Line::Row(row) => {
                assert!(!row.id().is_empty() && row.id().len() <= 64);
                if let Kept::Declaration(declaration) = &row.kept {
                    assert_eq!(declaration.hs6.len(), 6, "a commodity code has six digits");
                }
                row.span
            }
            Line::Refused(span, why) => {
                assert!(!why.is_empty());
                *span
            }
        };
        assert!(span.first >= last && span.end >= span.first, "rows come in their order");
        assert!(span.end <= u64::try_from(input.len()).unwrap_or(u64::MAX));
        last = span.end;
    }
    assert_eq!(format!("{:?}", read(0).0), format!("{lines:?}"));
    let rest = lines.get(1..).unwrap_or_default();
    assert_eq!(format!("{:?}", read(1).0), format!("{rest:?}"));
}

/// A file of declarations.
pub(crate) fn declarations(input: &[u8]) {
    rows(input, &shipped(Kind::Declaration.default_mapping()));
}

/// A file of rows in JSON, one array or an object a line.
pub(crate) fn json_rows(input: &[u8]) {
    let lines = shipped(SHIPPED[1].1);
    rows(input, &lines);
    rows(input, &Mapping { format: Format::Json, ..lines });
}

/// A mapping: what is accepted names each field once, and says where it stands.
pub(crate) fn mapping(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    match Mapping::parse(text) {
        Ok(mapping) => {
            let mut names: Vec<_> = mapping.rules.iter().map(|rule| rule.field.name).collect();
            names.dedup();
            assert_eq!(names.len(), mapping.rules.len(), "each field once");
            assert!(names.contains(&"number"));
        }
        Err(error) => {
            assert!(error.line >= 1 && error.line <= text.lines().count().max(1) + 1);
            assert!(!error.reason.is_empty());
        }
    }
}

fn shipped(text: &str) -> Mapping {
    Mapping::parse(text).expect("a mapping that ships is sound")
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
