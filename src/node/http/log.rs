//! The published files of the own log (c2sp.org/tlog-tiles), read from disk as they are; derives and signs nothing.

use std::io;

use axum::body::Body;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio::fs::File;
use tokio_util::io::ReaderStream;

use crate::node::http::officer::Officer;
use crate::node::http::openapi::{Answers, Operation, Schemas};
use crate::node::http::problem::{Kind, Problem};
use crate::node::http::state::ApiState;
use crate::node::http::witness::TEXT;
use crate::policy::Action;
use crate::transparency::tile::LogPath;

/// The media type of tiles.
const TILE: &str = "application/octet-stream";

/// Somebody who may read the log: anybody if the configuration says so, else an officer whose role allows it.
pub(crate) struct LogReader;

impl FromRequestParts<ApiState> for LogReader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        if !state.public_log {
            let officer = Officer::from_request_parts(parts, state).await?;
            officer.may(Action::LogRead).await?;
        }
        Ok(Self)
    }
}

/// A checkpoint or a tile.
pub(crate) struct LogFile(Response);

impl IntoResponse for LogFile {
    fn into_response(self) -> Response {
        self.0
    }
}

impl Answers for LogFile {
    fn answered(operation: &mut Operation, _: &mut Schemas) {
        operation.answer(200, "The file.", Some(("text/plain", json!({ "type": "string" }))));
        operation.answer(200, "", Some((TILE, json!(true))));
    }
}

/// `GET /log/{year}/{*path}`
pub(crate) async fn file(
    _: LogReader,
    State(state): State<ApiState>,
    Path((year, path)): Path<(String, String)>,
) -> Result<LogFile, Problem> {
    let Some(kind) = Published::of(&year, &path) else { return Err(unknown()) };
    let file = match File::open(state.log_folder.join(&year).join(&path)).await {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(unknown()),
        Err(error) => return Err(Problem::internal(&error)),
    };
    let length = file.metadata().await.map_err(|error| Problem::internal(&error))?.len();
    let caching = match (kind, state.public_log) {
        (Published::Checkpoint, _) => "no-cache",
        (Published::Tile, true) => "public, max-age=31536000, immutable",
        (Published::Tile, false) => "private, max-age=31536000, immutable",
    };
    let media_type = match kind {
        Published::Checkpoint => TEXT,
        Published::Tile => TILE,
    };
    let headers = [
        (header::CACHE_CONTROL, caching.to_owned()),
        (header::CONTENT_LENGTH, length.to_string()),
        (header::CONTENT_TYPE, media_type.to_owned()),
    ];
    Ok(LogFile((headers, Body::from_stream(ReaderStream::new(file))).into_response()))
}

fn unknown() -> Problem {
    Problem::new(
        Kind::NotFound,
        "The log has no such file; a partial tile goes when its full one comes.",
    )
}

/// What a path below `/log/` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Published {
    Checkpoint,
    /// A tile of hashes or a bundle of entries; its bytes never change.
    Tile,
}

impl Published {
    /// Only names that a log can have: no request reaches another file, whatever its path is made of.
    fn of(year: &str, path: &str) -> Option<Self> {
        let is_year = year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit());
        match (is_year, path) {
            (false, _) => None,
            (true, "checkpoint") => Some(Self::Checkpoint),
            (true, path) => path.parse::<LogPath>().ok().map(|_| Self::Tile),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_a_log_can_have_reach_the_disk() {
        assert_eq!(Published::of("2026", "checkpoint"), Some(Published::Checkpoint));
        for sound in
            ["tile/0/000", "tile/5/x001/234", "tile/entries/x001/x234/067", "tile/1/000.p/255"]
        {
            assert_eq!(Published::of("2026", sound), Some(Published::Tile), "{sound}");
        }
        for bad in [
            "",
            "tile",
            "tile/00/000",
            "tile/0/00",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/../checkpoint",
            "../2025/checkpoint",
            "tile/entries/000.new",
            "checkpoint.new",
            "/checkpoint",
        ] {
            assert_eq!(Published::of("2026", bad), None, "{bad}");
        }
        for year in ["..", "202", "20266", "abcd", ""] {
            assert_eq!(Published::of(year, "checkpoint"), None, "{year}");
        }
    }
}
