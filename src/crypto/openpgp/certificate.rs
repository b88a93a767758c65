//! Certificates of OpenPGP: a public key, whose it is, and who says so (RFC 4880 §11.1). Signatures are
//! not verified.

use super::{Description, Head, key_packet, read};

/// The tags of packets (RFC 4880 §4.3).
const SIGNATURE: u8 = 2;
const PUBLIC_KEY: u8 = 6;
const USER_ID: u8 = 13;

/// The types of signatures that certify a User ID (RFC 4880 §5.2.1).
const CERTIFIES: std::ops::RangeInclusive<u8> = 0x10..=0x13;

/// The subpackets that say who signed (RFC 4880 §5.2.3.5, RFC 9580 §5.2.3.35).
const ISSUER: u8 = 16;
const ISSUER_FINGERPRINT: u8 = 33;

/// Bytes of a Key ID.
const KEY_ID_BYTES: usize = 8;

/// What a certificate says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The key.
    pub key: Description,
    /// The first User ID. Bytes that are not UTF-8 are replaced.
    pub user_id: String,
    /// The Key ID of the first who certifies it, in upper-case hexadecimal digits.
    pub issuer: String,
}

impl Certificate {
    /// Reads a certificate, armoured or binary. `None` if it is none: no public key, no User ID,
    /// nobody who certifies it, or packets that do not end where they say.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        read(bytes, of_packets)
    }
}

fn of_packets(mut bytes: &[u8]) -> Option<Certificate> {
    let (mut key, mut user_id, mut issuer) = (None, None, None);
    while !bytes.is_empty() {
        let head = Head::read(bytes)?;
        let (body, rest) = head.body.split_at_checked(head.length)?;
        match (head.tag, &key) {
            (PUBLIC_KEY, None) => key = Some(key_packet(body)?),
            // Another key begins another certificate, and nothing comes before the first.
            (PUBLIC_KEY, Some(_)) | (_, None) => return None,
            (USER_ID, _) if user_id.is_none() => {
                user_id = Some(String::from_utf8_lossy(body).into_owned());
            }
            (SIGNATURE, _) if user_id.is_some() && issuer.is_none() => issuer = certifier(body),
            _ => {}
        }
        bytes = rest;
    }
    Some(Certificate { key: key?, user_id: user_id?, issuer: issuer? })
}

/// The Key ID in a signature that certifies (RFC 4880 §5.2.2, §5.2.3).
fn certifier(body: &[u8]) -> Option<String> {
    let id = match body {
        // Version 3: the length of what is hashed, the type and the time, then the Key ID.
        [3, 5, kind, _, _, _, _, rest @ ..] if CERTIFIES.contains(kind) => {
            *rest.first_chunk::<KEY_ID_BYTES>()?
        }
        [4 | 5, kind, _, _, rest @ ..] if CERTIFIES.contains(kind) => {
            let (hashed, rest) = area(rest)?;
            issuer(hashed).or_else(|| issuer(area(rest)?.0))?
        }
        _ => return None,
    };
    Some(format!("{:016X}", u64::from_be_bytes(id)))
}

/// A run of subpackets, and what follows it.
fn area(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

/// Who signed, if a subpacket says so.
fn issuer(mut subpackets: &[u8]) -> Option<[u8; KEY_ID_BYTES]> {
    while let Some((&first, rest)) = subpackets.split_first() {
        let (length, rest) = match (first, rest) {
            (0..=191, _) => (usize::from(first), rest),
            (192..=254, [second, rest @ ..]) => {
                ((usize::from(first) - 192) * 256 + usize::from(*second) + 192, rest)
            }
            (_, [a, b, c, d, rest @ ..]) => {
                (usize::try_from(u32::from_be_bytes([*a, *b, *c, *d])).ok()?, rest)
            }
            _ => return None,
        };
        let (subpacket, rest) = rest.split_at_checked(length)?;
        let (&kind, body) = subpacket.split_first()?;
        // The highest bit says that whoever does not know it must not trust the signature.
        match (kind & 0x7f, body) {
            (ISSUER, body) => return body.try_into().ok(),
            // Version 4: the Key ID is the end of the fingerprint; later ones, its beginning.
            (ISSUER_FINGERPRINT, [4, fingerprint @ ..]) => {
                return fingerprint.last_chunk::<KEY_ID_BYTES>().copied();
            }
            (ISSUER_FINGERPRINT, [5 | 6, fingerprint @ ..]) => {
                return fingerprint.first_chunk::<KEY_ID_BYTES>().copied();
            }
            _ => subpackets = rest,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = &[0x98, 0x09, 4, 0x54, 0x70, 0x3f, 0x75, 1, 0x08, 0x00, 0xab];
    const NAME: &[u8] = b"\xb4\x05Alice";
    const ID: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 0xf8];

    /// A signature of version 4 and this type with these subpackets, hashed and not.
    fn signature(kind: u8, hashed: &[u8], open: &[u8]) -> Vec<u8> {
        let length = |bytes: &[u8]| [0, u8::try_from(bytes.len()).unwrap()];
        let body = [
            &[4, kind, 1, 8][..],
            &length(hashed),
            hashed,
            &length(open),
            open,
            &[0xaa, 0xbb, 0, 1, 1],
        ]
        .concat();
        [&[0x88, u8::try_from(body.len()).unwrap()][..], &body].concat()
    }

    fn issuer_subpacket() -> Vec<u8> {
        [&[9, ISSUER][..], &ID].concat()
    }

    #[test]
    fn a_certificate_says_whose_key_it_is_and_who_says_so() {
        let fingerprint = [&[22, ISSUER_FINGERPRINT, 4][..], &[0xff; 12], &ID].concat();
        let time = [5, 2, 0, 0, 0, 1];
        let of_version_3 = [&[0x88, 19, 3, 5, 0x10, 0, 0, 0, 0][..], &ID, &[1, 8, 0, 0]].concat();
        for signature in [
            signature(0x13, &time, &issuer_subpacket()),
            signature(0x10, &[&time[..], &fingerprint].concat(), &[]),
            of_version_3,
        ] {
            let bytes = [KEY, NAME, &signature].concat();
            let read = Certificate::read(&bytes).expect("a certificate");
            assert_eq!((read.key.bits, read.user_id.as_str()), (Some(2048), "Alice"));
            assert_eq!(read.issuer, "01020304050607F8");
            // What follows the first User ID changes nothing.
            let more = [&bytes[..], b"\xb4\x03Bob"].concat();
            assert_eq!(Certificate::read(&more), Some(read));
            for length in 0..bytes.len() {
                assert_eq!(Certificate::read(&bytes[..length]), None, "{length}");
            }
        }
    }

    #[test]
    fn what_lacks_a_part_is_none() {
        let certifies = signature(0x13, &[], &issuer_subpacket());
        for parts in [
            vec![NAME, &certifies],
            vec![KEY, &certifies],
            vec![KEY, NAME],
            vec![KEY, KEY, NAME, &certifies],
            vec![KEY, NAME, &signature(0x18, &[], &issuer_subpacket())],
            vec![KEY, NAME, &signature(0x13, &[], &[9, ISSUER, 1])],
            vec![KEY, NAME, &signature(0x13, &[], &[])],
        ] {
            assert_eq!(Certificate::read(&parts.concat()), None, "{parts:?}");
        }
    }
}
