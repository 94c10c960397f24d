//! What an officer asks for, read and judged, and as the groups of terms that a case must have; finds nothing itself.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::case::{CaseStatus, CaseType};
use crate::domain::identifier::{Identifier, Scheme, UnknownScheme};
use crate::domain::time::Date;
use crate::node::casework::Error;
use crate::node::casework::search::names::keys_for;
use crate::node::casework::search::terms::{
    PREFIX_CHARS_MAX, PREFIX_CHARS_MIN, Sense, TermMaker, country,
};
use crate::node::casework::search::words::{folded, query_words};
use crate::node::casework::views::page_rows;
use crate::node::store::identifiers;
use crate::node::store::search::Sought;
use crate::policy::Breadth;

/// The most words of one query.
const WORDS_MAX: usize = 32;

/// The longest text of a query, in bytes.
const TEXT_BYTES_MAX: usize = 1_000;

/// The microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// Which cases to find: those that have all of it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchQuery {
    /// Words that stand in the case, in any order; the last may be the beginning of one.
    #[serde(default)]
    pub q: Option<String>,
    /// The name of a subject, as it is spelt, in any script.
    #[serde(default)]
    pub name: Option<String>,
    /// An identifier, spaces and case as one likes.
    #[serde(default)]
    pub value: Option<String>,
    /// The scheme of the identifier; without it all.
    #[serde(default)]
    pub scheme: Option<String>,
    /// Only of this type.
    #[serde(default)]
    pub case_type: Option<String>,
    /// Only in this state.
    #[serde(default)]
    pub status: Option<String>,
    /// Only of this unit.
    #[serde(default)]
    pub unit: Option<String>,
    /// Only opened on this day or later, such as `2026-11-24`, UTC.
    #[serde(default)]
    pub opened_from: Option<String>,
    /// Only opened on this day or earlier.
    #[serde(default)]
    pub opened_to: Option<String>,
    /// Only with goods of this chapter of the Harmonized System, such as `24`.
    #[serde(default)]
    pub hs_chapter: Option<String>,
    /// Only with goods from this country, or a consignment that leaves or reaches it.
    #[serde(default)]
    pub country: Option<String>,
    /// At most this many; by name the cases that are compared are counted instead.
    #[serde(default)]
    pub limit: Option<u32>,
    /// After the page that ended with this mark.
    #[serde(default)]
    pub after: Option<String>,
}

/// A query that can be answered.
pub(super) struct Asked {
    groups: Vec<Vec<String>>,
    /// The name that is looked for.
    pub(super) name: Option<String>,
    /// The schemes of which the identifier may be, with the form that each matches by.
    identified: Vec<(Scheme, String)>,
    from: Option<i64>,
    before: Option<i64>,
    /// The rows of a page.
    pub(super) rows: usize,
}

impl Asked {
    /// Reads a query.
    pub(super) fn read(query: &SearchQuery, maker: &TermMaker) -> Result<Self, Error> {
        let identified = identified(query)?;
        let mut groups = filters(query, maker)?;
        if let Some(text) = &query.q {
            groups.extend(word_groups(text, maker)?);
        }
        if let Some(name) = &query.name {
            groups.push(name_group(name, maker)?);
        }
        if !identified.is_empty() {
            let term =
                |(scheme, form): &(Scheme, String)| maker.term(Sense::Identifier(*scheme), form);
            groups.push(identified.iter().map(term).collect());
        }
        let from = day(query.opened_from.as_deref(), "opened_from")?;
        let to = day(query.opened_to.as_deref(), "opened_to")?;
        if groups.is_empty() && from.is_none() && to.is_none() {
            let advice =
                "say what to look for: words (q), a name, an identifier (value), or a filter";
            return Err(Error::invalid("q", advice));
        }
        let after = after(query.after.as_deref())?;
        let to = to.map(|day| day.saturating_add(DAY));
        Ok(Self {
            groups,
            name: query.name.clone(),
            identified,
            from,
            before: after.into_iter().chain(to).min(),
            rows: usize::try_from(page_rows(query.limit)).unwrap_or(usize::MAX),
        })
    }

    /// The forms that the identifier is matched by, each once.
    pub(super) fn forms(&self) -> BTreeSet<String> {
        self.identified.iter().map(|(_, form)| form.clone()).collect()
    }

    /// Whether a place is one of the identifier that is looked for.
    pub(super) fn is_meant(&self, place: &identifiers::Identifier) -> bool {
        let is_meant = |(scheme, form): &(Scheme, String)| {
            scheme.name() == place.scheme && *form == place.normalised
        };
        self.identified.iter().any(is_meant)
    }

    /// What to look for among the cases that a reader may open.
    pub(super) fn sought(&self, maker: &TermMaker, scope: &Breadth) -> Option<Sought> {
        let mut groups = self.groups.clone();
        match scope {
            Breadth::Nothing => return None,
            Breadth::Own { unit, user } => {
                let unit = unit.as_deref().map(|unit| maker.term(Sense::Column("unit"), unit));
                let user = user.map(|user| maker.officer(&user.to_string()));
                groups.push(unit.into_iter().chain(user).collect());
            }
            // A query has at least one term, and every case has a type.
            Breadth::All if groups.is_empty() => groups.push(
                CaseType::ALL
                    .iter()
                    .map(|case_type| maker.term(Sense::Column("case_type"), case_type.name()))
                    .collect(),
            ),
            Breadth::All => {}
        }
        Some(Sought { groups, from: self.from, before: self.before })
    }
}

