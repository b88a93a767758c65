//! Key Material: the key itself (KMIP 1.4 §2.1.4 and §2.1.7, KMIP 2.1 §3.4 to §3.12).

use crate::codec::ttlv_struct;
use crate::enums::{KeyFormatType, RecommendedCurve};
use crate::{BigInteger, Decode, Encode, Item, ItemType, Result, Secret, Tag, Value, Writer};

ttlv_struct! {
    /// A symmetric key (KMIP 1.4 §2.1.7.1, KMIP 2.1 §3.4).
    #[derive(Eq)]
    pub struct TransparentSymmetricKey {
        /// The key.
        Key => key: Secret<Vec<u8>>;
    }
}

ttlv_struct! {
    /// A DSA private key (KMIP 1.4 §2.1.7.2, KMIP 2.1 §3.5).
    #[derive(Eq)]
    pub struct TransparentDsaPrivateKey {
        /// Prime modulus.
        P => p: BigInteger;
        /// Prime divisor of p - 1.
        Q => q: BigInteger;
        /// Generator.
        G => g: BigInteger;
        /// Private value.
        X => x: BigInteger;
    }
}

ttlv_struct! {
    /// A DSA public key (KMIP 1.4 §2.1.7.3, KMIP 2.1 §3.6).
    #[derive(Eq)]
    pub struct TransparentDsaPublicKey {
        /// Prime modulus.
        P => p: BigInteger;
        /// Prime divisor of p - 1.
        Q => q: BigInteger;
        /// Generator.
        G => g: BigInteger;
        /// Public value.
        Y => y: BigInteger;
    }
}

ttlv_struct! {
    /// An RSA private key (KMIP 1.4 §2.1.7.4, KMIP 2.1 §3.7).
    #[derive(Eq)]
    pub struct TransparentRsaPrivateKey {
        /// Modulus.
        Modulus => modulus: BigInteger;
        /// Private exponent.
        PrivateExponent => private_exponent: Option<BigInteger>;
        /// Public exponent.
        PublicExponent => public_exponent: Option<BigInteger>;
        /// First prime.
        P => p: Option<BigInteger>;
        /// Second prime.
        Q => q: Option<BigInteger>;
        /// Private exponent modulo p - 1.
        PrimeExponentP => prime_exponent_p: Option<BigInteger>;
        /// Private exponent modulo q - 1.
        PrimeExponentQ => prime_exponent_q: Option<BigInteger>;
        /// Inverse of q modulo p.
        CrtCoefficient => crt_coefficient: Option<BigInteger>;
    }
}

ttlv_struct! {
    /// An RSA public key (KMIP 1.4 §2.1.7.5, KMIP 2.1 §3.8).
    #[derive(Eq)]
    pub struct TransparentRsaPublicKey {
        /// Modulus.
        Modulus => modulus: BigInteger;
        /// Public exponent.
        PublicExponent => public_exponent: BigInteger;
    }
}

ttlv_struct! {
    /// A Diffie-Hellman private key (KMIP 1.4 §2.1.7.6, KMIP 2.1 §3.9).
    #[derive(Eq)]
    pub struct TransparentDhPrivateKey {
        /// Prime modulus.
        P => p: BigInteger;
        /// Prime divisor of p - 1.
        Q => q: Option<BigInteger>;
        /// Generator.
        G => g: BigInteger;
        /// Cofactor: p = j q + 1.
        J => j: Option<BigInteger>;
        /// Private value.
        X => x: BigInteger;
    }
}

ttlv_struct! {
    /// A Diffie-Hellman public key (KMIP 1.4 §2.1.7.7, KMIP 2.1 §3.10).
    #[derive(Eq)]
    pub struct TransparentDhPublicKey {
        /// Prime modulus.
        P => p: BigInteger;
        /// Prime divisor of p - 1.
        Q => q: Option<BigInteger>;
        /// Generator.
        G => g: BigInteger;
        /// Cofactor: p = j q + 1.
        J => j: Option<BigInteger>;
        /// Public value.
        Y => y: BigInteger;
    }
}

