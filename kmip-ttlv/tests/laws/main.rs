//! Laws that hold for every structure in every version.

#[path = "../facts/csv.rs"]
#[allow(dead_code, reason = "shared with the tests of the facts")]
mod csv;
mod generate;

use generate::Choices;
use kmip_ttlv::attribute::*;
use kmip_ttlv::object::*;
use kmip_ttlv::{
    BigInteger, Buffer, Decode, Dump, Encode, Item, Limits, ManagedObject, Result, Tag, Value,
    Version, Writer, codec, item, scan,
};
use proptest::prelude::*;

/// Reads a value of a type and writes it again.
type Again = fn(Tag, &[u8], Version) -> Result<Buffer>;

fn again<T: for<'a> Decode<'a> + Encode>(
    tag: Tag,
    bytes: &[u8],
    version: Version,
) -> Result<Buffer> {
    let value: T = codec::decode(tag, bytes, version)?;
    Ok(codec::encode(tag, &value, version))
}

/// A managed object, whatever its type.
struct AnyObject(ManagedObject);

impl Decode<'_> for AnyObject {
    fn decode(item: Item<'_>) -> Result<Self> {
        ManagedObject::from_item(item).map(|object| Self(object.unwrap()))
    }
}

impl Encode for AnyObject {
    fn encode(&self, _: Tag, w: &mut Writer<'_>) {
        self.0.write(w);
    }
}

/// What is read and written again, under which tag.
const SUBJECTS: &[(Tag, Again)] = &[
    (Tag::TemplateAttribute, again::<AttributeList>),
    (Tag::Attributes, again::<AttributeList>),
    (Tag::NewAttribute, again::<IndexedAttribute>),
    (Tag::Attribute, again::<IndexedAttribute>),
    (Tag::KeyBlock, again::<KeyBlock>),
    (Tag::KeyWrappingData, again::<KeyWrappingData>),
    (Tag::KeyWrappingSpecification, again::<KeyWrappingSpecification>),
    (Tag::CryptographicParameters, again::<CryptographicParameters>),
    (Tag::SymmetricKey, again::<AnyObject>),
    (Tag::PublicKey, again::<AnyObject>),
    (Tag::PrivateKey, again::<AnyObject>),
    (Tag::SplitKey, again::<AnyObject>),
    (Tag::Template, again::<AnyObject>),
    (Tag::SecretData, again::<AnyObject>),
    (Tag::OpaqueObject, again::<AnyObject>),
    (Tag::PgpKey, again::<AnyObject>),
    (Tag::Certificate, again::<AnyObject>),
    (Tag::CertificateRequest, again::<AnyObject>),
];

/// A version, a subject that it has, and a well-formed structure of it.
fn structure() -> impl Strategy<Value = (Version, Tag, Again, Vec<u8>)> {
    let choices = proptest::collection::vec(any::<u8>(), 0..300);
    (proptest::sample::select(&Version::ALL), any::<proptest::sample::Index>(), choices).prop_map(
        |(version, subject, choices)| {
            let subjects: Vec<_> =
                SUBJECTS.iter().filter(|(tag, _)| has(version, *tag)).copied().collect();
            let (tag, again) = *subject.get(&subjects);
            let mut buffer = Buffer::new();
            generate::item(tag, &mut Choices(&choices), &mut Writer::new(&mut buffer, version));
            (version, tag, again, buffer.to_vec())
        },
    )
}

/// Whether `version` has this structure as the generator writes it.
fn has(version: Version, tag: Tag) -> bool {
    let has_it = tag.versions().is_some_and(|versions| versions.contains(version));
    match tag {
        // In 2.x it has other fields, and stands among attributes only.
        Tag::Attribute => !version.is_2x(),
        // In 1.x it is a byte string in a payload.
        Tag::CertificateRequest => version.is_2x(),
        _ => has_it,
    }
}

