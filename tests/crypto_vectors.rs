//! Published vectors, and what must be refused, from `fixtures/crypto/`.
//! Each case is tried at once and in parts.

#[path = "support/vectors.rs"]
mod vectors;

use keystrata::crypto::cipher::{self, Decryptor, Encryptor, Parameters, Sealed};
use keystrata::crypto::derive::{self, KbkdfMode, Prf};
use keystrata::crypto::hash::{Hasher, hash};
use keystrata::crypto::mac::{Macer, mac, verify};
use keystrata::crypto::random::PredictableRandom;
use keystrata::crypto::split::{self, Part, Plan, Polynomial, PrimeField, SplitError};
use keystrata::crypto::wrap::Wrap;
use keystrata::crypto::{Error, Limits};
use kmip_ttlv::Secret;
use kmip_ttlv::attribute::CryptographicParameters;
use kmip_ttlv::enums::{
    BlockCipherMode, CryptographicAlgorithm, DerivationMethod, HashingAlgorithm, PaddingMethod,
    SplitKeyMethod,
};

use vectors::{Case, cases, named};

/// What is needed for both directions.
struct Setup {
    parameters: Parameters,
    key: Vec<u8>,
    iv: Option<Vec<u8>>,
    aad: Vec<u8>,
    tag: Option<Vec<u8>>,
    random: PredictableRandom,
}

impl Setup {
    fn new(case: &Case) -> Result<Self, Error> {
        let wanted = CryptographicParameters {
            block_cipher_mode: named(case, "mode", BlockCipherMode::from_xml_name),
            padding_method: named(case, "padding", PaddingMethod::from_xml_name),
            iv_length: case.number("iv-length"),
            tag_length: case.number("tag-length"),
            counter_length: case.number("counter-length"),
            initial_counter_value: case.number("initial-counter-value"),
            ..CryptographicParameters::default()
        };
        let algorithm = named(case, "algorithm", CryptographicAlgorithm::from_xml_name);
        let algorithm = algorithm.or(Some(CryptographicAlgorithm::Aes));
        Ok(Self {
            parameters: Parameters::resolve(algorithm, Some(&wanted), None)?,
            key: case.required("key"),
            iv: case.bytes("iv"),
            aad: case.bytes("aad").unwrap_or_default(),
            tag: case.bytes("tag"),
            random: PredictableRandom::new(1),
        })
    }

    fn encrypt(&self, plain: &[u8]) -> Result<Sealed, Error> {
        let Self { parameters, key, iv, aad, random, .. } = self;
        cipher::encrypt(parameters, key, iv.as_deref(), aad, plain, random)
    }

    fn decrypt(&self, data: &[u8]) -> Result<Vec<u8>, Error> {
        let Self { parameters, key, iv, aad, tag, .. } = self;
        let plain = cipher::decrypt(parameters, key, iv.as_deref(), aad, tag.as_deref(), data)?;
        Ok(plain.to_vec())
    }

    fn encrypt_in_parts(&self, plain: &[u8], bytes: usize) -> Result<Sealed, Error> {
        let Self { parameters, key, iv, aad, random, .. } = self;
        let limits = Limits::default();
        let mut stream = Encryptor::new(parameters, key, iv.as_deref(), aad, limits, random)?;
        let mut data = Vec::new();
        for part in plain.chunks(bytes) {
            data.extend(stream.update(part)?);
        }
        let last = stream.finish(&[], random)?;
        data.extend(last.data);
        Ok(Sealed { data, ..last })
    }

    fn decrypt_in_parts(&self, data: &[u8], bytes: usize) -> Result<Vec<u8>, Error> {
        let Self { parameters, key, iv, aad, tag, .. } = self;
        let limits = Limits::default();
        let mut stream =
            Decryptor::new(parameters, key, iv.as_deref(), aad, tag.as_deref(), limits)?;
        let mut plain = Vec::new();
        for part in data.chunks(bytes) {
            let text = stream.update(part)?;
            assert!(
                text.is_empty() || !(parameters.authenticates() || parameters.is_whole()),
                "text before the tag"
            );
            plain.extend_from_slice(&text);
        }
        plain.extend_from_slice(&stream.finish(&[])?);
        Ok(plain)
    }
}

/// Sizes of part that miss and meet the edges of blocks.
const PART_BYTES: [usize; 5] = [1, 7, 16, 17, 32];

