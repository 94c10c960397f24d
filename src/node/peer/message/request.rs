//! What one node asks of another, and its bytes (PROTOCOL 6.3); does not say what to do about it.

use bytes::Bytes;
use uuid::Uuid;

use crate::domain::id::ObjectId;
use crate::node::peer::frame::Frame;
use crate::node::peer::message::wire::{Reader, WireError, Writer, bounded, malformed};
use crate::node::peer::message::{
    BLOB_NAME_BYTES_MAX, CARD_BYTES_MAX, FEATURES_MAX, FIELDS_MAX, FRAME_BYTES_MAX,
    ITEMS_PER_FRAME_MAX, LEAF_BYTES_MIN, NAME_BYTES_MAX, NOTE_BYTES_MAX, PATH_HASHES_MAX,
    RECORD_BYTES_MAX, kind,
};

/// A question to a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Which version and features the other side speaks, and which card it knows itself by.
    Hello(Hello),
    /// Statements with their fields and receipts.
    Deliver(Deliver),
    /// Cosigned proofs for statements delivered before.
    Anchors(Anchors),
    /// A range of a blob.
    Blob(BlobRequest),
    /// The asking node's new card.
    Card(Bytes),
    /// The answering node's current card.
    CardQuery,
    /// A checkpoint to cosign: the body of C2SP tlog-witness `add-checkpoint`.
    AddCheckpoint(Bytes),
    /// The newest checkpoint of a log that the answering node has cosigned.
    WitnessState {
        /// The log's origin.
        origin: String,
    },
}

/// Version and features of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hello {
    /// The minor version of the protocol `sealane/1`.
    pub minor: u64,
    /// Names of what the node can do beyond its minor version.
    pub features: Vec<String>,
    /// The version of the node's own card, so that the other side sees when it should ask for a newer one.
    pub card_version: u64,
}

/// Statements that travel together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deliver {
    /// Signed notes, one for each tree size that the receipts name.
    pub checkpoints: Vec<Bytes>,
    /// The statements, in the order in which the receiver should take them.
    pub items: Vec<DeliverItem>,
}

/// One statement on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliverItem {
    /// The COSE bytes of the statement.
    pub statement: Bytes,
    /// The fields that the receiver may read.
    pub fields: Fields,
    /// The sender's own COSE receipt: proof of origin.
    pub receipt: Bytes,
}

/// The fields of a statement that travel with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fields {
    /// All leaves of the field tree, in order.
    All(Vec<Bytes>),
    /// Chosen leaves with their paths to the root.
    Disclosed {
        /// The number of leaves of the whole tree.
        leaf_count: u64,
        /// The leaves that are disclosed.
        leaves: Vec<DisclosedLeaf>,
    },
}

/// One disclosed leaf of a field tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisclosedLeaf {
    /// Its place in the tree.
    pub index: u64,
    /// Its bytes.
    pub leaf: Bytes,
    /// The inclusion path to the root that the statement signs.
    pub path: Vec<[u8; 32]>,
}

/// Proofs under a cosigned checkpoint for statements delivered before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchors {
    /// The cosigned note.
    pub checkpoint: Bytes,
    /// One proof for each statement.
    pub items: Vec<AnchorItem>,
}

/// The place of one statement under a cosigned checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnchorItem {
    /// SHA-256 of the statement.
    pub statement: [u8; 32],
    /// Its index in the log.
    pub index: u64,
    /// The inclusion path.
    pub path: Vec<[u8; 32]>,
}

/// A range of a released blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobRequest {
    /// The blob's object name.
    pub blob: String,
    /// The first byte wanted.
    pub offset: u64,
    /// How many bytes are wanted.
    pub length: u64,
    /// The evidence item on whose account the blob is asked for.
    pub about: ObjectId,
}

impl Deliver {
    /// An upper bound of the encoded length.
    #[must_use]
    pub fn wire_bytes(&self) -> usize {
        let notes: usize = self.checkpoints.iter().map(|note| note.len() + 5).sum();
        let items: usize = self.items.iter().map(DeliverItem::wire_bytes).sum();
        notes.saturating_add(items).saturating_add(16)
    }

    /// Whether one more item, with `notes_bytes` of checkpoints that come with it, still fits into the frame.
    #[must_use]
    pub fn has_room(&self, item: &DeliverItem, notes_bytes: usize) -> bool {
        self.items.len() < ITEMS_PER_FRAME_MAX
            && self.checkpoints.len() < ITEMS_PER_FRAME_MAX
            && self
                .wire_bytes()
                .saturating_add(item.wire_bytes())
                .saturating_add(notes_bytes)
                .saturating_add(5)
                <= FRAME_BYTES_MAX
    }
}

