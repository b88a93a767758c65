//! Who the requester claims to be (KMIP 1.4 §2.1.2, §2.1.14 and §6.6, KMIP 2.1 §9.4, §9.11 and
//! §9.14).

use crate::codec::ttlv_struct;
use crate::enums::{AttestationType, CredentialType, HashingAlgorithm, TicketType};
use crate::{
    Decode, Encode, FieldRule, Item, Result, Secret, Structure, Tag, TimeStamp, Value, Writer,
};

ttlv_struct! {
    /// The credentials in a request header (KMIP 1.4 §6.6, KMIP 2.1 §9.4).
    pub struct Authentication {
        /// The credentials, all of which count; 1.0 and 1.1 allow one only.
        Credential => credentials: Vec<Credential>;
    }
}

/// A claim of identity (KMIP 1.4 §2.1.2, KMIP 2.1 §9.11).
#[derive(Debug, Clone, PartialEq)]
pub enum Credential {
    /// A name and what proves it.
    UsernameAndPassword(UsernameAndPassword),
    /// A device and what proves it.
    Device(DeviceCredential),
    /// Evidence about the state of the client.
    Attestation(AttestationCredential),
    /// A name and a password that is good once.
    OneTimePassword(OneTimePassword),
    /// A name and a digest in place of the password.
    HashedPassword(HashedPassword),
    /// A ticket from an earlier Login.
    Ticket(TicketCredential),
    /// A kind that the specification does not name.
    Other {
        /// The kind.
        kind: CredentialType,
        /// The credential as it was sent.
        value: Value,
    },
}

impl Credential {
    /// The kind of credential.
    #[must_use]
    pub fn kind(&self) -> CredentialType {
        match self {
            Self::UsernameAndPassword(_) => CredentialType::UsernameAndPassword,
            Self::Device(_) => CredentialType::Device,
            Self::Attestation(_) => CredentialType::Attestation,
            Self::OneTimePassword(_) => CredentialType::OneTimePassword,
            Self::HashedPassword(_) => CredentialType::HashedPassword,
            Self::Ticket(_) => CredentialType::Ticket,
            Self::Other { kind, .. } => *kind,
        }
    }
}

ttlv_struct! {
    /// Any credential, before its kind has decided what the value is.
    struct Untyped<'a> {
        /// The kind.
        CredentialType => kind: CredentialType;
        /// The value.
        CredentialValue => value: Item<'a>;
    }
}

impl Structure for Credential {
    const FIELDS: &'static [&'static [FieldRule]] = Untyped::FIELDS;
}

impl Decode<'_> for Credential {
    fn decode(item: Item<'_>) -> Result<Self> {
        let Untyped { kind, value } = Untyped::decode(item)?;
        Ok(match kind {
            CredentialType::UsernameAndPassword => {
                Self::UsernameAndPassword(Decode::decode(value)?)
            }
            CredentialType::Device => Self::Device(Decode::decode(value)?),
            CredentialType::Attestation => Self::Attestation(Decode::decode(value)?),
            CredentialType::OneTimePassword => Self::OneTimePassword(Decode::decode(value)?),
            CredentialType::HashedPassword => Self::HashedPassword(Decode::decode(value)?),
            CredentialType::Ticket => Self::Ticket(Decode::decode(value)?),
            CredentialType::Unknown(_) => Self::Other { kind, value: Decode::decode(value)? },
        })
    }
}

impl Encode for Credential {
    fn encode(&self, tag: Tag, w: &mut Writer<'_>) {
        w.structure(tag, |w| {
            w.put(Tag::CredentialType, &self.kind());
            match self {
                Self::UsernameAndPassword(value) => w.put(Tag::CredentialValue, value),
                Self::Device(value) => w.put(Tag::CredentialValue, value),
                Self::Attestation(value) => w.put(Tag::CredentialValue, value),
                Self::OneTimePassword(value) => w.put(Tag::CredentialValue, value),
                Self::HashedPassword(value) => w.put(Tag::CredentialValue, value),
                Self::Ticket(value) => w.put(Tag::CredentialValue, value),
                Self::Other { value, .. } => w.put(Tag::CredentialValue, value),
            }
        });
    }
}

ttlv_struct! {
    /// A name and what proves it (KMIP 1.4 §2.1.2, KMIP 2.1 §9.11).
    pub struct UsernameAndPassword {
        /// The name.
        Username => username: String;
        /// What proves it.
        Password => password: Option<Secret<String>>;
    }
}

ttlv_struct! {
    /// A device and what proves it; at least one field is there (KMIP 1.4 §2.1.2, KMIP 2.1 §9.11).
    pub struct DeviceCredential {
        /// Serial number.
        DeviceSerialNumber => serial_number: Option<String>;
        /// Secret that the device shares with the server.
        Password => password: Option<Secret<String>>;
        /// Identifier of the device itself.
        DeviceIdentifier => device: Option<String>;
        /// Identifier of the network it is in.
        NetworkIdentifier => network: Option<String>;
        /// Identifier of the machine it is in.
        MachineIdentifier => machine: Option<String>;
        /// Identifier of the medium it holds.
        MediaIdentifier => media: Option<String>;
    }
}

ttlv_struct! {
    /// Evidence about the state of the client (KMIP 1.4 §2.1.2, KMIP 2.1 §9.11).
    pub struct AttestationCredential {
        /// The nonce that the server gave.
        Nonce => nonce: Nonce;
        /// The kind of evidence.
        AttestationType => kind: AttestationType;
        /// Measured by the client itself.
        AttestationMeasurement => measurement: Option<Vec<u8>>;
        /// Asserted by a third party.
        AttestationAssertion => assertion: Option<Vec<u8>>;
    }
}

ttlv_struct! {
    /// A name and a password that is good once (KMIP 2.1 §9.11).
    pub struct OneTimePassword {
        /// The name.
        Username => username: String;
        /// The lasting password.
        Password => password: Option<Secret<String>>;
        /// The password that is good once.
        OneTimePassword => one_time_password: Secret<String>;
    }
}

ttlv_struct! {
    /// A name and a digest in place of the password (KMIP 2.1 §9.11).
    pub struct HashedPassword {
        /// The name.
        Username => username: String;
        /// When the digest was made; each is later than the one before.
        TimeStamp => time_stamp: TimeStamp;
        /// The digest's algorithm; SHA-256 if absent.
        HashingAlgorithm => algorithm: Option<HashingAlgorithm>;
        /// The digest.
        HashedPassword => hashed_password: Secret<Vec<u8>>;
    }
}

ttlv_struct! {
    /// A ticket as a credential (KMIP 2.1 §9.11).
    pub struct TicketCredential {
        /// The ticket.
        Ticket => ticket: Ticket;
    }
}

ttlv_struct! {
    /// Stands for a credential once it has been shown (KMIP 2.1 §7.39).
    pub struct Ticket {
        /// How it was come by.
        TicketType => kind: TicketType;
        /// Known to its holder and the server only.
        TicketValue => value: Secret<Vec<u8>>;
    }
}

ttlv_struct! {
    /// A number used once, which the server hands out for attestation (KMIP 1.4 §2.1.14, KMIP 2.1
    /// §9.14).
    pub struct Nonce {
        /// Names the nonce.
        NonceId => id: Vec<u8>;
        /// The nonce.
        NonceValue => value: Vec<u8>;
    }
}
