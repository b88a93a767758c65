//! PKCS#11: a Cryptoki call carried over KMIP (KMIP 2.1 §6.1.37).

use std::borrow::Cow;

use crate::codec::ttlv_struct;
use crate::enums::{Pkcs11Function, Pkcs11ReturnCode};
use crate::structure::SecretBytes;

ttlv_struct! {
    /// The call and its encoded arguments (KMIP 2.1 §6.1.37).
    pub struct Request<'a> {
        /// Name of the interface; the standard one if absent.
        Pkcs11Interface => interface: Option<String>;
        /// The function called.
        Pkcs11Function => function: Pkcs11Function;
        /// Names the PKCS#11 session of the client; the server gives it to the first call.
        CorrelationValue => correlation_value: Option<Cow<'a, [u8]>>;
        /// The arguments, encoded as the PKCS#11 profile says.
        Pkcs11InputParameters => input: Option<SecretBytes<'a>>;
    }
}

ttlv_struct! {
    /// The encoded results (KMIP 2.1 §6.1.37).
    pub struct Response<'a> {
        /// Name of the interface; the standard one if absent.
        Pkcs11Interface => interface: Option<String>;
        /// The function called.
        Pkcs11Function => function: Pkcs11Function;
        /// Names the PKCS#11 session of the client; the server gives it to the first call.
        CorrelationValue => correlation_value: Option<Cow<'a, [u8]>>;
        /// The results, encoded as the PKCS#11 profile says.
        Pkcs11OutputParameters => output: Option<SecretBytes<'a>>;
        /// What the function returned.
        Pkcs11ReturnCode => return_code: Pkcs11ReturnCode;
    }
}
