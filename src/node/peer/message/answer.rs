//! What a node answers to another, and its bytes (PROTOCOL 6.4); does not judge what the answer means.

use std::fmt;

use bytes::Bytes;

use crate::node::peer::frame::Frame;
use crate::node::peer::message::request::{decode_empty, decode_single, empty, single};
use crate::node::peer::message::wire::{Reader, WireError, Writer, bounded, malformed};
use crate::node::peer::message::{
    CARD_BYTES_MAX, FIELDS_MAX, FRAME_BYTES_MAX, Hello, ITEMS_PER_FRAME_MAX, LEAF_BYTES_MIN,
    NOTE_BYTES_MAX, RECORD_BYTES_MAX, REFUSAL_TEXT_BYTES_MAX, kind,
};

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To `hello`.
    Hello(Hello),
    /// To `deliver`: one answer for each item, in order.
    Delivered(Vec<ItemAnswer>),
    /// To a request that needs no more: `anchors`, `card`.
    Ok,
    /// To `blob`: the bytes of the range follow this frame on the stream.
    Blob(BlobHeader),
    /// To `card_query`.
    Card(Bytes),
    /// To `add_checkpoint` and `witness_state`.
    Witness(WitnessAnswer),
    /// To any request that is not carried out.
    Refusal(Refusal),
}

/// The answer to one delivered statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemAnswer {
    /// It is kept and logged; the receiver's COSE receipt, the same bytes for the same statement every time.
    Receipt(Bytes),
    /// It is refused for good by a statement that the receiver signed.
    Refused {
        /// The signed refusal.
        statement: Bytes,
        /// The leaves of the refusal's fields.
        fields: Vec<Bytes>,
    },
    /// Not now; send it again.
    Later {
        /// Why not now.
        reason: LaterReason,
    },
}

/// Why a statement has to be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaterReason {
    /// The receiver has too much to do.
    Busy,
    /// The statement before it in its chain has not arrived.
    PredecessorMissing,
    /// It is kept but not sealed in the receiver's log yet.
    NotSealed,
    /// The sender's current card has not arrived.
    CardMissing,
    /// A reason of a newer version.
    Other(u64),
}

/// What follows on the stream of a `blob` request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobHeader {
    /// The size of the whole blob.
    pub size: u64,
    /// How many bytes follow this frame.
    pub length: u64,
}

/// A witness's answer, with the status codes of C2SP tlog-witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessAnswer {
    /// The HTTP status that the same request would have over HTTP: 200, 403, 404, 409, 422.
    pub status: u16,
    /// The body that belongs to the status: cosignature lines, or the size known.
    pub body: Bytes,
}

/// Why a request is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What kind of reason.
    pub code: RefusalCode,
    /// One sentence for the other side's administrator; names no data of a case.
    pub text: String,
}

/// The kinds of reasons not to carry out a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalCode {
    /// The two authorities are not paired.
    NotPaired,
    /// The peer may not have or do this.
    NotPermitted,
    /// The bytes are not a message within the rules.
    Malformed,
    /// More than a bound allows.
    TooLarge,
    /// A frame type that the node does not know.
    UnknownMethod,
    /// Too much to do at the moment.
    Busy,
    /// There is no such thing, or not for this peer.
    NotFound,
    /// The node failed; its own log has the cause.
    Internal,
}

impl Answer {
    /// The answer as a frame.
    ///
    /// # Errors
    /// If it is larger than a frame or one of its lists than its bound.
    pub fn to_frame(&self) -> Result<Frame, WireError> {
        let (kind, body) = match self {
            Self::Hello(hello) => (kind::HELLO_ANSWER, hello.encode()?),
            Self::Delivered(items) => (kind::DELIVERED, encode_items(items)?),
            Self::Ok => (kind::OK, empty()),
            Self::Blob(header) => {
                let mut w = Writer::with_capacity(24);
                w.map(2).uint(0).uint(header.size).uint(1).uint(header.length);
                (kind::BLOB_HEADER, w.finish())
            }
            Self::Card(card) => (kind::CARD_ANSWER, single(card)),
            Self::Witness(witness) => {
                let mut w = Writer::with_capacity(witness.body.len() + 16);
                w.map(2).uint(0).uint(witness.status.into()).uint(1).bytes(&witness.body);
                (kind::WITNESS, w.finish())
            }
            Self::Refusal(refusal) => {
                let mut w = Writer::with_capacity(refusal.text.len() + 16);
                w.map(2).uint(0).uint(refusal.code.wire()).uint(1).text(&refusal.text);
                (kind::REFUSAL, w.finish())
            }
        };
        Frame::new(kind, body)
    }

