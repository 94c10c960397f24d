//! The imported row on which a case was opened, as its content names it; reads no row.

use crate::node::casework::cases::content::{Content, text};
use crate::node::mappings::Kind;
use crate::node::store::case_origins::CaseOrigin;

/// Where the number of the row stands. It is written when the case is opened and by nobody afterwards, so that an erasure
/// of the case finds the row.
pub(crate) fn number_path(kind: Kind) -> String {
    format!("facts/{kind}/number")
}

/// Whether a path is one of these.
pub(crate) fn is_number_path(path: &str) -> bool {
    Kind::ALL.into_iter().any(|kind| path == number_path(kind))
}

/// The rows on which a case was opened.
pub(crate) fn origins(case_id: &str, content: &Content) -> Vec<CaseOrigin> {
    let origin = |kind: Kind| {
        Some(CaseOrigin {
            case_id: case_id.to_owned(),
            kind: kind.name().to_owned(),
            row_id: text(content, &number_path(kind))?.to_owned(),
        })
    };
    Kind::ALL.into_iter().filter_map(origin).collect()
}
