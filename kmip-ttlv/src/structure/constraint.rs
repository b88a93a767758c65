//! Constraints, defaults and storage wishes for new objects (KMIP 2.1 §7.6, §7.7, §7.11, §7.22 to
//! §7.24 and §7.33).

use crate::attribute::AttributeList;
use crate::codec::ttlv_struct;
use crate::enums::{ObjectType, ProtectionStorageMask};

ttlv_struct! {
    /// A list of object groups, by name (KMIP 2.1 §7.23).
    pub struct ObjectGroups {
        /// The groups.
        ObjectGroup => groups: Vec<String>;
    }
}

ttlv_struct! {
    /// A list of object types (KMIP 2.1 §7.24).
    pub struct ObjectTypes {
        /// The types.
        ObjectType => types: Vec<ObjectType>;
    }
}

ttlv_struct! {
    /// Attribute values that new objects must have (KMIP 2.1 §7.6).
    pub struct Constraint {
        /// Only objects of these types; all if absent.
        ObjectTypes => object_types: Option<ObjectTypes>;
        /// Only objects of these groups; all if absent.
        ObjectGroups => object_groups: Option<ObjectGroups>;
        /// The values.
        Attributes => attributes: Option<AttributeList>;
    }
}

ttlv_struct! {
    /// All constraints together (KMIP 2.1 §7.7).
    pub struct Constraints {
        /// One entry for each constraint.
        Constraint => constraints: Vec<Constraint>;
    }
}

ttlv_struct! {
    /// Attribute values that new objects get when they are made without (KMIP 2.1 §7.22).
    pub struct ObjectDefaults {
        /// Only objects of this type; 2.1 allows a list in its place.
        ObjectType @ V2_0..=V2_0 accept V2_0.. => object_type: Option<ObjectType>;
        /// Only objects of these types.
        ObjectTypes @ V2_1.. => object_types: Option<ObjectTypes>;
        /// The values.
        Attributes => attributes: AttributeList;
        /// Only objects of these groups; all if absent.
        ObjectGroups @ V2_1.. => object_groups: Option<ObjectGroups>;
    }
}

ttlv_struct! {
    /// All defaults together (KMIP 2.1 §7.11).
    pub struct DefaultsInformation {
        /// One entry for each set of defaults.
        ObjectDefaults => defaults: Vec<ObjectDefaults>;
    }
}

ttlv_struct! {
    /// Acceptable kinds of storage, best first (KMIP 2.1 §7.33).
    pub struct ProtectionStorageMasks {
        /// Each of them names properties that the storage must have together.
        ProtectionStorageMask => masks: Vec<ProtectionStorageMask>;
    }
}
