//! The kinds of managed object (KMIP 1.4 §2.2, KMIP 2.1 §2).

use super::KeyBlock;
use crate::attribute::IndexedAttribute;
use crate::codec::ttlv_struct;
use crate::enums::{
    CertificateRequestType, CertificateType, ObjectType, OpaqueDataType, SecretDataType,
    SplitKeyMethod,
};
use crate::{
    BigInteger, Decode, Encode, Error, FieldType, Fields, Item, Occurs, Result, Secret, Tag, Writer,
};

ttlv_struct! {
    /// A certificate (KMIP 1.4 §2.2.1, KMIP 2.1 §2.1).
    #[derive(Eq)]
    pub struct Certificate {
        /// X.509 or PGP.
        CertificateType => kind: CertificateType;
        /// The certificate, encoded.
        CertificateValue => value: Vec<u8>;
    }
}

ttlv_struct! {
    /// A symmetric key (KMIP 1.4 §2.2.2, KMIP 2.1 §2.9).
    pub struct SymmetricKey {
        /// The key.
        KeyBlock => key_block: KeyBlock;
    }
}

ttlv_struct! {
    /// The public half of a key pair (KMIP 1.4 §2.2.3, KMIP 2.1 §2.6).
    pub struct PublicKey {
        /// The key.
        KeyBlock => key_block: KeyBlock;
    }
}

ttlv_struct! {
    /// The private half of a key pair (KMIP 1.4 §2.2.4, KMIP 2.1 §2.5).
    pub struct PrivateKey {
        /// The key.
        KeyBlock => key_block: KeyBlock;
    }
}

ttlv_struct! {
    /// One part of a key that was split (KMIP 1.4 §2.2.5, KMIP 2.1 §2.8).
    pub struct SplitKey {
        /// How many parts there are.
        SplitKeyParts => parts: i32;
        /// Which of them this is, from 1.
        KeyPartIdentifier => part: i32;
        /// How many are needed to join the key.
        SplitKeyThreshold => threshold: i32;
        /// How it was split.
        SplitKeyMethod => method: SplitKeyMethod;
        /// The prime field; only of the method that has one.
        PrimeFieldSize => prime_field_size: Option<BigInteger>;
        /// The part.
        KeyBlock => key_block: KeyBlock;
    }
}

ttlv_struct! {
    /// Attributes to be used for other objects (KMIP 1.4 §2.2.6; 1.x only).
    pub struct Template {
        /// The attributes.
        Attribute => attributes: Vec<IndexedAttribute>;
    }
}

ttlv_struct! {
    /// A password or a seed (KMIP 1.4 §2.2.7, KMIP 2.1 §2.7).
    pub struct SecretData {
        /// What it is.
        SecretDataType => kind: SecretDataType;
        /// The secret.
        KeyBlock => key_block: KeyBlock;
    }
}

ttlv_struct! {
    /// Bytes that the server need not understand (KMIP 1.4 §2.2.8, KMIP 2.1 §2.3).
    #[derive(Eq)]
    pub struct OpaqueObject {
        /// What it is, by a vendor's number.
        OpaqueDataType => kind: OpaqueDataType;
        /// The bytes.
        OpaqueDataValue => value: Secret<Vec<u8>>;
    }
}

ttlv_struct! {
    /// A PGP key (KMIP 1.4 §2.2.9, KMIP 2.1 §2.4).
    pub struct PgpKey {
        /// Version of the PGP key format.
        PgpKeyVersion => version: i32;
        /// The key.
        KeyBlock => key_block: KeyBlock;
    }
}

ttlv_struct! {
    /// A certificate request (KMIP 2.1 §2.2).
    #[derive(Eq)]
    pub struct CertificateRequest {
        /// CRMF, PKCS#10 or PEM.
        CertificateRequestType => kind: CertificateRequestType;
        /// The request, encoded.
        CertificateRequestValue => value: Vec<u8>;
    }
}

