//! Whether the vectors in `fixtures/crypto/` have enough of what must be refused, of each AEAD, wrapping,
//! signature, MAC, decryption and agreement that is served. What is served is counted from the tables
//! that serve it, so that whoever adds a row adds refusals, too.

#[path = "support/vectors.rs"]
mod vectors;

use std::collections::BTreeMap;

use keystrata::crypto::cipher::table::{Row, SUPPORTED, usual_mode};
use keystrata::crypto::key::lattice::SETS;
use keystrata::crypto::key::{PrivateKey, PublicKey, curve, okp};
use keystrata::crypto::mac;
use keystrata::crypto::rsa_cipher::Padding;
use keystrata::crypto::signature::Family;
use keystrata::crypto::wrap::Wrap;
use kmip_ttlv::attribute::CryptographicParameters;
use kmip_ttlv::enums::{
    BlockCipherMode, CryptographicAlgorithm as A, HashingAlgorithm, PaddingMethod,
};

use vectors::{Case, cases, named};

/// The fewest refusals of anything.
const REFUSALS_MIN: usize = 7;

/// How many cases are good, and how many are refused.
type Count = BTreeMap<String, (usize, usize)>;

fn note(count: &mut Count, case: &Case, name: String) {
    let (good, bad) = count.entry(name).or_default();
    if case.error().is_some() { *bad += 1 } else { *good += 1 }
}

/// Every name in `served` has refusals enough in `count`, and `count` has no other.
fn judge(count: &Count, served: impl IntoIterator<Item = String>) {
    let mut served: Vec<_> = served.into_iter().collect();
    served.sort();
    assert_eq!(count.keys().cloned().collect::<Vec<_>>(), served);
    for (name, (good, bad)) in count {
        assert!(*good > 0, "{name} has no case that is good");
        assert!(*bad >= REFUSALS_MIN && bad >= good, "{name}: {bad} refusals for {good}");
    }
}

fn algorithm(case: &Case) -> A {
    named(case, "algorithm", A::from_name).unwrap_or(A::Aes)
}

#[test]
fn of_every_mode_that_authenticates() {
    let mut count = Count::new();
    for file in ["aes-gcm.txt", "aes-ccm.txt", "chacha20.txt"] {
        for case in cases(file) {
            let algorithm = algorithm(&case);
            let mode = named(&case, "mode", BlockCipherMode::from_xml_name);
            let mode = mode.unwrap_or(usual_mode(algorithm));
            let is_one =
                |row: &Row| row.algorithm == algorithm && row.mode == mode && row.authenticates();
            if SUPPORTED.iter().any(is_one) {
                note(&mut count, &case, format!("{algorithm} {mode}"));
            }
            if case.name().starts_with("GMAC") {
                note(&mut count, &case, "GMAC".into());
            }
        }
    }
    let rows = SUPPORTED.iter().filter(|row| row.authenticates());
    let names = rows.map(|row| format!("{} {}", row.algorithm, row.mode));
    judge(&count, names.chain(["GMAC".into()]));
}

#[test]
fn of_every_mac() {
    let mut count = Count::new();
    for case in cases("hmac.txt").into_iter().chain(cases("cmac.txt")) {
        let algorithm = algorithm(&case);
        if mac::algorithms().any(|served| served == algorithm) {
            note(&mut count, &case, algorithm.to_string());
        }
    }
    judge(&count, mac::algorithms().map(|algorithm| algorithm.to_string()));
}

/// What a wrapping is counted as. A mode alone finds no change but in padding and length.
fn of_wrap(wrap: &Wrap) -> &'static str {
    match wrap {
        Wrap::KeyWrap => "AES Key Wrap",
        Wrap::KeyWrapPadded => "AES Key Wrap with padding",
        Wrap::Mode(parameters) if parameters.authenticates() => "a mode that authenticates",
        Wrap::Mode(_) => "a mode",
    }
}

fn of_padding(padding: &Padding) -> &'static str {
    match padding {
        Padding::Oaep { .. } => "OAEP",
        Padding::Pkcs1 => "PKCS#1 v1.5",
    }
}

