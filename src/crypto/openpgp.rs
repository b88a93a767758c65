//! OpenPGP keys (RFC 4880, RFC 9580): what the first packet of a key says of it, and of what those who
//! certify it say.

mod certificate;

use base64ct::{Base64, Encoding};
use kmip_ttlv::enums::CryptographicAlgorithm;
use zeroize::Zeroizing;

pub use certificate::Certificate;

/// How an armoured block begins and ends (RFC 4880 §6.2).
const BEGIN: &str = "-----BEGIN PGP ";
const END: &str = "-----END PGP ";

/// What a key packet says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Description {
    /// The version of the key format.
    pub version: u8,
    /// The algorithm, if KMIP has a name for it.
    pub algorithm: Option<CryptographicAlgorithm>,
    /// The length of the key in bits, if that is known.
    pub bits: Option<usize>,
}

/// Describes a key: armoured or binary, public or private. `None` if it is none.
#[must_use]
pub fn describe(key: &[u8]) -> Option<Description> {
    read(key, |bytes| {
        let head = Head::read(bytes)?;
        // Secret-Key and Public-Key.
        matches!(head.tag, 5 | 6).then(|| key_packet(head.body))?
    })
}

/// What is read out of bytes that may be armoured.
fn read<T>(bytes: &[u8], of_binary: impl FnOnce(&[u8]) -> Option<T>) -> Option<T> {
    match std::str::from_utf8(bytes).ok().filter(|text| text.trim_start().starts_with(BEGIN)) {
        Some(text) => of_binary(&dearmoured(text)?),
        None => of_binary(bytes),
    }
}

/// The bytes of an armoured block. The checksum is not looked at, as RFC 9580 §6.1 says.
fn dearmoured(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut lines = text.trim_start().lines().skip(1);
    // Headers end with an empty line.
    lines.by_ref().find(|line| line.trim().is_empty())?;
    let mut body = Zeroizing::new(String::with_capacity(text.len()));
    for line in lines {
        let line = line.trim();
        if line.starts_with(END) || line.starts_with('=') {
            return Base64::decode_vec(&body).ok().map(Zeroizing::new);
        }
        body.push_str(line);
    }
    None
}

/// How a packet begins (RFC 4880 §4.2).
struct Head<'a> {
    tag: u8,
    /// How long the packet says that its body is.
    length: usize,
    /// What follows, which may be more or less than that.
    body: &'a [u8],
}

impl<'a> Head<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (&head, rest) = bytes.split_first()?;
        let number = |bytes: &[u8]| bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        let (tag, length, length_bytes) = match head {
            // The new format: how long the length is, its first byte says.
            0xc0.. => {
                let (length, bytes) = match *rest {
                    [short @ 0..=191, ..] => (usize::from(short), 1),
                    [high @ 192..=223, low, ..] => {
                        ((usize::from(high) - 192) * 256 + usize::from(low) + 192, 2)
                    }
                    [255, a, b, c, d, ..] => (number(&[a, b, c, d]), 5),
                    // A key is never given in parts.
                    _ => return None,
                };
                (head & 0x3f, length, bytes)
            }
            0x80.. => {
                let bytes = match head & 3 {
                    0 => 1,
                    1 => 2,
                    2 => 4,
                    _ => return None,
                };
                (head >> 2 & 0x0f, number(rest.get(..bytes)?), bytes)
            }
            _ => return None,
        };
        Some(Self { tag, length, body: rest.get(length_bytes..)? })
    }
}

/// Reads the body of a key packet (RFC 4880 §5.5.2).
fn key_packet(body: &[u8]) -> Option<Description> {
    let (&version, after) = body.split_first()?;
    // The time when it was made; of version 3, also for how many days it holds, and since version
    // 5 the length of what follows, after the algorithm.
    let (before, between) = match version {
        3 => (6, 0),
        4 => (4, 0),
        5 | 6 => (4, 4),
        _ => return None,
    };
    let (&algorithm, after) = after.get(before..)?.split_first()?;
    let (algorithm, length) = named(algorithm);
    let after = after.get(between..)?;
    let bits = match length {
        Length::OfFirstNumber => {
            after.first_chunk().map(|bytes| usize::from(u16::from_be_bytes(*bytes)))
        }
        Length::OfCurve => after.split_first().and_then(|(&length, after)| {
            let curve = after.get(..usize::from(length))?;
            CURVES.iter().find(|(oid, _)| *oid == curve).map(|(_, bits)| *bits)
        }),
        Length::Fixed(bits) => Some(bits),
        Length::Unknown => None,
    };
    Some(Description { version, algorithm, bits })
}

