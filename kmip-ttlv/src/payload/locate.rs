//! Locate: a search by attributes (KMIP 1.4 §4.9, KMIP 2.1 §6.1.28).

use crate::UniqueIdentifier;
use crate::attribute::SoughtAttributes;
use crate::codec::ttlv_struct;
use crate::enums::{ObjectGroupMember, StorageStatusMask};

ttlv_struct! {
    /// What to look for, and how much of it to return (KMIP 1.4 §4.9, KMIP 2.1 §6.1.28).
    pub struct Request {
        /// At most so many identifiers are returned; all if absent.
        MaximumItems => maximum_items: Option<i32>;
        /// So many matches are skipped first.
        // kmippp (Percona Server) pages with it in 1.0 messages and would never end without it.
        OffsetItems @ V1_3.. accept V1_0.. => offset_items: Option<i32>;
        /// Where to look; on-line storage if absent.
        StorageStatusMask => storage_status_mask: Option<StorageStatusMask>;
        /// Fresh or default members of the object group that is searched for.
        ObjectGroupMember @ V1_1.. => object_group_member: Option<ObjectGroupMember>;
        /// What must match, all of it.
        Attribute @ ..=V1_4 | Attributes @ V2_0.. => attributes: SoughtAttributes;
    }
}

ttlv_struct! {
    /// What was found (KMIP 1.4 §4.9, KMIP 2.1 §6.1.28).
    pub struct Response<'a> {
        /// How many objects match in all.
        LocatedItems @ V1_3.. => located_items: Option<i32>;
        /// The page of matches that was asked for.
        UniqueIdentifier => uids: Vec<UniqueIdentifier<'a>>;
    }
}
