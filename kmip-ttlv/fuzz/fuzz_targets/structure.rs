//! Whatever is accepted as a structure is written again as it came.
//!
//! The first byte chooses the version, the tag chooses the structure.

#![no_main]

use kmip_ttlv::attribute::{CryptographicParameters, RevocationReason};
use kmip_ttlv::object::{KeyBlock, KeyWrappingData, KeyWrappingSpecification};
use kmip_ttlv::{
    AttributeList, AttributeReference, Decode, Encode, IndexedAttribute, Item, ManagedObject,
    Result, Tag, Value, Version, Writer, codec, item,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let version = Version::ALL[usize::from(*choice) % Version::ALL.len()];
    let Ok((first, _)) = item::first(bytes, version) else { return };
    again::<Value>(first.tag, bytes, version);
    match first.tag {
        Tag::TemplateAttribute | Tag::Attributes => {
            again::<AttributeList>(first.tag, bytes, version);
        }
        Tag::Attribute | Tag::CurrentAttribute | Tag::NewAttribute => {
            again::<IndexedAttribute>(first.tag, bytes, version);
        }
        Tag::AttributeName | Tag::AttributeReference => {
            again::<AttributeReference>(first.tag, bytes, version);
        }
        Tag::KeyBlock => again::<KeyBlock>(first.tag, bytes, version),
        Tag::KeyWrappingData => again::<KeyWrappingData>(first.tag, bytes, version),
        Tag::KeyWrappingSpecification => {
            again::<KeyWrappingSpecification>(first.tag, bytes, version);
        }
        Tag::CryptographicParameters => again::<CryptographicParameters>(first.tag, bytes, version),
        Tag::RevocationReason => again::<RevocationReason>(first.tag, bytes, version),
        _ => again::<AnyObject>(first.tag, bytes, version),
    }
});

fn again<T: for<'a> Decode<'a> + Encode>(tag: Tag, bytes: &[u8], version: Version) {
    if let Ok(value) = codec::decode::<T>(tag, bytes, version) {
        assert_eq!(&*codec::encode(tag, &value, version), bytes);
    }
}

/// A managed object of any type; nothing, if the tag is no object's.
struct AnyObject(ManagedObject);

impl Decode<'_> for AnyObject {
    fn decode(item: Item<'_>) -> Result<Self> {
        ManagedObject::from_item(item)?.map(Self).ok_or(kmip_ttlv::Error::Unexpected(item.tag))
    }
}

impl Encode for AnyObject {
    fn encode(&self, _: Tag, w: &mut Writer<'_>) {
        self.0.write(w);
    }
}
