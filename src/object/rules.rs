//! Who may set, change and delete which attribute (the rule tables of KMIP 1.4 §3 and KMIP 2.1 §4),
//! what has it, and what becomes of it when its object is replaced (KMIP 1.4 §4.4, KMIP 2.1 §6.1.46).
//! One line is one attribute; tests compare the lines with the specification's tables.

use kmip_ttlv::Version;
use kmip_ttlv::attribute::AttributeKind;
use kmip_ttlv::enums::ObjectType;

use super::Object;

/// Who gives an attribute its first value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Giver {
    /// The server alone.
    Server,
    /// The client alone.
    Client,
    /// The client, or else the server.
    Either,
}

/// When a client may change or delete an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Never.
    Never,
    /// At any time.
    Always,
    /// While the object is Pre-Active.
    PreActive,
    /// While the object is Pre-Active or Active.
    NotEnded,
    /// While the object is Pre-Active or Active and the date that is there has not come.
    Ahead,
    /// Until the first unit of the limit is used.
    Unused,
    /// Where the client's side made it: vendor identification `x`, or any but the server's.
    OwnVendor,
}

/// Which objects have an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holders {
    /// All.
    All,
    /// All but Opaque Objects and Templates.
    Cryptographic,
    /// All but Templates: cryptographic and Opaque Objects.
    Valued,
    /// Keys, certificates and Templates.
    KeysAndCertificates,
    /// Keys and Templates.
    Keys,
    /// Symmetric and Split Keys, and Templates.
    Symmetric,
    /// What may be a secret: all cryptographic objects but public keys, certificates and PGP keys.
    Secret,
    /// Certificates.
    Certificates,
    /// Certificates and PGP keys.
    Signed,
    /// Opaque Objects.
    Opaque,
    /// Public and private keys.
    Asymmetric,
}

impl Holders {
    fn contain(self, object_type: ObjectType) -> bool {
        use ObjectType as T;
        match self {
            Self::All => true,
            Self::Cryptographic => !matches!(object_type, T::OpaqueObject | T::Template),
            Self::Valued => object_type != T::Template,
            Self::KeysAndCertificates => !matches!(object_type, T::OpaqueObject | T::SecretData),
            Self::Keys => !matches!(object_type, T::OpaqueObject | T::SecretData | T::Certificate),
            Self::Symmetric => {
                matches!(object_type, T::SymmetricKey | T::SplitKey | T::Template)
            }
            Self::Secret => {
                matches!(object_type, T::SymmetricKey | T::PrivateKey | T::SplitKey | T::SecretData)
            }
            Self::Certificates => object_type == T::Certificate,
            Self::Signed => matches!(object_type, T::Certificate | T::PgpKey),
            Self::Opaque => object_type == T::OpaqueObject,
            Self::Asymmetric => matches!(object_type, T::PublicKey | T::PrivateKey | T::Template),
        }
    }
}

/// What becomes of an attribute when its object is replaced (Re-key and the like).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carry {
    /// The replacement has it too.
    Copied,
    /// The replacement has it now, and the old object no more.
    Moved,
    /// The replacement does not have it, or gets one of its own.
    Left,
}

/// The rule for one attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The attribute.
    pub kind: AttributeKind,
    /// Who gives it its first value.
    pub giver: Giver,
    /// When a client may change it.
    pub modify: When,
    /// When a client may delete it.
    pub delete: When,
    /// Which objects have it in 1.x; from 2.0 on, all of which it makes sense.
    pub holders: Holders,
    /// What becomes of it when its object is replaced.
    pub carry: Carry,
}

macro_rules! rules {
    ($($kind:ident: $giver:ident $modify:ident $delete:ident $holders:ident $carry:ident;)+) => {
        /// The rules, in the order of the specification.
        pub const RULES: &[Rule] = &[$(Rule {
            kind: AttributeKind::$kind,
            giver: Giver::$giver,
            modify: When::$modify,
            delete: When::$delete,
            holders: Holders::$holders,
            carry: Carry::$carry,
        }),+];

        /// The rule for an attribute.
        #[must_use]
        pub fn rule(kind: AttributeKind) -> Option<&'static Rule> {
            RULES.iter().find(|rule| rule.kind == kind)
        }

        /// What becomes of an attribute when its object is replaced.
        #[must_use]
        pub fn carry(kind: AttributeKind) -> Carry {
            rule(kind).map_or(Carry::Copied, |rule| rule.carry)
        }
    };
}

