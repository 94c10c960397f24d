//! JSON Schemas of what the API takes and answers, each type once by its name; OpenAPI 3.1 takes them as they are.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value};

/// Where the document keeps schemas.
const PLACE: &str = "/components/schemas";

/// The schemas met so far. One type may be taken otherwise than it is answered: what has a default may be left out.
pub(crate) struct Schemas {
    taken: SchemaGenerator,
    answered: SchemaGenerator,
}

impl Schemas {
    /// None yet.
    pub(crate) fn new() -> Self {
        let settings =
            || SchemaSettings::draft2020_12().with(|all| all.definitions_path = PLACE.into());
        Self {
            taken: settings().for_deserialize().into_generator(),
            answered: settings().for_serialize().into_generator(),
        }
    }

    /// The schema of a body.
    pub(crate) fn taken<T: JsonSchema>(&mut self) -> Value {
        self.taken.subschema_for::<T>().to_value()
    }

    /// The schema of an answer.
    pub(crate) fn answered<T: JsonSchema>(&mut self) -> Value {
        self.answered.subschema_for::<T>().to_value()
    }

    /// The parameters of a query: name, schema, whether it must be there.
    pub(crate) fn parameters<T: JsonSchema>(&mut self) -> Vec<(String, Value, bool)> {
        let whole = T::json_schema(&mut self.taken).to_value();
        let required = whole.get("required").and_then(Value::as_array);
        let is_required =
            |name: &str| required.is_some_and(|all| all.iter().any(|one| one == name));
        let fields = whole.get("properties").and_then(Value::as_object).into_iter().flatten();
        fields.map(|(name, schema)| (name.clone(), spoken(schema), is_required(name))).collect()
    }

    /// Every schema by its name.
    pub(crate) fn all(mut self) -> Map<String, Value> {
        let mut all = self.taken.take_definitions(true);
        all.extend(self.answered.take_definitions(true));
        all
    }
}

/// A query has no word for null: a parameter is left out instead.
fn spoken(schema: &Value) -> Value {
    let mut schema = schema.clone();
    let Some(members) = schema.as_object_mut() else { return schema };
    if members.get("default").is_some_and(Value::is_null) {
        members.remove("default");
    }
    let types = members.get("type").and_then(Value::as_array);
    let types =
        types.map(|types| types.iter().filter(|name| *name != "null").cloned().collect::<Vec<_>>());
    if let Some([only]) = types.as_deref() {
        members.insert("type".to_owned(), only.clone());
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Query {
        /// At most this many.
        limit: Option<u32>,
        source: String,
    }

    #[test]
    fn a_parameter_is_left_out_and_never_null() {
        let parameters = Schemas::new().parameters::<Query>();
        let (name, schema, is_required) = &parameters[0];
        assert_eq!((name.as_str(), *is_required), ("limit", false));
        assert_eq!(schema["type"], "integer");
        assert_eq!(schema["description"], "At most this many.");
        assert_eq!(schema.get("default"), None);
        assert_eq!(parameters[1], ("source".to_owned(), json!({ "type": "string" }), true));
    }
}