/// Makes the enumeration of objects. Variant, structure, tag and object type have one name.
macro_rules! managed_objects {
    ($($(#[$doc:meta])* $variant:ident),* $(,)?) => {
        /// A managed object of any type. In a payload it stands under the tag of its type.
        ///
        /// In a table its row is `Objects => object: ManagedObject`, where the tag stands for all of
        /// them: there is none for "any object".
        #[derive(Debug, Clone, PartialEq)]
        pub enum ManagedObject {
            $($(#[$doc])* $variant($variant),)*
        }

        impl ManagedObject {
            /// Its type.
            #[must_use]
            pub const fn object_type(&self) -> ObjectType {
                match self {
                    $(Self::$variant(_) => ObjectType::$variant,)*
                }
            }

            /// Its tag.
            #[must_use]
            pub const fn tag(&self) -> Tag {
                match self {
                    $(Self::$variant(_) => Tag::$variant,)*
                }
            }

            /// Reads the object that an item is; `None` if its tag is no object's.
            ///
            /// # Errors
            ///
            /// Those of the object's structure.
            pub fn from_item(item: Item<'_>) -> Result<Option<Self>> {
                Ok(Some(match item.tag {
                    $(Tag::$variant => Self::$variant($variant::decode(item)?),)*
                    _ => return Ok(None),
                }))
            }

            /// Writes it under its tag.
            pub fn write(&self, w: &mut Writer<'_>) {
                match self {
                    $(Self::$variant(object) => object.encode(Tag::$variant, w),)*
                }
            }
        }
    };
}

managed_objects! {
    /// A certificate.
    Certificate,
    /// A symmetric key.
    SymmetricKey,
    /// The public half of a key pair.
    PublicKey,
    /// The private half of a key pair.
    PrivateKey,
    /// One part of a key that was split.
    SplitKey,
    /// Attributes to be used for other objects.
    Template,
    /// A password or a seed.
    SecretData,
    /// Bytes that the server need not understand.
    OpaqueObject,
    /// A PGP key.
    PgpKey,
    /// A certificate request.
    CertificateRequest,
}

impl ManagedObject {
    /// Its key block, if it has one.
    #[must_use]
    pub const fn key_block(&self) -> Option<&KeyBlock> {
        match self {
            Self::SymmetricKey(SymmetricKey { key_block })
            | Self::PublicKey(PublicKey { key_block })
            | Self::PrivateKey(PrivateKey { key_block })
            | Self::SplitKey(SplitKey { key_block, .. })
            | Self::SecretData(SecretData { key_block, .. })
            | Self::PgpKey(PgpKey { key_block, .. }) => Some(key_block),
            Self::Certificate(_)
            | Self::Template(_)
            | Self::OpaqueObject(_)
            | Self::CertificateRequest(_) => None,
        }
    }

    /// Its key block, to be changed.
    #[must_use]
    pub const fn key_block_mut(&mut self) -> Option<&mut KeyBlock> {
        match self {
            Self::SymmetricKey(SymmetricKey { key_block })
            | Self::PublicKey(PublicKey { key_block })
            | Self::PrivateKey(PrivateKey { key_block })
            | Self::SplitKey(SplitKey { key_block, .. })
            | Self::SecretData(SecretData { key_block, .. })
            | Self::PgpKey(PgpKey { key_block, .. }) => Some(key_block),
            Self::Certificate(_)
            | Self::Template(_)
            | Self::OpaqueObject(_)
            | Self::CertificateRequest(_) => None,
        }
    }

    /// Reads the object at the cursor, if there is one.
    fn take_optional(fields: &mut Fields<'_>) -> Result<Option<Self>> {
        let mut ahead = fields.clone();
        let Some(item) = ahead.next_item()? else { return Ok(None) };
        let object = Self::from_item(item)?;
        if object.is_some() {
            *fields = ahead;
        }
        Ok(object)
    }
}

impl<'a> FieldType<'a> for ManagedObject {
    const OCCURS: Occurs = Occurs::Once;

    fn take(fields: &mut Fields<'a>, tag: Tag) -> Result<Self> {
        Self::take_optional(fields)?.ok_or(Error::Missing(tag))
    }

    fn absent(tag: Tag) -> Result<Self> {
        Err(Error::Missing(tag))
    }

    fn put(&self, _: Tag, w: &mut Writer<'_>) {
        self.write(w);
    }
}

impl<'a> FieldType<'a> for Option<ManagedObject> {
    const OCCURS: Occurs = Occurs::Optional;

    fn take(fields: &mut Fields<'a>, _: Tag) -> Result<Self> {
        ManagedObject::take_optional(fields)
    }

    fn absent(_: Tag) -> Result<Self> {
        Ok(None)
    }

    fn put(&self, _: Tag, w: &mut Writer<'_>) {
        if let Some(object) = self {
            object.write(w);
        }
    }
}
