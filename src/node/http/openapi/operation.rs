//! One operation as its handler's type tells it: parameters, body, answers, refusals.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::node::http::openapi::answers::Answers;
use crate::node::http::openapi::schemas::Schemas;
use crate::node::http::openapi::takes::Takes;
use crate::node::http::problem::{Kind, Problem};
use crate::node::http::repeat::{IDEMPOTENCY_KEY, KEY_BYTES_MAX};

/// A line of the router's table.
pub(crate) struct Route {
    /// In small letters.
    pub(crate) method: &'static str,
    /// With its parameters in braces.
    pub(crate) path: &'static str,
    /// `ordinary` or `streaming`.
    pub(crate) kind: &'static str,
    /// The handler's module and name.
    pub(crate) handler: &'static str,
    /// What it is for, in one sentence.
    pub(crate) summary: &'static str,
    /// Refusals that neither what it takes nor its method tells.
    pub(crate) faults: &'static [Kind],
    /// Tells what the handler takes and answers.
    pub(crate) describe: fn(&mut Operation, &mut Schemas),
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Header,
    Path,
    Query,
}

impl Place {
    const fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Path => "path",
            Self::Query => "query",
        }
    }
}

/// Who may ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum SignIn {
    #[default]
    None,
    /// If the configuration does not open it to all.
    Maybe,
    Needed,
}

/// An operation, gathered piece by piece.
#[derive(Debug, Default)]
pub(crate) struct Operation {
    parameters: BTreeMap<(Place, String), Value>,
    body: Option<Value>,
    answers: BTreeMap<u16, Value>,
    faults: BTreeSet<Kind>,
    sign_in: SignIn,
}

impl Operation {
    /// A parameter.
    pub(crate) fn parameter(
        &mut self,
        place: Place,
        name: &str,
        schema: &Value,
        is_required: bool,
    ) {
        let mut schema = schema.clone();
        let text = schema.as_object_mut().and_then(|members| members.remove("description"));
        let mut parameter =
            json!({ "name": name, "in": place.name(), "required": is_required, "schema": schema });
        if let (Some(text), Some(members)) = (text, parameter.as_object_mut()) {
            members.insert("description".to_owned(), text);
        }
        self.parameters.insert((place, name.to_owned()), parameter);
    }

    /// Makes a parameter one that must be there.
    pub(crate) fn require(&mut self, place: Place, name: &str) {
        if let Some(parameter) = self.parameters.get_mut(&(place, name.to_owned())) {
            parameter["required"] = json!(true);
        }
    }

    /// The body, which must be there.
    pub(crate) fn body(&mut self, media_type: &str, schema: &Value) {
        self.body = Some(json!({
            "required": true,
            "content": { media_type: { "schema": schema } },
        }));
    }

    /// An answer without a body, or one more form of its body.
    pub(crate) fn answer(&mut self, status: u16, text: &str, form: Option<(&str, Value)>) {
        let answer = self.answers.entry(status).or_insert_with(|| json!({ "description": text }));
        if let (Some((media_type, schema)), Some(answer)) = (form, answer.as_object_mut()) {
            let content = answer.entry("content").or_insert_with(|| json!({}));
            if let Some(content) = content.as_object_mut() {
                content.insert(media_type.to_owned(), json!({ "schema": schema }));
            }
        }
    }

    /// A header that an answer has.
    pub(crate) fn header(&mut self, status: u16, name: &str, text: &str) {
        let answer = self.answers.get_mut(&status).and_then(Value::as_object_mut);
        let headers = answer.map(|answer| answer.entry("headers").or_insert_with(|| json!({})));
        if let Some(headers) = headers.and_then(Value::as_object_mut) {
            let header =
                json!({ "description": text, "required": true, "schema": { "type": "string" } });
            headers.insert(name.to_owned(), header);
        }
    }

    /// What may be refused.
    pub(crate) fn faults(&mut self, kinds: &[Kind]) {
        self.faults.extend(kinds);
    }

    /// A token is needed, unless the configuration opens it to all.
    pub(crate) fn sign_in(&mut self, is_needed: bool) {
        self.sign_in = if is_needed { SignIn::Needed } else { SignIn::Maybe };
    }

