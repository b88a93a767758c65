//! Operations whose request is an object and nothing else: a row each.

use kmip_ttlv::UniqueIdentifier;
use kmip_ttlv::payload::{RequestPayload, activate, archive, destroy, get_attribute_list};
use kmip_ttlv::payload::{obtain_lease, recover};

use super::Question;
use crate::command::Failure;

/// An object of the server.
#[derive(Debug, clap::Args)]
pub(crate) struct Object {
    /// The object's Unique Identifier
    uid: String,
}

impl Object {
    /// As a request has it.
    pub(super) fn uid(&self) -> UniqueIdentifier<'_> {
        self.uid.as_str().into()
    }
}

/// Makes the arguments of each operation, and its request of them.
macro_rules! of_an_object {
    ($($name:ident => $payload:ident;)*) => {
        $(
            #[doc = concat!("The arguments of ", stringify!($name), ".")]
            #[derive(Debug, clap::Args)]
            pub(crate) struct $name {
                #[command(flatten)]
                object: Object,
            }

            impl Question for $name {
                fn payload(&self) -> Result<RequestPayload<'_>, Failure> {
                    Ok($payload::Request { uid: Some(self.object.uid()) }.into())
                }
            }
        )*
    };
}

of_an_object! {
    Activate => activate;
    Archive => archive;
    Destroy => destroy;
    GetAttributeList => get_attribute_list;
    ObtainLease => obtain_lease;
    Recover => recover;
}