impl DeliverItem {
    /// An upper bound of the encoded length.
    #[must_use]
    pub fn wire_bytes(&self) -> usize {
        let fields: usize = match &self.fields {
            Fields::All(leaves) => leaves.iter().map(|leaf| leaf.len() + 5).sum(),
            Fields::Disclosed { leaves, .. } => {
                leaves.iter().map(|it| it.leaf.len() + it.path.len() * 32 + 24).sum()
            }
        };
        self.statement.len() + self.receipt.len() + fields + 40
    }
}

impl Request {
    /// The request as a frame.
    ///
    /// # Errors
    /// If it is larger than a frame or one of its lists than its bound.
    pub fn to_frame(&self) -> Result<Frame, WireError> {
        let (kind, body) = match self {
            Self::Hello(hello) => (kind::HELLO, hello.encode()?),
            Self::Deliver(deliver) => return deliver.to_frame(),
            Self::Anchors(anchors) => return anchors.to_frame(),
            Self::Blob(request) => (kind::BLOB, request.encode()),
            Self::Card(card) => (kind::CARD, single(card)),
            Self::CardQuery => (kind::CARD_QUERY, empty()),
            Self::AddCheckpoint(body) => (kind::ADD_CHECKPOINT, single(body)),
            Self::WitnessState { origin } => {
                let mut w = Writer::with_capacity(origin.len() + 8);
                w.map(1).uint(0).text(origin);
                (kind::WITNESS_STATE, w.finish())
            }
        };
        Frame::new(kind, body)
    }

    /// The request that a frame carries. Fields that this version does not know are passed over.
    ///
    /// # Errors
    /// If the frame is of another type or its bytes are not a request within the bounds.
    pub fn from_frame(frame: &Frame) -> Result<Self, WireError> {
        let mut r = Reader::new(frame.body());
        let request = match frame.kind() {
            kind::HELLO => Self::Hello(Hello::decode(&mut r)?),
            kind::DELIVER => Self::Deliver(Deliver::decode(&mut r)?),
            kind::ANCHORS => Self::Anchors(Anchors::decode(&mut r)?),
            kind::BLOB => Self::Blob(BlobRequest::decode(&mut r)?),
            kind::CARD => Self::Card(decode_single(&mut r, "card", CARD_BYTES_MAX)?),
            kind::CARD_QUERY => {
                decode_empty(&mut r)?;
                Self::CardQuery
            }
            kind::ADD_CHECKPOINT => {
                Self::AddCheckpoint(decode_single(&mut r, "checkpoint", NOTE_BYTES_MAX)?)
            }
            kind::WITNESS_STATE => Self::WitnessState { origin: decode_origin(&mut r)? },
            other => return Err(WireError::UnknownFrame(other)),
        };
        r.finish()?;
        Ok(request)
    }

    /// The method's name for logs and metrics.
    #[must_use]
    pub const fn method(&self) -> &'static str {
        match self {
            Self::Hello(_) => "hello",
            Self::Deliver(_) => "deliver",
            Self::Anchors(_) => "anchors",
            Self::Blob(_) => "blob",
            Self::Card(_) => "card",
            Self::CardQuery => "card_query",
            Self::AddCheckpoint(_) => "add_checkpoint",
            Self::WitnessState { .. } => "witness_state",
        }
    }
}

impl Hello {
    pub(crate) fn encode(&self) -> Result<Bytes, WireError> {
        bounded("features", self.features.len() as u64, FEATURES_MAX)?;
        let mut w = Writer::with_capacity(64);
        w.map(3).uint(0).uint(self.minor).uint(1).array(self.features.len());
        for feature in &self.features {
            bounded("feature", feature.len() as u64, NAME_BYTES_MAX)?;
            w.text(feature);
        }
        w.uint(2).uint(self.card_version);
        Ok(w.finish())
    }

    pub(crate) fn decode(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let (mut minor, mut features, mut card_version) = (None, Vec::new(), None);
        let mut map = r.map("hello")?;
        while let Some(key) = r.key(&mut map)? {
            match key {
                0 => minor = Some(r.uint("minor")?),
                1 => {
                    for _ in 0..r.array("features", FEATURES_MAX, 1)? {
                        features.push(r.text("feature", NAME_BYTES_MAX)?);
                    }
                }
                2 => card_version = Some(r.uint("card version")?),
                _ => r.skip()?,
            }
        }
        Ok(Self {
            minor: minor.ok_or(WireError::Missing("minor"))?,
            features,
            card_version: card_version.ok_or(WireError::Missing("card version"))?,
        })
    }
}