    /// The answer that a frame carries. Fields that this version does not know are passed over.
    ///
    /// # Errors
    /// If the frame is of another type or its bytes are not an answer within the bounds.
    pub fn from_frame(frame: &Frame) -> Result<Self, WireError> {
        let mut r = Reader::new(frame.body());
        let answer = match frame.kind() {
            kind::HELLO_ANSWER => Self::Hello(Hello::decode(&mut r)?),
            kind::DELIVERED => Self::Delivered(decode_items(&mut r)?),
            kind::OK => {
                decode_empty(&mut r)?;
                Self::Ok
            }
            kind::BLOB_HEADER => Self::Blob(decode_blob_header(&mut r)?),
            kind::CARD_ANSWER => Self::Card(decode_single(&mut r, "card", CARD_BYTES_MAX)?),
            kind::WITNESS => Self::Witness(decode_witness(&mut r)?),
            kind::REFUSAL => Self::Refusal(decode_refusal(&mut r)?),
            other => return Err(WireError::UnknownFrame(other)),
        };
        r.finish()?;
        Ok(answer)
    }

    /// The answer's name for error messages.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Hello(_) => "hello",
            Self::Delivered(_) => "delivered",
            Self::Ok => "ok",
            Self::Blob(_) => "blob",
            Self::Card(_) => "card",
            Self::Witness(_) => "witness",
            Self::Refusal(_) => "refusal",
        }
    }
}

impl ItemAnswer {
    /// An upper bound of the encoded length.
    #[must_use]
    pub fn wire_bytes(&self) -> usize {
        match self {
            Self::Receipt(receipt) => receipt.len() + 16,
            Self::Refused { statement, fields } => {
                statement.len() + fields.iter().map(|leaf| leaf.len() + 5).sum::<usize>() + 24
            }
            Self::Later { .. } => 16,
        }
    }
}

/// Answers that fit into one frame: where the room ends, the items that are left are asked for again.
pub(crate) fn fit_into_frame(items: &mut [ItemAnswer]) {
    let mut room = FRAME_BYTES_MAX.saturating_sub(16 + items.len().saturating_mul(16));
    for item in items {
        let needed = item.wire_bytes();
        if needed <= room {
            room -= needed;
        } else {
            *item = ItemAnswer::Later { reason: LaterReason::Busy };
        }
    }
}

impl LaterReason {
    const fn wire(self) -> u64 {
        match self {
            Self::Busy => 1,
            Self::PredecessorMissing => 2,
            Self::NotSealed => 3,
            Self::CardMissing => 4,
            Self::Other(code) => code,
        }
    }

    const fn from_wire(code: u64) -> Self {
        match code {
            1 => Self::Busy,
            2 => Self::PredecessorMissing,
            3 => Self::NotSealed,
            4 => Self::CardMissing,
            other => Self::Other(other),
        }
    }
}

impl WitnessAnswer {
    /// The answer of a witness that has never cosigned the log.
    #[must_use]
    pub const fn none() -> Self {
        Self { status: 404, body: Bytes::new() }
    }
}

impl Refusal {
    /// A refusal with its sentence, cut to the length that may be sent.
    #[must_use]
    pub fn new(code: RefusalCode, text: impl Into<String>) -> Self {
        let mut text = text.into();
        text.truncate(text.floor_char_boundary(REFUSAL_TEXT_BYTES_MAX));
        Self { code, text }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The text is foreign: escaped, so that it cannot steer a terminal or forge a log line.
        write!(f, "{}: {}", self.code.as_str(), self.text.escape_debug())
    }
}

impl RefusalCode {
    /// The code as text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotPaired => "not_paired",
            Self::NotPermitted => "not_permitted",
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::UnknownMethod => "unknown_method",
            Self::Busy => "busy",
            Self::NotFound => "not_found",
            Self::Internal => "internal",
        }
    }

    const fn wire(self) -> u64 {
        match self {
            Self::NotPaired => 1,
            Self::NotPermitted => 2,
            Self::Malformed => 3,
            Self::TooLarge => 4,
            Self::UnknownMethod => 5,
            Self::Busy => 6,
            Self::NotFound => 7,
            Self::Internal => 8,
        }
    }

    /// A code of a newer version reads as `internal`: the sender tries again, which is never wrong.
    const fn from_wire(code: u64) -> Self {
        match code {
            1 => Self::NotPaired,
            2 => Self::NotPermitted,
            3 => Self::Malformed,
            4 => Self::TooLarge,
            5 => Self::UnknownMethod,
            6 => Self::Busy,
            7 => Self::NotFound,
            _ => Self::Internal,
        }
    }
}

