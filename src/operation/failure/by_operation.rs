//! Where an operation's own table of errors says otherwise than the others.

use kmip_ttlv::Version;
use kmip_ttlv::enums::{Operation, ResultReason};

use super::Failure;

impl Failure {
    /// The Result Reason that a client of `version` is told by an operation, or by none that could be
    /// read.
    #[must_use]
    pub fn reason_of(&self, operation: Option<Operation>, version: Version) -> ResultReason {
        use Operation as O;
        match (operation, self) {
            // KMIP 2.1 §6.1.3.1, §6.1.6.1 and §6.1.10.1; in 1.x all say so.
            (Some(O::AdjustAttribute | O::Certify | O::CreateSplitKey), Self::NotFound) => {
                ResultReason::ItemNotFound
            }
            // KMIP 1.4 §11.7: "not of the correct type", "not able to be used to derive a new key".
            (Some(O::DeriveKey), Self::WrongState(_) | Self::UsageMask | Self::NotUsable(_))
                if !version.is_2x() =>
            {
                ResultReason::InvalidField
            }
            _ => self.reason(version),
        }
    }
}