rules! {
//  attribute                        given by  changed  deleted    held by              carried
    UniqueIdentifier:                Server    Never     Never     All                  Left;
    Name:                            Client    Always    Always    All                  Moved;
    ObjectType:                      Server    Never     Never     All                  Copied;
    CryptographicAlgorithm:          Either    Never     Never     All                  Copied;
    CryptographicLength:             Either    Never     Never     All                  Copied;
    CryptographicParameters:         Client    Always    Always    KeysAndCertificates  Copied;
    CryptographicDomainParameters:   Client    Never     Never     Asymmetric           Copied;
    CertificateType:                 Server    Never     Never     Certificates         Copied;
    CertificateIdentifier:           Server    Never     Never     Certificates         Copied;
    CertificateSubject:              Server    Never     Never     Certificates         Copied;
    CertificateIssuer:               Server    Never     Never     Certificates         Copied;
    CertificateLength:               Server    Never     Never     Certificates         Copied;
    Digest:                          Server    Never     Never     Valued               Left;
    OperationPolicyName:             Either    Never     Never     All                  Copied;
    CryptographicUsageMask:          Either    Never     Never     Cryptographic        Copied;
    LeaseTime:                       Server    Never     Never     Cryptographic        Copied;
    UsageLimits:                     Either    Unused    Unused    Keys                 Copied;
    State:                           Server    Never     Never     Cryptographic        Left;
    InitialDate:                     Server    Never     Never     All                  Left;
    ActivationDate:                  Either    PreActive Never     Cryptographic        Copied;
    ProcessStartDate:                Either    Ahead     Never     Symmetric            Copied;
    ProtectStopDate:                 Either    Ahead     Never     Symmetric            Copied;
    DeactivationDate:                Either    NotEnded  Never     Cryptographic        Copied;
    DestroyDate:                     Server    Never     Never     Valued               Left;
    CompromiseOccurrenceDate:        Server    Never     Never     Valued               Left;
    CompromiseDate:                  Server    Never     Never     Valued               Left;
    RevocationReason:                Server    Never     Never     Valued               Left;
    ArchiveDate:                     Server    Never     Never     All                  Left;
    ObjectGroup:                     Either    Always    Always    All                  Copied;
    Link:                            Either    Always    Always    Cryptographic        Left;
    ApplicationSpecificInformation:  Either    Always    Always    All                  Copied;
    ContactInformation:              Either    Always    Always    All                  Copied;
    LastChangeDate:                  Server    Never     Never     All                  Left;
    X509CertificateIdentifier:       Server    Never     Never     Certificates         Copied;
    X509CertificateSubject:          Server    Never     Never     Certificates         Copied;
    X509CertificateIssuer:           Server    Never     Never     Certificates         Copied;
    DigitalSignatureAlgorithm:       Server    Never     Never     Signed               Copied;
    Fresh:                           Either    Never     Never     Cryptographic        Left;
    AlternativeName:                 Client    Always    Always    All                  Copied;
    KeyValuePresent:                 Server    Never     Never     Secret               Copied;
    KeyValueLocation:                Client    Always    Always    Secret               Copied;
    OriginalCreationDate:            Either    Never     Never     All                  Left;
    RandomNumberGenerator:           Either    Never     Never     Cryptographic        Left;
    Pkcs12FriendlyName:              Either    Always    Always    Cryptographic        Copied;
    Description:                     Either    Always    Always    All                  Copied;
    Comment:                         Either    Always    Always    All                  Copied;
    Sensitive:                       Either    Always    Never     All                  Copied;
    AlwaysSensitive:                 Server    Never     Never     All                  Copied;
    Extractable:                     Either    Always    Never     All                  Copied;
    NeverExtractable:                Server    Never     Never     All                  Copied;
    CertificateSubjectCn:            Server    Never     Never     Certificates         Copied;
    CertificateSubjectO:             Server    Never     Never     Certificates         Copied;
    CertificateSubjectOu:            Server    Never     Never     Certificates         Copied;
    CertificateSubjectEmail:         Server    Never     Never     Certificates         Copied;
    CertificateSubjectC:             Server    Never     Never     Certificates         Copied;
    CertificateSubjectSt:            Server    Never     Never     Certificates         Copied;
    CertificateSubjectL:             Server    Never     Never     Certificates         Copied;
    CertificateSubjectUid:           Server    Never     Never     Certificates         Copied;
    CertificateSubjectSerialNumber:  Server    Never     Never     Certificates         Copied;
    CertificateSubjectTitle:         Server    Never     Never     Certificates         Copied;
    CertificateSubjectDc:            Server    Never     Never     Certificates         Copied;
    CertificateSubjectDnQualifier:   Server    Never     Never     Certificates         Copied;
    CertificateIssuerCn:             Server    Never     Never     Certificates         Copied;
    CertificateIssuerO:              Server    Never     Never     Certificates         Copied;
    CertificateIssuerOu:             Server    Never     Never     Certificates         Copied;
    CertificateIssuerEmail:          Server    Never     Never     Certificates         Copied;
    CertificateIssuerC:              Server    Never     Never     Certificates         Copied;
    CertificateIssuerSt:             Server    Never     Never     Certificates         Copied;
    CertificateIssuerL:              Server    Never     Never     Certificates         Copied;
    CertificateIssuerUid:            Server    Never     Never     Certificates         Copied;
    CertificateIssuerSerialNumber:   Server    Never     Never     Certificates         Copied;
    CertificateIssuerTitle:          Server    Never     Never     Certificates         Copied;
    CertificateIssuerDc:             Server    Never     Never     Certificates         Copied;
    CertificateIssuerDnQualifier:    Server    Never     Never     Certificates         Copied;
    KeyFormatType:                   Server    Never     Never     All                  Copied;
    NistKeyType:                     Client    Never     Never     All                  Copied;
    OpaqueDataType:                  Server    Never     Never     Opaque               Copied;
    ProtectionLevel:                 Client    Always    Always    All                  Copied;
    ProtectionPeriod:                Client    Always    Always    All                  Copied;
    ProtectionStorageMask:           Server    Never     Never     All                  Copied;
    QuantumSafe:                     Client    Always    Always    All                  Copied;
    ShortUniqueIdentifier:           Server    Never     Never     All                  Left;
    RotateAutomatic:                 Either    Never     Never     All                  Copied;
    RotateDate:                      Server    Never     Never     All                  Left;
    RotateGeneration:                Server    Never     Never     All                  Left;
    RotateInterval:                  Either    Never     Never     All                  Copied;
    RotateLatest:                    Server    Never     Never     All                  Left;
    RotateName:                      Client    Always    Always    All                  Copied;
    RotateOffset:                    Either    Never     Never     All                  Copied;
    Custom:                          Either    OwnVendor OwnVendor All                  Copied;
}