    /// The operation as the document has it.
    pub(crate) fn of(route: &Route, schemas: &mut Schemas) -> Value {
        let mut operation = Self::default();
        (route.describe)(&mut operation, schemas);
        operation.name_path(route.path);
        operation.frame(route);
        operation.value(route)
    }

    /// Every name in braces is a parameter, whatever the handler makes of it.
    fn name_path(&mut self, path: &str) {
        for part in path.split('/') {
            let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else {
                continue;
            };
            let name = name.trim_start_matches('*');
            if !self.parameters.contains_key(&(Place::Path, name.to_owned())) {
                self.parameter(
                    Place::Path,
                    name,
                    &json!({ "type": "string", "minLength": 1 }),
                    true,
                );
            }
        }
    }

    /// What the method and the frame around all handlers add.
    fn frame(&mut self, route: &Route) {
        let (is_ordinary, is_change) = (route.kind == "ordinary", route.method != "get");
        self.faults(&[Kind::Internal, Kind::Unavailable]);
        self.faults(route.faults);
        if is_ordinary {
            self.faults(&[Kind::TimedOut]);
        }
        if is_change && self.sign_in == SignIn::Needed {
            // Whatever the body names may be absent, erased, or in another state.
            self.faults(&[Kind::Conflict, Kind::Erased, Kind::NotFound]);
        }
        if route.method == "post" && route.path.starts_with("/api/") {
            self.faults(&[Kind::Malformed]);
            if is_ordinary {
                self.faults(&[Kind::TooLarge]);
                let schema = json!({
                    "type": "string", "minLength": 1, "maxLength": KEY_BYTES_MAX,
                    "pattern": "^[!#-\\[\\]-~]+$",
                    "description": "A text of the caller's choice: a request that is sent again under it, word for \
                                    word, is not done again.",
                });
                self.parameter(Place::Header, "Idempotency-Key", &schema, false);
                debug_assert!(IDEMPOTENCY_KEY.eq_ignore_ascii_case("Idempotency-Key"));
            }
        }
    }

    fn value(self, route: &Route) -> Value {
        let (family, name) = route.handler.split_once("::").unwrap_or(("", route.handler));
        let mut answers: Map<String, Value> =
            self.answers.into_iter().map(|(status, answer)| (status.to_string(), answer)).collect();
        for kind in self.faults {
            let status = kind.status().as_u16().to_string();
            let reference = format!("#/components/responses/{}", kind.slug());
            // A route that words a status itself has described it.
            answers.entry(status).or_insert_with(|| json!({ "$ref": reference }));
        }
        let mut value = json!({
            "operationId": format!("{family}.{name}"),
            "tags": [family],
            "summary": route.summary.trim(),
            "responses": answers,
            "security": match self.sign_in {
                SignIn::None => json!([]),
                SignIn::Maybe => json!([{}, { "token": [] }]),
                SignIn::Needed => json!([{ "token": [] }]),
            },
        });
        if let Some(members) = value.as_object_mut() {
            if !self.parameters.is_empty() {
                let parameters = self.parameters.into_values().collect();
                members.insert("parameters".to_owned(), Value::Array(parameters));
            }
            if let Some(body) = self.body {
                members.insert("requestBody".to_owned(), body);
            }
        }
        value
    }
}

/// A handler whose type tells what it takes and answers; `A` is the tuple of what it takes.
pub(crate) trait Described<A> {
    /// Tells it.
    fn describe(operation: &mut Operation, schemas: &mut Schemas);
}

/// Tells what a handler takes and answers.
pub(crate) fn described<A, H: Described<A>>(
    _: H,
    operation: &mut Operation,
    schemas: &mut Schemas,
) {
    H::describe(operation, schemas);
}

macro_rules! handlers {
    ($(($($taken:ident),*);)+) => {
        $(impl<H, F, R, $($taken),*> Described<($($taken,)*)> for H
        where
            H: Fn($($taken),*) -> F,
            F: Future<Output = Result<R, Problem>>,
            R: Answers,
            $($taken: Takes,)*
        {
            fn describe(operation: &mut Operation, schemas: &mut Schemas) {
                $($taken::taken(operation, schemas);)*
                R::answered(operation, schemas);
            }
        })+
    };
}

handlers! {
    (A);
    (A, B);
    (A, B, C);
    (A, B, C, D);
    (A, B, C, D, E);
    (A, B, C, D, E, G);
}
