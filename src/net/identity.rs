//! Who a certificate says its holder is: from the Subject Alternative Name to tenant and service.
//!
//! This is a pure reading of one certificate. Whether the certificate may be believed is for
//! [`super::tls`], which asks this module and the trust anchors together.

use std::fmt;

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

use crate::tenant::{ServiceName, TenantName};

/// How an identity is written in a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// A URI name `spiffe://<trust_domain>/tenant/<tenant>/service/<service>`.
    Spiffe {
        /// The trust domain, compared as it is.
        trust_domain: String,
    },
    /// A DNS name `<service>.<tenant>.<suffix>`, compared without regard to case.
    Dns {
        /// The identity suffix, without a dot at either end.
        suffix: String,
    },
    /// Organizational Unit = tenant and Common Name = service of the subject. Only asked when no
    /// alternative name matches, and never unless it is configured.
    Subject,
}

impl Rule {
    /// The rule's name in configuration and log.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Spiffe { .. } => "spiffe",
            Self::Dns { .. } => "dns",
            Self::Subject => "subject",
        }
    }

    /// The tenant's and the service's name, unchecked, if `name` has this rule's shape.
    fn read(&self, name: &GeneralName<'_>) -> Option<(String, String)> {
        match (self, name) {
            (Self::Spiffe { trust_domain }, GeneralName::URI(uri)) => {
                let path = uri.strip_prefix("spiffe://")?.strip_prefix(trust_domain.as_str())?;
                let mut parts = path.strip_prefix("/tenant/")?.split('/');
                match (parts.next(), parts.next(), parts.next(), parts.next()) {
                    (Some(tenant), Some("service"), Some(service), None) => {
                        Some((tenant.to_owned(), service.to_owned()))
                    }
                    _ => None,
                }
            }
            (Self::Dns { suffix }, GeneralName::DNSName(host)) => {
                let host = host.to_ascii_lowercase();
                let labels = host.strip_suffix(&suffix.to_ascii_lowercase())?.strip_suffix('.')?;
                let (service, tenant) = labels.split_once('.')?;
                (!tenant.contains('.')).then(|| (tenant.to_owned(), service.to_owned()))
            }
            _ => None,
        }
    }
}

/// The rules of an installation, in the order of its configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules(Vec<Rule>);

/// Who a certificate claims its holder is, and by which rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The tenant.
    pub tenant: TenantName,
    /// The service.
    pub service: ServiceName,
    /// The name of the first rule that found it.
    pub rule: &'static str,
}

impl Claim {
    fn same_holder(&self, other: &Self) -> bool {
        (&self.tenant, &self.service) == (&other.tenant, &other.service)
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.tenant, self.service)
    }
}

/// Why a certificate gives its holder no identity here. `Display` is for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoIdentity {
    /// The certificate or its alternative names cannot be read.
    #[error("the certificate's names cannot be read")]
    Unreadable,
    /// No rule found anything. The Common Name alone is never an identity.
    #[error("none of the rules [{rules}] matches a name of the certificate")]
    NoMatch {
        /// The rules that were tried, in order.
        rules: String,
    },
    /// A name has a rule's shape, but its tenant or service is not well formed.
    #[error("rule {rule}: {part} {name:?} is not 1 to 63 of a-z, 0-9 and -")]
    BadName {
        /// The rule.
        rule: &'static str,
        /// `tenant` or `service`.
        part: &'static str,
        /// The name as the certificate has it.
        name: String,
    },
    /// Two names match and differ.
    #[error("rule {} says {first} but rule {} says {second}", first.rule, second.rule)]
    Disagree {
        /// What the earlier rule found.
        first: Claim,
        /// What the later rule, or a later name, says.
        second: Claim,
    },
    /// The issuing authority may not vouch for this tenant.
    #[error("rule {}: the issuer is not an authority for tenant {}", claim.rule, claim.tenant)]
    WrongAuthority {
        /// What the certificate claims.
        claim: Claim,
    },
}

impl Rules {
    /// The rules, to be tried in this order.
    #[must_use]
    pub fn new(rules: Vec<Rule>) -> Self {
        Self(rules)
    }

