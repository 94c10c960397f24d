//! The closed lists of what can be done, by whom and to what; decides nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use crate::domain::id::{AuthorityName, ObjectId, OfficerPseudonym, UserId};
use crate::policy::role::Role;

macro_rules! actions {
    ($count:literal; $($(#[$doc:meta])+ $variant:ident = $name:literal;)+) => {
        /// What somebody wants to do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action {
            $($(#[$doc])+ $variant,)+
        }

        impl Action {
            /// Every action.
            pub const ALL: [Self; $count] = [$(Self::$variant,)+];

            /// The stable name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

actions! {
    54;
    /// Open a case.
    CaseOpen = "case.open";
    /// Read a case.
    CaseRead = "case.read";
    /// See that cases exist: ids, status and type of those one may read.
    CaseList = "case.list";
    /// See what is due in the objects one may open.
    DeadlineList = "deadline.list";
    /// Read the own notices.
    NoticeRead = "notice.read";
    /// Change the content of a case.
    CaseUpdate = "case.update";
    /// Move a case to another status.
    CaseMove = "case.move";
    /// Approve or refuse a move of a case that another officer proposed.
    CaseApprove = "case.approve";
    /// Put a case under another version of its workflow.
    CaseWorkflow = "case.workflow";
    /// Give a case to another officer to lead.
    CaseAssign = "case.assign";
    /// Put a case into a compartment or classify it, or take that back.
    CaseProtect = "case.protect";
    /// Declare a conflict of interest of one's own in a case.
    ConflictDeclare = "conflict.declare";
    /// Say that another officer has a conflict of interest in a case.
    ConflictFlag = "conflict.flag";
    /// Lift a conflict of interest of another officer in a case.
    ConflictLift = "conflict.lift";
    /// Order that data of a case are erased.
    ErasureOrder = "erasure.order";
    /// Decide on an erasure that another officer ordered.
    ErasureDecide = "erasure.decide";
    /// Read orders and certificates of erasure; they show no content.
    ErasureRead = "erasure.read";
    /// Register evidence.
    EvidenceAdd = "evidence.add";
    /// Read evidence.
    EvidenceRead = "evidence.read";
    /// Examine, sample, divide or copy evidence.
    EvidenceExamine = "evidence.examine";
    /// Release an item of evidence to a peer.
    EvidenceRelease = "evidence.release";
    /// Seal, open, return, destroy evidence, or report its loss.
    CustodyRecord = "custody.record";
    /// Give evidence away.
    CustodyTransfer = "custody.transfer";
    /// Receive evidence.
    CustodyReceive = "custody.receive";
    /// Write a request for assistance.
    RequestDraft = "request.draft";
    /// Approve and send a request.
    RequestSubmit = "request.submit";
    /// Any other act on a request.
    RequestAct = "request.act";
    /// Read a request.
    RequestRead = "request.read";
    /// Choose the fields of a summary.
    SummaryDraft = "summary.draft";
    /// Approve and send a summary.
    SummaryShare = "summary.share";
    /// Withdraw a summary.
    SummaryWithdraw = "summary.withdraw";
    /// Read a summary from a peer, or one that was shared.
    SummaryRead = "summary.read";
    /// Propose a task force, accept its charter, name the own officers of its team, leave or end it.
    TaskForceForm = "task_force.form";
    /// Post to a task force.
    TaskForcePost = "task_force.post";
    /// Read a task force.
    TaskForceRead = "task_force.read";
    /// Make a court pack.
    PackExport = "pack.export";
    /// Import declarations, manifests and seizures.
    Import = "import";
    /// Read imported declarations.
    DeclarationRead = "declaration.read";
    /// Read statistics of cases and requests.
    StatisticsRead = "statistics.read";
    /// Read the workflows.
    WorkflowRead = "workflow.read";
    /// Take a new version of a workflow into use.
    WorkflowAdopt = "workflow.adopt";
    /// Read the transparency log and its proofs.
    LogRead = "log.read";
    /// Read who did and read what.
    AuditRead = "audit.read";
    /// Export who did and read what.
    AuditExport = "audit.export";
    /// Check store against records against log, and with peers.
    AuditRun = "audit.run";
    /// Read names, roles and state of users.
    UserRead = "user.read";
    /// Let another officer into a compartment, or no longer.
    CompartmentGrant = "compartment.grant";
    /// See who is in which compartment.
    CompartmentRead = "compartment.read";
    /// Create and disable users, give roles and tokens.
    UserManage = "user.manage";
    /// See peers and how deliveries stand.
    PeerRead = "peer.read";
    /// Add and remove peers.
    PeerManage = "peer.manage";
    /// See health and settings of the node.
    NodeRead = "node.read";
    /// Backup, rotation of keys, settings.
    NodeManage = "node.manage";
    /// End a delivery by a signed decision.
    DeliveryEnd = "delivery.end";
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such action")]
pub struct UnknownAction;

impl FromStr for Action {
    type Err = UnknownAction;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|action| action.name() == text).ok_or(UnknownAction)
    }
}

/// How an actor came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Via {
    /// With an officer's token.
    Token,
    /// Over the local socket of the machine: users, tokens and health only.
    LocalSocket,
    /// The node itself: receipts, timers, messages of peers.
    Node,
}

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The user; none for the node itself and the local socket.
    pub user: Option<UserId>,
    /// What peers see of them.
    pub pseudonym: OfficerPseudonym,
    /// Their roles that are in force.
    pub roles: BTreeSet<Role>,
    /// Their roles that are not in force, each with the reason; they allow nothing.
    pub suspended: BTreeMap<Role, String>,
    /// The highest classification level they may see.
    pub clearance: u8,
    /// The compartments that they were let into.
    pub compartments: BTreeSet<String>,
    /// Their unit.
    pub unit: Option<String>,
    /// How they came in.
    pub via: Via,
}

impl Actor {
    /// The node acting by itself.
    #[must_use]
    pub fn node() -> Self {
        Self {
            user: None,
            pseudonym: OfficerPseudonym::node(),
            roles: BTreeSet::new(),
            suspended: BTreeMap::new(),
            clearance: u8::MAX,
            compartments: BTreeSet::new(),
            unit: None,
            via: Via::Node,
        }
    }

    /// Whoever has the machine's local socket (mode 0600).
    #[must_use]
    pub fn local_socket() -> Self {
        Self { clearance: 0, via: Via::LocalSocket, ..Self::node() }
    }
}

/// What something is, for the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceKind {
    /// A case.
    Case,
    /// An evidence item.
    Evidence,
    /// A request for assistance.
    Request,
    /// A summary.
    Summary,
    /// A task force.
    TaskForce,
    /// An order to erase data.
    Erasure,
    /// An imported declaration.
    Declaration,
    /// The log, the audit trail, users, peers, the node.
    System,
}

/// What is acted on, as far as the rules need to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// What it is.
    pub kind: ResourceKind,
    /// Its id; none before it exists and for the system.
    pub id: Option<ObjectId>,
    /// The authority it comes from; none if it is the own one.
    pub originator: Option<AuthorityName>,
    /// The officer who answers for it.
    pub owner: Option<UserId>,
    /// The officers who work on it.
    pub team: BTreeSet<UserId>,
    /// The officers who have a conflict of interest in its case.
    pub conflicted: BTreeSet<UserId>,
    /// The unit it belongs to.
    pub unit: Option<String>,
    /// The classification level of its marking.
    pub level: u8,
    /// The compartment that it is in; open to no officer who was not let into it.
    pub compartment: Option<String>,
    /// Closed to all but owner and team.
    pub is_restricted: bool,
    /// It is no matter of a case: open to liaison officers and to its drafter too. Not so unless it is said.
    pub is_caseless: bool,
    /// Who drafted what is to be approved; nobody if it is not known.
    pub authors: BTreeSet<UserId>,
    /// Whether approval by a second officer is configured for it.
    pub four_eyes: bool,
}

impl Resource {
    /// Something that is not a matter of a case: the log, users, peers, the node.
    #[must_use]
    pub fn system() -> Self {
        Self::of(ResourceKind::System)
    }

    /// Something of that kind of which nothing else is known: open to the unit, level 0, four eyes.
    #[must_use]
    pub fn of(kind: ResourceKind) -> Self {
        Self {
            kind,
            id: None,
            originator: None,
            owner: None,
            team: BTreeSet::new(),
            conflicted: BTreeSet::new(),
            unit: None,
            level: 0,
            compartment: None,
            is_restricted: false,
            is_caseless: false,
            authors: BTreeSet::new(),
            four_eyes: true,
        }
    }

    /// The same resource with its id.
    #[must_use]
    pub fn with_id(self, id: ObjectId) -> Self {
        Self { id: Some(id), ..self }
    }
}
