//! What is done with the password of a container: its MAC, and the sealing of its parts.

use kmip_ttlv::attribute::CryptographicParameters;
use kmip_ttlv::enums::{BlockCipherMode, CryptographicAlgorithm, PaddingMethod};
use pkcs5::pbes2;
use pkcs8::ObjectIdentifier;
use pkcs8::der::asn1::{Any, OctetString};
use pkcs8::der::{Decode, Encode};
use pkcs8::spki::AlgorithmIdentifierOwned;
use pkcs12::kdf::{Pkcs12KeyType, derive_key};
use pkcs12::pbe_params::Pkcs12PbeParams;
use pkcs12::{DigestInfo, MacData};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use super::{ITERATIONS_MAX, Pkcs12Error};
use crate::crypto::cipher::{self, Parameters};
use crate::crypto::mac;
use crate::crypto::random::Random;

/// How often the password is hashed in a container that is made here.
const ITERATIONS: u32 = 20_000;

/// Bytes of the salts that are made here.
const SALT_BYTES: usize = 16;

const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

/// Derives the key of a MAC from a password, a salt and a number of iterations.
type MacKey = fn(&[u8], &[u8], i32) -> Vec<u8>;

/// The MACs of containers, by the identifier of their hash.
const MACS: &[(ObjectIdentifier, CryptographicAlgorithm, MacKey)] = &[
    (
        ObjectIdentifier::new_unwrap("1.3.14.3.2.26"),
        CryptographicAlgorithm::HmacSha1,
        |password, salt, rounds| derive_key::<Sha1>(password, salt, Pkcs12KeyType::Mac, rounds, 20),
    ),
    (
        ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.4"),
        CryptographicAlgorithm::HmacSha224,
        |password, salt, rounds| {
            derive_key::<Sha224>(password, salt, Pkcs12KeyType::Mac, rounds, 28)
        },
    ),
    (SHA256, CryptographicAlgorithm::HmacSha256, |password, salt, rounds| {
        derive_key::<Sha256>(password, salt, Pkcs12KeyType::Mac, rounds, 32)
    }),
    (
        ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2"),
        CryptographicAlgorithm::HmacSha384,
        |password, salt, rounds| {
            derive_key::<Sha384>(password, salt, Pkcs12KeyType::Mac, rounds, 48)
        },
    ),
    (
        ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3"),
        CryptographicAlgorithm::HmacSha512,
        |password, salt, rounds| {
            derive_key::<Sha512>(password, salt, Pkcs12KeyType::Mac, rounds, 64)
        },
    ),
];

/// A password, and how much may still be computed with it.
pub(super) struct Password<'p> {
    text: &'p str,
    /// As PKCS#12 hashes it: in UTF-16, with two zero bytes behind it (RFC 7292 appendix B.1).
    wide: Zeroizing<Vec<u8>>,
    iterations_left: u64,
}

impl<'p> Password<'p> {
    pub(super) fn new(text: &'p str) -> Self {
        let units = text.encode_utf16().chain([0]);
        let wide = Zeroizing::new(units.flat_map(u16::to_be_bytes).collect());
        Self { text, wide, iterations_left: ITERATIONS_MAX }
    }

    /// Takes a derivation off what may be computed.
    fn take(&mut self, iterations: u64) -> Result<(), Pkcs12Error> {
        let left = self.iterations_left.checked_sub(iterations.max(1));
        self.iterations_left = left.ok_or(Pkcs12Error::TooMuch)?;
        Ok(())
    }

    /// The same for a number of iterations that stands in a container.
    fn take_signed(&mut self, iterations: i32) -> Result<(), Pkcs12Error> {
        self.take(u64::try_from(iterations).map_err(Pkcs12Error::malformed)?)
    }

    /// Holds that the content was made with this password and is as it was made.
    pub(super) fn verify(&mut self, mac: &MacData, content: &[u8]) -> Result<(), Pkcs12Error> {
        let known = MACS.iter().find(|(hash, ..)| *hash == mac.mac.algorithm.oid);
        let (_, algorithm, derive) = known.ok_or(Pkcs12Error::Unreadable)?;
        self.take_signed(mac.iterations)?;
        let key = Zeroizing::new(derive(&self.wide, mac.mac_salt.as_bytes(), mac.iterations));
        match mac::verify(*algorithm, &key, content, mac.mac.digest.as_bytes()) {
            Ok(true) => Ok(()),
            _ => Err(Pkcs12Error::WrongPassword),
        }
    }

