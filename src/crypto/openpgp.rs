//! OpenPGP keys (RFC 4880, RFC 9580): what the first packet of a key says of it.

use base64ct::{Base64, Encoding};
use kmip_ttlv::enums::CryptographicAlgorithm;
use zeroize::Zeroizing;

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
    /// The length of the key in bits, of RSA and DSA.
    pub bits: Option<usize>,
}

/// Describes a key: armoured or binary, public or private. `None` if it is none.
#[must_use]
pub fn describe(key: &[u8]) -> Option<Description> {
    match std::str::from_utf8(key).ok().filter(|text| text.trim_start().starts_with(BEGIN)) {
        Some(text) => first_packet(&dearmoured(text)?),
        None => first_packet(key),
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

/// Reads the first packet, which must be a key (RFC 4880 §4.2, §5.5.2).
fn first_packet(bytes: &[u8]) -> Option<Description> {
    let (&head, rest) = bytes.split_first()?;
    let (tag, length_bytes) = match head {
        // The new format: how long the length is, its first byte says.
        0xc0.. => (
            head & 0x3f,
            match rest.first()? {
                0..=191 => 1,
                192..=223 => 2,
                255 => 5,
                // A key is never given in parts.
                _ => return None,
            },
        ),
        0x80.. => (
            head >> 2 & 0x0f,
            match head & 3 {
                0 => 1,
                1 => 2,
                2 => 4,
                _ => return None,
            },
        ),
        _ => return None,
    };
    // Secret-Key and Public-Key.
    if !matches!(tag, 5 | 6) {
        return None;
    }
    let body = rest.get(length_bytes..)?;
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
    let (algorithm, has_length) = named(algorithm);
    let bits = match after.get(between..)? {
        [high, low, ..] if has_length => Some(usize::from(u16::from_be_bytes([*high, *low]))),
        _ => None,
    };
    Some(Description { version, algorithm, bits })
}

/// An algorithm by KMIP's name (RFC 4880 §9.1, RFC 6637, RFC 9580), and whether its first number is
/// as long as the key.
fn named(algorithm: u8) -> (Option<CryptographicAlgorithm>, bool) {
    use CryptographicAlgorithm as A;
    match algorithm {
        1..=3 => (Some(A::Rsa), true),
        17 => (Some(A::Dsa), true),
        18 => (Some(A::Ecdh), false),
        19 => (Some(A::Ecdsa), false),
        27 => (Some(A::Ed25519), false),
        28 => (Some(A::Ed448), false),
        _ => (None, false),
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
