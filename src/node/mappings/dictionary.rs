//! The closed list of fields that rows of each kind may have, and what their texts must be; reads no file.

use crate::domain::identifier::Scheme;
use crate::node::mappings::Kind;

/// What the text of a field must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Any text.
    Text,
    /// A number of zero or more.
    Number,
    /// A day.
    Date,
    /// A tariff code of six digits or more (Harmonized System).
    Tariff,
    /// A country (ISO 3166-1).
    Country,
    /// A place (UN/LOCODE) or, in two letters, a country.
    Port,
    /// An identifier, under which the row is found.
    Identifier(Scheme),
}

/// A field of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in a mapping.
    pub name: &'static str,
    /// What its text must be.
    pub form: Form,
    /// Whether a mapping must say where it stands.
    pub is_needed: bool,
}

const fn needed(name: &'static str, form: Form) -> Field {
    Field { name, form, is_needed: true }
}

const fn field(name: &'static str, form: Form) -> Field {
    Field { name, form, is_needed: false }
}

const DECLARATION: &[Field] = &[
    needed("number", Form::Text),
    needed("hs", Form::Tariff),
    needed("origin", Form::Country),
    needed("departure", Form::Country),
    needed("net_mass", Form::Number),
    needed("item_price", Form::Number),
    field("currency", Form::Text),
    field("date", Form::Date),
    field("importer", Form::Text),
    field("seller", Form::Text),
    field("tax_rate", Form::Number),
];

const MANIFEST: &[Field] = &[
    needed("number", Form::Text),
    field("carrier", Form::Text),
    field("consignee", Form::Text),
    field("date", Form::Date),
    field("departure", Form::Port),
    field("description", Form::Text),
    field("destination", Form::Port),
    field("gross_mass", Form::Number),
    field("hs", Form::Tariff),
    field("mode", Form::Text),
    field("notify", Form::Text),
    field("origin", Form::Country),
    field("packages", Form::Number),
    field("shipper", Form::Text),
    field("vessel", Form::Text),
];

const SEIZURE: &[Field] = &[
    needed("number", Form::Text),
    needed("description", Form::Text),
    field("currency", Form::Text),
    field("date", Form::Date),
    field("departure", Form::Port),
    field("destination", Form::Port),
    field("hs", Form::Tariff),
    field("legal_power", Form::Text),
    field("mode", Form::Text),
    field("offence", Form::Text),
    field("office", Form::Text),
    field("origin", Form::Country),
    field("person", Form::Text),
    field("person_kind", Form::Text),
    field("place", Form::Text),
    field("quantity", Form::Number),
    field("unit", Form::Text),
    field("value", Form::Number),
];

/// The fields that rows of a kind may have: its own, then one for each scheme of identifiers.
pub fn fields_of(kind: Kind) -> impl Iterator<Item = Field> {
    let own = match kind {
        Kind::Declaration => DECLARATION,
        Kind::Manifest => MANIFEST,
        Kind::Seizure => SEIZURE,
    };
    let schemes = Scheme::ALL.into_iter().filter(|scheme| !is_of_goods(*scheme));
    own.iter().copied().chain(schemes.map(|scheme| field(scheme.name(), Form::Identifier(scheme))))
}

/// What has a field of its own.
const fn is_of_goods(scheme: Scheme) -> bool {
    matches!(scheme, Scheme::Hs | Scheme::Country | Scheme::Currency)
}

/// The scheme that a column is named after, such as `Bill of Lading`; none for what has a field of its own.
pub(crate) fn scheme_of_column(name: &str) -> Option<Scheme> {
    let scheme: Scheme = name.trim().to_lowercase().replace([' ', '-'], "_").parse().ok()?;
    (!is_of_goods(scheme) && scheme != Scheme::Declaration).then_some(scheme)
}