    /// The MAC of a content.
    pub(super) fn mac(&self, content: &[u8], random: &dyn Random) -> Result<MacData, Pkcs12Error> {
        let mut salt = [0; SALT_BYTES];
        random.fill(&mut salt)?;
        let iterations = i32::try_from(ITERATIONS).map_err(Pkcs12Error::malformed)?;
        let key = derive_key::<Sha256>(&self.wide, &salt, Pkcs12KeyType::Mac, iterations, 32);
        let digest = mac::mac(CryptographicAlgorithm::HmacSha256, &Zeroizing::new(key), content)
            .map_err(Pkcs12Error::malformed)?;
        let algorithm = AlgorithmIdentifierOwned { oid: SHA256, parameters: Some(Any::null()) };
        let digest = OctetString::new(digest).map_err(Pkcs12Error::malformed)?;
        Ok(MacData { mac: DigestInfo { algorithm, digest }, mac_salt: octets(&salt)?, iterations })
    }

    /// Opens what was sealed under the password.
    pub(super) fn open(
        &mut self,
        algorithm: &AlgorithmIdentifierOwned,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Pkcs12Error> {
        const DES3: ObjectIdentifier = pkcs12::PKCS_12_PBE_WITH_SHAAND3_KEY_TRIPLE_DES_CBC;
        let parameters = algorithm.parameters.as_ref().ok_or(Pkcs12Error::Malformed)?;
        let parameters = parameters.to_der().map_err(Pkcs12Error::malformed)?;
        match algorithm.oid {
            PBES2 => self.open_pbes2(&parameters, sealed),
            DES3 => self.open_des3(&parameters, sealed),
            _ => Err(Pkcs12Error::Unreadable),
        }
    }

    fn open_pbes2(
        &mut self,
        parameters: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Pkcs12Error> {
        // What cannot be read here names a cipher or a hash that is not known.
        let parameters =
            pbes2::Parameters::from_der(parameters).map_err(|_| Pkcs12Error::Unreadable)?;
        // scrypt takes as much memory as whoever made the container wants.
        let pbes2::Kdf::Pbkdf2(derivation) = &parameters.kdf else {
            return Err(Pkcs12Error::Unreadable);
        };
        self.take(derivation.iteration_count.into())?;
        let mut buffer = Zeroizing::new(sealed.to_vec());
        let opened = parameters.decrypt_in_place(self.text.as_bytes(), &mut buffer);
        let length = opened.map_err(|_| Pkcs12Error::WrongPassword)?.len();
        buffer.truncate(length);
        Ok(buffer)
    }

    /// Opens what old programs have sealed (RFC 7292 appendix C); nothing is sealed like that here.
    fn open_des3(
        &mut self,
        parameters: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Pkcs12Error> {
        let parameters = Pkcs12PbeParams::from_der(parameters).map_err(Pkcs12Error::malformed)?;
        // Two blocks of the key, and one of the initial value.
        for _ in 0..3 {
            self.take_signed(parameters.iterations)?;
        }
        let derive = |kind, bytes| {
            let salt = parameters.salt.as_bytes();
            derive_key::<Sha1>(&self.wide, salt, kind, parameters.iterations, bytes)
        };
        let key = Zeroizing::new(derive(Pkcs12KeyType::EncryptionKey, 24));
        let iv = derive(Pkcs12KeyType::Iv, 8);
        let wanted = CryptographicParameters {
            block_cipher_mode: Some(BlockCipherMode::Cbc),
            padding_method: Some(PaddingMethod::Pkcs5),
            ..CryptographicParameters::default()
        };
        let cipher = Parameters::resolve(Some(CryptographicAlgorithm::Des3), Some(&wanted), None);
        let cipher = cipher.map_err(|_| Pkcs12Error::Unreadable)?;
        let opened = cipher::decrypt(&cipher, &key, Some(&iv), &[], None, sealed);
        opened.map_err(|_| Pkcs12Error::WrongPassword)
    }

    /// Seals bytes under the password: PBES2 with PBKDF2, HMAC-SHA-256 and AES-256-CBC, which every
    /// program since about 2018 reads.
    pub(super) fn seal(
        &self,
        plain: &[u8],
        random: &dyn Random,
    ) -> Result<(AlgorithmIdentifierOwned, OctetString), Pkcs12Error> {
        let (mut salt, mut iv) = ([0; SALT_BYTES], [0; 16]);
        random.fill(&mut salt)?;
        random.fill(&mut iv)?;
        let parameters = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(ITERATIONS, &salt, iv)
            .map_err(Pkcs12Error::malformed)?;
        let sealed = parameters.encrypt(self.text, plain).map_err(Pkcs12Error::malformed)?;
        let parameters = parameters.to_der().map_err(Pkcs12Error::malformed)?;
        let parameters = Any::from_der(&parameters).map_err(Pkcs12Error::malformed)?;
        let algorithm = AlgorithmIdentifierOwned { oid: PBES2, parameters: Some(parameters) };
        Ok((algorithm, OctetString::new(sealed).map_err(Pkcs12Error::malformed)?))
    }
}

/// Bytes as an OCTET STRING.
pub(super) fn octets(bytes: &[u8]) -> Result<OctetString, Pkcs12Error> {
    OctetString::new(bytes).map_err(Pkcs12Error::malformed)
}
