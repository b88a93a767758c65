//! Operations that make objects.

use kmip_ttlv::Interval;
use kmip_ttlv::attribute::{Attribute, AttributeList, CryptographicDomainParameters, Name};
use kmip_ttlv::enums::{
    CryptographicAlgorithm, CryptographicUsageMask, NameType, ObjectType, RecommendedCurve,
};
use kmip_ttlv::payload::{RequestPayload, create, create_key_pair, re_key, re_key_key_pair};

use super::object::Object;
use super::{Question, words};
use crate::command::Failure;

/// What an object is given.
#[derive(Debug, clap::Args)]
pub(crate) struct Given {
    /// A name to find it by; may be repeated
    #[arg(long = "name", value_name = "NAME")]
    names: Vec<String>,
    /// Any attribute, such as 'Contact Information=dba@example.org'; may be repeated
    #[arg(long = "attribute", value_name = "NAME=VALUE", value_parser = words::attribute)]
    attributes: Vec<Attribute>,
}

/// What kind of key it is.
#[derive(Debug, clap::Args)]
pub(crate) struct Kind {
    /// The algorithm, such as AES, RSA, EC or ML-KEM-768
    #[arg(long, value_name = "NAME", value_parser = words::algorithm)]
    pub(super) algorithm: Option<CryptographicAlgorithm>,
    /// The length in bits
    #[arg(long, value_name = "BITS")]
    pub(super) length: Option<i32>,
}

impl Kind {
    fn attributes(&self) -> impl Iterator<Item = Attribute> {
        let algorithm = self.algorithm.map(Attribute::CryptographicAlgorithm);
        algorithm.into_iter().chain(self.length.map(Attribute::CryptographicLength))
    }
}

/// What a key may be used for.
#[derive(Debug, clap::Args)]
pub(crate) struct Usage {
    /// What it may be used for, such as Encrypt,Decrypt
    #[arg(long, value_name = "USES", value_parser = words::usage)]
    usage: Option<CryptographicUsageMask>,
}

impl Usage {
    pub(super) fn attributes(&self) -> impl Iterator<Item = Attribute> {
        self.usage.map(Attribute::CryptographicUsageMask).into_iter()
    }
}

impl Given {
    pub(super) fn attributes(&self) -> impl Iterator<Item = Attribute> {
        self.names.iter().map(|text| name(text)).chain(self.attributes.iter().cloned())
    }
}

/// The attribute Name.
pub(super) fn name(text: &str) -> Attribute {
    let kind = NameType::UninterpretedTextString;
    Attribute::Name(Name { value: text.to_owned(), kind })
}

/// Attributes that a request may leave out.
fn some(attributes: impl Iterator<Item = Attribute>) -> Option<AttributeList> {
    let list: AttributeList = attributes.collect();
    (!list.attributes.is_empty()).then_some(list)
}

/// The arguments of Create.
#[derive(Debug, clap::Args)]
pub(crate) struct Create {
    /// What to make
    #[arg(long = "type", value_name = "TYPE", default_value = "SymmetricKey",
          value_parser = words::object_type)]
    object_type: ObjectType,
    #[command(flatten)]
    kind: Kind,
    #[command(flatten)]
    usage: Usage,
    #[command(flatten)]
    given: Given,
}

impl Question for Create {
    fn payload(&self) -> Result<RequestPayload<'_>, Failure> {
        let attributes = self.kind.attributes().chain(self.usage.attributes());
        Ok(create::Request {
            object_type: self.object_type,
            attributes: attributes.chain(self.given.attributes()).collect(),
            protection_storage_masks: None,
        }
        .into())
    }
}

