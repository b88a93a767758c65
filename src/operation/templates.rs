//! Templates: attributes kept under a name, for objects that are made later (KMIP 1.4 §2.2.6 and
//! §4; gone in 2.0). A Template's value are the attributes inside it; those beside it are its own.

use kmip_ttlv::Version;
use kmip_ttlv::attribute::{Attribute, AttributeKind, IndexedAttribute, Name};
use kmip_ttlv::enums::ObjectType;
use kmip_ttlv::object::{ManagedObject, Template};

use super::context::{Context, Held, Right};
use super::{Failure, creation};
use crate::object::{AttributeSet, IndexEntry, set};
use crate::store::Selector;

/// The most templates that one request may name.
const NAMED_MAX: usize = 16;

/// The most objects of one name among which a template is looked for.
const SAME_NAME_MAX: usize = 64;

/// Checks a template that a client brings. A Name inside it is its own in 1.0 and 1.1; from 1.2 on
/// the Name stands beside it (KMIP 1.2 §11.4).
///
/// # Errors
/// Those of [`creation::give`], for attributes inside, too; [`Failure::InvalidField`] for a Name in
/// the wrong place.
pub(super) fn accept(
    cx: &Context<'_>,
    mut template: Template,
    own: &mut AttributeSet,
) -> Result<ManagedObject, Failure> {
    if cx.version().is_2x() {
        return Err(Failure::WrongObjectType("KMIP 2.x has no templates"));
    }
    let mut content = AttributeSet::default();
    for instance in &template.attributes {
        creation::give(cx, &mut content, instance)?;
        if is_name(&instance.attribute) {
            if cx.version() >= Version::V1_2 {
                return Err(Failure::InvalidField("a Template's Name stands beside it".into()));
            }
            creation::give(cx, own, instance)?;
        }
    }
    template.attributes.retain(|instance| !is_name(&instance.attribute));
    Ok(ManagedObject::Template(template))
}

/// The attributes of the templates of these names. Of two templates the later one counts; of
/// attributes with several values all do.
///
/// # Errors
/// [`Failure::NotFound`] if the caller has no template of a name, [`Failure::Archived`],
/// [`Failure::LimitExceeded`], and what is wrong with the hierarchy.
pub(super) async fn content(
    cx: &Context<'_>,
    names: &[Name],
) -> Result<Vec<IndexedAttribute>, Failure> {
    if names.len() > NAMED_MAX {
        return Err(Failure::LimitExceeded("so many templates cannot be named at once"));
    }
    let mut content: Vec<IndexedAttribute> = Vec::new();
    for name in names {
        let held = find(cx, name).await?;
        if held.object().is_archived() {
            return Err(Failure::Archived);
        }
        let ManagedObject::Template(template) = cx.value(&held).await? else {
            return Err(Failure::Internal("the value of a template is none"));
        };
        for IndexedAttribute { attribute, .. } in template.attributes {
            let kind = attribute.kind();
            let meant = set::reference(&attribute);
            content.retain(|earlier| {
                let is_another = set::reference(&earlier.attribute) != meant;
                is_another || (kind.is_multi_instance() && earlier.attribute != attribute)
            });
            content.push(attribute.into());
        }
    }
    Ok(content)
}

/// What a client says itself of a new object, after what the templates say that it names. Its own
/// words count before theirs.
#[must_use]
pub(super) fn before(
    mut content: Vec<IndexedAttribute>,
    said: &[IndexedAttribute],
) -> Vec<IndexedAttribute> {
    content.retain(|IndexedAttribute { attribute, .. }| {
        let meant = set::reference(attribute);
        let is_many = attribute.kind().is_multi_instance();
        !said.iter().any(|said| {
            set::reference(&said.attribute) == meant && (!is_many || said.attribute == *attribute)
        })
    });
    // Indexes count the client's own values; behind those of a template they would be others.
    let is_alone = content.is_empty();
    let own = said.iter().map(|said| IndexedAttribute {
        index: said.index.filter(|_| is_alone),
        attribute: said.attribute.clone(),
    });
    content.extend(own);
    content
}

/// The newest template of the caller that has this name.
async fn find(cx: &Context<'_>, name: &Name) -> Result<Held, Failure> {
    let name = Attribute::Name(name.clone());
    let selector = Selector {
        object_types: vec![ObjectType::Template],
        entry: IndexEntry::of(&name),
        ..Selector::default()
    };
    let found = cx.select(selector, None, SAME_NAME_MAX).await?;
    let is_meant = |held: &Held| {
        let object = held.object();
        object.object_type == ObjectType::Template
            && !object.is_destroyed()
            && object.attributes.iter().any(|instance| instance.attribute == name)
    };
    let held = found.into_iter().map(|(_, held)| held).find(is_meant).ok_or(Failure::NotFound)?;
    let uid = held.object().uid.as_str();
    cx.object(Some(&uid.into()), Right::Attributes).await
}

fn is_name(attribute: &Attribute) -> bool {
    attribute.kind() == AttributeKind::Name
}
