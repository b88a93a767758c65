//! Payloads of the operations: one file each, with the request and the response
//! (KMIP 1.4 §4 and §5, KMIP 2.1 §6).
//!
//! A file's structures serve every version. Fields are gated by version, operations are not: real
//! clients send newer operations in older headers. [`Operation::versions`] says where an operation
//! belongs.

pub mod activate;
pub mod add_attribute;
pub mod adjust_attribute;
pub mod archive;
pub mod cancel;
pub mod certify;
pub mod check;
pub mod create;
pub mod create_key_pair;
pub mod create_split_key;
pub mod decrypt;
pub mod delegated_login;
pub mod delete_attribute;
pub mod derive_key;
pub mod destroy;
pub mod discover_versions;
pub mod encrypt;
pub mod export;
pub mod get;
pub mod get_attribute_list;
pub mod get_attributes;
pub mod get_constraints;
pub mod get_usage_allocation;
pub mod hash;
pub mod import;
pub mod interop;
pub mod join_split_key;
pub mod locate;
pub mod log;
pub mod login;
pub mod logout;
pub mod mac;
pub mod mac_verify;
pub mod modify_attribute;
pub mod notify;
pub mod obtain_lease;
pub mod ping;
pub mod pkcs11;
pub mod poll;
pub mod process;
pub mod put;
pub mod query;
pub mod query_asynchronous_requests;
pub mod re_certify;
pub mod re_key;
pub mod re_key_key_pair;
pub mod re_provision;
pub mod recover;
pub mod register;
pub mod revoke;
pub mod rng_retrieve;
pub mod rng_seed;
pub mod set_attribute;
pub mod set_constraints;
pub mod set_defaults;
pub mod set_endpoint_role;
pub mod sign;
pub mod signature_verify;
pub mod validate;

use crate::enums::Operation;
use crate::{Decode, Encode, Error, Item, Result, Tag, Writer};

/// Makes one enumeration of payloads.
macro_rules! payload_enum {
    ($(#[$meta:meta])* $name:ident<$lifetime:lifetime> { $($operation:ident($payload:ty),)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        pub enum $name<$lifetime> {
            $(#[doc = concat!("Payload of [`Operation::", stringify!($operation), "`].")]
            $operation($payload),)*
        }

        impl<$lifetime> $name<$lifetime> {
            /// Every operation that has such a payload.
            pub const OPERATIONS: &'static [Operation] = &[$(Operation::$operation),*];

            /// Reads the payload of an operation.
            ///
            /// # Errors
            ///
            /// [`Error::UnknownOperation`] if there is no such payload, or any error of its fields.
            pub fn decode(operation: Operation, item: Item<$lifetime>) -> Result<Self> {
                match operation {
                    $(Operation::$operation => Decode::decode(item).map(Self::$operation),)*
                    #[allow(unreachable_patterns)] // unless the enumeration is complete
                    other => Err(Error::UnknownOperation(other.number())),
                }
            }

            /// The operation.
            #[must_use]
            pub const fn operation(&self) -> Operation {
                match self {
                    $(Self::$operation(_) => Operation::$operation,)*
                }
            }
        }

        impl Encode for $name<'_> {
            fn encode(&self, tag: Tag, w: &mut Writer<'_>) {
                match self {
                    $(Self::$operation(payload) => payload.encode(tag, w),)*
                }
            }
        }

        $(impl<$lifetime> From<$payload> for $name<$lifetime> {
            fn from(payload: $payload) -> Self {
                Self::$operation(payload)
            }
        })*
    };
}

