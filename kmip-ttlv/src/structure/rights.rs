//! What a ticket allows (KMIP 2.1 §7.21, §7.34 and §7.35).

use super::{ObjectGroups, Operations};
use crate::UniqueIdentifier;
use crate::attribute::UsageLimits;
use crate::codec::ttlv_struct;

ttlv_struct! {
    /// A list of objects (KMIP 2.1 §7.21).
    pub struct Objects<'a> {
        /// The objects.
        UniqueIdentifier => uids: Vec<UniqueIdentifier<'a>>;
    }
}

ttlv_struct! {
    /// Operations that are allowed on objects (KMIP 2.1 §7.34).
    pub struct Right<'a> {
        /// How much may be used.
        UsageLimits => usage_limits: Option<UsageLimits>;
        /// The operations; all if absent.
        Operations => operations: Option<Operations>;
        /// The objects; all if absent.
        Objects => objects: Option<Objects<'a>>;
        /// The groups of objects; all if absent.
        ObjectGroups @ V2_1.. => object_groups: Option<ObjectGroups>;
    }
}

ttlv_struct! {
    /// What a ticket allows, all together (KMIP 2.1 §7.35).
    pub struct Rights<'a> {
        /// One entry for each right.
        Right => rights: Vec<Right<'a>>;
    }
}