fn encode_items(items: &[ItemAnswer]) -> Result<Bytes, WireError> {
    bounded("answers", items.len() as u64, ITEMS_PER_FRAME_MAX)?;
    let mut w = Writer::with_capacity(items.iter().map(ItemAnswer::wire_bytes).sum::<usize>() + 8);
    w.map(1).uint(0).array(items.len());
    for item in items {
        match item {
            ItemAnswer::Receipt(receipt) => w.map(1).uint(0).bytes(receipt),
            ItemAnswer::Refused { statement, fields } => {
                bounded("fields", fields.len() as u64, FIELDS_MAX)?;
                w.map(2).uint(1).bytes(statement).uint(2).list(fields)
            }
            ItemAnswer::Later { reason } => w.map(1).uint(3).uint(reason.wire()),
        };
    }
    Ok(w.finish())
}

fn decode_items(r: &mut Reader<'_>) -> Result<Vec<ItemAnswer>, WireError> {
    let mut items = Vec::new();
    let mut map = r.map("delivered")?;
    while let Some(key) = r.key(&mut map)? {
        match key {
            0 => {
                for _ in 0..r.array("answers", ITEMS_PER_FRAME_MAX, 1)? {
                    items.push(decode_item(r)?);
                }
            }
            _ => r.skip()?,
        }
    }
    Ok(items)
}

fn decode_item(r: &mut Reader<'_>) -> Result<ItemAnswer, WireError> {
    let (mut receipt, mut statement, mut fields, mut later) = (None, None, None, None);
    let mut map = r.map("answer")?;
    while let Some(key) = r.key(&mut map)? {
        match key {
            0 => receipt = Some(r.bytes("receipt", NOTE_BYTES_MAX)?),
            1 => statement = Some(r.bytes("refusal", RECORD_BYTES_MAX)?),
            2 => fields = Some(r.list("fields", FIELDS_MAX, LEAF_BYTES_MIN)?),
            3 => later = Some(LaterReason::from_wire(r.uint("reason")?)),
            _ => r.skip()?,
        }
    }
    match (receipt, statement, fields, later) {
        (Some(receipt), None, None, None) => Ok(ItemAnswer::Receipt(receipt)),
        (None, Some(statement), Some(fields), None) => {
            Ok(ItemAnswer::Refused { statement, fields })
        }
        (None, None, None, Some(reason)) => Ok(ItemAnswer::Later { reason }),
        _ => Err(malformed("answer")),
    }
}

fn decode_blob_header(r: &mut Reader<'_>) -> Result<BlobHeader, WireError> {
    let (mut size, mut length) = (None, None);
    let mut map = r.map("blob header")?;
    while let Some(key) = r.key(&mut map)? {
        match key {
            0 => size = Some(r.uint("size")?),
            1 => length = Some(r.uint("length")?),
            _ => r.skip()?,
        }
    }
    Ok(BlobHeader {
        size: size.ok_or(WireError::Missing("size"))?,
        length: length.ok_or(WireError::Missing("length"))?,
    })
}

fn decode_witness(r: &mut Reader<'_>) -> Result<WitnessAnswer, WireError> {
    let (mut status, mut body) = (None, None);
    let mut map = r.map("witness")?;
    while let Some(key) = r.key(&mut map)? {
        match key {
            0 => status = u16::try_from(r.uint("status")?).ok(),
            1 => body = Some(r.bytes("body", NOTE_BYTES_MAX)?),
            _ => r.skip()?,
        }
    }
    Ok(WitnessAnswer {
        status: status.ok_or(WireError::Missing("status"))?,
        body: body.ok_or(WireError::Missing("body"))?,
    })
}

fn decode_refusal(r: &mut Reader<'_>) -> Result<Refusal, WireError> {
    let (mut code, mut text) = (None, None);
    let mut map = r.map("refusal")?;
    while let Some(key) = r.key(&mut map)? {
        match key {
            0 => code = Some(RefusalCode::from_wire(r.uint("code")?)),
            1 => text = Some(r.text("text", REFUSAL_TEXT_BYTES_MAX)?),
            _ => r.skip()?,
        }
    }
    Ok(Refusal {
        code: code.ok_or(WireError::Missing("code"))?,
        text: text.ok_or(WireError::Missing("text"))?,
    })
}