impl Deliver {
    /// The request `deliver` as a frame.
    ///
    /// # Errors
    /// If it is larger than a frame or one of its lists than its bound.
    pub fn to_frame(&self) -> Result<Frame, WireError> {
        Frame::new(kind::DELIVER, self.encode()?)
    }

    fn encode(&self) -> Result<Bytes, WireError> {
        bounded("checkpoints", self.checkpoints.len() as u64, ITEMS_PER_FRAME_MAX)?;
        bounded("statements", self.items.len() as u64, ITEMS_PER_FRAME_MAX)?;
        let mut w = Writer::with_capacity(self.wire_bytes().min(FRAME_BYTES_MAX));
        w.map(2).uint(0).list(&self.checkpoints).uint(1).array(self.items.len());
        for item in &self.items {
            item.encode(&mut w)?;
        }
        Ok(w.finish())
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let mut deliver = Self::default();
        let mut map = r.map("deliver")?;
        while let Some(key) = r.key(&mut map)? {
            match key {
                0 => deliver.checkpoints = r.list("checkpoints", ITEMS_PER_FRAME_MAX, 1)?,
                1 => {
                    for _ in 0..r.array("statements", ITEMS_PER_FRAME_MAX, 1)? {
                        deliver.items.push(DeliverItem::decode(r)?);
                    }
                }
                _ => r.skip()?,
            }
        }
        if deliver.checkpoints.iter().any(|note| note.len() > NOTE_BYTES_MAX) {
            return Err(malformed("checkpoints"));
        }
        Ok(deliver)
    }
}

impl DeliverItem {
    fn encode(&self, w: &mut Writer) -> Result<(), WireError> {
        w.map(3).uint(0).bytes(&self.statement).uint(1).bytes(&self.receipt);
        match &self.fields {
            Fields::All(leaves) => {
                bounded("fields", leaves.len() as u64, FIELDS_MAX)?;
                w.uint(2).list(leaves);
            }
            Fields::Disclosed { leaf_count, leaves } => {
                bounded("fields", leaves.len() as u64, FIELDS_MAX)?;
                w.uint(3).array(2).uint(*leaf_count).array(leaves.len());
                for it in leaves {
                    w.array(3).uint(it.index).bytes(&it.leaf).hashes(&it.path);
                }
            }
        }
        Ok(())
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let (mut statement, mut receipt, mut fields) = (None, None, None);
        let mut map = r.map("statement")?;
        while let Some(key) = r.key(&mut map)? {
            match key {
                0 => statement = Some(r.bytes("statement", RECORD_BYTES_MAX)?),
                1 => receipt = Some(r.bytes("receipt", NOTE_BYTES_MAX)?),
                2 => fields = Some(Fields::All(r.list("fields", FIELDS_MAX, LEAF_BYTES_MIN)?)),
                // A statement travels with all fields or with chosen ones, never with both.
                3 if fields.is_some() => return Err(malformed("fields")),
                3 => fields = Some(decode_disclosed(r)?),
                _ => r.skip()?,
            }
        }
        Ok(Self {
            statement: statement.ok_or(WireError::Missing("statement"))?,
            fields: fields.ok_or(WireError::Missing("fields"))?,
            receipt: receipt.ok_or(WireError::Missing("receipt"))?,
        })
    }
}

impl Anchors {
    /// The request `anchors` as a frame.
    ///
    /// # Errors
    /// If it is larger than a frame or one of its lists than its bound.
    pub fn to_frame(&self) -> Result<Frame, WireError> {
        Frame::new(kind::ANCHORS, self.encode()?)
    }