/// What either key of a pair is given by itself.
#[derive(Debug, clap::Args)]
pub(crate) struct Halves {
    /// A name of the private key
    #[arg(long, value_name = "NAME")]
    private_name: Vec<String>,
    /// What the private key may be used for, such as Sign
    #[arg(long, value_name = "USES", value_parser = words::usage)]
    private_usage: Option<CryptographicUsageMask>,
    /// Any attribute of the private key; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = words::attribute)]
    private_attribute: Vec<Attribute>,
    /// A name of the public key
    #[arg(long, value_name = "NAME")]
    public_name: Vec<String>,
    /// What the public key may be used for, such as Verify
    #[arg(long, value_name = "USES", value_parser = words::usage)]
    public_usage: Option<CryptographicUsageMask>,
    /// Any attribute of the public key; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = words::attribute)]
    public_attribute: Vec<Attribute>,
}

impl Halves {
    fn private(&self) -> Option<AttributeList> {
        half(&self.private_name, self.private_usage, &self.private_attribute)
    }

    fn public(&self) -> Option<AttributeList> {
        half(&self.public_name, self.public_usage, &self.public_attribute)
    }
}

fn half(
    names: &[String],
    usage: Option<CryptographicUsageMask>,
    attributes: &[Attribute],
) -> Option<AttributeList> {
    let usage = usage.map(Attribute::CryptographicUsageMask);
    let names = names.iter().map(|text| name(text));
    some(names.chain(usage).chain(attributes.iter().cloned()))
}

/// The arguments of Create Key Pair.
#[derive(Debug, clap::Args)]
pub(crate) struct CreateKeyPair {
    #[command(flatten)]
    kind: Kind,
    /// The curve, such as P-256 or CURVE25519
    #[arg(long, value_name = "NAME", value_parser = words::curve)]
    curve: Option<RecommendedCurve>,
    /// Any attribute of both keys; may be repeated
    #[arg(long = "attribute", value_name = "NAME=VALUE", value_parser = words::attribute)]
    attributes: Vec<Attribute>,
    #[command(flatten)]
    halves: Halves,
}

impl Question for CreateKeyPair {
    fn payload(&self) -> Result<RequestPayload<'_>, Failure> {
        let curve = self.curve.map(|curve| {
            let parameters =
                CryptographicDomainParameters { q_length: None, recommended_curve: Some(curve) };
            Attribute::CryptographicDomainParameters(parameters)
        });
        let common = self.kind.attributes().chain(curve).chain(self.attributes.iter().cloned());
        Ok(create_key_pair::Request {
            common: some(common),
            private_key: self.halves.private(),
            public_key: self.halves.public(),
            common_protection_storage_masks: None,
            private_protection_storage_masks: None,
            public_protection_storage_masks: None,
        }
        .into())
    }
}

/// The arguments of Re-key.
#[derive(Debug, clap::Args)]
pub(crate) struct ReKey {
    #[command(flatten)]
    object: Object,
    /// Seconds until the new key becomes Active
    #[arg(long, value_name = "SECONDS")]
    offset: Option<u32>,
    #[command(flatten)]
    given: Given,
}

impl Question for ReKey {
    fn payload(&self) -> Result<RequestPayload<'_>, Failure> {
        Ok(re_key::Request {
            uid: Some(self.object.uid()),
            offset: self.offset.map(Interval),
            attributes: some(self.given.attributes()),
            protection_storage_masks: None,
        }
        .into())
    }
}

/// The arguments of Re-key Key Pair.
#[derive(Debug, clap::Args)]
pub(crate) struct ReKeyKeyPair {
    #[command(flatten)]
    object: Object,
    /// Seconds until the new keys become Active
    #[arg(long, value_name = "SECONDS")]
    offset: Option<u32>,
    #[command(flatten)]
    halves: Halves,
}

impl Question for ReKeyKeyPair {
    fn payload(&self) -> Result<RequestPayload<'_>, Failure> {
        Ok(re_key_key_pair::Request {
            private_key_uid: Some(self.object.uid()),
            offset: self.offset.map(Interval),
            common: None,
            private_key: self.halves.private(),
            public_key: self.halves.public(),
            common_protection_storage_masks: None,
            private_protection_storage_masks: None,
            public_protection_storage_masks: None,
        }
        .into())
    }
}
