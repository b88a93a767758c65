//! How a key is wrapped, or is to be (KMIP 1.4 §2.1.5 and §2.1.6, KMIP 2.1 §3.3 and §7.18).

use crate::OwnedIdentifier;
use crate::attribute::CryptographicParameters;
use crate::codec::ttlv_struct;
use crate::enums::{EncodingOption, WrappingMethod};

ttlv_struct! {
    /// Which key wraps or signs, and how: Encryption Key Information and MAC/Signature Key
    /// Information, which are alike.
    #[derive(Eq)]
    pub struct KeyInformation {
        /// The wrapping or signing key.
        UniqueIdentifier => uid: OwnedIdentifier;
        /// How it is used; absent means the key's own parameters.
        CryptographicParameters => cryptographic_parameters: Option<CryptographicParameters>;
    }
}

ttlv_struct! {
    /// How the key of a Key Block is wrapped.
    #[derive(Eq)]
    pub struct KeyWrappingData {
        /// Encrypted, signed or both, in which order.
        WrappingMethod => method: WrappingMethod;
        /// The encrypting key.
        EncryptionKeyInformation => encryption_key: Option<KeyInformation>;
        /// The signing key.
        MacSignatureKeyInformation => mac_signature_key: Option<KeyInformation>;
        /// The MAC or signature.
        MacSignature => mac_signature: Option<Vec<u8>>;
        /// IV, counter or nonce of the encryption.
        IvCounterNonce => iv_counter_nonce: Option<Vec<u8>>;
        /// Whether the wrapped bytes are a TTLV Key Value (the default) or the key alone. PyKMIP sends it
        /// at every version.
        EncodingOption @ V1_1.. accept V1_0.. => encoding_option: Option<EncodingOption>;
    }
}

ttlv_struct! {
    /// How a client wants a key wrapped.
    #[derive(Eq)]
    pub struct KeyWrappingSpecification {
        /// Encrypted, signed or both, in which order.
        WrappingMethod => method: WrappingMethod;
        /// The encrypting key.
        EncryptionKeyInformation => encryption_key: Option<KeyInformation>;
        /// The signing key.
        MacSignatureKeyInformation => mac_signature_key: Option<KeyInformation>;
        /// Attributes to wrap together with the key.
        AttributeName => attribute_names: Vec<String>;
        /// Whether the wrapped bytes are a TTLV Key Value (the default) or the key alone. PyKMIP sends it
        /// at every version.
        EncodingOption @ V1_1.. accept V1_0.. => encoding_option: Option<EncodingOption>;
    }
}