/// Makes the two enumerations from one table: an operation, its request, and its response.
///
/// `'q` is the lifetime of what is asked, `'a` that of what is answered.
macro_rules! payloads {
    ($asked:lifetime $answered:lifetime;
        both { $($operation:ident => $request:ty, $response:ty;)* }
        request_only { $($lonely:ident => $lonely_request:ty;)* }
    ) => {
        payload_enum! {
            /// What a request asks for: the operation with its payload.
            RequestPayload<$asked> {
                $($operation($request),)*
                $($lonely($lonely_request),)*
            }
        }

        payload_enum! {
            /// What an operation returns when it succeeds.
            ResponsePayload<$answered> {
                $($operation($response),)*
            }
        }

        $(impl<$asked> Question<$asked> for $request {
            type Answer<$answered> = $response;

            fn answer(payload: ResponsePayload<'_>) -> Option<Self::Answer<'_>> {
                match payload {
                    ResponsePayload::$operation(answer) => Some(answer),
                    _ => None,
                }
            }
        })*

        $(impl<$asked> Question<$asked> for $lonely_request {
            type Answer<$answered> = ResponsePayload<$answered>;

            fn answer(payload: ResponsePayload<'_>) -> Option<Self::Answer<'_>> {
                Some(payload)
            }
        })*
    };
}

/// The request of an operation, which knows what answers it. What can be asked without knowing
/// which operation it is, as a [`RequestPayload`], is answered by a [`ResponsePayload`].
pub trait Question<'q>: Into<RequestPayload<'q>> {
    /// The payload of the response.
    type Answer<'a>;

    /// The answer, if `payload` is one to this question.
    fn answer(payload: ResponsePayload<'_>) -> Option<Self::Answer<'_>>;
}

impl<'q> Question<'q> for RequestPayload<'q> {
    type Answer<'a> = ResponsePayload<'a>;

    fn answer(payload: ResponsePayload<'_>) -> Option<Self::Answer<'_>> {
        Some(payload)
    }
}

payloads! { 'q 'a;
    both {
        Create => create::Request, create::Response<'a>;
        CreateKeyPair => create_key_pair::Request, create_key_pair::Response<'a>;
        Register => register::Request, register::Response<'a>;
        ReKey => re_key::Request<'q>, re_key::Response<'a>;
        DeriveKey => derive_key::Request<'q>, derive_key::Response<'a>;
        Certify => certify::Request<'q>, certify::Response<'a>;
        ReCertify => re_certify::Request<'q>, re_certify::Response<'a>;
        Locate => locate::Request, locate::Response<'a>;
        Check => check::Request<'q>, check::Response<'a>;
        Get => get::Request<'q>, get::Response<'a>;
        GetAttributes => get_attributes::Request<'q>, get_attributes::Response<'a>;
        GetAttributeList => get_attribute_list::Request<'q>, get_attribute_list::Response<'a>;
        AddAttribute => add_attribute::Request<'q>, add_attribute::Response<'a>;
        ModifyAttribute => modify_attribute::Request<'q>, modify_attribute::Response<'a>;
        DeleteAttribute => delete_attribute::Request<'q>, delete_attribute::Response<'a>;
        ObtainLease => obtain_lease::Request<'q>, obtain_lease::Response<'a>;
        GetUsageAllocation => get_usage_allocation::Request<'q>, get_usage_allocation::Response<'a>;
        Activate => activate::Request<'q>, activate::Response<'a>;
        Revoke => revoke::Request<'q>, revoke::Response<'a>;
        Destroy => destroy::Request<'q>, destroy::Response<'a>;
        Archive => archive::Request<'q>, archive::Response<'a>;
        Recover => recover::Request<'q>, recover::Response<'a>;
        Validate => validate::Request<'q>, validate::Response;
        Query => query::Request, Box<query::Response>;
        Cancel => cancel::Request<'q>, cancel::Response<'a>;
        ReKeyKeyPair => re_key_key_pair::Request<'q>, re_key_key_pair::Response<'a>;
        DiscoverVersions => discover_versions::Request, discover_versions::Response;
        Encrypt => encrypt::Request<'q>, encrypt::Response<'a>;
        Decrypt => decrypt::Request<'q>, decrypt::Response<'a>;
        Sign => sign::Request<'q>, sign::Response<'a>;
        SignatureVerify => signature_verify::Request<'q>, signature_verify::Response<'a>;
        Mac => mac::Request<'q>, mac::Response<'a>;
        MacVerify => mac_verify::Request<'q>, mac_verify::Response<'a>;
        RngRetrieve => rng_retrieve::Request, rng_retrieve::Response<'a>;
        RngSeed => rng_seed::Request<'q>, rng_seed::Response;
        Hash => hash::Request<'q>, hash::Response<'a>;
        CreateSplitKey => create_split_key::Request<'q>, create_split_key::Response<'a>;
        JoinSplitKey => join_split_key::Request<'q>, join_split_key::Response<'a>;
        Export => export::Request<'q>, export::Response<'a>;
        Import => import::Request<'q>, import::Response<'a>;
        AdjustAttribute => adjust_attribute::Request<'q>, adjust_attribute::Response<'a>;
        DelegatedLogin => delegated_login::Request<'q>, delegated_login::Response;
        Interop => interop::Request, interop::Response;
        Log => log::Request, log::Response;
        Login => login::Request, login::Response;
        Logout => logout::Request, logout::Response;
        Pkcs11 => pkcs11::Request<'q>, pkcs11::Response<'a>;
        ReProvision => re_provision::Request, re_provision::Response<'a>;
        SetAttribute => set_attribute::Request<'q>, set_attribute::Response<'a>;
        SetEndpointRole => set_endpoint_role::Request, set_endpoint_role::Response;
        GetConstraints => get_constraints::Request, get_constraints::Response;
        Ping => ping::Request, ping::Response;
        Process => process::Request<'q>, process::Response;
        QueryAsynchronousRequests =>
            query_asynchronous_requests::Request, query_asynchronous_requests::Response;
        SetConstraints => set_constraints::Request, set_constraints::Response;
        SetDefaults => set_defaults::Request, set_defaults::Response;
        Notify => notify::Request<'q>, notify::Response;
        Put => put::Request<'q>, put::Response;
    }
    // The answer is that of the operation that was polled for, under that operation's name.
    request_only {
        Poll => poll::Request<'q>;
    }
}