/// A message with one item inside.
fn message(inside: &[u8]) -> Vec<u8> {
    let mut buffer = Buffer::new();
    Writer::new(&mut buffer, Version::V1_0).raw(
        Tag::RequestMessage,
        kmip_ttlv::ItemType::Structure,
        inside,
    );
    buffer.to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// What the tables allow is read, and written again as it came.
    #[test]
    fn every_structure_round_trips((version, tag, again, bytes) in structure()) {
        let written = again(tag, &bytes, version);
        prop_assert_eq!(written.as_deref(), Ok(bytes.as_slice()), "\n{}", Dump(&bytes));
    }

    /// A damaged structure is refused, or else it is another structure that is written as it came.
    #[test]
    fn whatever_is_accepted_is_written_as_it_came(
        (version, tag, again, mut bytes) in structure(),
        at in any::<proptest::sample::Index>(),
        flip in 1_u8..,
    ) {
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(written) = again(tag, &bytes, version) {
            prop_assert_eq!(&*written, bytes.as_slice(), "\n{}", Dump(&bytes));
        }
    }

    /// A beginning of a message is not a message, nor is a message with something behind it.
    #[test]
    fn no_prefix_of_a_message_is_a_message((_, _, _, bytes) in structure()) {
        let mut message = message(&bytes);
        prop_assert_eq!(scan(&message, &Limits::default()), Ok(()));
        for end in 0..message.len() {
            prop_assert!(scan(&message[..end], &Limits::default()).is_err());
        }
        message.extend([0; 8]);
        prop_assert!(scan(&message, &Limits::default()).is_err());
    }

    /// After a scan, a walk over all items finds nothing wrong with their form.
    #[test]
    fn a_scanned_message_can_be_walked(
        (_, _, _, bytes) in structure(),
        at in any::<proptest::sample::Index>(),
        flip in any::<u8>(),
    ) {
        let mut message = message(&bytes);
        let at = at.index(message.len());
        message[at] ^= flip;
        if scan(&message, &Limits::default()).is_ok() {
            let (root, _) = item::first(&message, Version::V1_0).unwrap();
            prop_assert!(walk(&root).is_ok());
        }
        let _ = Dump(&message).to_string();
    }

    /// A value of no declared type survives too.
    #[test]
    fn values_of_any_type_round_trip((version, tag, _, bytes) in structure()) {
        let written = again::<Value>(tag, &bytes, version);
        prop_assert_eq!(written.as_deref(), Ok(bytes.as_slice()));
    }

    /// Big integers keep their value when they are padded, and their sign bytes when they are read.
    #[test]
    fn big_integers_keep_their_value(bytes in proptest::collection::vec(any::<u8>(), 1..40)) {
        let unsigned = BigInteger::from_unsigned(&bytes);
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        prop_assert_eq!(unsigned.as_unsigned(), Some(&bytes[zeros..]));
        prop_assert_eq!(unsigned.as_signed().len() % 8, 0);
        let signed = BigInteger::from_signed(&bytes);
        prop_assert_eq!(signed.as_signed().first().map(|byte| byte >> 7), Some(bytes[0] >> 7));
        prop_assert!(signed.as_signed().ends_with(&bytes));
    }
}

fn walk(item: &Item<'_>) -> Result<()> {
    let mut fields = item.fields()?;
    while let Some(field) = fields.next_item()? {
        if field.kind == kmip_ttlv::ItemType::Structure {
            walk(&field)?;
        }
    }
    Ok(())
}

#[test]
fn an_attribute_that_a_version_lacks_is_not_written_in_it() {
    let list: AttributeList =
        [Attribute::OperationPolicyName("default".into()), Attribute::Sensitive(true)]
            .into_iter()
            .collect();
    let names = |tag, version| {
        let bytes = codec::encode(tag, &list, version);
        let back: AttributeList = codec::decode(tag, &bytes, version).unwrap();
        back.iter().map(|attribute| attribute.name().into_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(Tag::TemplateAttribute, Version::V1_2), ["Operation Policy Name"]);
    let both = ["Operation Policy Name", "Sensitive"];
    assert_eq!(names(Tag::TemplateAttribute, Version::V1_4), both);
    assert_eq!(names(Tag::Attributes, Version::V2_0), ["Sensitive"]);
}

#[test]
fn a_custom_attribute_has_a_prefix_in_1x_and_a_vendor_in_2x() {
    let custom = Attribute::Custom(CustomAttribute {
        vendor: "x".into(),
        name: "Product_Version".into(),
        value: Value::Integer(7),
    });
    let list: AttributeList = [custom.clone()].into_iter().collect();
    let text = |tag, version| Dump(&codec::encode(tag, &list, version)).to_string();
    let old = text(Tag::TemplateAttribute, Version::V1_0);
    assert!(old.contains("AttributeName = \"x-Product_Version\""), "{old}");
    let new = text(Tag::Attributes, Version::V2_1);
    assert!(new.contains("VendorIdentification = \"x\""), "{new}");
    assert!(new.contains("AttributeName = \"Product_Version\""), "{new}");
    assert_eq!(custom.name(), "x-Product_Version");
}

#[test]
fn an_explicit_index_of_zero_survives() {
    for index in [None, Some(0), Some(3)] {
        let attribute = IndexedAttribute { index, attribute: Attribute::ObjectGroup("g".into()) };
        let bytes = codec::encode(Tag::Attribute, &attribute, Version::V1_0);
        assert_eq!(codec::decode(Tag::Attribute, &bytes, Version::V1_0), Ok(attribute));
    }
}
