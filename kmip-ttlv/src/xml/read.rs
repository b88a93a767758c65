//! From XML to values.

use std::borrow::Cow;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::{Error, ROOTS, TTLV};
use crate::words::{self, Place};
use crate::{ItemType, Tag, Value};

/// Reads all items, one after the other. A `KMIP` or `KmipTestCase` element around them is looked
/// through, and text between elements is skipped.
///
/// # Errors
///
/// Any [`Error`] about the first element that cannot be read.
pub fn read(xml: &str) -> Result<Vec<(Tag, Value)>, Error> {
    read_with(xml, |_, _, _| None)
}

/// Reads like [`read`], but lets `replace` put another text in the place of any value.
///
/// It is given the tag, the type and the text of each value; templates fill their variables so.
///
/// # Errors
///
/// Those of [`read`].
pub fn read_with(
    xml: &str,
    mut replace: impl FnMut(Tag, ItemType, &str) -> Option<String>,
) -> Result<Vec<(Tag, Value)>, Error> {
    let mut reader = Reader::from_str(xml);
    let mut tree = Tree::new();
    loop {
        match reader.read_event()? {
            Event::Eof => return tree.finish(),
            Event::Start(element) if ROOTS.contains(&element.name().as_ref()) => {}
            Event::Start(element) => tree.open(&element, &mut replace)?,
            Event::Empty(element) => {
                tree.open(&element, &mut replace)?;
                tree.close()?;
            }
            Event::End(element) if ROOTS.contains(&element.name().as_ref()) => {}
            Event::End(_) => tree.close()?,
            _ => {}
        }
    }
}

/// The items read so far, and the structures that are still open.
struct Tree {
    /// The innermost structure last; the first is the document.
    open: Vec<Open>,
}

/// A structure that has not ended, or a value that has.
struct Open {
    tag: Tag,
    place: Place,
    /// `None` for a structure.
    value: Option<Value>,
    children: Vec<(Tag, Value)>,
}

impl Tree {
    fn new() -> Self {
        let document =
            Open { tag: Tag::Unknown(0), place: Place::OPEN, value: None, children: Vec::new() };
        Self { open: vec![document] }
    }

    fn open(
        &mut self,
        element: &BytesStart<'_>,
        replace: &mut impl FnMut(Tag, ItemType, &str) -> Option<String>,
    ) -> Result<(), Error> {
        let parent = self.open.last_mut().ok_or(Error::Nesting)?;
        let tag = tag_of(element)?;
        let kind = type_of(element)?;
        let value = match attribute(element, "value")? {
            _ if kind == ItemType::Structure => None,
            None => return Err(words::Error::NoValue(tag).into()),
            Some(text) => {
                let text = replace(tag, kind, &text).map_or(text, Cow::Owned);
                if tag == Tag::AttributeName {
                    parent.place.see_attribute_name(&text);
                }
                Some(words::parse(parent.place, tag, kind, &text)?)
            }
        };
        self.open.push(Open { tag, place: Place::OPEN, value, children: Vec::new() });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Error> {
        let Open { tag, value, children, .. } = self.open.pop().ok_or(Error::Nesting)?;
        let value = value.unwrap_or(Value::Structure(children));
        self.open.last_mut().ok_or(Error::Nesting)?.children.push((tag, value));
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<(Tag, Value)>, Error> {
        match (self.open.pop(), self.open.is_empty()) {
            (Some(document), true) => Ok(document.children),
            _ => Err(Error::Nesting),
        }
    }
}

fn attribute<'e>(element: &'e BytesStart<'_>, name: &str) -> Result<Option<Cow<'e, str>>, Error> {
    match element.try_get_attribute(name)? {
        Some(attribute) => Ok(Some(attribute.normalized_value(XmlVersion::Implicit1_0)?)),
        None => Ok(None),
    }
}

fn tag_of(element: &BytesStart<'_>) -> Result<Tag, Error> {
    let name = element.name();
    if name.as_ref() != TTLV {
        return Ok(words::tag_named(name.as_ref())?);
    }
    Ok(words::tag_numbered(&attribute(element, "tag")?.unwrap_or_default())?)
}

fn type_of(element: &BytesStart<'_>) -> Result<ItemType, Error> {
    match attribute(element, "type")? {
        Some(name) => Ok(words::type_named(&name)?),
        None => Ok(ItemType::Structure),
    }
}