/// What says how long a key is.
enum Length {
    OfFirstNumber,
    OfCurve,
    Fixed(usize),
    Unknown,
}

/// Curves by their names in ASN.1, without tag and length, and how long their keys are (RFC 9580
/// §9.2).
const CURVES: &[(&[u8], usize)] = &[
    // P-256, P-384, P-521.
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07], 256),
    (&[0x2b, 0x81, 0x04, 0x00, 0x22], 384),
    (&[0x2b, 0x81, 0x04, 0x00, 0x23], 521),
    // The forms of before RFC 9580 of Ed25519 and Curve25519.
    (&[0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01], 256),
    (&[0x2b, 0x06, 0x01, 0x04, 0x01, 0x97, 0x55, 0x01, 0x05, 0x01], 256),
];

/// An algorithm by KMIP's name (RFC 4880 §9.1, RFC 9580 §9.1), and what says how long the key is.
fn named(algorithm: u8) -> (Option<CryptographicAlgorithm>, Length) {
    use CryptographicAlgorithm as A;
    match algorithm {
        1..=3 => (Some(A::Rsa), Length::OfFirstNumber),
        17 => (Some(A::Dsa), Length::OfFirstNumber),
        18 => (Some(A::Ecdh), Length::OfCurve),
        19 => (Some(A::Ecdsa), Length::OfCurve),
        // EdDSA of before RFC 9580, which nobody has used with another curve.
        22 => (Some(A::Ed25519), Length::OfCurve),
        27 => (Some(A::Ed25519), Length::Fixed(256)),
        28 => (Some(A::Ed448), Length::Fixed(456)),
        _ => (None, Length::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A public key packet of version 4 with an RSA number of 2048 bits.
    const KEY: &[u8] = &[0x99, 0x01, 0x0d, 4, 0x54, 0x70, 0x3f, 0x75, 1, 0x08, 0x00, 0xab];

    #[test]
    fn the_first_packet_says_what_a_key_is() {
        let rsa = Description {
            version: 4,
            algorithm: Some(CryptographicAlgorithm::Rsa),
            bits: Some(2048),
        };
        assert_eq!(describe(KEY), Some(rsa));
        let body = Base64::encode_string(KEY);
        let armoured = format!(
            "-----BEGIN PGP PUBLIC KEY BLOCK-----\nVersion: 1\n\n{body}\n=abcd\n-----END PGP PUBLIC KEY BLOCK-----\n"
        );
        assert_eq!(describe(armoured.as_bytes()), Some(rsa));
        let new_format = [&[0xc6, 0xc0, 0x20][..], &KEY[3..]].concat();
        assert_eq!(describe(&new_format), Some(rsa));
    }

    #[test]
    fn the_curve_of_a_key_says_how_long_it_is() {
        for (curve, bits) in CURVES {
            let length = u8::try_from(curve.len()).unwrap();
            for (number, algorithm) in
                [(19, CryptographicAlgorithm::Ecdsa), (22, CryptographicAlgorithm::Ed25519)]
            {
                let key = [&[0x98, 51, 4, 0, 0, 0, 0, number, length][..], curve].concat();
                let described = describe(&key).expect("a key");
                assert_eq!((described.algorithm, described.bits), (Some(algorithm), Some(*bits)));
            }
        }
        let unknown = describe(&[0x98, 51, 4, 0, 0, 0, 0, 19, 1, 0]).expect("a key");
        assert_eq!(unknown.bits, None);
    }

    #[test]
    fn what_does_not_begin_with_a_key_is_none() {
        for length in 0..9 {
            assert_eq!(describe(&KEY[..length]), None, "{length}");
        }
        let signature = [&[0x89][..], &KEY[1..]].concat();
        let of_version_9 = [&KEY[..3], &[9], &KEY[4..]].concat();
        for bytes in [signature, of_version_9, b"-----BEGIN PGP ".to_vec(), vec![0xe5; 20]] {
            assert_eq!(describe(&bytes), None);
        }
    }
}
