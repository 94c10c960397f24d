//! What each extractor takes from a request, and what it refuses.

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use schemars::JsonSchema;
use serde_json::json;

use crate::domain::handling::Purpose;
use crate::node::http::document::{Document, Id, Params};
use crate::node::http::download::Range;
use crate::node::http::log::LogReader;
use crate::node::http::officer::Officer;
use crate::node::http::openapi::operation::{Operation, Place};
use crate::node::http::openapi::schemas::Schemas;
use crate::node::http::problem::Kind;
use crate::node::http::seen::{SeenFirst, SeenHead};

/// Something that a handler takes.
pub(crate) trait Takes {
    /// Tells what it is.
    fn taken(operation: &mut Operation, schemas: &mut Schemas);
}

/// What an officer's request may meet whatever it asks: reading leaves a mark in the audit trail, too.
const OFFICER: [Kind; 5] =
    [Kind::Invalid, Kind::NotPermitted, Kind::NotSignedIn, Kind::StorageFull, Kind::TooMany];

impl Takes for Officer {
    fn taken(operation: &mut Operation, _: &mut Schemas) {
        operation.sign_in(true);
        operation.faults(&OFFICER);
        let purposes: Vec<&str> = Purpose::ALL.into_iter().map(Purpose::name).collect();
        let schema = json!({
            "type": "string", "enum": purposes,
            "description": "What the work is for; whoever reads or changes a case must say it.",
        });
        operation.parameter(Place::Header, "Sealane-Purpose", &schema, false);
    }
}

impl Takes for LogReader {
    fn taken(operation: &mut Operation, schemas: &mut Schemas) {
        Officer::taken(operation, schemas);
        operation.sign_in(false);
    }
}

impl<S> Takes for State<S> {
    fn taken(_: &mut Operation, _: &mut Schemas) {}
}

impl Takes for HeaderMap {
    fn taken(_: &mut Operation, _: &mut Schemas) {}
}

impl Takes for Id {
    fn taken(operation: &mut Operation, _: &mut Schemas) {
        let schema = json!({ "type": "string", "format": "uuid" });
        operation.parameter(Place::Path, "id", &schema, true);
        operation.faults(&[Kind::Erased, Kind::Malformed, Kind::NotFound]);
    }
}

impl<T> Takes for Path<T> {
    fn taken(operation: &mut Operation, _: &mut Schemas) {
        operation.faults(&[Kind::Malformed, Kind::NotFound]);
    }
}

impl<T: JsonSchema> Takes for Params<T> {
    fn taken(operation: &mut Operation, schemas: &mut Schemas) {
        for (name, schema, is_required) in schemas.parameters::<T>() {
            operation.parameter(Place::Query, &name, &schema, is_required);
        }
        operation.faults(&[Kind::Malformed]);
    }
}

impl<T: JsonSchema> Takes for Document<T> {
    fn taken(operation: &mut Operation, schemas: &mut Schemas) {
        let schema = schemas.taken::<T>();
        operation.body("application/json", &schema);
        operation.faults(&[
            Kind::Invalid,
            Kind::Malformed,
            Kind::TooLarge,
            Kind::UnsupportedMediaType,
        ]);
    }
}

impl Takes for SeenHead {
    fn taken(operation: &mut Operation, _: &mut Schemas) {
        let schema = json!({
            "type": "string", "pattern": "^\"[0-9a-f]{64}(-[0-9a-f]*)?\"$",
            "description": "The ETag of what was read, or its head in quotes: the change is refused as `stale` if \
                            somebody changed it since.",
        });
        operation.parameter(Place::Header, "If-Match", &schema, false);
        operation.faults(&[Kind::Malformed, Kind::Stale]);
    }
}

impl Takes for SeenFirst {
    fn taken(operation: &mut Operation, schemas: &mut Schemas) {
        SeenHead::taken(operation, schemas);
        operation.require(Place::Header, "If-Match");
        operation.faults(&[Kind::SeenNothing]);
    }
}

impl Takes for Range {
    fn taken(operation: &mut Operation, _: &mut Schemas) {
        let schema = json!({
            "type": "string",
            "description": "`bytes=FIRST-` or `bytes=FIRST-LAST`; other forms are answered in whole.",
        });
        operation.parameter(Place::Header, "Range", &schema, false);
        operation.faults(&[Kind::NoSuchRange]);
    }
}

/// A file.
impl Takes for Body {
    fn taken(operation: &mut Operation, _: &mut Schemas) {
        operation.body("application/octet-stream", &json!(true));
        operation.faults(&[Kind::TooLarge]);
    }
}

/// A text of another protocol.
impl Takes for Bytes {
    fn taken(operation: &mut Operation, _: &mut Schemas) {
        operation.body("text/plain", &json!({ "type": "string" }));
        operation.faults(&[Kind::Malformed, Kind::TooLarge]);
    }
}
