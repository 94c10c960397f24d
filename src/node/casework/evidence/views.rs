//! What is shown of evidence; reads nothing.

use schemars::JsonSchema;
use serde::Serialize;

use crate::node::casework::views::{HistoryView, time_text};
use crate::node::store::evidence::{EvidenceItem, PendingTransfer};

/// An item in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EvidenceRow {
    /// Its id.
    pub id: String,
    /// The case.
    pub case: String,
    /// What it is.
    pub description: String,
    /// What it is in relation to its original: `original`, `copy`, `certified_copy`, `sample` or `part`.
    pub form: String,
    /// The item that it was copied or taken from.
    pub parent: Option<String>,
    /// How much of it is left, a decimal number.
    pub quantity: Option<String>,
    /// The unit of the quantity.
    pub unit: Option<String>,
    /// The media type of its file; none of a thing.
    pub media_type: Option<String>,
    /// The size of its file.
    pub size: Option<i64>,
    /// SHA-256 of its file.
    pub sha256: Option<String>,
    /// BLAKE3 of its file.
    pub blake3: Option<String>,
    /// Who holds it, or held it last: pseudonym.
    pub holder: String,
    /// `held`, `on_the_way`, `divided`, `returned`, `lost` or `destroyed`.
    pub state: String,
    /// When it was registered.
    pub created_at: String,
}

impl From<&EvidenceItem> for EvidenceRow {
    fn from(item: &EvidenceItem) -> Self {
        Self {
            id: item.id.clone(),
            case: item.case_id.clone(),
            description: item.description.clone(),
            form: item.form.clone(),
            parent: item.parent.clone(),
            quantity: item.quantity.clone(),
            unit: item.unit.clone(),
            media_type: item.media_type.clone(),
            size: item.size,
            sha256: item.sha256.map(hex::encode),
            blake3: item.blake3.map(hex::encode),
            holder: item.holder.clone(),
            state: item.state.clone(),
            created_at: time_text(item.created_at),
        }
    }
}

/// A link of a custody chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CustodyView {
    /// The place in the chain, from 0.
    pub position: usize,
    /// What happened.
    pub event: String,
    /// Who had it before.
    pub from: Option<String>,
    /// Who has it then, or is to receive it.
    pub to: Option<String>,
    /// When.
    pub at: String,
    /// Why.
    pub reason: Option<String>,
    /// Where.
    pub place: Option<String>,
    /// Its condition.
    pub condition: Option<String>,
    /// Seal numbers before.
    pub seals_before: Option<String>,
    /// Seal numbers after.
    pub seals: Option<String>,
    /// How much of it was left after.
    pub quantity: Option<String>,
    /// The items that were made of it.
    pub parts: Vec<PartView>,
    /// What somebody should look into.
    pub warning: Option<String>,
    /// The signed record of it.
    pub record: String,
}

/// An item that was made of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PartView {
    /// The new item.
    pub item: String,
    /// How much it took with it.
    pub quantity: Option<String>,
}

/// A hand-over that the receiver has not signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PendingView {
    /// Who gives: pseudonym.
    pub giver: String,
    /// Who is to receive: pseudonym.
    pub receiver: String,
    /// Since when.
    pub at: String,
}

impl From<PendingTransfer> for PendingView {
    fn from(pending: PendingTransfer) -> Self {
        Self { giver: pending.giver, receiver: pending.receiver, at: time_text(pending.at) }
    }
}

/// An item with its chain of custody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EvidenceView {
    /// What lists show too.
    #[serde(flatten)]
    pub row: EvidenceRow,
    /// The name of the file as it was found.
    pub file_name: Option<String>,
    /// When it was collected.
    pub collected_at: Option<String>,
    /// Where.
    pub place: Option<String>,
    /// The legal power used.
    pub legal_power: Option<String>,
    /// Seal numbers at intake.
    pub seals: Option<String>,
    /// Seal numbers on it now; none when it is open.
    pub seals_now: Option<String>,
    /// The registration at another authority that it was copied from.
    pub copied_from: Option<String>,
    /// The newest record of its chain.
    pub head: String,
    /// The hand-over that waits for the receiver's signature.
    pub pending_transfer: Option<PendingView>,
    /// The chain of custody.
    pub custody: Vec<CustodyView>,
    /// Its records, oldest first.
    pub history: Vec<HistoryView>,
}

/// What came of hashing an item's content again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct VerdictView {
    /// The item.
    pub id: String,
    /// Whether the content is what the signed record says.
    pub verified: bool,
    /// In what it differs.
    pub differences: Vec<String>,
    /// The signed SHA-256.
    pub sha256: String,
    /// The signed size.
    pub size: i64,
    /// The signed record that it was compared with.
    pub record: String,
}
