//! Lists of revoked certificates (RFC 5280 §5). Names are compared byte by byte.

use std::collections::BTreeMap;

use kmip_ttlv::enums::CryptographicUsageMask as Mask;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use super::certificate::integer;
use super::{Certificate, Signed, X509Error};

/// The longest list that is read, in bytes.
const LIST_BYTES_MAX: usize = 1024 * 1024;

/// A list that was read. Nothing is said about whether anybody should believe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationList {
    /// Who says so, in DER.
    issuer: Vec<u8>,
    /// From when on it holds, and until when, in seconds since the epoch.
    this_update: i64,
    next_update: Option<i64>,
    /// The serial numbers, INTEGERs in DER, and since when each is revoked.
    revoked: BTreeMap<Vec<u8>, i64>,
    signed: Signed,
    /// Whether it or an entry has an extension that must be understood and is not: it may be about
    /// a part of the issuer's certificates, or about those of others.
    has_unknown_critical: bool,
}

impl RevocationList {
    /// Reads a list.
    ///
    /// # Errors
    /// [`X509Error::TooLong`], [`X509Error::Malformed`].
    pub fn read(der: &[u8]) -> Result<Self, X509Error> {
        if der.len() > LIST_BYTES_MAX {
            return Err(X509Error::TooLong);
        }
        let (rest, read) =
            CertificateRevocationList::from_der(der).map_err(X509Error::malformed)?;
        let is_whole = rest.is_empty() && read.signature_value.unused_bits == 0;
        let list = &read.tbs_cert_list;
        if !is_whole || list.signature != read.signature_algorithm {
            return Err(X509Error::Malformed);
        }
        let entries = &list.revoked_certificates;
        let entry_extensions = entries.iter().flat_map(|entry| entry.extensions());
        // The one extension that need not be understood to believe a list, its number, is not critical.
        let has_unknown_critical =
            list.extensions().iter().chain(entry_extensions).any(|extension| extension.critical);
        let mut revoked = BTreeMap::new();
        for entry in entries {
            revoked.insert(integer(entry.raw_serial())?, entry.revocation_date.timestamp());
        }
        Ok(Self {
            issuer: list.issuer.as_raw().to_vec(),
            this_update: list.this_update.timestamp(),
            next_update: list.next_update.map(|date| date.timestamp()),
            revoked,
            signed: Signed::new(
                list.as_ref(),
                &read.signature_algorithm,
                &read.signature_value.data,
            ),
            has_unknown_critical,
        })
    }

    /// Whether this is whom the list is of: by name, by right and by signature.
    pub(super) fn is_by(&self, issuer: &Certificate) -> bool {
        let signs = |mask: Mask| mask.contains(Mask::CRL_SIGN);
        issuer.subject.der == self.issuer
            && issuer.usage.is_none_or(|usage| signs(usage.mask()))
            && !self.signed.is_weak()
            && issuer.key().is_ok_and(|key| self.signed.verify(&key).is_ok())
    }

    /// Whether the list speaks of a moment, in seconds since the epoch, and can be understood.
    pub(super) fn speaks_of(&self, at: i64) -> bool {
        let is_over = self.next_update.is_some_and(|next| next < at);
        self.this_update <= at && !is_over && !self.has_unknown_critical
    }

    /// Whether a certificate that the list's issuer has issued was revoked at a moment.
    pub(super) fn revokes(&self, certificate: &Certificate, at: i64) -> bool {
        certificate.issuer.der == self.issuer
            && self.revoked.get(&certificate.serial_number).is_some_and(|since| *since <= at)
    }
}