fn run_cipher(file: &str) {
    for case in cases(file) {
        let name = case.name();
        match case.error() {
            None => {
                let setup = Setup::new(&case).unwrap();
                let (plain, data) = (case.required("plain"), case.required("cipher"));
                let sealed = Sealed { data, tag: case.bytes("tag"), made_iv: None };
                assert_eq!(setup.encrypt(&plain), Ok(sealed.clone()), "{name}");
                assert_eq!(setup.decrypt(&sealed.data), Ok(plain.clone()), "{name}");
                for bytes in PART_BYTES {
                    let parts = setup.encrypt_in_parts(&plain, bytes);
                    assert_eq!(parts, Ok(sealed.clone()), "{name}, parts of {bytes}");
                    let parts = setup.decrypt_in_parts(&sealed.data, bytes);
                    assert_eq!(parts, Ok(plain.clone()), "{name}, parts of {bytes}");
                }
            }
            Some(error) => {
                let once = |setup: Setup| match case.text("operation").unwrap() {
                    "encrypt" => setup.encrypt(&case.required("plain")).map(|_| ()),
                    _ => setup.decrypt(&case.required("cipher")).map(|_| ()),
                };
                let parts = |setup: Setup| match case.text("operation").unwrap() {
                    "encrypt" => setup.encrypt_in_parts(&case.required("plain"), 7).map(|_| ()),
                    _ => setup.decrypt_in_parts(&case.required("cipher"), 7).map(|_| ()),
                };
                let found = Setup::new(&case).and_then(once).unwrap_err();
                assert_eq!(format!("{found:?}"), error, "{name}");
                let found = Setup::new(&case).and_then(parts).unwrap_err();
                assert_eq!(format!("{found:?}"), error, "{name}, in parts");
            }
        }
    }
}

#[test]
fn ecb_answers_as_published() {
    run_cipher("aes-ecb.txt");
}

#[test]
fn cbc_answers_as_published() {
    run_cipher("aes-cbc.txt");
}

#[test]
fn ctr_answers_as_published() {
    run_cipher("aes-ctr.txt");
}

#[test]
fn gcm_answers_as_published() {
    run_cipher("aes-gcm.txt");
}

#[test]
fn cfb_answers_as_published() {
    run_cipher("aes-cfb.txt");
}

#[test]
fn ofb_answers_as_published() {
    run_cipher("aes-ofb.txt");
}

#[test]
fn ccm_answers_as_published() {
    run_cipher("aes-ccm.txt");
}

#[test]
fn xts_answers_as_published() {
    run_cipher("aes-xts.txt");
}

#[test]
fn triple_des_answers_as_published() {
    run_cipher("des3.txt");
}

#[test]
fn blowfish_answers_as_published() {
    run_cipher("blowfish.txt");
}

#[test]
fn chacha20_answers_as_published() {
    run_cipher("chacha20.txt");
}

#[test]
fn keys_are_wrapped_as_published() {
    for case in cases("key-wrap.txt") {
        let name = case.name();
        let wanted = CryptographicParameters {
            block_cipher_mode: named(&case, "mode", BlockCipherMode::from_xml_name),
            padding_method: named(&case, "padding", PaddingMethod::from_xml_name),
            ..CryptographicParameters::default()
        };
        let wrap = Wrap::resolve(Some(CryptographicAlgorithm::Aes), Some(&wanted)).unwrap();
        let (key, iv) = (case.required("key"), case.bytes("iv"));
        let unwrap = || wrap.unwrap(&key, &case.required("wrapped"), iv.as_deref());
        let wrapped = || wrap.wrap(&key, &case.required("plain"), &PredictableRandom::new(1));
        match (case.error(), case.text("operation")) {
            (None, _) => {
                assert_eq!(unwrap().unwrap().to_vec(), case.required("plain"), "{name}");
                if iv.is_none() {
                    assert_eq!(wrapped().unwrap().bytes, case.required("wrapped"), "{name}");
                }
            }
            (Some(error), Some("wrap")) => {
                assert_eq!(format!("{:?}", wrapped().unwrap_err()), error, "{name}");
            }
            (Some(error), _) => {
                assert_eq!(format!("{:?}", unwrap().unwrap_err()), error, "{name}");
            }
        }
    }
}

#[test]
fn hashes_answer_as_published() {
    for case in cases("hash.txt") {
        let name = case.name();
        let algorithm = named(&case, "algorithm", HashingAlgorithm::from_xml_name).unwrap();
        let data = case.required("data");
        if let Some(error) = case.error() {
            let found = hash(algorithm, &data).unwrap_err();
            assert_eq!(format!("{found:?}"), error, "{name}");
            continue;
        }
        let value = case.required("value");
        assert_eq!(hash(algorithm, &data), Ok(value.clone()), "{name}");
        let mut hasher = Hasher::new(algorithm, Limits::default()).unwrap();
        for part in data.chunks(7) {
            hasher.update(part).unwrap();
        }
        assert_eq!(hasher.finish(&[]), Ok(value), "{name}, in parts");
    }
}

#[test]
fn macs_answer_as_published() {
    for case in cases("hmac.txt").into_iter().chain(cases("cmac.txt")) {
        let name = case.name();
        let algorithm = named(&case, "algorithm", CryptographicAlgorithm::from_xml_name).unwrap();
        let (key, data) = (case.required("key"), case.required("data"));
        let value = case.required("value");
        match case.error() {
            None => {
                assert_eq!(mac(algorithm, &key, &data), Ok(value.clone()), "{name}");
                assert_eq!(verify(algorithm, &key, &data, &value), Ok(true), "{name}");
                let mut macer = Macer::new(algorithm, &key, Limits::default()).unwrap();
                for part in data.chunks(7) {
                    macer.update(part).unwrap();
                }
                assert_eq!(macer.verify(&[], &value), Ok(true), "{name}, in parts");
            }
            Some("Invalid") => {
                assert_eq!(verify(algorithm, &key, &data, &value), Ok(false), "{name}");
            }
            Some(error) => {
                let found = verify(algorithm, &key, &data, &value).unwrap_err();
                assert_eq!(format!("{found:?}"), error, "{name}");
            }
        }
    }
}

