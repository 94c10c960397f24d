//! The codes with which connections and streams end (PROTOCOL 6.5); closes nothing itself.

use quinn::{Connection, VarInt};

/// Why a connection or stream is ended. The other side learns no more than this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseCode {
    /// All is said.
    Done,
    /// The node stops.
    ShuttingDown,
    /// The certificate is not, or no longer, one of a paired authority.
    NotTrusted,
    /// The certificate's time is over.
    Expired,
    /// A newer connection of the same peer takes the place.
    Replaced,
    /// The node holds as many connections as it may.
    Full,
    /// Too many broken messages.
    Protocol,
    /// The node failed.
    Internal,
}

impl CloseCode {
    /// The code on the wire.
    #[must_use]
    pub const fn wire(self) -> u32 {
        match self {
            Self::Done => 0,
            Self::ShuttingDown => 1,
            Self::NotTrusted => 2,
            Self::Expired => 3,
            Self::Replaced => 4,
            Self::Full => 5,
            Self::Protocol => 6,
            Self::Internal => 7,
        }
    }

    /// The code as QUIC writes it.
    pub(crate) fn code(self) -> VarInt {
        VarInt::from_u32(self.wire())
    }

    /// The words that go with the code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::ShuttingDown => "shutting down",
            Self::NotTrusted => "not trusted",
            Self::Expired => "certificate expired",
            Self::Replaced => "replaced by a newer connection",
            Self::Full => "too many connections",
            Self::Protocol => "too many broken messages",
            Self::Internal => "internal",
        }
    }

    /// Ends a connection.
    pub(crate) fn close(self, connection: &Connection) {
        connection.close(self.code(), self.as_str().as_bytes());
    }
}
