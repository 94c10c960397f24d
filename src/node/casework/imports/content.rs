//! An imported row as the content of a case, with the file, row and time that it came from.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::domain::amount::Money;
use crate::domain::identifier::{Identifier, Scheme};
use crate::node::casework::cases::content::{Content, merged, parse};
use crate::node::casework::cases::number_path;
use crate::node::casework::views::time_text;
use crate::node::casework::{Desk, Error};
use crate::node::mappings::Kind;
use crate::node::store::StoreError;
use crate::node::store::declarations::Declaration;
use crate::node::store::imported_rows::{self, ImportedIdentifier, ImportedRow};
use crate::node::store::imports::{self, Import};
use crate::record::Value;

/// The content that a row becomes, by path.
type Fields = BTreeMap<String, Json>;

impl Desk {
    /// What an imported row says as the content of a case.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of that kind and number.
    pub(crate) async fn imported_content(&self, kind: Kind, id: &str) -> Result<Content, Error> {
        let mut fields = match kind {
            Kind::Declaration => {
                let declaration = self.declaration_row(id).await?;
                let origin = self.origin(kind, id, &declaration.import).await?;
                let mut fields = of_declaration(&declaration);
                let place = (declaration.line, declaration.imported_at);
                come_from(&mut fields, kind, &origin, &declaration.source, place);
                identify(&mut fields, &origin.1);
                fields
            }
            Kind::Manifest | Kind::Seizure => {
                let row = self.imported_row(kind, id).await?;
                let origin = self.origin(kind, id, &row.import).await?;
                let mut fields = of_row(kind, &row)?;
                come_from(&mut fields, kind, &origin, &row.source, (row.line, row.imported_at));
                identify(&mut fields, &origin.1);
                fields
            }
        };
        fields.retain(|_, value| value.as_str() != Some(""));
        // Written beside what an officer may write.
        fields.remove(&number_path(kind));
        let mut content = merged(&Content::new(), &parse(&fields)?);
        content.insert(number_path(kind), Value::text(id));
        Ok(content)
    }

