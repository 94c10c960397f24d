//! Carries a confirmed erasure out, from wherever it stopped: each step may be done again.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::id::ObjectId;
use crate::node::blobs::BlobName;
use crate::node::casework::append::{Authorship, Prepared};
use crate::node::casework::cases::content::numbers;
use crate::node::casework::erasure::scope::Scope;
use crate::node::casework::search::TermMaker;
use crate::node::casework::{Desk, Error};
use crate::node::keys::KeyGroup;
use crate::node::store::erasures::{self, Erasure, ErasureState};
use crate::node::store::evidence::{self, EvidenceItem};
use crate::node::store::{
    Page, StoreError, Tx, blobs, cases, deadlines, identifiers, notices, object_fields, records,
    search, summaries,
};
use crate::record::StatementHash;
use crate::record::kinds::erasure::ErasureCertified;

/// Seconds of a day.
const DAY_SECS: i64 = 86_400;

/// The most erasures that a start carries on with at once.
const PAGE: i64 = 100;

/// How often rows are removed anew because the case was changed meanwhile.
const WIPE_TRIES: usize = 5;

/// What an erasure touches.
struct Plan {
    order: Erasure,
    case: ObjectId,
    scope: Scope,
    keys: Vec<KeyGroup>,
    items: Vec<EvidenceItem>,
    holders: Vec<String>,
}

struct Wipe {
    plan: Plan,
    certificate: Prepared,
    row: Erasure,
}

/// What search may still know of a case, as of one of its versions.
struct Left {
    version: i64,
    terms: BTreeSet<String>,
    maker: TermMaker,
}

