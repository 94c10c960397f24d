//! Reads a whole file by its mapping and hands each row on; scores and stores nothing.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read;

use crate::domain::identifier::{Identifier, Scheme};
use crate::node::casework::Error;
use crate::node::casework::imports::frames::{ArrayRows, Broken, Cells, CsvRows, Frame, LineRows};
use crate::node::casework::imports::rows::{Line, row};
use crate::node::casework::imports::values::{Texts, Values};
use crate::node::mappings::{Format, Kind, Mapping, Place, Rule, scheme_of_column};

/// The length of a movement reference number (Annex B UCC DA).
const MRN_LENGTH: usize = 18;

/// Where rows come from, which stands in each of them.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// The import.
    pub import: String,
    /// The name of the file.
    pub source: String,
    /// When, microseconds.
    pub now: i64,
}

/// Reads a file row by row and hands each on after the first `skip` rows, until `take` wants no more.
///
/// # Errors
/// [`Error::Invalid`] with the line, if the file is not in the form that the mapping says or breaks off.
pub fn read_rows(
    file: impl Read,
    mapping: &Mapping,
    about: &About,
    skip: u64,
    take: impl FnMut(Line) -> bool,
) -> Result<(), Error> {
    let rows = Rows { mapping, about, skip, take };
    match mapping.format {
        Format::Csv(delimiter) => rows.of_csv(file, delimiter),
        Format::Json => rows.of_json(ArrayRows::begin(file).map_err(broken)?),
        Format::JsonLines => rows.of_json(LineRows::begin(file).map_err(broken)?),
    }
}

/// Whether a file begins as the mapping says: it is in that form, and has every column that is needed.
///
/// # Errors
/// [`Error::Invalid`] that says what is missing.
pub fn check_file(file: impl Read, mapping: &Mapping) -> Result<(), Error> {
    read_rows(file, mapping, &About::default(), 0, |_| false)
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err wants it")]
fn broken(error: Broken) -> Error {
    Error::invalid("file", error.to_string())
}

/// A file that is being read.
struct Rows<'a, F> {
    mapping: &'a Mapping,
    about: &'a About,
    skip: u64,
    take: F,
}

impl<F: FnMut(Line) -> bool> Rows<'_, F> {
    fn of_csv(mut self, file: impl Read, delimiter: u8) -> Result<(), Error> {
        let (mut rows, names) = CsvRows::begin(file, delimiter).map_err(broken)?;
        let header = Header::of(names, self.mapping)?;
        while let Some(frame) = rows.next().map_err(broken)? {
            if self.is_done() {
                continue;
            }
            let row = CsvRow { header: &header, cells: rows.cells() };
            if !self.hand_on(frame, || row.read(self.mapping)) {
                break;
            }
        }
        Ok(())
    }

    fn of_json(mut self, mut rows: impl JsonRows) -> Result<(), Error> {
        while let Some(frame) = rows.next().map_err(broken)? {
            if self.is_done() {
                continue;
            }
            if !self.hand_on(frame, || read_json(rows.text(), self.mapping)) {
                break;
            }
        }
        Ok(())
    }

    /// Whether a row was done before.
    const fn is_done(&mut self) -> bool {
        let is_done = self.skip > 0;
        self.skip = self.skip.saturating_sub(1);
        is_done
    }

    fn hand_on(
        &mut self,
        frame: Frame,
        values: impl FnOnce() -> Result<(Values, String), String>,
    ) -> bool {
        let span = frame.span;
        let read = match frame.fault {
            Some(fault) => Err(fault),
            None => values()
                .and_then(|(values, raw)| row(self.mapping.kind, values, raw, span, self.about)),
        };
        let line =
            read.map_or_else(|reason| Line::Refused(span, reason), |row| Line::Row(Box::new(row)));
        (self.take)(line)
    }
}

/// Where the fields of a mapping stand among the columns of a file.
struct Header {
    names: Vec<String>,
    /// The columns of each rule.
    places: Vec<Vec<usize>>,
    /// Columns that no rule names and that are named after a scheme.
    schemes: Vec<(usize, Scheme)>,
}

impl Header {
    fn of(names: Vec<String>, mapping: &Mapping) -> Result<Self, Error> {
        let mut missing = Vec::new();
        let mut places = Vec::new();
        for rule in &mapping.rules {
            let Place::Columns(wanted) = &rule.place else {
                places.push(Vec::new());
                continue;
            };
            let found: Vec<usize> = wanted
                .iter()
                .filter_map(|wanted| names.iter().position(|name| name == wanted.trim()))
                .collect();
            let is_whole = found.len() == wanted.len();
            if !is_whole && !rule.is_optional {
                missing.extend(wanted.iter().filter(|w| !names.contains(w)).map(String::as_str));
            }
            places.push(if is_whole { found } else { Vec::new() });
        }
        if !missing.is_empty() {
            let message = format!(
                "the columns {} are missing; the file has {}",
                missing.join(", "),
                names.join(", ").chars().take(500).collect::<String>()
            );
            return Err(Error::invalid("header", message));
        }
        let is_named =
            |number: &usize| places.iter().any(|place: &Vec<usize>| place.contains(number));
        let schemes = names.iter().enumerate().filter(|(number, _)| !is_named(number));
        let schemes = schemes.filter_map(|(number, name)| Some((number, scheme_of_column(name)?)));
        let schemes = schemes.collect();
        Ok(Self { names, places, schemes })
    }
}