    /// Reads the claim of a certificate (DER).
    ///
    /// # Errors
    /// [`NoIdentity`] if no name matches, if one that matches is malformed, or if two disagree.
    pub fn claim(&self, certificate: &[u8]) -> Result<Claim, NoIdentity> {
        let (_, certificate) =
            X509Certificate::from_der(certificate).map_err(|_| NoIdentity::Unreadable)?;
        self.claim_of(&certificate)
    }

    /// As [`Rules::claim`], of a certificate that is parsed already.
    ///
    /// # Errors
    /// As [`Rules::claim`].
    pub fn claim_of(&self, certificate: &X509Certificate<'_>) -> Result<Claim, NoIdentity> {
        let names = certificate
            .subject_alternative_name()
            .map_err(|_| NoIdentity::Unreadable)?
            .map_or(&[][..], |extension| &extension.value.general_names);
        let mut found: Option<Claim> = None;
        for rule in &self.0 {
            for (tenant, service) in names.iter().filter_map(|name| rule.read(name)) {
                agree(&mut found, checked(rule.name(), &tenant, &service)?)?;
            }
        }
        if found.is_none() && self.0.contains(&Rule::Subject) {
            found = subject(certificate)?;
        }
        found.ok_or_else(|| NoIdentity::NoMatch { rules: self.to_string() })
    }
}

impl Default for Rules {
    /// The rule `spiffe` with the trust domain `keystrata` and the rule `dns` with the suffix
    /// `keystrata.internal`.
    fn default() -> Self {
        Self(vec![
            Rule::Spiffe { trust_domain: "keystrata".to_owned() },
            Rule::Dns { suffix: "keystrata.internal".to_owned() },
        ])
    }
}

impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.iter().map(Rule::name).collect();
        f.write_str(&names.join(", "))
    }
}

/// Adds `claim` to what was found; all claims of a certificate name the same holder.
fn agree(found: &mut Option<Claim>, claim: Claim) -> Result<(), NoIdentity> {
    match found {
        None => *found = Some(claim),
        Some(first) if first.same_holder(&claim) => {}
        Some(first) => return Err(NoIdentity::Disagree { first: first.clone(), second: claim }),
    }
    Ok(())
}

fn checked(rule: &'static str, tenant: &str, service: &str) -> Result<Claim, NoIdentity> {
    let bad = |part, name: &str| NoIdentity::BadName { rule, part, name: name.to_owned() };
    Ok(Claim {
        tenant: TenantName::new(tenant).map_err(|_| bad("tenant", tenant))?,
        service: ServiceName::new(service).map_err(|_| bad("service", service))?,
        rule,
    })
}

