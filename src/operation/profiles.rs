//! The profiles to which the server conforms by itself (KMIP Profiles 2.0 and 2.1 §5).
//!
//! Whoever claims a profile conforms to every normative statement of it (KMIP 2.1 §14.2), so a
//! line stands here if all operations, objects, attributes and algorithms of the profile are served,
//! its cases pass (a test holds both together), and the connection is as its authentication suite
//! asks. That is so from 2.0 on: TLS 1.3 with the two suites that are mandatory there. The suites of
//! 1.x ask for RSA key exchange and CBC, which are not offered, so those profiles are the operator's
//! to claim. What is not here, and why, is in `docs/conformance.md`.

use kmip_ttlv::Version;
use kmip_ttlv::enums::{BlockCipherMode, CryptographicAlgorithm as A, ProfileName};
use kmip_ttlv::structure::{ProfileInformation, ProfileVersion};

use super::Context;
use crate::crypto::policy::Policy;

/// A profile, and what of it a tenant's policy may forbid.
#[derive(Debug, Clone, Copy)]
pub struct Profile {
    /// Its name.
    pub name: ProfileName,
    /// Keys that it wants: algorithms, and the least bits.
    pub keys: &'static [(A, i32)],
    /// Modes that it wants.
    pub modes: &'static [BlockCipherMode],
}

macro_rules! profiles {
    ($($name:ident: [$($algorithm:ident $bits:literal),*] [$($mode:ident),*];)+) => {
        /// The profiles, in the order of their numbers.
        pub const PROFILES: &[Profile] = &[$(Profile {
            name: ProfileName::$name,
            keys: &[$((A::$algorithm, $bits)),*],
            modes: &[$(BlockCipherMode::$mode),*],
        }),+];
    };
}

profiles! {
//  profile                                     keys and modes that a policy may forbid
    TapeLibraryServer:                         [Aes 256] [];
    SymmetricKeyLifecycleServer:               [Aes 128, Des3 168] [];
    AsymmetricKeyLifecycleServer:              [Rsa 2048] [];
    BasicCryptographicServer:                  [Aes 128, ChaCha20 256, ChaCha20Poly1305 256]
                                               [Ecb, Cbc, Gcm, Aead];
    AdvancedCryptographicServer:               [Aes 128, ChaCha20 256, ChaCha20Poly1305 256,
                                                HmacSha256 128, Rsa 2048]
                                               [Ecb, Cbc, Gcm, Aead];
    RngCryptographicServer:                    [] [];
    SymmetricKeyFoundryServer:                 [Aes 128, Des3 168] [];
    OpaqueManagedObjectStoreServer:            [] [];
    StorageArrayWithSelfEncryptingDriveServer: [] [];
    AesxtsServer:                              [Aes 256] [Xts, NistKeyWrap];
    BaselineServer:                            [] [];
}

impl Profile {
    /// The versions of KMIP for which it is claimed.
    pub const VERSIONS: &'static [Version] = &[Version::V2_0, Version::V2_1];

    /// Whether a policy lets in all that the profile wants.
    fn is_under(&self, policy: &Policy) -> bool {
        let key =
            |(algorithm, bits): &(A, i32)| policy.check_key(*algorithm, || Some(*bits)).is_ok();
        self.keys.iter().all(key) && self.modes.iter().all(|mode| policy.check_mode(*mode).is_ok())
    }

    fn of(&self, version: Version) -> ProfileInformation {
        let version = ProfileVersion { major: version.major(), minor: version.minor() };
        let (name, version) = (self.name, Some(version));
        ProfileInformation { name, version, server_uri: None, server_port: None }
    }
}

/// The profiles that the operator states, or those that the server knows of itself, less what the
/// caller's tenant may not do; all of them as far as the client's version has names for them.
pub(super) fn told(cx: &Context<'_>) -> Vec<ProfileInformation> {
    let said = &cx.parts().facts.statements.profiles;
    let own = || {
        let here = PROFILES.iter().filter(|profile| profile.is_under(cx.policy()));
        here.flat_map(|profile| Profile::VERSIONS.iter().map(|version| profile.of(*version)))
            .collect()
    };
    let mut all = if said.is_empty() { own() } else { said.clone() };
    all.retain(|profile: &ProfileInformation| profile.name.is_in(cx.version()));
    all
}
