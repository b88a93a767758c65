//! Operations on the attributes of an object.

use kmip_ttlv::attribute::{Attribute, AttributeReference, IndexedAttribute};
use kmip_ttlv::payload::{
    RequestPayload, add_attribute, delete_attribute, get_attributes, modify_attribute,
    set_attribute,
};

use super::object::Object;
use super::{Question, words};
use crate::command::Failure;

/// The arguments of Get Attributes.
#[derive(Debug, clap::Args)]
pub(crate) struct Get {
    #[command(flatten)]
    object: Object,
    /// The attributes that are wanted; all if none is named
    #[arg(value_name = "NAME", value_parser = words::reference)]
    names: Vec<AttributeReference>,
}

impl Question for Get {
    fn payload(&self) -> Result<RequestPayload<'_>, Failure> {
        let references = self.names.clone();
        Ok(get_attributes::Request { uid: Some(self.object.uid()), references }.into())
    }
}

/// An object, and an attribute for it.
#[derive(Debug, clap::Args)]
pub(crate) struct One {
    #[command(flatten)]
    object: Object,
    /// The attribute, such as 'Name=orders' or 'x-Owner=dba'
    #[arg(value_name = "NAME=VALUE", value_parser = words::attribute)]
    attribute: Attribute,
}

/// Makes the arguments of operations that take one attribute, and their requests.
macro_rules! of_an_attribute {
    ($($name:ident => $payload:ident;)*) => {
        $(
            #[doc = concat!("The arguments of ", stringify!($name), " Attribute.")]
            #[derive(Debug, clap::Args)]
            pub(crate) struct $name {
                #[command(flatten)]
                one: One,
            }

            impl Question for $name {
                fn payload(&self) -> Result<RequestPayload<'_>, Failure> {
                    let attribute = self.one.attribute.clone().into();
                    Ok($payload::Request { uid: Some(self.one.object.uid()), attribute }.into())
                }
            }
        )*
    };
}

of_an_attribute! {
    Add => add_attribute;
    Set => set_attribute;
}

/// Which of several values is meant.
#[derive(Debug, clap::Args)]
pub(crate) struct Instance {
    /// KMIP 1.x: which of several values, counted from 0
    #[arg(long, value_name = "N")]
    index: Option<i32>,
    /// KMIP 2.x: the value that it has now
    #[arg(long, value_name = "NAME=VALUE", value_parser = words::attribute)]
    current: Option<Attribute>,
}

/// The arguments of Modify Attribute.
#[derive(Debug, clap::Args)]
pub(crate) struct Modify {
    #[command(flatten)]
    one: One,
    #[command(flatten)]
    instance: Instance,
}

impl Question for Modify {
    fn payload(&self) -> Result<RequestPayload<'_>, Failure> {
        let attribute = self.one.attribute.clone();
        Ok(modify_attribute::Request {
            uid: Some(self.one.object.uid()),
            current: self.instance.current.clone().map(IndexedAttribute::from),
            attribute: IndexedAttribute { index: self.instance.index, attribute },
        }
        .into())
    }
}

/// The arguments of Delete Attribute.
#[derive(Debug, clap::Args)]
pub(crate) struct Delete {
    #[command(flatten)]
    object: Object,
    /// The attribute's name; of several values, KMIP 1.x deletes the first, 2.x all
    #[arg(value_name = "NAME", value_parser = words::reference,
          required_unless_present = "current", conflicts_with = "current")]
    name: Option<AttributeReference>,
    #[command(flatten)]
    instance: Instance,
}

impl Question for Delete {
    fn payload(&self) -> Result<RequestPayload<'_>, Failure> {
        Ok(delete_attribute::Request {
            uid: Some(self.object.uid()),
            current: self.instance.current.clone().map(IndexedAttribute::from),
            reference: self.name.clone(),
            index: self.instance.index,
        }
        .into())
    }
}
