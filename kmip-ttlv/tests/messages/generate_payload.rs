//! Well-formed messages at random, made from the facts alone: `operation_fields.csv`,
//! `structures.csv` and `messages.csv`.
//!
//! Attributes and objects come from the generator of the laws.

use std::collections::HashMap;
use std::sync::LazyLock;

use kmip_ttlv::enums::{CredentialType, Operation};
use kmip_ttlv::{Buffer, ItemType, ProtocolVersion, Tag, Version, Writer};

use crate::csv::{Row, number, range, rows};
use crate::generate::{self, Choices};

/// Fields of the structures with one variant, and of those with several, by variant.
static STRUCTURES: LazyLock<HashMap<(Tag, String), Vec<Row>>> = LazyLock::new(|| {
    let mut structures: HashMap<_, Vec<Row>> = HashMap::new();
    for row in rows("structures") {
        let tag = Tag::from_number(number(&row["tag"]));
        structures.entry((tag, row["variant"].clone())).or_default().push(row);
    }
    structures
});

/// Fields of the payloads, in the order of the file.
pub(crate) static OPERATIONS: LazyLock<Vec<Row>> = LazyLock::new(|| rows("operation_fields"));

static MESSAGES: LazyLock<Vec<Row>> = LazyLock::new(|| rows("messages"));

/// Kinds of credential with the names of their variants.
const CREDENTIALS: [(CredentialType, &str); 6] = [
    (CredentialType::UsernameAndPassword, "Username and Password Credential"),
    (CredentialType::Device, "Device Credential"),
    (CredentialType::Attestation, "Attestation Credential"),
    (CredentialType::OneTimePassword, "One Time Password Credential"),
    (CredentialType::HashedPassword, "Hashed Password Credential"),
    (CredentialType::Ticket, "Ticket"),
];

/// Objects that every version has.
const OBJECTS: [Tag; 7] = [
    Tag::Certificate,
    Tag::SymmetricKey,
    Tag::PublicKey,
    Tag::PrivateKey,
    Tag::SplitKey,
    Tag::SecretData,
    Tag::OpaqueObject,
];

/// Whether a row is about this version.
pub(crate) fn is_in(row: &Row, version: Version) -> bool {
    range(&row["versions"]).contains(version)
}

/// A request or response with one batch item.
pub(crate) fn message(
    operation: Operation,
    direction: &str,
    part: &str,
    version: Version,
    choices: &mut Choices<'_>,
) -> Vec<u8> {
    let is_request = part == "request";
    let (message, header, item, payload, header_name, item_name) = if is_request {
        (
            Tag::RequestMessage,
            Tag::RequestHeader,
            Tag::BatchItem,
            Tag::RequestPayload,
            "RequestHeader",
            "RequestBatchItem",
        )
    } else {
        (
            Tag::ResponseMessage,
            Tag::ResponseHeader,
            Tag::BatchItem,
            Tag::ResponsePayload,
            "ResponseHeader",
            "ResponseBatchItem",
        )
    };
    let mut buffer = Buffer::new();
    Writer::new(&mut buffer, version).structure(message, |w| {
        w.structure(header, |w| part_fields(header_name, choices, w, |_, _, _| false));
        w.structure(item, |w| {
            part_fields(item_name, choices, w, |tag, choices, w| {
                if tag == Tag::Operation {
                    w.put(tag, &operation);
                } else if tag == payload {
                    let name = operation.xml_name();
                    w.structure(payload, |w| payload_fields(name, direction, part, choices, w));
                } else {
                    return false;
                }
                true
            });
        });
    });
    buffer.to_vec()
}

/// Writes the fields of a header or batch item; `special` writes those it returns true for.
fn part_fields(
    name: &str,
    choices: &mut Choices<'_>,
    w: &mut Writer<'_>,
    mut special: impl FnMut(Tag, &mut Choices<'_>, &mut Writer<'_>) -> bool,
) {
    let version = w.version();
    for row in MESSAGES.iter().filter(|row| row["message_part"] == name && is_in(row, version)) {
        let tag = Tag::from_number(number(&row["tag"]));
        match tag {
            Tag::ProtocolVersion => w.put(tag, &ProtocolVersion::from(version)),
            Tag::BatchCount => w.integer(tag, 1),
            _ if special(tag, choices, w) => {}
            _ => field(row, tag, choices, w),
        }
    }
}

fn payload_fields(
    operation: &str,
    direction: &str,
    part: &str,
    choices: &mut Choices<'_>,
    w: &mut Writer<'_>,
) {
    let version = w.version();
    for row in OPERATIONS.iter().filter(|row| {
        row["operation"] == operation
            && row["direction"] == direction
            && row["message"] == part
            && row["position"] != "0"
            && is_in(row, version)
    }) {
        let tag = if row["field"] == "ManagedObject" {
            OBJECTS[choices.below(OBJECTS.len())]
        } else {
            Tag::from_number(number(&row["tag"]))
        };
        field(row, tag, choices, w);
    }
}