/// The words that a case must have. The last one may go on.
fn word_groups(text: &str, maker: &TermMaker) -> Result<Vec<Vec<String>>, Error> {
    let words = query_words(bounded("q", text)?);
    if words.is_empty() {
        return Err(Error::invalid("q", "holds no word: give letters or digits"));
    }
    if words.len() > WORDS_MAX {
        return Err(Error::invalid("q", "has more than 32 words: leave some out"));
    }
    let last = words.len() - 1;
    let group = |(place, forms): (usize, &Vec<String>)| {
        let mut group: Vec<String> =
            forms.iter().map(|form| maker.term(Sense::Word, form)).collect();
        let is_beginning = |form: &&String| {
            place == last && (PREFIX_CHARS_MIN..=PREFIX_CHARS_MAX).contains(&form.len())
        };
        let beginnings = forms.iter().filter(is_beginning);
        group.extend(beginnings.map(|form| maker.term(Sense::Prefix, form)));
        group
    };
    Ok(words.iter().enumerate().map(group).collect())
}

fn name_group(name: &str, maker: &TermMaker) -> Result<Vec<String>, Error> {
    if folded(bounded("name", name)?).is_empty() {
        return Err(Error::invalid("name", "holds no name: give letters of any script"));
    }
    Ok(keys_for(name).iter().map(|key| maker.term(Sense::Name, key)).collect())
}

fn bounded<'a>(field: &'static str, text: &'a str) -> Result<&'a str, Error> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(Error::invalid(field, "is longer than 1,000 bytes"));
    }
    Ok(text)
}

/// The columns and codes by which the query narrows.
fn filters(query: &SearchQuery, maker: &TermMaker) -> Result<Vec<Vec<String>>, Error> {
    let case_type = query.case_type.as_deref().map(str::parse::<CaseType>).transpose();
    let case_type = case_type.map_err(|error| Error::invalid("case_type", error.to_string()))?;
    let status = query.status.as_deref().map(str::parse::<CaseStatus>).transpose();
    let status = status.map_err(|error| Error::invalid("status", error.to_string()))?;
    let chapter = query.hs_chapter.as_deref().map(chapter).transpose()?;
    let no_country =
        || Error::invalid("country", "is no country: give two letters of ISO 3166-1, such as CN");
    let country = query.country.as_deref().map(|code| country(code).ok_or_else(no_country));
    let terms = [
        case_type.map(|case_type| maker.term(Sense::Column("case_type"), case_type.name())),
        status.map(|status| maker.term(Sense::Column("status"), status.name())),
        query.unit.as_ref().map(|unit| maker.term(Sense::Column("unit"), unit)),
        chapter.map(|chapter| maker.term(Sense::Chapter, chapter)),
        country.transpose()?.map(|country| maker.term(Sense::Country, &country)),
    ];
    Ok(terms.into_iter().flatten().map(|term| vec![term]).collect())
}

fn chapter(text: &str) -> Result<&str, Error> {
    let text = text.trim();
    if text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(text);
    }
    Err(Error::invalid("hs_chapter", "is the first two digits of a tariff code, such as 24"))
}

/// The start of a day in microseconds.
fn day(text: Option<&str>, field: &'static str) -> Result<Option<i64>, Error> {
    let day = text.map(str::parse::<Date>).transpose();
    let day = day.map_err(|_| Error::invalid(field, "is a day such as 2026-11-24"))?;
    Ok(day.map(|day| day.start().0))
}

fn after(mark: Option<&str>) -> Result<Option<i64>, Error> {
    mark.map(str::parse).transpose().map_err(|_| {
        let advice = "is not the mark of a page: give `next` of the page before, or leave it out";
        Error::invalid("after", advice)
    })
}

/// The schemes of which the identifier of a query may be, with the form that each keeps it in.
fn identified(query: &SearchQuery) -> Result<Vec<(Scheme, String)>, Error> {
    let scheme: Option<Scheme> = query
        .scheme
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|error: UnknownScheme| Error::invalid("scheme", error.to_string()))?;
    let Some(value) = &query.value else {
        let advice = "is missing: give the identifier of that scheme";
        return if scheme.is_none() {
            Ok(Vec::new())
        } else {
            Err(Error::invalid("value", advice))
        };
    };
    forms_of(scheme, value)
}

/// The schemes of which an identifier may be, with the form that each keeps it in.
///
/// # Errors
/// [`Error::Invalid`] if it cannot be of the scheme that is named, or of any.
pub(crate) fn forms_of(
    scheme: Option<Scheme>,
    value: &str,
) -> Result<Vec<(Scheme, String)>, Error> {
    if let Some(scheme) = scheme {
        let found = Identifier::observe(scheme, value)
            .map_err(|error| Error::invalid("value", error.to_string()))?;
        return Ok(vec![(scheme, found.normalised)]);
    }
    let of_scheme = |scheme| Some((scheme, Identifier::observe(scheme, value).ok()?.normalised));
    let found: Vec<_> = Scheme::ALL.into_iter().filter_map(of_scheme).collect();
    if found.is_empty() { Err(Error::invalid("value", "is empty or too long")) } else { Ok(found) }
}
