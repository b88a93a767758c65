//! TTLV in XML, as the KMIP profiles define it (KMIP 2.1 §10.2.3).
//!
//! An item is an element named like its tag, with its type and its value as attributes; a tag
//! without a name is a `TTLV` element with the number in the attribute `tag`. Enumeration values and
//! mask bits are names, or numbers in hexadecimal. Nothing is lost on the way from XML to TTLV and
//! back but the choice between a name and its number.

mod read;
mod write;

pub use read::{read, read_with};
pub use write::{Xml, XmlWithoutSecrets};

use crate::words;

/// The element of an item whose tag has no name.
const TTLV: &str = "TTLV";

/// Elements around several messages, which are looked through.
const ROOTS: [&str; 2] = ["KMIP", "KmipTestCase"];

/// Why XML could not be read as TTLV.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not XML.
    #[error("not well-formed: {0}")]
    Syntax(#[from] quick_xml::Error),
    /// An attribute of an element is not XML.
    #[error("not well-formed: {0}")]
    Attribute(#[from] quick_xml::events::attributes::AttrError),
    /// An element ends that has not begun, or the other way round.
    #[error("elements are not nested")]
    Nesting,
    /// A name or a value means nothing.
    #[error(transparent)]
    Word(#[from] words::Error),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Tag, Value, Version, codec};

    const REQUEST: &str = r#"<RequestPayload>
  <UniqueIdentifier type="Enumeration" value="IDPlaceholder"/>
  <Attribute>
    <AttributeName type="TextString" value="Cryptographic Usage Mask"/>
    <AttributeValue type="Integer" value="Encrypt Decrypt 0x80000000"/>
  </Attribute>
  <AttributeReference type="Enumeration" value="State"/>
  <OpaqueDataType type="Enumeration" value="0x80000001"/>
  <TTLV tag="0x540001" type="TextString" value="a &lt; &quot;b&quot;"/>
  <ValidityDate type="DateTime" value="2018-12-19T09:24:26Z"/>
  <SubmissionDate type="DateTimeExtended" value="2018-12-19T09:24:26.000001Z"/>
  <UsageLimitsTotal type="LongInteger" value="-1"/>
  <PrimeFieldSize type="BigInteger" value="0000000000010001"/>
  <Data type="ByteString" value="00ff"/>
  <InitIndicator type="Boolean" value="true"/>
  <LeaseTime type="Interval" value="3600"/>
</RequestPayload>
"#;

    #[test]
    fn every_type_is_read_and_written_back() {
        let items = read(REQUEST).unwrap();
        let [(tag, value)] = items.as_slice() else { panic!("one item") };
        assert_eq!(Xml(*tag, value).to_string(), REQUEST);
        let bytes = codec::encode(*tag, value, Version::V2_1);
        assert_eq!(codec::decode::<Value>(*tag, &bytes, Version::V2_1).as_ref(), Ok(value));
    }

    #[test]
    fn dates_may_have_another_offset() {
        let text = r#"<KMIP># TIME 0 <ValidityDate type="DateTime"
            value="2018-12-19T19:24:26+10:00"/></KMIP>"#;
        assert_eq!(read(text).unwrap(), [(Tag::ValidityDate, Value::DateTime(1_545_211_466))]);
    }

    #[test]
    fn names_that_mean_nothing_are_refused() {
        let bad = |xml: &str| read(xml).unwrap_err().to_string();
        assert_eq!(bad("<Nothing/>"), "there is no tag Nothing");
        assert_eq!(bad(r#"<State type="Word" value="Active"/>"#), "there is no item type Word");
        assert_eq!(
            bad(r#"<State type="Enumeration" value="Asleep"/>"#),
            "State has the value Asleep, which means nothing there"
        );
        assert_eq!(bad(r#"<State type="Enumeration"/>"#), "State has no value");
        assert_eq!(bad("<BatchItem>"), "elements are not nested");
    }
}
