//! The document: every operation of the router's table, the schemas they name and the forms of refusal.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use crate::node::http::openapi::operation::Operation;
use crate::node::http::openapi::schemas::Schemas;
use crate::node::http::problem::{Kind, MEDIA_TYPE};
use crate::node::http::router::ROUTES;

/// The whole document; the same for every node of this version.
#[must_use]
pub fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(write);
    &DOCUMENT
}

fn write() -> Value {
    let mut schemas = Schemas::new();
    let mut paths: Map<String, Value> = Map::new();
    for route in ROUTES {
        let operation = Operation::of(route, &mut schemas);
        // A parameter that holds slashes has the same name without the star.
        let path = paths.entry(route.path.replace("{*", "{")).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(route.method.to_owned(), operation);
        }
    }
    let mut schemas = schemas.all();
    schemas.insert("Problem".to_owned(), problem());
    let refusals: Map<String, Value> =
        Kind::ALL.into_iter().map(|kind| (kind.slug().to_owned(), refusal(kind))).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Sealane node",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Cases, evidence, mutual assistance and the witnessed log of one customs authority. \
                            Whatever is refused is told as problem details (RFC 9457).",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": refusals,
            "securitySchemes": {
                "token": {
                    "type": "http", "scheme": "bearer",
                    "description": "A token of an officer; `sealane token new` makes one.",
                },
            },
        },
    })
}

/// What every refusal has (RFC 9457 3.1).
fn problem() -> Value {
    json!({
        "type": "object",
        "description": "Why a request was refused, or failed.",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": { "type": "string", "format": "uri", "description": "Tells the kinds of refusal apart." },
            "title": { "type": "string", "description": "The kind in words." },
            "status": { "type": "integer", "description": "The HTTP status again." },
            "detail": { "type": "string", "description": "What is wrong here, and what to do." },
        },
    })
}

/// The refusal of one kind: its status, its type, and what comes with it.
fn refusal(kind: Kind) -> Value {
    let mut members = json!({
        "type": { "const": kind.urn() },
        "status": { "const": kind.status().as_u16() },
    });
    let mut required = Vec::new();
    if let Some((name, schema)) = member(kind) {
        members[name] = schema;
        required.push(name);
    }
    let schema = json!({
        "allOf": [{ "$ref": "#/components/schemas/Problem" }],
        "required": required,
        "properties": members,
    });
    let mut refusal =
        json!({ "description": kind.title(), "content": { MEDIA_TYPE: { "schema": schema } } });
    if let Some((name, text)) = header(kind) {
        let header =
            json!({ "description": text, "required": true, "schema": { "type": "string" } });
        refusal["headers"] = json!({ name: header });
    }
    refusal
}

/// The member that a kind has beside those of every problem.
fn member(kind: Kind) -> Option<(&'static str, Value)> {
    match kind {
        Kind::Internal => Some((
            "incident",
            json!({ "type": "string", "description": "The cause stands in the node's log under it." }),
        )),
        Kind::Invalid => Some((
            "findings",
            json!({ "type": "array", "items": {
                "type": "object",
                "required": ["path", "severity", "message"],
                "properties": {
                    "path": { "type": "string", "description": "The field; empty for the whole." },
                    "severity": { "enum": ["error", "info", "warning"] },
                    "message": { "type": "string" },
                },
            }}),
        )),
        _ => None,
    }
}

const fn header(kind: Kind) -> Option<(&'static str, &'static str)> {
    match kind {
        Kind::NotSignedIn => Some(("WWW-Authenticate", "`Bearer`.")),
        Kind::TooMany | Kind::Unavailable => {
            Some(("Retry-After", "After how many seconds to ask again."))
        }
        _ => None,
    }
}
