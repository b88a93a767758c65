//! From items to values and back: the traits, and the table that makes a structure.

use crate::item::first;
use crate::{Buffer, Error, Fields, Item, Result, Tag, Version, Versions, Writer};

/// A value that can be read from an item.
pub trait Decode<'a>: Sized {
    /// Reads the value.
    ///
    /// # Errors
    ///
    /// Any [`Error`] about the item or what is in it.
    fn decode(item: Item<'a>) -> Result<Self>;
}

/// A value that can be written as an item.
pub trait Encode {
    /// Writes the value under `tag`, as the writer's version has it.
    fn encode(&self, tag: Tag, w: &mut Writer<'_>);
}

/// How often a field occurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occurs {
    /// Exactly once.
    Once,
    /// At most once.
    Optional,
    /// Any number of times.
    Repeated,
}

/// A row of a structure's table: where a field stands, in which versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldRule {
    /// The field's tag.
    pub tag: Tag,
    /// The versions in which the specification has the field.
    pub versions: Versions,
    /// The versions in which it is read and written: those, or more where a real client needs it.
    pub accepted: Versions,
    /// How often the field occurs, as its type says.
    pub occurs: Occurs,
}

/// A structure that is given by a table.
pub trait Structure {
    /// The fields in the order of the wire. Fields with one place and two tags have two rows.
    const FIELDS: &'static [&'static [FieldRule]];
}

/// The type of a field, which says how often it occurs: `T` exactly once, `Option<T>` at most once,
/// `Vec<T>` any number of times.
pub trait FieldType<'a>: Sized {
    /// How often the field occurs.
    const OCCURS: Occurs;

    /// Reads the field at the cursor.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if it must be there and is not, or any error of the value's type.
    fn take(fields: &mut Fields<'a>, tag: Tag) -> Result<Self>;

    /// The field in a version that does not have it.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if there is no such value.
    fn absent(tag: Tag) -> Result<Self>;

    /// Writes the field, as often as it has values.
    fn put(&self, tag: Tag, w: &mut Writer<'_>);
}

impl<'a, T: Decode<'a> + Encode> FieldType<'a> for T {
    const OCCURS: Occurs = Occurs::Once;

    #[inline]
    fn take(fields: &mut Fields<'a>, tag: Tag) -> Result<Self> {
        fields.required(tag)
    }

    fn absent(tag: Tag) -> Result<Self> {
        Err(Error::Missing(tag))
    }

    #[inline]
    fn put(&self, tag: Tag, w: &mut Writer<'_>) {
        self.encode(tag, w);
    }
}

impl<'a, T: Decode<'a> + Encode> FieldType<'a> for Option<T> {
    const OCCURS: Occurs = Occurs::Optional;

    #[inline]
    fn take(fields: &mut Fields<'a>, tag: Tag) -> Result<Self> {
        fields.optional(tag)
    }

    fn absent(_: Tag) -> Result<Self> {
        Ok(None)
    }

    #[inline]
    fn put(&self, tag: Tag, w: &mut Writer<'_>) {
        if let Some(value) = self {
            value.encode(tag, w);
        }
    }
}

impl<'a, T: Decode<'a> + Encode> FieldType<'a> for Vec<T> {
    const OCCURS: Occurs = Occurs::Repeated;

    #[inline]
    fn take(fields: &mut Fields<'a>, tag: Tag) -> Result<Self> {
        fields.repeated(tag)
    }

    fn absent(_: Tag) -> Result<Self> {
        Ok(Self::new())
    }

    #[inline]
    fn put(&self, tag: Tag, w: &mut Writer<'_>) {
        for value in self {
            value.encode(tag, w);
        }
    }
}

/// Writes a field under the tag that the writer's version has for it, if it has one.
#[inline]
pub fn put_field<'a, T: FieldType<'a>>(value: &T, rules: &[FieldRule], w: &mut Writer<'_>) {
    if let Some(rule) = rules.iter().find(|rule| rule.accepted.contains(w.version())) {
        value.put(rule.tag, w);
    }
}

