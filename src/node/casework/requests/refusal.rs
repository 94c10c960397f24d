//! An own act that the other side refused for good: taken out of its request, with the reason kept; signs nothing.

use std::collections::{HashMap, HashSet};

use crate::domain::id::{AuthorityName, ObjectId};
use crate::node::casework::append::{Prepared, SHARED_CHAIN};
use crate::node::casework::load::Stored;
use crate::node::casework::{Desk, Error};
use crate::node::store::object_fields::{self, ObjectField};
use crate::node::store::requests::{self, ActVerdict, RequestAct};
use crate::node::store::{StoreError, Tx, blobs, chains, records};
use crate::record::kinds::delivery::DeliveryRefused;
use crate::record::{Record, StatementHash};

/// What an officer reads when the peer's refusal cannot be opened any more.
const NO_REASON: &str = "the other side refused it";

/// What the write of a refusal needs.
struct Writing {
    own: String,
    peer: String,
    act: [u8; 32],
    prepared: Prepared,
}

impl Desk {
    /// Keeps a peer's verified refusal of a record, so that it is logged and can be shown. A refused act leaves its
    /// request: the other side never kept it, so the next act follows what both sides have. Twice is as once.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) async fn keep_refusal(
        &self,
        peer: &AuthorityName,
        record: StatementHash,
        refusal: Record,
    ) -> Result<(), Error> {
        let writing = Writing {
            own: self.authority.to_string(),
            peer: peer.to_string(),
            act: record.0,
            prepared: self.prepare(refusal).await?,
        };
        let request = self
            .store
            .write_with("keep_refusal", writing, |tx, writing| {
                Box::pin(async move { writing.write(tx).await })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        self.committed();
        let Some(request) = request else { return Ok(()) };
        tracing::warn!(peer.authority = %peer, %record, %request, "the other side refused an act of a request; `sealane request show` has the reason");
        self.recompute_requests(vec![request]).await
    }

    /// Why acts were refused, by their hash.
    pub(super) async fn refusal_reasons(
        &self,
        refusals: HashMap<[u8; 32], Stored>,
    ) -> Result<HashMap<[u8; 32], String>, Error> {
        let mut reasons = HashMap::with_capacity(refusals.len());
        for (act, stored) in refusals {
            let reason = match self.open_stored(stored).await {
                Ok(held) => held.payload::<DeliveryRefused>().map_or_else(
                    |_| NO_REASON.to_owned(),
                    |refused| format!("{}: {}", refused.code, refused.reason),
                ),
                Err(Error::Erased(_)) => NO_REASON.to_owned(),
                Err(error) => return Err(error),
            };
            reasons.insert(act, reason);
        }
        Ok(reasons)
    }
}

impl Writing {
    /// Gives the request whose act was refused.
    async fn write(&self, tx: &mut Tx) -> Result<Option<ObjectId>, StoreError> {
        let refusal = self.prepared.hash();
        if !records::exists(tx, &refusal.0).await? {
            self.prepared.insert(tx).await?;
        }
        let acts = requests::acts_of_records(tx, &[self.act]).await?;
        let Some(act) = acts.into_iter().find(|act| act.author == self.own) else {
            return Ok(None);
        };
        let request = act.request_id.clone();
        let Some(row) = requests::get(tx, &request).await?.filter(|row| row.peer == self.peer)
        else {
            return Ok(None);
        };
        let field = field(&request, self.act, refusal);
        if object_fields::get(tx, &field.object, &field.path).await?.is_none() {
            object_fields::put_all(tx, &[field]).await?;
            requests::put_act(tx, &RequestAct { verdict: ActVerdict::Refused, ..act }).await?;
            // A fold that began before this one is older, whatever it saw.
            let version = row.version.saturating_add(1);
            requests::put(tx, &requests::Request { version, ..row }).await?;
            let chain = SharedChain::read(tx, &request).await?;
            let (head, length) = (chain.head.as_ref(), chain.length());
            chains::put_back(tx, &request, SHARED_CHAIN, head, length).await?;
            // What nobody keeps releases nothing.
            blobs::revoke_of(tx, &self.act).await?;
        }
        Ok(request.parse().ok())
    }
}

/// Where it is kept which record refused an act: apart from the row of the act, which every fold writes.
fn field(request: &str, act: [u8; 32], refusal: StatementHash) -> ObjectField {
    ObjectField {
        object: refusals_object(request),
        path: format!("refused:{}", StatementHash(act)),
        value: Vec::new(),
        record_hash: refusal.0,
        field_index: 0,
    }
}

fn refusals_object(request: &str) -> String {
    format!("refusals:{request}")
}

/// The refused ones among the acts of requests, each with the hash of the record that refused it.
async fn refused_acts(
    tx: &mut Tx,
    requests: &[String],
    acts: &[RequestAct],
) -> Result<HashMap<[u8; 32], [u8; 32]>, StoreError> {
    let objects: Vec<_> = requests.iter().map(|request| refusals_object(request)).collect();
    let fields = object_fields::of_objects(tx, &objects).await?;
    let mut by_path: HashMap<_, _> =
        fields.into_iter().map(|field| (field.path, field.record_hash)).collect();
    let refusal = |act: &RequestAct| {
        let path = format!("refused:{}", StatementHash(act.record_hash));
        by_path.remove(&path).map(|refusal| (act.record_hash, refusal))
    };
    Ok(acts.iter().filter_map(refusal).collect())
}

/// The refusals of acts of requests as records, by the hash of the act.
pub(super) async fn read_refusals(
    tx: &mut Tx,
    requests: &[String],
    acts: &[RequestAct],
) -> Result<HashMap<[u8; 32], Stored>, StoreError> {
    let refused = refused_acts(tx, requests, acts).await?;
    if refused.is_empty() {
        return Ok(HashMap::new());
    }
    let hashes: Vec<_> = refused.values().copied().collect();
    let rows = records::get_many(tx, &hashes).await?;
    let stored = Stored::read_all(tx, rows).await?;
    let by_record: HashMap<_, _> = stored.into_iter().map(|one| (one.row.hash, one)).collect();
    let of = |(act, refusal): (_, [u8; 32])| Some((act, by_record.get(&refusal)?.clone()));
    Ok(refused.into_iter().filter_map(of).collect())
}

/// The chain of a request that both sides write, as the acts give it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedChain {
    /// The newest act that was not refused.
    pub head: Option<[u8; 32]>,
    /// The acts on it: those that were not refused.
    pub acts: HashSet<[u8; 32]>,
    /// The acts that the other side refused, which stand on no chain.
    pub refused: HashSet<[u8; 32]>,
}

impl SharedChain {
    /// The author under which the chain is kept.
    pub const AUTHOR: &str = SHARED_CHAIN;

    /// Derives the chain of a request; an empty one if there is no such request.
    ///
    /// # Errors
    /// What the database says.
    pub async fn read(tx: &mut Tx, request: &str) -> Result<Self, StoreError> {
        let acts = requests::acts(tx, request).await?;
        if acts.is_empty() {
            return Ok(Self::default());
        }
        let refused: HashSet<_> =
            refused_acts(tx, &[request.to_owned()], &acts).await?.into_keys().collect();
        let all = acts.iter().map(|act| act.record_hash);
        let acts: HashSet<_> = all.filter(|act| !refused.contains(act)).collect();
        let rows = records::of_object(tx, request, 0, i64::MAX).await?;
        let newest = rows.iter().filter(|row| acts.contains(&row.hash)).max_by_key(|row| row.seq);
        Ok(Self { head: newest.map(|row| row.hash), acts, refused })
    }

    /// How many acts are on it.
    #[must_use]
    pub fn length(&self) -> i64 {
        i64::try_from(self.acts.len()).unwrap_or(i64::MAX)
    }
}
