//! Why there is no answer, or not the one that was wanted.

use std::fmt;
use std::io;
use std::path::PathBuf;

use kmip_ttlv::Error;
use kmip_ttlv::enums::{Operation, ResultReason, ResultStatus};
use kmip_ttlv::message::ResponseBatchItem;

/// Why a client has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// A certificate or key cannot be used.
    #[error("{}: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// This is no server's address or name.
    #[error("{0:?} is no server: give host or host:port")]
    Address(String),
    /// There is no connection, so nothing was sent.
    #[error("cannot connect to {server}: {error}")]
    Connect {
        /// Where to.
        server: String,
        /// Why not.
        error: io::Error,
    },
    /// The connection broke. Whether the server has done what it was asked is not known.
    #[error("the connection broke before the answer came: {0}")]
    Connection(io::Error),
    /// It took too long. If it was the answer, the server may have done what it was asked.
    #[error("timed out {0}")]
    TimedOut(Step),
    /// What came is no response, or longer than allowed.
    #[error("the answer cannot be read: {0}")]
    Unreadable(#[from] Error),
    /// What came answers something else.
    #[error("the answer does not belong to {}", .0.xml_name())]
    Unexpected(Operation),
    /// The server speaks no version that this client speaks.
    #[error("the server speaks no version from 1.0 to 2.1")]
    NoVersion,
    /// The server refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl ClientError {
    /// Whether the server could not be reached, or not to the end: it may be worth another try.
    #[must_use]
    pub const fn is_connection(&self) -> bool {
        matches!(self, Self::Connect { .. } | Self::Connection(_) | Self::TimedOut(_))
    }

    /// The refusal, if it is one.
    #[must_use]
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }
}

/// What took too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The wait for one of the connections, which were all in use.
    Place,
    /// Connecting.
    Connect,
    /// The request and its answer.
    Answer,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Place => "waiting for a free connection",
            Self::Connect => "connecting",
            Self::Answer => "waiting for the answer",
        })
    }
}

/// What the server said in place of a success (KMIP 1.4 §6.9 to §6.11, KMIP 2.1 §9.18 to §9.20).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Refusal {
    /// The operation, if the server could read so far.
    pub operation: Option<Operation>,
    /// That it failed, was undone, or is pending.
    pub status: ResultStatus,
    /// Why; KMIP has it always there, not all servers do.
    pub reason: Option<ResultReason>,
    /// Why, for people.
    pub message: Option<String>,
    /// What to poll for, if it is pending.
    pub correlation_value: Option<Vec<u8>>,
}

impl Refusal {
    /// What a batch item says that is no success.
    #[must_use]
    pub fn of(item: &ResponseBatchItem<'_>) -> Self {
        Self {
            operation: item.operation,
            status: item.status,
            reason: item.reason,
            message: item.message.as_deref().map(str::to_owned),
            correlation_value: item.asynchronous_correlation_value.as_deref().map(<[u8]>::to_vec),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.status {
            ResultStatus::OperationFailed => "refused",
            other => other.xml_name(),
        };
        write!(f, "{what}: ")?;
        match self.reason {
            Some(ResultReason::Unknown(number)) => write!(f, "reason {number:#010x}")?,
            Some(reason) => f.write_str(reason.xml_name())?,
            None => f.write_str("no reason given")?,
        }
        match &self.message {
            Some(message) => write!(f, " ({message})"),
            None => Ok(()),
        }
    }
}
