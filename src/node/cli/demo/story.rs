//! What the officers of the demo write: fields of the case, the request, the answers. All of it is invented.

use serde_json::{Map, Value, json};

use crate::node::cli::demo::data::paper;
use crate::node::cli::output::word;

/// The title of the case.
pub(super) const TITLE: &str = "Goods of another kind and weight than declared";

/// The fields of the case that is opened on a declaration.
pub(super) fn case_fields(declaration: &Value) -> Value {
    let mut fields = Map::new();
    let mut set = |path: &str, value: Value| {
        if !value.is_null() && value != "-" && value != "" {
            fields.insert(path.to_owned(), value);
        }
    };
    let id = word(declaration.get("id"));
    set("goods/0/description", json!("as declared; see the image of the container"));
    set("goods/0/hs", json!(word(declaration.get("hs6"))));
    set("goods/0/hs_edition", json!("2022"));
    set("goods/0/origin", json!(word(declaration.get("origin"))));
    set("goods/0/quantity", json!(word(declaration.get("net_mass"))));
    set("goods/0/unit", json!("KGM"));
    set("goods/0/value", json!(word(declaration.get("item_price"))));
    set("goods/0/currency", json!("KRW"));
    set("facts/declaration", json!(id));
    set("facts/suspicion", json!("the price for each kilogram is far from that of like goods"));
    set("subjects/0/name", json!("Example Trading Company"));
    set("subjects/0/kind", json!("organisation"));
    set("subjects/0/role", json!("suspect"));
    let papers = paper(&id).unwrap_or_else(|| {
        // A declaration from a file of your own has no papers here; the container is then one that was seen.
        vec![("container".to_owned(), "CSQU3054383".to_owned())]
    });
    let schemes = [
        ("container", "container"),
        ("bill_of_lading", "bill_of_lading"),
        ("vessel_imo", "imo"),
        ("mrn", "mrn"),
        ("port_of_loading", "unlocode"),
    ];
    let mut number = 0;
    for (column, scheme) in schemes {
        if let Some((_, value)) = papers.iter().find(|(name, _)| name == column) {
            set(&format!("identifiers/{number}/scheme"), json!(scheme));
            set(&format!("identifiers/{number}/value"), json!(value));
            number += 1;
        }
    }
    Value::Object(fields)
}

/// What XA asks of XB.
pub(super) fn request_fields() -> Value {
    json!({
        "kinds": ["K05"],
        "purposes": ["customs_enforcement"],
        "contact": "contact point of XA",
        "object_reason": "find out who loaded the container and what was paid",
        "legal_provisions": ["Customs Act of XA, section 12"],
        "persons_unknown": true,
        "facts": "The image of the container shows boxes; the declaration says tiles.",
        "language": "en",
        "marking": "H1 TLP:AMBER"
    })
}
