//! Compares what lists and views read of a case with its records; repairs nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::id::ObjectId;
use crate::node::casework::cases::content::Content;
use crate::node::casework::cases::due::{due, rows};
use crate::node::casework::cases::findings::searchable;
use crate::node::casework::cases::keep::outcomes;
use crate::node::casework::cases::origin::origins;
use crate::node::casework::cases::projection::is_content;
use crate::node::casework::cases::signed::Signed;
use crate::node::casework::{Desk, Error};
use crate::node::store::case_origins::{self, CaseOrigin};
use crate::node::store::cases::{self, Case, CaseOutcome};
use crate::node::store::{StoreError, conflicts, deadlines, identifiers, search, users};
use crate::record::Payload as _;
use crate::record::kinds::case::{CaseOpened, conflict_of};

impl Desk {
    /// In what the projection of a case differs from its records, by column or path; nothing if it is sound.
    ///
    /// # Errors
    /// If there is no such case, or a record cannot be read.
    pub async fn case_differences(&self, id: ObjectId) -> Result<Vec<String>, Error> {
        let case = self.case_row(id).await?;
        let signed = Signed::of(&self.own_held_of(id).await?);
        let mut differences: Vec<String> =
            signed.columns(&case).into_iter().map(str::to_owned).collect();
        let content = signed.content();
        let searched = searchable(&content)
            .into_iter()
            .map(|(path, found)| (path, found.scheme.name().to_owned(), found.normalised));
        for (what, is_same) in [
            ("states", signed.states == self.states_of(id).await?),
            ("identifiers", searched.collect::<BTreeSet<_>>() == self.identifiers_of(id).await?),
            ("outcomes", outcomes(&case.id, &content) == self.outcomes_of(id).await?),
            ("origins", origins(&case.id, &content) == self.kept_origins(id).await?),
            ("search", self.is_found_by(&case, &content).await?),
            ("conflicts", signed_conflicts(&signed) == self.conflicts_of(id).await?),
        ] {
            if !is_same {
                differences.push(what.to_owned());
            }
        }
        let mut found: BTreeMap<_, _> = self
            .current_fields(CaseOpened::KIND, id)
            .await?
            .into_iter()
            .map(|(path, field)| (path, (field.value, field.record, field.index)))
            .collect();
        differences.extend(self.due_differences(id, &case, &content).await?);
        for (path, signed) in signed.fields {
            if found.remove(&path).as_ref() != Some(&signed) {
                differences.push(path);
            }
        }
        differences.extend(found.into_keys());
        Ok(differences)
    }

    /// The records by which officers have a conflict of interest, by pseudonym.
    async fn conflicts_of(&self, id: ObjectId) -> Result<BTreeMap<String, [u8; 32]>, Error> {
        self.store
            .read("case_conflicts", move |tx| {
                Box::pin(async move {
                    let mut found = BTreeMap::new();
                    for row in conflicts::of_case(tx, &id.to_string()).await? {
                        let user = users::get(tx, &row.user_id).await?;
                        let officer = user.map_or(row.user_id, |user| user.pseudonym);
                        found.insert(officer, row.record_hash);
                    }
                    Ok(found)
                })
            })
            .await
            .map_err(|error: StoreError| error.into())
    }

    async fn states_of(&self, id: ObjectId) -> Result<Vec<(String, i64)>, Error> {
        let rows = self
            .store
            .read("case_states", move |tx| {
                Box::pin(async move { cases::states(tx, &id.to_string()).await })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        Ok(rows.into_iter().map(|row| (row.status, row.entered_at)).collect())
    }

    async fn identifiers_of(
        &self,
        id: ObjectId,
    ) -> Result<BTreeSet<(String, String, String)>, Error> {
        let rows = self
            .store
            .read("case_identifiers", move |tx| {
                Box::pin(async move { identifiers::of_object(tx, &id.to_string()).await })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        Ok(rows.into_iter().map(|row| (row.path, row.scheme, row.normalised)).collect())
    }

    /// Whether search knows the case by what its records say, and by nothing else.
    async fn is_found_by(&self, case: &Case, content: &Content) -> Result<bool, Error> {
        let content: Content = content
            .iter()
            .filter(|(path, _)| is_content(path))
            .map(|(p, v)| (p.clone(), v.clone()))
            .collect();
        let maker = self.term_maker().await?;
        let (terms, id) = (maker.of_case(case, &content), case.id.clone());
        let (known, team) = self
            .store
            .read("case_search", move |tx| {
                Box::pin(
                    async move { Ok((search::get(tx, &id).await?, cases::team(tx, &id).await?)) },
                )
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        Ok(known.is_some_and(|known| known.terms == maker.with_team(&terms, &team)))
    }

    async fn outcomes_of(&self, id: ObjectId) -> Result<Vec<CaseOutcome>, Error> {
        self.store
            .read("case_outcomes", move |tx| {
                Box::pin(async move { cases::outcomes(tx, &id.to_string()).await })
            })
            .await
            .map_err(|error: StoreError| error.into())
    }

    async fn kept_origins(&self, id: ObjectId) -> Result<Vec<CaseOrigin>, Error> {
        self.store
            .read("case_origins", move |tx| {
                Box::pin(async move { case_origins::of_case(tx, &id.to_string()).await })
            })
            .await
            .map_err(|error: StoreError| error.into())
    }

    async fn due_differences(
        &self,
        id: ObjectId,
        case: &Case,
        signed: &Content,
    ) -> Result<Vec<String>, Error> {
        let periods = self.workflow(case.workflow).await?.retention;
        let (id, due) = (id.to_string(), due(&periods, case, signed));
        let (mut expected, found) = self
            .store
            .read("due_differences", move |tx| {
                Box::pin(async move {
                    Ok((rows(tx, &id, &due).await?, deadlines::of_object(tx, &id).await?))
                })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        expected.sort_by(|one, other| one.place.cmp(&other.place));
        let is_same = expected == found;
        Ok(if is_same { Vec::new() } else { vec!["deadlines".to_owned()] })
    }
}

fn signed_conflicts(signed: &Signed) -> BTreeMap<String, [u8; 32]> {
    let stated = signed.fields.iter();
    stated
        .filter_map(|(path, (_, record, _))| Some((conflict_of(path)?.to_owned(), record.0)))
        .collect()
}
