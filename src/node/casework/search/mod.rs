//! Finds cases by words, names of subjects, identifiers and columns, among those that the officer may read.

mod asked;
mod names;
mod terms;
mod views;
mod words;

use std::collections::BTreeMap;

pub use asked::SearchQuery;
pub(crate) use asked::forms_of;
pub(crate) use terms::TermMaker;
pub use views::{HitView, NameView, PlaceView};

use crate::domain::id::ObjectId;
use crate::node::casework::cases::projection::content_of;
use crate::node::casework::listing::Reader;
use crate::node::casework::permits::{Covers, resource_of_case};
use crate::node::casework::search::asked::Asked;
use crate::node::casework::search::names::{SCORE_MIN, likeness, names};
use crate::node::casework::views::PageView;
use crate::node::casework::{CaseRow, Desk, Error};
use crate::node::store::identifiers::{self, Identifier};
use crate::node::store::object_fields::{self, ObjectField};
use crate::node::store::search::{self, Found, Sought};
use crate::node::store::{StoreError, Tx};
use crate::policy::{Action, Permit, ResourceKind};
use crate::record::Payload as _;
use crate::record::kinds::case::CaseOpened;

/// How many cases are compared by name for one page.
const COMPARED_MAX: usize = 200;

/// What the store found, before names are compared.
struct Step {
    found: Vec<Found>,
    places: Vec<Identifier>,
    fields: Vec<ObjectField>,
    /// Where the next page begins; none at the end.
    next: Option<i64>,
}

impl Desk {
    /// The cases that have all that is asked for and that the officer may read, newest first by when they were opened. By
    /// name they are the likest of the newest 200 that may be meant.
    ///
    /// # Errors
    /// If the permit is for something else; [`Error::Invalid`] for a query that asks for nothing or for what cannot be.
    pub async fn search(
        &self,
        permit: &Permit,
        query: SearchQuery,
    ) -> Result<PageView<HitView>, Error> {
        permit.covers(Action::CaseRead, None)?;
        let maker = self.term_maker().await?;
        let asked = Asked::read(&query, &maker)?;
        let reader = self.reader(permit).await?;
        self.note_seen(permit).await?;
        let Some(sought) = asked.sought(&maker, &reader.breadth()) else {
            return Ok(PageView { items: Vec::new(), next: None });
        };
        let (forms, by_name) = (asked.forms(), asked.name.is_some());
        let rows = if by_name { COMPARED_MAX } else { asked.rows };
        let step = self
            .store
            .read("search", move |tx| {
                Box::pin(async move {
                    let mut step = found(tx, &reader, &sought, rows).await?;
                    let ids: Vec<String> =
                        step.found.iter().map(|found| found.case.id.clone()).collect();
                    for form in &forms {
                        step.places.extend(identifiers::in_objects(tx, &ids, form).await?);
                    }
                    if by_name {
                        step.fields = object_fields::names_in(tx, &ids).await?;
                    }
                    Ok(step)
                })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        let next = step.next.map(|doc| doc.to_string());
        Ok(PageView { items: self.hits(&asked, step).await?, next })
    }

    /// What is shown of the cases that were found.
    async fn hits(&self, asked: &Asked, step: Step) -> Result<Vec<HitView>, Error> {
        let mut places: BTreeMap<String, Vec<PlaceView>> = BTreeMap::new();
        for place in step.places.into_iter().filter(|place| asked.is_meant(place)) {
            places.entry(place.object.clone()).or_default().push(PlaceView::from(place));
        }
        let mut fields: BTreeMap<String, Vec<ObjectField>> = BTreeMap::new();
        for field in step.fields.into_iter().filter(|field| names::is_name_path(&field.path)) {
            fields.entry(field.object.clone()).or_default().push(field);
        }
        let mut hits = Vec::new();
        for found in step.found {
            let name = match &asked.name {
                None => None,
                Some(wanted) => {
                    let fields = fields.remove(&found.case.id).unwrap_or_default();
                    match self.likest(&found.case.id, wanted, fields).await? {
                        None => continue,
                        likest => likest,
                    }
                }
            };
            hits.push(HitView {
                places: places.remove(&found.case.id).unwrap_or_default(),
                row: CaseRow::from(&found.case),
                name,
            });
        }
        // The newest stay first among those that are equally like.
        hits.sort_by_key(|hit| std::cmp::Reverse(hit.name.as_ref().map(|name| name.score)));
        Ok(hits)
    }

    /// The name in a case that is likest to the one that is looked for, if one is like it.
    async fn likest(
        &self,
        case: &str,
        wanted: &str,
        fields: Vec<ObjectField>,
    ) -> Result<Option<NameView>, Error> {
        let id: ObjectId = case.parse().map_err(Error::internal)?;
        let content = content_of(&self.open_fields(CaseOpened::KIND, id, fields).await?);
        let alike = names(&content).into_iter().map(|(path, name)| {
            let likeness = likeness(wanted, &name);
            NameView { path, name, score: likeness.score, reasons: likeness.reasons }
        });
        let alike = alike.filter(|name| name.score >= SCORE_MIN);
        // Of equals the first.
        Ok(alike.reduce(|best, other| if other.score > best.score { other } else { best }))
    }
}

/// The newest cases that fit and that the reader may open. It goes on until there are that many, so that neither the length
/// of a page nor its mark tells of a case that the reader may not open.
async fn found(
    tx: &mut Tx,
    reader: &Reader,
    sought: &Sought,
    rows: usize,
) -> Result<Step, StoreError> {
    let limit = i64::try_from(rows).unwrap_or(i64::MAX).saturating_add(1);
    let mut sought = sought.clone();
    let mut step = Step { found: Vec::new(), places: Vec::new(), fields: Vec::new(), next: None };
    loop {
        let found = search::find(tx, &sought, limit).await?;
        let Some(last) = found.last().map(|last| last.doc) else { return Ok(step) };
        let is_end = i64::try_from(found.len()).is_ok_and(|length| length < limit);
        sought.before = Some(last);
        for found in found {
            // What search knows of who may open a case only narrows; the rules decide on each.
            let Ok(id) = found.case.id.parse() else { continue };
            let resource = resource_of_case(tx, ResourceKind::Case, id, &found.case).await?;
            // What is restricted is not searched, not even by those who may read it.
            if resource.is_limited || !reader.may_open(&resource) {
                continue;
            }
            if step.found.len() == rows {
                step.next = step.found.last().map(|last| last.doc);
                return Ok(step);
            }
            step.found.push(found);
        }
        if is_end {
            return Ok(step);
        }
    }
}

#[cfg(test)]
mod tests;
