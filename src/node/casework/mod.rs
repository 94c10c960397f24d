//! The use cases of the node; sends nothing itself and knows no HTTP.
//!
//! A use case is one method of [`Desk`] in one file. It takes a [`Permit`](crate::policy::Permit), reads what it needs,
//! makes and signs its record *before* the write, and changes the store in one named transaction: the chain head by
//! compare-and-swap, the record, the projection, the outbox rows. Delivery and sealing happen elsewhere.

mod append;
mod audit_trail;
mod bulk_reads;
mod cards;
mod case_file;
mod cases;
mod compartments;
mod deadlines;
mod declarations;
mod documents;
mod erasure;
mod error;
mod evidence;
mod fetch;
mod give_out;
mod guard;
mod heads;
mod imports;
mod kinds;
mod limited;
mod listing;
mod load;
mod officers;
mod open_log;
mod outgoing;
mod packs;
mod paired;
mod permits;
mod plain;
mod print;
mod qualifications;
mod read_log;
mod receive;
mod repeats;
mod requests;
mod retention;
mod search;
mod standing;
mod statistics;
mod status;
mod summaries;
mod task_forces;
mod tokens;
mod trail_export;
mod views;
mod workflows;

#[cfg(test)]
mod exchange_tests;
#[cfg(test)]
mod testing;

use std::sync::{Arc, OnceLock};

use ed25519_dalek::VerifyingKey;

use crate::domain::id::AuthorityName;
use crate::node::blobs::{Blobs, Room};
use crate::node::clock::Clock;
use crate::node::keys::ContentKeys;
use crate::node::peer::Courier;
use crate::node::profiles::Profiles;
use crate::node::rng::Rng;
use crate::node::signals::Signals;
use crate::node::store::Store;
use crate::policy::RequiredTraining;
use crate::record::Signer;

pub use audit_trail::AuditEventView;
pub use bulk_reads::BulkRead;
pub use cards::{CardBook, KnownAuthority, Under};
pub use case_file::{CASE_FILE_SCHEMA, CaseFile, CaseFileAccess};
pub use cases::{
    AcknowledgedView, Acknowledgement, CaseChange, CaseQuery, CaseRow, CaseView, ChangeView,
    ConflictView, DifferenceQuery, DifferenceView, IdentifierView, Lift, Linking, Movement,
    NewCase, NewConflict, NewProtection, ProposalView, QualityView, Refusal, StepView, VersionView,
    WarningView, WorkflowChange,
};
pub use compartments::{CompartmentView, NewCompartment};
pub use deadlines::{
    DeadlineQuery, DeadlineView, Drafted, MailboxView, NewMailbox, NoticeMark, NoticeQuery,
    NoticeView, Told,
};
pub use declarations::{DeclarationQuery, DeclarationView};
pub use erasure::{ErasureQuery, ErasureView, NewErasure, NewImportErasure};
pub use error::Error;
pub use evidence::{
    CustodyInput, CustodyView, EvidenceContent, EvidenceInput, EvidenceRow, EvidenceView, HandOver,
    PartInput, PartView, PendingView, TakeOver, VerdictView,
};
pub use fetch::{FetchInput, FetchView};
pub use imports::{
    About, ImportQuery, ImportReport, ImportView, ImportedIdentifierView, ImportedQuery,
    ImportedRowView, ImportedView, Kept, Line, NewImport, RefusalQuery, RefusalView, Row,
    RowRemark, Span, check_file, read_rows,
};
pub use load::{Held, SentLeaves};
pub use officers::{NewUser, UserView, WhoView};
pub use qualifications::{NewQualification, QualificationView};
pub(crate) use receive::budget::RefusalBudget;
pub use repeats::{Known, Repeatable};
pub use requests::{
    ActInput, ActView, ClockView, DocumentView, NewRequest, RequestQuery, RequestSummary,
    RequestView, SharedChain,
};
pub use retention::{
    KeepingView, Lifting, NewRestriction, NewReview, RetentionClockView, RetentionQuery,
    RetentionRow, ReviewDecision,
};
pub use search::{HitView, NameView, PlaceView, SearchQuery};
pub use statistics::{CountView, LoadView, StatisticsQuery, StatisticsView, StayView};
pub use status::{BacklogView, LogStatusView, StatusView};
pub use summaries::{DisclosedView, NewSummary, SummaryQuery, SummaryRow, SummaryView};
pub use task_forces::{
    MemberView, NewPost, NewTaskForce, PostView, TaskForceQuery, TaskForceRow, TaskForceView,
};
pub use tokens::{NewToken, TOKEN_PREFIX, TokenListed, TokenView};
pub use trail_export::TrailRange;
pub use views::{
    FindingView, HistoryView, PAGE_ROWS, PAGE_ROWS_MAX, PageView, json_value, time_text,
};

pub use workflows::{AdoptionView, NewWorkflow, StandingView, WorkflowText, WorkflowView};

impl Desk {
    /// Whether the node is for training: its cases are invented, and it pairs with training nodes only (R48).
    #[must_use]
    pub fn is_training(&self) -> bool {
        self.authority.is_training()
    }
}

/// House rules that an authority may choose.
#[derive(Clone, Debug)]
pub struct HouseRules {
    /// Whether a release needs a second officer (R24).
    pub four_eyes: bool,
    /// How long backups are kept, in days.
    pub backup_days: u32,
    /// How many days before something is due its officer is told (R46).
    pub lead_days: u32,
    /// The highest classification level that the node is accredited for.
    pub level_max: u8,
    /// How much an officer reads before an alarm is raised (R24).
    pub bulk_read: BulkRead,
    /// The training without which a role is not in force (R26).
    pub required_training: Arc<RequiredTraining>,
}

/// What every use case works with.
pub struct Desk {
    pub(crate) authority: AuthorityName,
    pub(crate) store: Store,
    pub(crate) keys: Arc<ContentKeys>,
    pub(crate) blobs: Arc<Blobs>,
    /// Whether there is room for more evidence and declarations.
    pub(crate) room: Room,
    pub(crate) cards: Arc<CardBook>,
    pub(crate) signer: Arc<Signer>,
    pub(crate) log_key: VerifyingKey,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) signals: Arc<Signals>,
    pub(crate) rules: HouseRules,
    pub(crate) profiles: Arc<Profiles>,
    /// The way to the peers, once the node has one; a fetch needs it.
    pub(crate) courier: OnceLock<Arc<dyn Courier>>,
    /// What peers may make this node sign in refusals.
    pub(crate) refusals: RefusalBudget,
    /// Acts of requests that were opened before.
    pub(crate) acts: Arc<requests::ActMemory>,
    /// Workflows that were read before.
    pub(crate) workflows: Arc<workflows::WorkflowMemory>,
}

impl Desk {
    /// Refuses to take anything in while too little of the disk is free.
    pub(crate) fn has_room(&self) -> Result<(), Error> {
        match self.room.lacks() {
            None => Ok(()),
            Some(why) => {
                metrics::counter!("sealane_intake_refused_total").increment(1);
                Err(Error::NoRoom(why))
            }
        }
    }

    /// Gives the desk its way to the peers, once; a second one is left alone.
    pub(crate) fn set_courier(&self, courier: Arc<dyn Courier>) {
        if self.courier.set(courier).is_err() {
            tracing::debug!("the desk has a courier already");
        }
    }
}