/// Encodes one value into a buffer of its own.
#[must_use]
pub fn encode(tag: Tag, value: &impl Encode, version: Version) -> Buffer {
    let mut buffer = Buffer::new();
    value.encode(tag, &mut Writer::new(&mut buffer, version));
    buffer
}

/// Decodes bytes that are one item with this tag and nothing more.
///
/// # Errors
///
/// [`Error::Unexpected`] if the tag is another, [`Error::TrailingBytes`] if something follows, and
/// any error of the value's type.
pub fn decode<'a, T: Decode<'a>>(tag: Tag, bytes: &'a [u8], version: Version) -> Result<T> {
    let (item, rest) = first(bytes, version)?;
    if item.tag != tag {
        return Err(Error::Unexpected(item.tag));
    }
    if !rest.is_empty() {
        return Err(Error::TrailingBytes);
    }
    T::decode(item)
}

/// A range of versions from the words of a table.
macro_rules! versions {
    ($(from $from:ident)? $(to $to:ident)?) => {{
        #[allow(unused_mut, unused_assignments)]
        const RANGE: $crate::Versions = {
            let (mut first, mut last) = (None, None);
            $(first = Some($crate::Version::$from);)?
            $(last = Some($crate::Version::$to);)?
            $crate::Versions::range(first, last)
        };
        RANGE
    }};
}
pub(crate) use versions;

/// The versions in which a field is read: those after `accept`, or else those of the specification.
macro_rules! accepted {
    ([$($range:tt)*]) => {
        $crate::codec::versions!($($range)*)
    };
    ([$($range:tt)*] [$($wider:tt)*]) => {
        $crate::codec::versions!($($wider)*)
    };
}
pub(crate) use accepted;

/// The rules of one field, of which more than one if it changed its tag.
macro_rules! rules {
    ($lifetime:lifetime $type:ty; $($tag:ident [$($range:tt)*] $([$($wider:tt)*])?)+) => {
        const { &[$($crate::FieldRule {
            tag: $crate::Tag::$tag,
            versions: $crate::codec::versions!($($range)*),
            accepted: $crate::codec::accepted!([$($range)*] $([$($wider)*])?),
            occurs: <$type as $crate::FieldType<$lifetime>>::OCCURS,
        }),+] }
    };
}
pub(crate) use rules;