/// Every pair of Organizational Unit and Common Name is a claim, so a second unit or name that
/// differs is refused like two alternative names that disagree.
fn subject(certificate: &X509Certificate<'_>) -> Result<Option<Claim>, NoIdentity> {
    let subject = certificate.subject();
    let mut found = None;
    for unit in subject.iter_organizational_unit() {
        for name in subject.iter_common_name() {
            let tenant = unit.as_str().map_err(|_| NoIdentity::Unreadable)?;
            let service = name.as_str().map_err(|_| NoIdentity::Unreadable)?;
            agree(&mut found, checked(Rule::Subject.name(), tenant, service)?)?;
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};

    use super::*;

    fn certificate(uris: &[&str], hosts: &[&str], subject: &[(DnType, &str)]) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        for (kind, value) in subject {
            params.distinguished_name.push(kind.clone(), *value);
        }
        let uris = uris.iter().map(|uri| SanType::URI((*uri).try_into().unwrap()));
        let hosts = hosts.iter().map(|host| SanType::DnsName((*host).try_into().unwrap()));
        params.subject_alt_names = uris.chain(hosts).collect();
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    fn claim(uris: &[&str], hosts: &[&str]) -> Result<String, NoIdentity> {
        let der = certificate(uris, hosts, &[(DnType::CommonName, "orders")]);
        Rules::default().claim(&der).map(|claim| format!("{} {claim}", claim.rule))
    }

    const SPIFFE: &str = "spiffe://keystrata/tenant/acme/service/orders";

    #[test]
    fn each_default_rule_finds_tenant_and_service() {
        assert_eq!(claim(&[SPIFFE], &[]).unwrap(), "spiffe acme/orders");
        assert_eq!(claim(&[], &["orders.acme.keystrata.internal"]).unwrap(), "dns acme/orders");
        assert_eq!(claim(&[], &["Orders.ACME.keystrata.Internal"]).unwrap(), "dns acme/orders");
    }

    #[test]
    fn names_that_agree_are_one_identity_by_the_first_rule() {
        let both = claim(&[SPIFFE], &["orders.acme.keystrata.internal", "host7.example.com"]);
        assert_eq!(both.unwrap(), "spiffe acme/orders");
    }

    #[test]
    fn two_names_that_disagree_are_refused_whether_by_one_rule_or_two() {
        let other = "spiffe://keystrata/tenant/acme/service/billing";
        for (uris, hosts) in [
            (&[SPIFFE, other][..], &[][..]),
            (&[SPIFFE], &["orders.globex.keystrata.internal"]),
            (&[], &["orders.acme.keystrata.internal", "orders.globex.keystrata.internal"]),
        ] {
            let refused = claim(uris, hosts).unwrap_err();
            assert!(matches!(refused, NoIdentity::Disagree { .. }), "{refused}");
        }
    }

    #[test]
    fn a_name_of_another_shape_is_no_identity() {
        for uri in [
            "spiffe://elsewhere/tenant/acme/service/orders",
            "spiffe://keystrata.example/tenant/acme/service/orders",
            "spiffe://keystrata/tenant/acme/service/orders/extra",
            "spiffe://keystrata/tenant/acme",
            "https://keystrata/tenant/acme/service/orders",
        ] {
            let refused = claim(&[uri], &[]).unwrap_err();
            assert_eq!(refused, NoIdentity::NoMatch { rules: "spiffe, dns".to_owned() }, "{uri}");
        }
        for host in ["keystrata.internal", "acme.keystrata.internal", "a.b.c.keystrata.internal"] {
            assert!(matches!(claim(&[], &[host]), Err(NoIdentity::NoMatch { .. })), "{host}");
        }
        assert!(matches!(
            claim(&[], &["orders.acmekeystrata.internal"]),
            Err(NoIdentity::NoMatch { .. })
        ));
    }

    #[test]
    fn a_malformed_name_is_refused_even_beside_a_good_one() {
        let bad = "spiffe://keystrata/tenant/Acme/service/orders";
        for refused in [claim(&[SPIFFE, bad], &[]), claim(&[], &["*.acme.keystrata.internal"])] {
            assert!(matches!(refused, Err(NoIdentity::BadName { .. })), "{refused:?}");
        }
    }

    #[test]
    fn the_subject_counts_only_if_configured_and_only_without_a_matching_name() {
        let names = [(DnType::OrganizationalUnitName, "acme"), (DnType::CommonName, "orders")];
        let der = certificate(&[], &["host7.example.com"], &names);
        assert!(matches!(Rules::default().claim(&der), Err(NoIdentity::NoMatch { .. })));

        let spiffe = Rule::Spiffe { trust_domain: "keystrata".to_owned() };
        let rules = Rules::new(vec![Rule::Subject, spiffe]);
        let found = rules.claim(&der).unwrap();
        assert_eq!((found.rule, found.to_string()), ("subject", "acme/orders".to_owned()));

        let der = certificate(&["spiffe://keystrata/tenant/globex/service/x"], &[], &names);
        assert_eq!(rules.claim(&der).unwrap().to_string(), "globex/x");
    }

    #[test]
    fn two_subjects_in_one_certificate_are_refused() {
        let der = certificate(
            &[],
            &[],
            &[
                (DnType::OrganizationalUnitName, "acme"),
                (DnType::CommonName, "orders"),
                (DnType::CustomDnType(vec![2, 5, 4, 11]), "globex"),
            ],
        );
        let refused = Rules::new(vec![Rule::Subject]).claim(&der).unwrap_err();
        assert!(matches!(refused, NoIdentity::Disagree { .. }), "{refused}");
    }

    proptest! {
        /// Bytes that are no certificate are refused, whatever they are.
        #[test]
        fn noise_has_no_identity(noise in proptest::collection::vec(any::<u8>(), 0..512)) {
            prop_assert_eq!(Rules::default().claim(&noise), Err(NoIdentity::Unreadable));
        }
    }
}