impl Desk {
    /// Carries on with erasures that a stop of the node interrupted; one that cannot be carried out holds up no other.
    ///
    /// # Errors
    /// The first failure, after all were tried.
    pub async fn finish_erasures(&self) -> Result<usize, Error> {
        let waiting = self
            .store
            .read("erasures_confirmed", |tx| {
                Box::pin(async move {
                    erasures::list(tx, Some(ErasureState::Confirmed), &Page::first(PAGE)).await
                })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        let mut failed = None;
        for order in &waiting {
            let done = match order.id.parse() {
                Ok(id) => self.carry_out(id).await,
                Err(error) => Err(Error::internal(error)),
            };
            if let Err(error) = done {
                tracing::error!(
                    erasure = order.id,
                    cause = &error as &dyn std::error::Error,
                    "an erasure could not be carried out"
                );
                failed.get_or_insert(error);
            }
        }
        failed.map_or(Ok(waiting.len()), Err)
    }

    /// Carries an order out, again if evidence was added to the case meanwhile.
    pub(super) async fn carry_out(&self, id: ObjectId) -> Result<(), Error> {
        for _ in 1..WIPE_TRIES {
            match self.carry_out_once(id).await {
                Err(Error::Conflict(_)) => {}
                done => return done,
            }
        }
        self.carry_out_once(id).await
    }

    /// Destroys the keys, then removes files and rows and signs the certificate, then empties the write-ahead log.
    async fn carry_out_once(&self, id: ObjectId) -> Result<(), Error> {
        let plan = self.plan(id).await?;
        for group in &plan.keys {
            self.keys.destroy(group).await?;
        }
        for item in &plan.items {
            if let Some(Ok(blob)) = item.blob.as_deref().map(str::parse::<BlobName>) {
                self.blobs.remove(blob).await?;
            }
        }
        let certificate = ErasureCertified {
            case: plan.case,
            scope: plan.scope.parts(),
            keys: plan.keys.iter().map(|group| group.as_str().to_owned()).collect(),
            backups_until: self
                .clock
                .now()
                .plus_secs(i64::from(self.rules.backup_days).saturating_mul(DAY_SECS))
                .0,
            holders: plan.holders.iter().filter_map(|name| name.parse().ok()).collect(),
        };
        let by = Authorship::node(Some(StatementHash(plan.order.head)));
        let certificate = self.author(id, by, &certificate).await?;
        let row =
            Erasure { state: ErasureState::Done, head: certificate.hash().0, ..plan.order.clone() };
        self.wipe(Wipe { plan, certificate, row }).await?;
        self.committed();
        // A long reader may stand in the way; the writer's next pause empties it then.
        if let Err(error) = self.store.checkpoint().await {
            tracing::info!(cause = %error, "the write-ahead log is emptied later");
        }
        Ok(())
    }

    /// Removes the rows, again if the case was changed meanwhile.
    async fn wipe(&self, wipe: Wipe) -> Result<(), Error> {
        let wipe = Arc::new(wipe);
        for attempt in 1.. {
            let left = match &wipe.plan.scope {
                Scope::Case => None,
                Scope::Subjects(_) => Some(self.left(wipe.plan.case).await?),
            };
            let data = (Arc::clone(&wipe), left);
            let done: Result<(), StoreError> = self
                .store
                .write_with("carry_out_erasure", data, |tx, (wipe, left)| {
                    Box::pin(async move {
                        wipe.certificate.append(tx).await?;
                        wipe.rows(tx, left.as_ref()).await?;
                        erasures::advance(tx, ErasureState::Confirmed, &wipe.row).await
                    })
                })
                .await;
            match done {
                Err(StoreError::Conflict(_)) if attempt < WIPE_TRIES => {}
                done => return done.map_err(Error::from),
            }
        }
        Ok(())
    }

    /// What search may still know of a case, now that the keys of the rest are destroyed.
    async fn left(&self, case: ObjectId) -> Result<Left, Error> {
        let (standing, maker) = (self.standing(case).await?, self.term_maker().await?);
        let terms = maker.of_case(&standing.case, &standing.content);
        Ok(Left { version: standing.case.version, terms, maker })
    }

    async fn plan(&self, id: ObjectId) -> Result<Plan, Error> {
        let order = self.erasure_row(id).await?;
        let case: ObjectId = order.case_id.parse().map_err(Error::internal)?;
        let scope: Scope = order.scope.parse().map_err(Error::internal)?;
        let is_whole = scope == Scope::Case;
        let case_id = order.case_id.clone();
        let (paths, items, holders) = self
            .store
            .read("erasure_plan", move |tx| {
                Box::pin(async move {
                    let fields = object_fields::of_object(tx, &case_id).await?;
                    let items =
                        if is_whole { evidence::of_case(tx, &case_id).await? } else { vec![] };
                    let holders = summaries::holders_of_case(tx, &case_id).await?;
                    let paths = fields.into_iter().map(|field| field.path);
                    Ok((
                        paths.map(|path| (path, crate::record::Value::Null)).collect(),
                        items,
                        holders,
                    ))
                })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        let mut keys = scope.keys(case, &numbers(&paths, "subjects/"));
        for item in &items {
            keys.push(KeyGroup::evidence(item.id.parse().map_err(Error::internal)?));
        }
        Ok(Plan { order, case, scope, keys, items, holders })
    }
}

impl Wipe {
    /// Removes what could be read; the statements and the hashes of their fields stay, and still verify.
    async fn rows(&self, tx: &mut Tx, left: Option<&Left>) -> Result<(), StoreError> {
        for group in &self.plan.keys {
            records::erase_fields(tx, group.as_str()).await?;
        }
        let case = &self.plan.order.case_id;
        match &self.plan.scope {
            Scope::Subjects(_) => {
                cases::note_erasure(tx, case).await?;
                for part in self.plan.scope.parts() {
                    erasures::wipe_path(tx, case, &format!("{part}/")).await?;
                }
                if let Some(left) = left {
                    left.keep(tx, case).await?;
                }
            }
            Scope::Case => {
                let planned = |item: &EvidenceItem| self.plan.items.iter().any(|i| i.id == item.id);
                if !evidence::of_case(tx, case).await?.iter().all(planned) {
                    return Err(StoreError::Conflict("evidence was added"));
                }
                object_fields::clear_object(tx, case).await?;
                identifiers::clear_object(tx, case).await?;
                deadlines::clear_object(tx, case).await?;
                notices::clear_object(tx, case).await?;
                for item in &self.plan.items {
                    if let Some(blob) = &item.blob {
                        blobs::delete(tx, blob).await?;
                    }
                    object_fields::clear_object(tx, &item.id).await?;
                    erasures::wipe_evidence(tx, &item.id).await?;
                }
                search::clear(tx, case).await?;
                cases::delete(tx, case).await?;
            }
        }
        Ok(())
    }
}

impl Left {
    /// Makes it all that search knows of the case; a conflict if the case has another version by now.
    async fn keep(&self, tx: &mut Tx, case_id: &str) -> Result<(), StoreError> {
        let case = cases::get(tx, case_id).await?;
        let case = case.filter(|case| case.version == self.version);
        let case = case.ok_or(StoreError::Conflict("search_cases.erase"))?;
        let team = cases::team(tx, case_id).await?;
        search::put(tx, case_id, case.opened_at, &self.maker.with_team(&self.terms, &team)).await
    }
}