impl Rule {
    /// Whether an object of this type has such an attribute, as a client of 1.x sees it.
    #[must_use]
    pub fn is_held_by(&self, object_type: ObjectType) -> bool {
        self.holders.contain(object_type)
    }

    /// Whether a client may give the attribute its first value.
    #[must_use]
    pub fn is_given_by_client(&self) -> bool {
        self.giver != Giver::Server
    }
}

/// Whether an object has such an attribute, if it is set, for a client of `version`. In 2.x every
/// object may have every attribute.
#[must_use]
pub fn is_held(kind: AttributeKind, object: &Object, version: Version) -> bool {
    version.is_2x() || rule(kind).is_none_or(|rule| rule.is_held_by(object.object_type))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// The last row of the specification's tables for each attribute, by the attribute's name.
    fn facts() -> HashMap<String, Vec<String>> {
        rows().into_iter().map(|fields| (fields[0].clone(), fields)).collect()
    }

    /// The rows of the specification's tables.
    fn rows() -> Vec<Vec<String>> {
        let text = include_str!("../../fixtures/kmip/attributes.csv");
        let rows = text.lines().skip(1).map(|line| {
            let mut fields = vec![String::new()];
            let mut quoted = false;
            for c in line.chars() {
                match c {
                    '"' => quoted = !quoted,
                    ',' if !quoted => fields.push(String::new()),
                    other => fields.last_mut().unwrap().push(other),
                }
            }
            fields
        });
        rows.collect()
    }

    #[test]
    fn every_attribute_has_one_rule() {
        for kind in AttributeKind::ALL {
            assert_eq!(RULES.iter().filter(|rule| rule.kind == *kind).count(), 1, "{kind:?}");
        }
        assert_eq!(RULES.len(), AttributeKind::ALL.len() + 1, "and custom attributes");
    }

    /// The columns `initially_set_by`, `modifiable_by_client` and `deletable_by_client`.
    ///
    /// Algorithm and length are the server's in the tables because Create sets them from the
    /// template; that template is the client's.
    #[test]
    fn the_rules_are_those_of_the_specification() {
        let facts = facts();
        for kind in AttributeKind::ALL {
            let rule = rule(*kind).unwrap();
            let row = facts.get(kind.name()).unwrap_or_else(|| panic!("{}", kind.name()));
            let client = row[7].contains("client");
            let by_template = matches!(
                kind,
                AttributeKind::CryptographicAlgorithm | AttributeKind::CryptographicLength
            );
            assert_eq!(rule.is_given_by_client(), client || by_template, "{} given", row[0]);
            for (when, fact) in [(rule.modify, &row[9]), (rule.delete, &row[10])] {
                let expected = match fact.as_str() {
                    "no" => When::Never,
                    "yes" => When::Always,
                    "while-pre-active" => When::PreActive,
                    "while-pre-active-or-active" => When::NotEnded,
                    fact if fact.ends_with("not-reached") => When::Ahead,
                    fact if fact.ends_with("until-first-get-usage-allocation") => When::Unused,
                    other => panic!("{other}"),
                };
                assert_eq!(when, expected, "{}", row[0]);
            }
        }
    }

    /// The column `object_types` of the rows for 1.x, but for Templates, which hold what is given to
    /// other objects.
    ///
    /// Algorithm and length are of keys and certificates in the tables, and yet Derive Key wants a
    /// length for Secret Data too (KMIP 1.4 §4.6).
    #[test]
    fn objects_hold_what_the_specification_says() {
        use ObjectType as T;
        const TYPES: [T; 8] = [
            T::Certificate,
            T::SymmetricKey,
            T::PublicKey,
            T::PrivateKey,
            T::SplitKey,
            T::SecretData,
            T::OpaqueObject,
            T::PgpKey,
        ];
        let rows = rows().into_iter().filter(|row| row[3].starts_with('1'));
        let newest: HashMap<_, _> = rows.map(|row| (row[0].clone(), row)).collect();
        let mut compared = 0;
        for kind in AttributeKind::ALL {
            let by_template = matches!(
                kind,
                AttributeKind::CryptographicAlgorithm | AttributeKind::CryptographicLength
            );
            let Some(row) = newest.get(kind.name()).filter(|_| !by_template) else { continue };
            for object_type in TYPES {
                let expected = row[12].split('|').any(|group| is_in(group, object_type));
                let held = rule(*kind).unwrap().is_held_by(object_type);
                assert_eq!(held, expected, "{} of {object_type:?}", row[0]);
                compared += 1;
            }
        }
        assert!(compared > 300, "{compared}");
    }

    /// Whether a group of object types, as the tables name them, has this one.
    fn is_in(group: &str, object_type: ObjectType) -> bool {
        use ObjectType as T;
        match group {
            "AllObjects" => true,
            "AllCryptographicObjects" | "ManagedCryptographicObjects" => {
                object_type != T::OpaqueObject
            }
            "Keys" => !matches!(object_type, T::OpaqueObject | T::SecretData | T::Certificate),
            "AsymmetricKeys" => matches!(object_type, T::PublicKey | T::PrivateKey),
            "Certificates" | "X_509Certificates" => object_type == T::Certificate,
            "OpaqueObject" | "OpaqueObjects" => object_type == T::OpaqueObject,
            "SymmetricKey" | "SymmetricKeys" => object_type == T::SymmetricKey,
            "SplitKey" | "SplitKeysOfSymmetricKeys" => object_type == T::SplitKey,
            "PublicKeys" => object_type == T::PublicKey,
            "PrivateKey" | "PrivateKeys" => object_type == T::PrivateKey,
            "SecretData" => object_type == T::SecretData,
            "PGPKeys" => object_type == T::PgpKey,
            "Templates" => object_type == T::Template,
            other => panic!("{other}"),
        }
    }
}
