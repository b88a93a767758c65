//! Operations that look for objects and at them, and those that end them.

use std::path::{Path, PathBuf};

use kmip_ttlv::attribute::{Attribute, AttributeList, RevocationReason, SoughtAttributes};
use kmip_ttlv::enums::{
    CryptographicUsageMask, KeyCompressionType, KeyFormatType, KeyWrapType, ObjectGroupMember,
    ObjectType, QueryFunction, RevocationReasonCode, State, StorageStatusMask,
};
use kmip_ttlv::payload::{RequestPayload, check, discover_versions, get, locate, query, revoke};
use kmip_ttlv::{DateTime, Interval, Version};

use super::connection::version;
use super::make::Given;
use super::object::Object;
use super::{Question, words};
use crate::command::Failure;

/// The arguments of Discover Versions.
#[derive(Debug, clap::Args)]
pub(crate) struct DiscoverVersions {
    /// Versions to ask about; all that the server speaks if none is named
    #[arg(value_name = "VERSION", value_parser = version)]
    versions: Vec<Version>,
}

impl Question for DiscoverVersions {
    fn payload(&self) -> Result<RequestPayload<'_>, Failure> {
        let versions = self.versions.iter().map(|version| (*version).into());
        Ok(discover_versions::Request { versions: versions.collect() }.into())
    }
}

/// The arguments of Query.
#[derive(Debug, clap::Args)]
pub(crate) struct Query {
    /// What to ask: QueryOperations, QueryObjects, QueryServerInformation, QueryProfiles and so on
    #[arg(value_name = "FUNCTION", value_parser = words::query_function,
          default_values = ["QueryOperations", "QueryObjects", "QueryServerInformation"])]
    functions: Vec<QueryFunction>,
}

impl Question for Query {
    fn payload(&self) -> Result<RequestPayload<'_>, Failure> {
        let functions = self.functions.clone();
        Ok(query::Request { functions, object_groups: None }.into())
    }
}

/// The arguments of Locate.
#[derive(Debug, clap::Args)]
pub(crate) struct Locate {
    #[command(flatten)]
    given: Given,
    /// Only objects of this type
    #[arg(long = "type", value_name = "TYPE", value_parser = words::object_type)]
    object_type: Option<ObjectType>,
    /// Only objects in this state
    #[arg(long, value_name = "STATE", value_parser = words::state)]
    state: Option<State>,
    /// At most so many
    #[arg(long, value_name = "N")]
    max: Option<i32>,
    /// Leave out the first so many (KMIP 1.3 and later)
    #[arg(long, value_name = "N")]
    offset: Option<i32>,
    /// Where to look: OnLineStorage, ArchivalStorage
    #[arg(long, value_name = "STORAGE", value_parser = words::storage)]
    storage: Option<StorageStatusMask>,
    /// Which member of the Object Group that is looked for: GroupMemberFresh or GroupMemberDefault
    #[arg(long, value_name = "MEMBER", value_parser = words::group_member)]
    group_member: Option<ObjectGroupMember>,
}

impl Question for Locate {
    fn payload(&self) -> Result<RequestPayload<'_>, Failure> {
        let object_type = self.object_type.map(Attribute::ObjectType);
        let given = self.given.attributes().chain(object_type);
        let sought: AttributeList = given.chain(self.state.map(Attribute::State)).collect();
        Ok(locate::Request {
            maximum_items: self.max,
            offset_items: self.offset,
            storage_status_mask: self.storage,
            object_group_member: self.group_member,
            attributes: if sought.attributes.is_empty() {
                SoughtAttributes::default()
            } else {
                sought.into()
            },
        }
        .into())
    }
}

/// The arguments of Get.
#[derive(Debug, clap::Args)]
pub(crate) struct Get {
    #[command(flatten)]
    object: Object,
    /// The form that the key should have, such as Raw, PKCS_8 or X_509
    #[arg(long, value_name = "FORMAT", value_parser = words::key_format)]
    key_format: Option<KeyFormatType>,
    /// The compression of an elliptic-curve public key
    #[arg(long, value_name = "TYPE", value_parser = words::key_compression)]
    key_compression: Option<KeyCompressionType>,
    /// A wrapped key: NotWrapped, or AsRegistered (KMIP 1.4 and later)
    #[arg(long, value_name = "TYPE", value_parser = words::key_wrap_type)]
    key_wrap_type: Option<KeyWrapType>,
    /// Write the bytes of the key or certificate into a file (mode 0600), or to standard output: -
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Question for Get {
    fn payload(&self) -> Result<RequestPayload<'_>, Failure> {
        Ok(get::Request {
            uid: Some(self.object.uid()),
            key_format: self.key_format,
            key_wrap_type: self.key_wrap_type,
            key_compression: self.key_compression,
            wrapping: None,
        }
        .into())
    }

    fn out(&self) -> Option<&Path> {
        self.out.as_deref()
    }
}

/// The arguments of Check.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    #[command(flatten)]
    object: Object,
    /// Uses that are intended, such as Encrypt
    #[arg(long, value_name = "USES", value_parser = words::usage)]
    usage: Option<CryptographicUsageMask>,
    /// Units of its Usage Limits that are intended
    #[arg(long, value_name = "N")]
    units: Option<i64>,
    /// Seconds of lease that are intended
    #[arg(long, value_name = "SECONDS")]
    lease: Option<u32>,
}

impl Question for Check {
    fn payload(&self) -> Result<RequestPayload<'_>, Failure> {
        Ok(check::Request {
            uid: Some(self.object.uid()),
            usage_limits_count: self.units,
            usage_mask: self.usage,
            lease_time: self.lease.map(Interval),
        }
        .into())
    }
}

/// The arguments of Revoke.
#[derive(Debug, clap::Args)]
pub(crate) struct Revoke {
    #[command(flatten)]
    object: Object,
    /// Why: Unspecified, KeyCompromise, Superseded, CessationOfOperation and so on
    #[arg(long, value_name = "REASON", default_value = "CessationOfOperation",
          value_parser = words::revocation_reason)]
    reason: RevocationReasonCode,
    /// Why, in words
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
    /// When it may have been compromised first
    #[arg(long, value_name = "DATE", value_parser = words::date)]
    occurred: Option<DateTime>,
}

impl Question for Revoke {
    fn payload(&self) -> Result<RequestPayload<'_>, Failure> {
        Ok(revoke::Request {
            uid: Some(self.object.uid()),
            reason: RevocationReason { code: self.reason, message: self.message.clone() },
            compromise_occurrence_date: self.occurred,
        }
        .into())
    }
}
