//! Which symmetric keys can be made: algorithms, and the lengths that their keys have (the values
//! of Cryptographic Length, KMIP 1.4 §3.5, KMIP 2.1 §4.17).

use kmip_ttlv::enums::CryptographicAlgorithm;

use super::{Context, Failure, creation};

/// Lengths that a key of some algorithm may have, and the one it has if none is asked for, in bits.
struct Lengths {
    algorithm: CryptographicAlgorithm,
    allowed: &'static [i32],
    preferred: i32,
}

/// The longest are two keys, for XTS.
const AES: &[i32] = &[128, 192, 256, 512];
const BLOCK: &[i32] = &[128, 192, 256];
const HMAC: &[i32] = &[112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 768, 1024];
/// Of which 7 in 8 bits count (SP 800-67 §3.1): a key of 112 bits takes 16 bytes.
const DES: &[i32] = &[56];
const DES3: &[i32] = &[112, 168];
const ONLY_80: &[i32] = &[80];
const ONLY_128: &[i32] = &[128];
const ONLY_256: &[i32] = &[256];
const BLOWFISH: &[i32] = &[
    32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120, 128, 136, 144, 152, 160, 168, 176, 184, 192,
    200, 208, 216, 224, 232, 240, 248, 256, 264, 272, 280, 288, 296, 304, 312, 320, 328, 336, 344,
    352, 360, 368, 376, 384, 392, 400, 408, 416, 424, 432, 440, 448,
];
const VARIABLE: &[i32] = &[40, 56, 64, 80, 96, 104, 112, 128, 160, 192, 224, 256, 320, 384, 448];

macro_rules! lengths {
    ($($algorithm:ident: $allowed:ident $preferred:literal;)+) => {
        /// The keys that can be made.
        const LENGTHS: &[Lengths] = &[$(Lengths {
            algorithm: CryptographicAlgorithm::$algorithm,
            allowed: $allowed,
            preferred: $preferred,
        }),+];
    };
}

lengths! {
//  algorithm          lengths   usual
    Des:               DES       56;
    Des3:              DES3      168;
    Aes:               AES       256;
    HmacSha1:          HMAC      160;
    HmacSha224:        HMAC      224;
    HmacSha256:        HMAC      256;
    HmacSha384:        HMAC      384;
    HmacSha512:        HMAC      512;
    HmacMd5:           HMAC      128;
    Blowfish:          BLOWFISH  128;
    Camellia:          BLOCK     256;
    Cast5:             VARIABLE  128;
    Idea:              ONLY_128  128;
    Mars:              VARIABLE  128;
    Rc2:               VARIABLE  128;
    Rc4:               VARIABLE  128;
    Rc5:               VARIABLE  128;
    Skipjack:          ONLY_80   80;
    Twofish:           BLOCK     256;
    ChaCha20:          ONLY_256  256;
    Poly1305:          ONLY_256  256;
    ChaCha20Poly1305:  ONLY_256  256;
    HmacSha3_224:      HMAC      224;
    HmacSha3_256:      HMAC      256;
    HmacSha3_384:      HMAC      384;
    HmacSha3_512:      HMAC      512;
    Aria:              BLOCK     256;
    Seed:              ONLY_128  128;
    Sm4:               ONLY_128  128;
}

/// The length that a new key has, in bits.
///
/// # Errors
/// [`Failure::InvalidField`] if no key of this algorithm, or none of this length, can be made.
pub(super) fn bits(
    cx: &Context<'_>,
    algorithm: CryptographicAlgorithm,
    asked: Option<i32>,
) -> Result<i32, Failure> {
    let row = LENGTHS.iter().find(|row| row.algorithm == algorithm).ok_or_else(|| {
        Failure::InvalidField("keys of this Cryptographic Algorithm cannot be created".into())
    })?;
    let bits = asked.unwrap_or(row.preferred);
    creation::allowed(cx, algorithm, Some(bits))?;
    if row.allowed.contains(&bits) {
        Ok(bits)
    } else {
        Err(Failure::InvalidField("the algorithm has no keys of this Cryptographic Length".into()))
    }
}

/// Fresh random bytes for a key of `bits` bits of this algorithm.
///
/// # Errors
/// Without randomness.
pub(super) fn key(
    cx: &Context<'_>,
    algorithm: CryptographicAlgorithm,
    bits: i32,
) -> Result<Vec<u8>, Failure> {
    let has_parity =
        matches!(algorithm, CryptographicAlgorithm::Des | CryptographicAlgorithm::Des3);
    let mut key = random(cx, if has_parity { bits / 7 * 8 } else { bits })?;
    if has_parity {
        for byte in &mut key {
            *byte = with_odd_parity(*byte);
        }
    }
    Ok(key)
}

/// Fresh random bytes: `bits` bits, which are whole bytes.
///
/// # Errors
/// Without randomness.
pub(super) fn random(cx: &Context<'_>, bits: i32) -> Result<Vec<u8>, Failure> {
    let bytes = usize::try_from(bits / 8).map_err(|_| Failure::Internal("a negative length"))?;
    let mut random = vec![0; bytes];
    cx.parts().random.fill(&mut random)?;
    Ok(random)
}

/// The byte with its last bit such that the number of ones is odd (SP 800-67 §3.1).
fn with_odd_parity(byte: u8) -> u8 {
    let key_bits = byte & 0xfe;
    key_bits | u8::from(key_bits.count_ones().is_multiple_of(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_a_des_key_has_an_odd_number_of_ones() {
        for byte in 0..=u8::MAX {
            let with_parity = with_odd_parity(byte);
            assert_eq!(with_parity.count_ones() % 2, 1);
            assert_eq!(with_parity >> 1, byte >> 1);
        }
    }

    #[test]
    fn the_usual_length_is_one_that_is_allowed() {
        for row in LENGTHS {
            assert!(row.allowed.contains(&row.preferred), "{:?}", row.algorithm);
        }
    }
}