ttlv_struct! {
    /// An elliptic-curve private key; those for ECDSA, ECDH and ECMQV are alike (KMIP 1.4 §2.1.7.8
    /// to §2.1.7.14, KMIP 2.1 §3.11).
    #[derive(Eq)]
    pub struct TransparentEcPrivateKey {
        /// The curve.
        RecommendedCurve => curve: RecommendedCurve;
        /// Private value.
        D => d: BigInteger;
    }
}

ttlv_struct! {
    /// An elliptic-curve public key; those for ECDSA, ECDH and ECMQV are alike (KMIP 1.4 §2.1.7.9
    /// to §2.1.7.15, KMIP 2.1 §3.12).
    #[derive(Eq)]
    pub struct TransparentEcPublicKey {
        /// The curve.
        RecommendedCurve => curve: RecommendedCurve;
        /// The point, as the Key Compression Type says.
        QString => q_string: Vec<u8>;
    }
}

/// Makes the enumeration of materials: which structure belongs to which Key Format Types.
macro_rules! materials {
    ($($(#[$doc:meta])* $variant:ident($type:ty): $($format:ident)|+;)*) => {
        /// The key itself, in the form that the Key Format Type says.
        #[derive(Debug, Clone, PartialEq)]
        pub enum KeyMaterial {
            /// The key as bytes, in the clear or, in a wrapped Key Block, wrapped.
            Bytes(Secret<Vec<u8>>),
            $($(#[$doc])* $variant($type),)*
            /// A structure that only a vendor's Key Format Type explains.
            Other(Value),
        }

        impl KeyMaterial {
            /// Reads key material of this format. Bytes are taken in any format, because a wrapped
            /// key keeps the format it has inside.
            pub(super) fn decode(format: KeyFormatType, item: Item<'_>) -> Result<Self> {
                if item.kind == ItemType::ByteString {
                    return Secret::decode(item).map(Self::Bytes);
                }
                match format {
                    $($(KeyFormatType::$format)|+ => <$type>::decode(item).map(Self::$variant),)*
                    KeyFormatType::Unknown(_) => Value::decode(item).map(Self::Other),
                    _ => Secret::decode(item).map(Self::Bytes),
                }
            }
        }

        impl Encode for KeyMaterial {
            fn encode(&self, tag: Tag, w: &mut Writer<'_>) {
                match self {
                    Self::Bytes(bytes) => bytes.encode(tag, w),
                    $(Self::$variant(key) => key.encode(tag, w),)*
                    Self::Other(value) => value.encode(tag, w),
                }
            }
        }
    };
}

materials! {
    /// A symmetric key.
    SymmetricKey(TransparentSymmetricKey): TransparentSymmetricKey;
    /// A DSA private key.
    DsaPrivateKey(TransparentDsaPrivateKey): TransparentDsaPrivateKey;
    /// A DSA public key.
    DsaPublicKey(TransparentDsaPublicKey): TransparentDsaPublicKey;
    /// An RSA private key.
    RsaPrivateKey(Box<TransparentRsaPrivateKey>): TransparentRsaPrivateKey;
    /// An RSA public key.
    RsaPublicKey(TransparentRsaPublicKey): TransparentRsaPublicKey;
    /// A Diffie-Hellman private key.
    DhPrivateKey(TransparentDhPrivateKey): TransparentDhPrivateKey;
    /// A Diffie-Hellman public key.
    DhPublicKey(TransparentDhPublicKey): TransparentDhPublicKey;
    /// An elliptic-curve private key.
    EcPrivateKey(TransparentEcPrivateKey):
        TransparentEcdsaPrivateKey | TransparentEcdhPrivateKey | TransparentEcmqvPrivateKey
        | TransparentEcPrivateKey;
    /// An elliptic-curve public key.
    EcPublicKey(TransparentEcPublicKey):
        TransparentEcdsaPublicKey | TransparentEcdhPublicKey | TransparentEcmqvPublicKey
        | TransparentEcPublicKey;
}