    /// The row of a manifest or seizure.
    pub(crate) async fn imported_row(&self, kind: Kind, id: &str) -> Result<ImportedRow, Error> {
        let id = id.to_owned();
        self.store
            .read("imported_row", move |tx| {
                Box::pin(async move { imported_rows::get(tx, kind.name(), &id).await })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?
            .ok_or(Error::NotFound("imported row"))
    }

    /// The import that brought a row, and the identifiers in it.
    async fn origin(
        &self,
        kind: Kind,
        id: &str,
        import: &str,
    ) -> Result<(Option<Import>, Vec<ImportedIdentifier>), Error> {
        let (id, import) = (id.to_owned(), import.to_owned());
        self.store
            .read("imported_origin", move |tx| {
                Box::pin(async move {
                    let found = imported_rows::identifiers(tx, kind.name(), &id).await?;
                    Ok((imports::get(tx, &import).await?, found))
                })
            })
            .await
            .map_err(|error: StoreError| error.into())
    }
}

/// Where a row came from: the file with its digest, the line, and when.
fn come_from(
    fields: &mut Fields,
    kind: Kind,
    origin: &(Option<Import>, Vec<ImportedIdentifier>),
    source: &str,
    (line, at): (i64, i64),
) {
    let mut set = |name: &str, value: String| {
        fields.insert(format!("facts/{kind}/{name}"), value.into());
    };
    set("source", source.to_owned());
    set("row", line.to_string());
    set("imported_at", time_text(at));
    if let Some(import) = &origin.0 {
        set("file_sha256", hex::encode(import.sha256));
    }
}

/// The identifiers of a row stand with its consignment.
fn identify(fields: &mut Fields, identifiers: &[ImportedIdentifier]) {
    for (number, identifier) in identifiers.iter().enumerate() {
        let place = format!("consignments/0/identifiers/{number}");
        fields.insert(format!("{place}/scheme"), identifier.scheme.as_str().into());
        fields.insert(format!("{place}/value"), identifier.observed.as_str().into());
    }
}

fn of_declaration(declaration: &Declaration) -> Fields {
    let score = declaration.score.to_string();
    let description = format!("goods declared under HS {}", declaration.hs6);
    let mut fields = set([
        ("goods/0/description", description.as_str()),
        ("goods/0/hs", &declaration.hs6),
        ("goods/0/hs_edition", edition_of(&declaration.date)),
        ("goods/0/origin", &declaration.origin),
        ("goods/0/quantity", &declaration.net_mass),
        ("goods/0/unit", "KGM"),
        ("consignments/0/declaration", &declaration.id),
        ("consignments/0/departure", &declaration.departure),
        ("facts/declaration/date", &declaration.date),
        ("facts/declaration/item_price", &declaration.item_price),
        ("facts/declaration/score", &score),
        ("facts/declaration/reasons", &declaration.reasons),
    ]);
    if Money::parse(&declaration.item_price, &declaration.currency).is_ok() {
        fields.extend(set([
            ("goods/0/value", declaration.item_price.as_str()),
            ("goods/0/currency", &declaration.currency),
        ]));
    }
    subject(&mut fields, 0, &declaration.importer, "organisation");
    fields
}

/// The values of a manifest's line or a seizure; those without a place of their own stand among the facts.
fn of_row(kind: Kind, row: &ImportedRow) -> Result<Fields, Error> {
    let values: BTreeMap<String, String> =
        serde_json::from_str(&row.fields).map_err(Error::internal)?;
    let text = |name: &str| values.get(name).map_or("", String::as_str);
    let mut fields = match kind {
        Kind::Seizure => seized(&text),
        Kind::Manifest | Kind::Declaration => carried(&text),
    };
    if !text("hs").is_empty() {
        fields.extend(set([
            ("goods/0/hs", text("hs")),
            ("goods/0/hs_edition", edition_of(text("date"))),
        ]));
    }
    let number = set([("number", row.id.as_str()), ("date", text("date"))]);
    fields.extend(number.into_iter().map(|(name, value)| (format!("facts/{kind}/{name}"), value)));
    Ok(fields)
}

fn carried<'a>(text: &impl Fn(&str) -> &'a str) -> Fields {
    let description = text("description");
    let mut fields = set([
        (
            "goods/0/description",
            if description.is_empty() { "goods on a manifest" } else { description },
        ),
        ("goods/0/origin", text("origin")),
        ("consignments/0/departure", text("departure")),
        ("consignments/0/destination", text("destination")),
        ("consignments/0/mode", text("mode")),
        ("consignments/0/ship_name", text("vessel")),
        ("consignments/0/carrier", text("carrier")),
        ("consignments/0/packages", text("packages")),
        ("consignments/0/gross_mass", text("gross_mass")),
    ]);
    let parties = ["consignee", "shipper", "notify"].into_iter().map(text);
    let parties = parties.filter(|name| !name.is_empty()).enumerate();
    for (number, name) in parties {
        subject(&mut fields, number, name, "organisation");
    }
    fields
}

fn seized<'a>(text: &impl Fn(&str) -> &'a str) -> Fields {
    let mut fields = set([
        ("goods/0/description", text("description")),
        ("goods/0/origin", text("origin")),
        ("seizures/0/description", text("description")),
        ("seizures/0/at", text("date")),
        ("seizures/0/legal_power", text("legal_power")),
        ("seizures/0/place", text("place")),
        ("seizures/0/office", text("office")),
        ("consignments/0/departure", text("departure")),
        ("consignments/0/destination", text("destination")),
        ("consignments/0/mode", text("mode")),
        ("facts/seizure/offence", text("offence")),
    ]);
    // A number without its unit or currency says nothing in a goods line; it stays a fact.
    if text("quantity").is_empty() || text("unit").is_empty() {
        fields.extend(set([("facts/seizure/quantity", text("quantity"))]));
    } else {
        fields.extend(set([
            ("goods/0/quantity", text("quantity")),
            ("goods/0/unit", text("unit")),
            ("seizures/0/quantity", text("quantity")),
            ("seizures/0/unit", text("unit")),
        ]));
    }
    if Money::parse(text("value"), text("currency")).is_ok() {
        fields.extend(set([
            ("goods/0/value", text("value")),
            ("goods/0/currency", text("currency")),
        ]));
    } else {
        fields.extend(set([("facts/seizure/value", text("value"))]));
    }
    let kind = text("person_kind");
    subject(&mut fields, 0, text("person"), if kind.is_empty() { "person" } else { kind });
    fields
}

/// A party of the row. What it did is not said by the row.
fn subject(fields: &mut Fields, number: usize, name: &str, kind: &str) {
    if name.is_empty() {
        return;
    }
    let mut put = |leaf: &str, text: &str| {
        fields.insert(format!("subjects/{number}/{leaf}"), text.into());
    };
    put("name", name);
    put("kind", kind);
    put("role", "other");
    put("basis", "fact");
    // Importers and the like are often known by their numbers alone; a name is no identifier.
    let seen = Identifier::recognise(name).ok();
    if let Some(seen) = seen.filter(|_| !name.contains(' ') && name.len() <= 64) {
        let scheme = if kind == "person" { Scheme::Other } else { seen.scheme };
        put("identifiers/0/scheme", scheme.name());
        put("identifiers/0/value", name);
    }
}

fn set<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Fields {
    fields.into_iter().map(|(path, text)| (path.to_owned(), text.into())).collect()
}

/// The edition of the Harmonized System in force on a date that begins with its year.
fn edition_of(date: &str) -> &'static str {
    match date.get(..4).and_then(|year| year.parse::<u16>().ok()) {
        Some(..2002) => "1996",
        Some(2002..2007) => "2002",
        Some(2007..2012) => "2007",
        Some(2012..2017) => "2012",
        Some(2017..2022) => "2017",
        Some(2028..) => "2028",
        Some(2022..2028) | None => "2022",
    }
}