/// Writes a field as often as its row allows.
fn field(row: &Row, tag: Tag, choices: &mut Choices<'_>, w: &mut Writer<'_>) {
    let least = usize::from(matches!(row["required"].as_str(), "yes" | ""));
    let more = if row["repeatable"] == "yes" { 3 } else { 2 - least };
    for _ in 0..least + choices.below(more) {
        value(&row["ttlv_type"], tag, choices, w);
    }
}

/// Writes what may stand under `tag`, of one of the types named.
fn value(types: &str, tag: Tag, choices: &mut Choices<'_>, w: &mut Writer<'_>) {
    match tag {
        Tag::TemplateAttribute
        | Tag::CommonTemplateAttribute
        | Tag::PrivateKeyTemplateAttribute
        | Tag::PublicKeyTemplateAttribute => like(Tag::TemplateAttribute, tag, choices, w),
        Tag::Attributes
        | Tag::CommonAttributes
        | Tag::PrivateKeyAttributes
        | Tag::PublicKeyAttributes => like(Tag::Attributes, tag, choices, w),
        Tag::NewAttribute | Tag::CurrentAttribute => like(Tag::NewAttribute, tag, choices, w),
        Tag::Attribute => generate::item(tag, choices, w),
        _ if OBJECTS.contains(&tag) => generate::item(tag, choices, w),
        Tag::Credential => credential(choices, w),
        Tag::ProtectionStorageMasks
        | Tag::CommonProtectionStorageMasks
        | Tag::PrivateProtectionStorageMasks
        | Tag::PublicProtectionStorageMasks => w.structure(tag, |w| {
            (0..choices.below(3)).for_each(|n| w.integer(Tag::ProtectionStorageMask, 1 << n));
        }),
        _ => typed(types, tag, choices, w),
    }
}

fn typed(types: &str, tag: Tag, choices: &mut Choices<'_>, w: &mut Writer<'_>) {
    let kinds: Vec<ItemType> = types
        .split('|')
        .filter_map(|name| {
            ItemType::ALL.into_iter().find(|kind| kind.to_string().replace(' ', "") == name)
        })
        .filter(|kind| match kind {
            ItemType::Structure => !is_pkcs11(tag),
            // An enumeration in place of the list would stand under Object Type.
            _ => tag != Tag::ObjectTypes,
        })
        .collect();
    match kinds.get(choices.below(kinds.len().max(1))) {
        Some(ItemType::Structure) => structure(tag, choices, w),
        Some(kind) => generate::leaf_of(*kind, tag, choices, w),
        // Any type will do, and for fields that are any item, any tag.
        None if tag == Tag::Unknown(0) => w.boolean(Tag::Unknown(0x54_0001), choices.yes()),
        None => generate::leaf_of(ItemType::ALL[1 + choices.below(10)], tag, choices, w),
    }
}

/// The facts know these as structures that contain themselves; they travel as the value alone.
fn is_pkcs11(tag: Tag) -> bool {
    matches!(
        tag,
        Tag::Pkcs11Interface
            | Tag::Pkcs11Function
            | Tag::Pkcs11InputParameters
            | Tag::Pkcs11OutputParameters
            | Tag::Pkcs11ReturnCode
    )
}

fn structure(tag: Tag, choices: &mut Choices<'_>, w: &mut Writer<'_>) {
    let variants: &[&str] = match (tag, w.version().is_2x()) {
        (Tag::DerivationParameters, false) => {
            &["Derivation Parameters Structure (Except PBKDF2)", "PBKDF2 Derivation Parameters"]
        }
        _ => &[""],
    };
    let variant = variants[choices.below(variants.len())];
    w.structure(tag, |w| fields(tag, variant, choices, w));
}

fn fields(tag: Tag, variant: &str, choices: &mut Choices<'_>, w: &mut Writer<'_>) {
    let version = w.version();
    let rows = STRUCTURES.get(&(tag, variant.to_owned()));
    for row in rows.into_iter().flatten().filter(|row| is_in(row, version)) {
        let tag = match row["field_tag"].as_str() {
            "" => Tag::Unknown(0),
            tag => Tag::from_number(number(tag)),
        };
        field(row, tag, choices, w);
    }
}

fn credential(choices: &mut Choices<'_>, w: &mut Writer<'_>) {
    let version = w.version();
    let known: Vec<_> = CREDENTIALS.iter().filter(|(kind, _)| kind.is_in(version)).collect();
    let (kind, variant) = known[choices.below(known.len())];
    w.structure(Tag::Credential, |w| {
        w.put(Tag::CredentialType, kind);
        w.structure(Tag::CredentialValue, |w| fields(Tag::CredentialValue, variant, choices, w));
    });
}

/// Writes under `tag` what may stand under `model`.
fn like(model: Tag, tag: Tag, choices: &mut Choices<'_>, w: &mut Writer<'_>) {
    let mut buffer = Buffer::new();
    generate::item(model, choices, &mut Writer::new(&mut buffer, w.version()));
    w.raw(tag, ItemType::Structure, &buffer[8..]);
}
