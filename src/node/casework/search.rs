//! Finds objects by an identifier, among those that the officer may read.

use serde::{Deserialize, Serialize};

use crate::domain::identifier::{Identifier, Scheme, UnknownScheme};
use crate::node::casework::cases::is_visible;
use crate::node::casework::permits::Covers;
use crate::node::casework::{Desk, Error};
use crate::node::store::{StoreError, cases, identifiers};
use crate::policy::{Action, Permit};

/// The most places that are looked at for one search.
const PLACES_MAX: i64 = 1_000;

/// What to search for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchQuery {
    /// The scheme; without it all.
    #[serde(default)]
    pub scheme: Option<String>,
    /// The identifier, spaces and case as one likes.
    pub value: String,
}

/// A place where an identifier occurs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HitView {
    /// The case.
    pub object: String,
    /// Its reference.
    pub reference: String,
    /// Its title.
    pub title: String,
    /// The field.
    pub path: String,
    /// The scheme.
    pub scheme: String,
    /// The form to match by.
    pub normalised: String,
    /// `pass`, `fail` or `not_applicable`.
    pub check_result: String,
}

impl Desk {
    /// Where an identifier occurs.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an unknown scheme or a text that cannot be of it.
    pub async fn search_identifier(
        &self,
        permit: &Permit,
        query: SearchQuery,
    ) -> Result<Vec<HitView>, Error> {
        permit.covers(Action::CaseRead, None)?;
        let scheme: Option<Scheme> = query
            .scheme
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|error: UnknownScheme| Error::invalid("scheme", error.to_string()))?;
        let normalised = normalised(scheme, &query.value)?;
        let actor = self.actor_behind(permit).await?;
        self.note_seen(permit).await?;
        let hits = self
            .store
            .read("search", move |tx| {
                Box::pin(async move {
                    let mut hits = Vec::new();
                    for value in normalised {
                        let scheme = scheme.map(Scheme::name);
                        for place in identifiers::find(tx, scheme, &value, PLACES_MAX).await? {
                            let Some(case) = cases::get(tx, &place.object).await? else { continue };
                            if is_visible(tx, &actor, &case).await? {
                                hits.push((place, case));
                            }
                        }
                    }
                    Ok(hits)
                })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        let view = |(place, case): (identifiers::Identifier, cases::Case)| HitView {
            object: place.object,
            reference: case.reference,
            title: case.title,
            path: place.path,
            scheme: place.scheme,
            normalised: place.normalised,
            check_result: place.check_result,
        };
        Ok(hits.into_iter().map(view).collect())
    }
}

/// The forms under which an identifier may be kept: that of the scheme, or without one every form that some scheme has.
pub(crate) fn normalised(scheme: Option<Scheme>, value: &str) -> Result<Vec<String>, Error> {
    if let Some(scheme) = scheme {
        let found = Identifier::observe(scheme, value)
            .map_err(|error| Error::invalid("value", error.to_string()))?;
        return Ok(vec![found.normalised]);
    }
    let forms = Scheme::ALL
        .into_iter()
        .filter_map(|scheme| Identifier::observe(scheme, value).ok().map(|found| found.normalised));
    let mut forms: Vec<_> = forms.collect();
    forms.sort();
    forms.dedup();
    if forms.is_empty() { Err(Error::invalid("value", "is empty or too long")) } else { Ok(forms) }
}