/// Makes a structure from its table.
///
/// A row is `Tag => field: Type;`. The type says how often the field occurs. Behind the tag may
/// stand the versions that have the field (`@ V1_2..`, `@ ..=V1_4`, `@ V1_2..=V1_4`), and behind
/// these a wider range in which it is read and written all the same (`accept V1_0..`). A field that
/// changed its tag has several, divided by `|`: the first that this version has is the one.
macro_rules! ttlv_struct {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident<$lifetime:lifetime> { $($body:tt)* }
    ) => {
        $crate::codec::ttlv_struct! {
            @make [$(#[$meta])*] [$vis] $name [<$lifetime>] [$lifetime] { $($body)* }
        }
    };
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident { $($body:tt)* }
    ) => {
        $crate::codec::ttlv_struct! {
            @make [$(#[$meta])*] [$vis] $name [] ['a] { $($body)* }
        }
    };
    (
        @make [$(#[$meta:meta])*] [$vis:vis] $name:ident [$($generics:tt)*] [$lifetime:lifetime] {
            $(
                $(#[$doc:meta])*
                $($tag:ident
                    $(@ $($from:ident)? $(..)? $(..= $to:ident)?)?
                    $(accept $($afrom:ident)? $(..)? $(..= $ato:ident)?)?
                )|+ => $field:ident: $type:ty;
            )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        $vis struct $name $($generics)* {
            $($(#[$doc])* pub $field: $type,)*
        }

        #[allow(clippy::extra_unused_lifetimes)]
        impl<$lifetime> $crate::Structure for $name $($generics)* {
            const FIELDS: &'static [&'static [$crate::FieldRule]] = &[$(
                $crate::codec::rules!($lifetime $type; $($tag
                    [$($(from $from)? $(to $to)?)?] $([$(from $afrom)? $(to $ato)?])?
                )+)
            ),*];
        }

        impl<$lifetime> $crate::Decode<$lifetime> for $name $($generics)* {
            fn decode(item: $crate::Item<$lifetime>) -> $crate::Result<Self> {
                item.structure(|fields| {
                    let _ = &fields;
                    Ok(Self { $($field: fields.field($crate::codec::rules!($lifetime $type; $($tag
                        [$($(from $from)? $(to $to)?)?] $([$(from $afrom)? $(to $ato)?])?
                    )+))?,)* })
                })
            }
        }

        #[allow(clippy::extra_unused_lifetimes)]
        impl<$lifetime> $crate::Encode for $name $($generics)* {
            fn encode(&self, tag: $crate::Tag, w: &mut $crate::Writer<'_>) {
                w.structure(tag, |w| {
                    let _ = &w;
                    $($crate::codec::put_field(&self.$field, $crate::codec::rules!($lifetime $type; $($tag
                        [$($(from $from)? $(to $to)?)?] $([$(from $afrom)? $(to $ato)?])?
                    )+), w);)*
                });
            }
        }
    };
}
pub(crate) use ttlv_struct;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enums::{RevocationReasonCode, State};
    use crate::{ProtocolVersion, UniqueIdentifier};

    ttlv_struct! {
        /// A structure with a field of each sort.
        struct Example<'a> {
            /// Always there.
            UniqueIdentifier => uid: UniqueIdentifier<'a>;
            /// Under another tag since 2.0.
            AttributeName @ ..=V1_4 | Description @ V2_0.. => name: Option<&'a str>;
            /// New in 1.3, and read in every version.
            OffsetItems @ V1_3.. accept V1_0.. => offset: Option<i32>;
            /// Only in some versions.
            State @ V1_1..=V1_3 => states: Vec<State>;
        }
    }

    fn example() -> Example<'static> {
        Example {
            uid: "319".into(),
            name: Some(""),
            offset: Some(-1),
            states: vec![State::Active, State::Unknown(0x8000_0001)],
        }
    }

    #[test]
    fn a_field_is_written_in_the_versions_that_have_it_and_only_there() {
        for version in Version::ALL {
            let bytes = encode(Tag::RequestPayload, &example(), version);
            let back: Example<'_> = decode(Tag::RequestPayload, &bytes, version).unwrap();
            let mut expected = example();
            if !(Version::V1_1..=Version::V1_3).contains(&version) {
                expected.states.clear();
            }
            assert_eq!(back, expected, "{version}");
        }
    }

    #[test]
    fn a_field_of_another_version_is_unexpected() {
        let bytes = encode(Tag::RequestPayload, &example(), Version::V1_2);
        let read = decode::<Example<'_>>(Tag::RequestPayload, &bytes, Version::V2_0);
        assert_eq!(read, Err(Error::Unexpected(Tag::AttributeName)));
    }

    #[test]
    fn the_table_can_be_read_by_programs() {
        let [uid, name, offset, states] = Example::FIELDS else { panic!("four fields") };
        assert_eq!(uid[0].occurs, Occurs::Once);
        assert_eq!(uid[0].versions, Versions::ALL);
        assert_eq!([name[0].tag, name[1].tag], [Tag::AttributeName, Tag::Description]);
        assert_eq!(offset[0].versions.first, Version::V1_3);
        assert_eq!(offset[0].accepted, Versions::ALL);
        assert_eq!((states[0].occurs, states[0].versions.last), (Occurs::Repeated, Version::V1_3));
    }

    #[test]
    fn a_missing_field_is_named() {
        let empty = encode(Tag::ProtocolVersion, &Empty {}, Version::V1_0);
        let read = decode::<ProtocolVersion>(Tag::ProtocolVersion, &empty, Version::V1_0);
        assert_eq!(read, Err(Error::Missing(Tag::ProtocolVersionMajor)));
    }

    ttlv_struct! {
        /// A structure without fields.
        struct Empty {}
    }

    #[test]
    fn unknown_enumeration_values_survive() {
        let value = RevocationReasonCode::Unknown(0x8000_0007);
        let bytes = encode(Tag::RevocationReasonCode, &value, Version::V1_0);
        assert_eq!(decode(Tag::RevocationReasonCode, &bytes, Version::V1_0), Ok(value));
    }
}