    fn encode(&self) -> Result<Bytes, WireError> {
        bounded("anchors", self.items.len() as u64, ITEMS_PER_FRAME_MAX)?;
        let mut w = Writer::with_capacity(self.checkpoint.len() + 64);
        w.map(2).uint(0).bytes(&self.checkpoint).uint(1).array(self.items.len());
        for item in &self.items {
            w.array(3).bytes(&item.statement).uint(item.index).hashes(&item.path);
        }
        Ok(w.finish())
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let (mut checkpoint, mut items) = (None, Vec::new());
        let mut map = r.map("anchors")?;
        while let Some(key) = r.key(&mut map)? {
            match key {
                0 => checkpoint = Some(r.bytes("checkpoint", NOTE_BYTES_MAX)?),
                1 => {
                    for _ in 0..r.array("anchors", ITEMS_PER_FRAME_MAX, 1)? {
                        triple(r, "anchor")?;
                        items.push(AnchorItem {
                            statement: r.fixed("statement hash")?,
                            index: r.uint("index")?,
                            path: r.hashes("path", PATH_HASHES_MAX)?,
                        });
                    }
                }
                _ => r.skip()?,
            }
        }
        Ok(Self { checkpoint: checkpoint.ok_or(WireError::Missing("checkpoint"))?, items })
    }
}

impl BlobRequest {
    fn encode(&self) -> Bytes {
        let mut w = Writer::with_capacity(self.blob.len() + 48);
        w.map(4).uint(0).text(&self.blob).uint(1).uint(self.offset);
        w.uint(2).uint(self.length).uint(3).bytes(self.about.0.as_bytes());
        w.finish()
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let (mut blob, mut offset, mut length, mut about) = (None, None, None, None);
        let mut map = r.map("blob")?;
        while let Some(key) = r.key(&mut map)? {
            match key {
                0 => blob = Some(r.text("blob", BLOB_NAME_BYTES_MAX)?),
                1 => offset = Some(r.uint("offset")?),
                2 => length = Some(r.uint("length")?),
                3 => about = Some(ObjectId(Uuid::from_bytes(r.fixed("about")?))),
                _ => r.skip()?,
            }
        }
        Ok(Self {
            blob: blob.ok_or(WireError::Missing("blob"))?,
            offset: offset.ok_or(WireError::Missing("offset"))?,
            length: length.ok_or(WireError::Missing("length"))?,
            about: about.ok_or(WireError::Missing("about"))?,
        })
    }
}

fn decode_disclosed(r: &mut Reader<'_>) -> Result<Fields, WireError> {
    if r.array("disclosed fields", 2, 1)? != 2 {
        return Err(malformed("disclosed fields"));
    }
    let leaf_count = r.uint("leaf count")?;
    bounded("leaf count", leaf_count, FIELDS_MAX)?;
    let count = r.array("disclosed fields", FIELDS_MAX, LEAF_BYTES_MIN)?;
    let mut leaves = Vec::with_capacity(count);
    for _ in 0..count {
        triple(r, "disclosed field")?;
        leaves.push(DisclosedLeaf {
            index: r.uint("index")?,
            leaf: r.bytes("field", RECORD_BYTES_MAX)?,
            path: r.hashes("path", PATH_HASHES_MAX)?,
        });
    }
    Ok(Fields::Disclosed { leaf_count, leaves })
}

fn triple(r: &mut Reader<'_>, what: &'static str) -> Result<(), WireError> {
    if r.array(what, 3, 1)? == 3 { Ok(()) } else { Err(malformed(what)) }
}

fn decode_origin(r: &mut Reader<'_>) -> Result<String, WireError> {
    let mut origin = None;
    let mut map = r.map("witness state")?;
    while let Some(key) = r.key(&mut map)? {
        match key {
            0 => origin = Some(r.text("origin", NAME_BYTES_MAX)?),
            _ => r.skip()?,
        }
    }
    origin.ok_or(WireError::Missing("origin"))
}

/// A message of one byte string.
pub(crate) fn single(bytes: &[u8]) -> Bytes {
    let mut w = Writer::with_capacity(bytes.len() + 8);
    w.map(1).uint(0).bytes(bytes);
    w.finish()
}

/// A message without fields.
pub(crate) fn empty() -> Bytes {
    let mut w = Writer::with_capacity(1);
    w.map(0);
    w.finish()
}

pub(crate) fn decode_single(
    r: &mut Reader<'_>,
    what: &'static str,
    max: usize,
) -> Result<Bytes, WireError> {
    let mut bytes = None;
    let mut map = r.map(what)?;
    while let Some(key) = r.key(&mut map)? {
        match key {
            0 => bytes = Some(r.bytes(what, max)?),
            _ => r.skip()?,
        }
    }
    bytes.ok_or(WireError::Missing(what))
}

pub(crate) fn decode_empty(r: &mut Reader<'_>) -> Result<(), WireError> {
    let mut map = r.map("message")?;
    while r.key(&mut map)?.is_some() {
        r.skip()?;
    }
    Ok(())
}