#[test]
fn of_every_wrapping_and_every_decryption_with_rsa() {
    let mut count = Count::new();
    for case in cases("key-wrap.txt") {
        let wanted = CryptographicParameters {
            block_cipher_mode: named(&case, "mode", BlockCipherMode::from_xml_name),
            padding_method: named(&case, "padding", PaddingMethod::from_xml_name),
            ..CryptographicParameters::default()
        };
        let wrap = Wrap::resolve(Some(A::Aes), Some(&wanted)).unwrap();
        note(&mut count, &case, of_wrap(&wrap).into());
    }
    judge(
        &count,
        [
            "AES Key Wrap".into(),
            "AES Key Wrap with padding".into(),
            "a mode that authenticates".into(),
            "a mode".into(),
        ],
    );
    let mut count = Count::new();
    for case in cases("rsa-cipher.txt") {
        let padding = match named(&case, "padding", PaddingMethod::from_xml_name) {
            Some(PaddingMethod::Oaep) => {
                let hash = HashingAlgorithm::Sha256;
                Padding::Oaep { hash, mask: hash, label: Vec::new() }
            }
            Some(PaddingMethod::Pkcs1V1_5) => Padding::Pkcs1,
            _ => continue,
        };
        note(&mut count, &case, of_padding(&padding).into());
    }
    judge(&count, ["OAEP".into(), "PKCS#1 v1.5".into()]);
}

/// What a signature is counted as: the family and its paddings, or the curve, or the set.
fn of_signature(case: &Case, key: &PublicKey) -> Option<String> {
    let padding = named(case, "padding", PaddingMethod::from_xml_name);
    Some(match (key.family()?, key) {
        (Family::Rsa, _) if padding == Some(PaddingMethod::Pss) => "PSS".into(),
        (Family::Rsa, _) => "PKCS#1 v1.5".into(),
        (Family::Ecdsa, PublicKey::Ec(key)) => format!("ECDSA {:?}", key.curve()),
        (Family::Eddsa, PublicKey::Okp(key)) => format!("{:?}", key.kind()),
        (Family::MlDsa, PublicKey::Lattice(key)) => format!("{:?}", key.set()),
        other => panic!("{other:?}"),
    })
}

#[test]
fn of_every_signature() {
    let mut count = Count::new();
    for case in cases("signatures.txt").into_iter().chain(cases("forged.txt")) {
        // Some forgeries are under keys that are none; what they are of is in the others' names.
        let Ok(key) = PublicKey::from_spki(&case.required("X_509")) else { continue };
        if let Some(name) = of_signature(&case, &key) {
            note(&mut count, &case, name);
        }
    }
    for case in cases("lattice.txt").iter().filter(|case| case.text("data").is_some()) {
        note(&mut count, case, case.text("algorithm").unwrap().to_owned());
    }
    let rsa = ["PSS".to_owned(), "PKCS#1 v1.5".to_owned()];
    let curves = curve::CURVES.iter().map(|curve| format!("ECDSA {curve:?}"));
    let kinds = okp::KINDS.iter().filter(|kind| kind.signature_bytes > 0);
    let sets = SETS.iter().filter(|set| set.signs()).map(|set| format!("{set:?}"));
    judge(
        &count,
        rsa.into_iter().chain(curves).chain(kinds.map(|it| format!("{it:?}"))).chain(sets),
    );
}

#[test]
fn of_every_agreement_and_encapsulation() {
    let mut count = Count::new();
    for case in cases("agreement.txt") {
        let name = match PrivateKey::from_pkcs8(&case.required("PKCS_8")).unwrap() {
            PrivateKey::Ec(key) => format!("{:?}", key.curve()),
            PrivateKey::Okp(key) => format!("{:?}", key.kind()),
            other => panic!("{other:?}"),
        };
        note(&mut count, &case, name);
    }
    for case in cases("lattice.txt").iter().filter(|case| case.text("data").is_none()) {
        note(&mut count, case, case.text("algorithm").unwrap().to_owned());
    }
    let curves = curve::CURVES.iter().map(|curve| format!("{curve:?}"));
    let kinds = okp::KINDS.iter().filter(|kind| kind.signature_bytes == 0);
    let sets = SETS.iter().filter(|set| !set.signs()).map(|set| format!("{set:?}"));
    judge(&count, curves.chain(kinds.map(|it| format!("{it:?}"))).chain(sets));
}