#[test]
fn keys_are_derived_as_published() {
    // That by encryption is an operation's: `tests/operations/derive.rs`.
    let is_here = |case: &Case| case.text("method") != Some("ENCRYPT");
    for case in cases("derive.txt").into_iter().filter(is_here) {
        let (name, derived) = (case.name(), derived(&case));
        match case.error() {
            None => assert_eq!(derived.as_deref(), Ok(case.required("value").as_slice()), "{name}"),
            Some("Differs") => {
                assert_ne!(derived.as_deref(), Ok(case.required("value").as_slice()), "{name}");
            }
            Some(error) => assert_eq!(format!("{:?}", derived.unwrap_err()), error, "{name}"),
        }
    }
}

fn derived(case: &Case) -> Result<Vec<u8>, Error> {
    let hash = named(case, "hash", HashingAlgorithm::from_xml_name).unwrap();
    let method = named(case, "method", DerivationMethod::from_xml_name).unwrap();
    let bytes = usize::try_from(case.number("bytes").unwrap()).unwrap();
    let (prf, key) = (Prf::of_hash(hash)?, case.required("key"));
    let or_none = |name| case.bytes(name).unwrap_or_default();
    let (salt, data, iv) = (or_none("salt"), or_none("data"), or_none("iv"));
    let kbkdf = |mode| derive::kbkdf(mode, prf, &key, &iv, &data, bytes);
    let derived = match method {
        DerivationMethod::Pbkdf2 => {
            let iterations = u32::try_from(case.number("iterations").unwrap()).unwrap();
            derive::pbkdf2(prf, &key, &salt, iterations, bytes)?
        }
        DerivationMethod::Hkdf => derive::hkdf(prf, &key, &salt, &data, bytes)?,
        DerivationMethod::Nist800_108C => kbkdf(KbkdfMode::Counter)?,
        DerivationMethod::Nist800_108F => kbkdf(KbkdfMode::Feedback)?,
        DerivationMethod::Nist800_108Dpi => kbkdf(KbkdfMode::DoublePipeline)?,
        DerivationMethod::AwsSignatureVersion4 => {
            derive::aws_signature(&key, &[&data, &or_none("data-2"), &or_none("data-3")])?
        }
        other => panic!("{other:?} has no vectors"),
    };
    Ok(derived.to_vec())
}

#[test]
fn parts_are_joined_as_computed() {
    for case in cases("split.txt") {
        let (name, joined) = (case.name(), joined(&case));
        match case.error() {
            None => assert_eq!(joined, Ok(case.required("secret")), "{name}"),
            Some(error) => assert_eq!(format!("{:?}", joined.unwrap_err()), error, "{name}"),
        }
    }
}

fn joined(case: &Case) -> Result<Vec<u8>, SplitError> {
    let polynomial = || Polynomial::from_number(case.number("polynomial").unwrap()).unwrap();
    let method = match named(case, "method", SplitKeyMethod::from_xml_name).unwrap() {
        SplitKeyMethod::Xor => split::Method::Xor,
        SplitKeyMethod::PolynomialSharingGf2_8 => split::Method::Gf8(polynomial()),
        SplitKeyMethod::PolynomialSharingGf2_16 => split::Method::Gf16(polynomial()),
        _ => split::Method::Prime(PrimeField::from_bytes(&case.required("prime"))?),
    };
    let number = |key| case.number(key).unwrap();
    let plan = Plan::new(method, number("parts"), number("threshold"))?;
    let given = (1..).map_while(|part| case.bytes(&format!("part-{part}")));
    let part = |bytes: Vec<u8>| Part {
        number: u16::from_be_bytes([bytes[0], bytes[1]]),
        bytes: Secret::new(bytes[2..].to_vec()),
    };
    let bytes = case.number("bytes").map(|bytes| usize::try_from(bytes).unwrap());
    Ok(plan.join(&given.map(part).collect::<Vec<_>>(), bytes)?.to_vec())
}

/// A table of what works proves little without one of what does not.
#[test]
fn refusals_are_tested_as_often_as_answers() {
    let files = [
        "aes-ecb.txt",
        "aes-cbc.txt",
        "aes-ctr.txt",
        "aes-gcm.txt",
        "aes-cfb.txt",
        "aes-ofb.txt",
        "aes-ccm.txt",
        "aes-xts.txt",
        "des3.txt",
        "blowfish.txt",
        "chacha20.txt",
        "hmac.txt",
        "cmac.txt",
        "derive.txt",
        "split.txt",
        "key-wrap.txt",
    ];
    for file in files {
        let cases = cases(file);
        let refused = cases.iter().filter(|case| case.error().is_some()).count();
        assert!(2 * refused >= cases.len(), "{file}: {refused} of {}", cases.len());
    }
}