/// A row of a file in CSV.
struct CsvRow<'a> {
    header: &'a Header,
    cells: &'a Cells,
}

impl CsvRow<'_> {
    fn read(&self, mapping: &Mapping) -> Result<(Values, String), String> {
        let mut values = Values::read(mapping, self)?;
        let number = values.text("number");
        if mapping.kind == Kind::Declaration && is_mrn(number) {
            let number = number.to_owned();
            values.identify(Scheme::Mrn, &number, "the number");
        }
        for (number, scheme) in &self.header.schemes {
            let name = self.header.names.get(*number).map_or("", String::as_str);
            values.identify(*scheme, self.cells.get(*number).unwrap_or_default(), name);
        }
        let columns = self.header.names.iter().map(String::as_str).zip(self.cells.iter());
        let columns: BTreeMap<&str, &str> =
            columns.map(|(name, text)| (name, text.trim())).collect();
        let raw = serde_json::to_string(&columns).map_err(|error| error.to_string())?;
        Ok((values, raw))
    }
}

impl Texts for CsvRow<'_> {
    fn of(&self, number: usize, rule: &Rule) -> Result<Vec<Cow<'_, str>>, String> {
        if let Place::Constant(text) = &rule.place {
            return Ok(vec![Cow::Owned(text.clone())]);
        }
        let place = self.header.places.get(number).map_or(&[][..], Vec::as_slice);
        let cell = |number: &usize| self.cells.get(*number).unwrap_or_default().trim();
        Ok(match place {
            [] => Vec::new(),
            [number] => vec![Cow::Borrowed(cell(number))],
            several => {
                let cells: Vec<&str> = several.iter().map(cell).collect();
                vec![Cow::Owned(joined(&cells))]
            }
        })
    }
}

/// Several texts as one; nothing if one of them is missing.
fn joined(texts: &[&str]) -> String {
    if texts.iter().any(|text| text.is_empty()) { String::new() } else { texts.join("/") }
}

fn is_mrn(text: &str) -> bool {
    // Most numbers are told from an MRN by their length, without looking at what else they may be.
    text.bytes().filter(u8::is_ascii_alphanumeric).count() == MRN_LENGTH
        && Identifier::recognise(text).is_ok_and(|seen| seen.scheme == Scheme::Mrn)
}

/// Rows of JSON, one after the other.
trait JsonRows {
    fn next(&mut self) -> Result<Option<Frame>, Broken>;
    fn text(&self) -> &str;
}

impl<R: Read> JsonRows for ArrayRows<R> {
    fn next(&mut self) -> Result<Option<Frame>, Broken> {
        self.next()
    }

    fn text(&self) -> &str {
        self.text()
    }
}

impl<R: Read> JsonRows for LineRows<R> {
    fn next(&mut self) -> Result<Option<Frame>, Broken> {
        self.next()
    }

    fn text(&self) -> &str {
        self.text()
    }
}

fn read_json(text: &str, mapping: &Mapping) -> Result<(Values, String), String> {
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|error| format!("is no JSON: {error}"))?;
    if !value.is_object() {
        return Err("is no JSON object".to_owned());
    }
    let mut values = Values::read(mapping, &JsonRow(&value))?;
    let number = values.text("number").to_owned();
    if mapping.kind == Kind::Declaration && is_mrn(&number) {
        values.identify(Scheme::Mrn, &number, "the number");
    }
    Ok((values, text.to_owned()))
}

/// A row of a file in JSON.
struct JsonRow<'a>(&'a serde_json::Value);

impl Texts for JsonRow<'_> {
    fn of(&self, _: usize, rule: &Rule) -> Result<Vec<Cow<'_, str>>, String> {
        match &rule.place {
            Place::Constant(text) => Ok(vec![Cow::Owned(text.clone())]),
            Place::Pointer(pointer) => match self.0.pointer(pointer) {
                Some(value) => texts_of(value),
                None if rule.is_optional => Ok(Vec::new()),
                None => Err("is missing".to_owned()),
            },
            Place::Columns(names) => {
                let found: Vec<&serde_json::Value> =
                    names.iter().filter_map(|name| self.0.get(name)).collect();
                match found.as_slice() {
                    found if found.len() < names.len() && !rule.is_optional => {
                        Err("is missing".to_owned())
                    }
                    found if found.len() < names.len() => Ok(Vec::new()),
                    [value] => texts_of(value),
                    several => {
                        let texts = several.iter().map(|value| Ok(texts_of(value)?.concat()));
                        let texts = texts.collect::<Result<Vec<String>, String>>()?;
                        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                        Ok(vec![Cow::Owned(joined(&texts))])
                    }
                }
            }
        }
    }
}

fn texts_of(value: &serde_json::Value) -> Result<Vec<Cow<'_, str>>, String> {
    Ok(match value {
        serde_json::Value::Null => Vec::new(),
        serde_json::Value::String(text) => vec![Cow::Borrowed(text)],
        serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {
            vec![Cow::Owned(value.to_string())]
        }
        serde_json::Value::Array(items) => {
            let texts = items.iter().map(texts_of).collect::<Result<Vec<_>, _>>()?;
            texts.into_iter().flatten().collect()
        }
        serde_json::Value::Object(_) => {
            return Err("is an object; point at one value in it".to_owned());
        }
    })
}
