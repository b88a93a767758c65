//! What is known of the certificates by which clients connect, where this server has had a hand in
//! them (KMIP 2.1 §6.1.48): which replaces which, and which are replaced.
//!
//! A certificate that replaces another is told to its client over a connection of the other, which
//! therefore holds until the new one is first used, and not for a request longer.

use crate::store::{NoteKey, NoteKind};
use crate::tenant::{Caller, Fingerprint};

const REPLACED: u8 = 0;
const ISSUED: u8 = 1;

/// What is known of a certificate. Layout of a note: one byte, then of one that was issued the
/// fingerprint of the one that it replaces, until when that holds (i64), and its identifier; the
/// first two are zeros once it has done so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Credential {
    /// Another one is in its place; nobody connects with it.
    Replaced,
    /// It was issued here, or brought.
    Issued {
        /// The one that it replaces once it is used, and until when that one would hold.
        instead_of: Option<(Fingerprint, i64)>,
        /// The Certificate object.
        uid: String,
    },
}

impl Credential {
    /// Where the note about a certificate of a service is.
    pub(crate) fn key(caller: &Caller, fingerprint: Fingerprint) -> NoteKey {
        let (tenant, service) = (caller.tenant_id, Some(caller.service_id));
        NoteKey { tenant, service, kind: NoteKind::Credential, name: fingerprint.0.to_vec() }
    }

    /// As a note.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Replaced => vec![REPLACED],
            Self::Issued { instead_of, uid } => {
                let (fingerprint, until) = instead_of.unwrap_or((Fingerprint([0; 32]), 0));
                [&[ISSUED], &fingerprint.0[..], &until.to_be_bytes(), uid.as_bytes()].concat()
            }
        }
    }

    /// From a note; `None` for a damaged one.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        if *kind == REPLACED {
            return rest.is_empty().then_some(Self::Replaced);
        }
        let (fingerprint, rest) = rest.split_first_chunk::<32>()?;
        let (until, uid) = rest.split_first_chunk::<8>()?;
        let is_done = fingerprint.iter().all(|byte| *byte == 0);
        let instead_of =
            (!is_done).then_some((Fingerprint(*fingerprint), i64::from_be_bytes(*until)));
        let uid = std::str::from_utf8(uid).ok()?.to_owned();
        (*kind == ISSUED).then_some(Self::Issued { instead_of, uid })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_says_what_was_written() {
        let issued = |instead_of| Credential::Issued { instead_of, uid: "one".into() };
        for credential in
            [Credential::Replaced, issued(None), issued(Some((Fingerprint([7; 32]), -1)))]
        {
            let bytes = credential.to_bytes();
            assert_eq!(Credential::read(&bytes), Some(credential));
            assert_eq!(Credential::read(&[&[9], &bytes[1..]].concat()), None);
        }
        assert_eq!(Credential::read(&[]), None);
        assert_eq!(Credential::read(&[ISSUED, 1, 2]), None);
    }
}
