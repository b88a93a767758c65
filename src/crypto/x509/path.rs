//! Chains of certificates (RFC 5280 §6), as far as they are judged here: signatures, dates, who may
//! issue, and nothing that must be understood and is not. Names are compared byte by byte.

use super::{Certificate, RevocationList, X509Error};

/// The most certificates of one chain.
pub const CHAIN_MAX: usize = 16;

/// A certificate of a chain, and whether the chain may end with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The certificate.
    pub certificate: Certificate,
    /// Whether it is believed for its own sake.
    pub is_anchor: bool,
}

/// What is thought of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It leads to somebody who is believed.
    Valid,
    /// Something in it is wrong.
    Invalid,
    /// Nothing in it is wrong, but it leads to nobody who is believed, or it cannot be judged.
    Unknown,
    /// These certificates are no chain: there is more than one that no other one was issued by.
    NoChain,
}

/// Judges a chain at a moment, in seconds since the epoch. `chain` is in any order; `anchors` may
/// end it, but need not be part of it. Of `lists`, those count that somebody in the chain or an anchor
/// has signed; what is said by one that nobody there has signed, or that does not speak of that
/// moment, is not known.
#[must_use]
pub fn judge(chain: &[Link], anchors: &[Link], lists: &[RevocationList], at: i64) -> Verdict {
    let verdict = judge_path(chain, anchors, at);
    if matches!(verdict, Verdict::NoChain | Verdict::Invalid) {
        return verdict;
    }
    let around = || chain.iter().chain(anchors).map(|link| &link.certificate);
    let is_signed = |list: &&RevocationList| around().any(|issuer| list.is_by(issuer));
    // Whoever was revoked stays so, whatever else a list has or lacks.
    let is_revoked = |list: &RevocationList| around().any(|it| list.revokes(it, at));
    if lists.iter().filter(is_signed).any(is_revoked) {
        return Verdict::Invalid;
    }
    let is_told = |list: &RevocationList| is_signed(&list) && list.speaks_of(at);
    if lists.iter().all(is_told) { verdict } else { Verdict::Unknown }
}

/// Judges a chain as if nothing in it were revoked.
fn judge_path(chain: &[Link], anchors: &[Link], at: i64) -> Verdict {
    let is_issuer = |link: &&Link| {
        chain.iter().any(|other| {
            !std::ptr::eq(other, *link) && issued(&link.certificate, &other.certificate)
        })
    };
    let mut last = chain.iter().filter(|link| !is_issuer(link));
    let (Some(mut link), None) = (last.next(), last.next()) else { return Verdict::NoChain };
    let mut used = 0;
    // How many authorities stand between the one that is looked at and the first certificate.
    let mut between = 0;
    loop {
        used += 1;
        let certificate = &link.certificate;
        let is_held = (certificate.not_before..=certificate.not_after).contains(&at);
        if !is_held || certificate.has_unknown_critical {
            return Verdict::Invalid;
        }
        if link.is_anchor || used > CHAIN_MAX {
            break;
        }
        let around = || chain.iter().chain(anchors);
        if certificate.is_self_issued() {
            return match verify(certificate, certificate) {
                Err(X509Error::WrongSignature) => Verdict::Invalid,
                _ => Verdict::Unknown,
            };
        }
        let named = || around().filter(|next| issued(&next.certificate, certificate));
        let Some(next) = named().find(|next| verify(&next.certificate, certificate).is_ok()) else {
            let wrong = named().any(|next| {
                verify(&next.certificate, certificate) == Err(X509Error::WrongSignature)
            });
            return if wrong { Verdict::Invalid } else { Verdict::Unknown };
        };
        if !may_issue(&next.certificate, between) {
            return Verdict::Invalid;
        }
        if !next.certificate.is_self_issued() {
            between += 1;
        }
        link = next;
    }
    if used > CHAIN_MAX { Verdict::Unknown } else { Verdict::Valid }
}

fn issued(issuer: &Certificate, certificate: &Certificate) -> bool {
    issuer.subject.der == certificate.issuer.der
}

/// Whether an authority may issue a certificate that this many authorities follow.
fn may_issue(issuer: &Certificate, between: u32) -> bool {
    use kmip_ttlv::enums::CryptographicUsageMask as Mask;
    let signs = |mask: Mask| mask.bits() & Mask::CERTIFICATE_SIGN.bits() != 0;
    issuer.usage.is_none_or(|usage| signs(usage.mask()))
        && issuer
            .authority
            .is_some_and(|authority| authority.path_length.is_none_or(|length| between <= length))
}

fn verify(issuer: &Certificate, certificate: &Certificate) -> Result<(), X509Error> {
    let key = issuer.key().map_err(|_| X509Error::UnknownAlgorithm)?;
    // Of a broken hash a signature proves nothing.
    if certificate.signed.is_weak() {
        return Err(X509Error::UnknownAlgorithm);
    }
    certificate.signed.verify(&key)
}
