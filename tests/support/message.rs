//! Messages as trees: what the tests ask, and what they look at in the answers.

use kmip_ttlv::Tag;
use kmip_ttlv::enums::{Operation, ResultReason, ResultStatus};

use super::ttlv::{Node, Value};

/// A protocol version, major and minor.
pub(crate) type Version = (i32, i32);

/// Every version served.
pub(crate) const VERSIONS: [Version; 7] = [(1, 0), (1, 1), (1, 2), (1, 3), (1, 4), (2, 0), (2, 1)];

/// A request with one item per operation and payload; several get batch item identifiers.
pub(crate) fn request(version: Version, items: Vec<(Operation, Vec<Node>)>) -> Node {
    let count = i32::try_from(items.len()).expect("a test's batch is short");
    let mut children = vec![header(version, count)];
    let several = count > 1;
    for (index, (operation, payload)) in items.into_iter().enumerate() {
        let mut item = vec![Node::enumeration(Tag::Operation, operation.number())];
        if several {
            item.push(Node::bytes(Tag::UniqueBatchItemId, &index.to_be_bytes()));
        }
        item.push(Node::structure(Tag::RequestPayload, payload));
        children.push(Node::structure(Tag::BatchItem, item));
    }
    Node::structure(Tag::RequestMessage, children)
}

/// A request of one item.
pub(crate) fn one(version: Version, operation: Operation, payload: Vec<Node>) -> Node {
    request(version, vec![(operation, payload)])
}

/// A request header that says nothing more than it must.
pub(crate) fn header(version: Version, count: i32) -> Node {
    Node::structure(
        Tag::RequestHeader,
        vec![protocol_version(version), Node::integer(Tag::BatchCount, count)],
    )
}

fn protocol_version((major, minor): Version) -> Node {
    Node::structure(
        Tag::ProtocolVersion,
        vec![
            Node::integer(Tag::ProtocolVersionMajor, major),
            Node::integer(Tag::ProtocolVersionMinor, minor),
        ],
    )
}

/// The attributes of an AES-256 key, in the form of the version.
pub(crate) fn key_attributes(version: Version, name: Option<&str>) -> Node {
    let mut attributes = vec![
        ("Cryptographic Algorithm", Node::enumeration(Tag::CryptographicAlgorithm, 3)),
        ("Cryptographic Length", Node::integer(Tag::CryptographicLength, 256)),
        ("Cryptographic Usage Mask", Node::integer(Tag::CryptographicUsageMask, 12)),
    ];
    if let Some(name) = name {
        attributes.push(("Name", name_attribute(name)));
    }
    collect(version, attributes)
}

fn name_attribute(name: &str) -> Node {
    Node::structure(
        Tag::Name,
        vec![Node::text(Tag::NameValue, name), Node::enumeration(Tag::NameType, 1)],
    )
}

/// Attributes as Template-Attribute (1.x) or Attributes (2.x).
pub(crate) fn collect(version: Version, attributes: Vec<(&str, Node)>) -> Node {
    if version.0 >= 2 {
        return Node::structure(Tag::Attributes, attributes.into_iter().map(|(_, a)| a).collect());
    }
    Node::structure(Tag::TemplateAttribute, attributes.into_iter().map(one_x).collect())
}

fn one_x((name, attribute): (&str, Node)) -> Node {
    let value = Node { tag: Tag::AttributeValue, ..attribute };
    Node::structure(Tag::Attribute, vec![Node::text(Tag::AttributeName, name), value])
}

/// Create of an AES-256 key.
pub(crate) fn create(version: Version, name: Option<&str>) -> (Operation, Vec<Node>) {
    let object_type = Node::enumeration(Tag::ObjectType, 2);
    (Operation::Create, vec![object_type, key_attributes(version, name)])
}

/// Register of an AES key with this material.
pub(crate) fn register_key(version: Version, material: &[u8]) -> (Operation, Vec<Node>) {
    let bits = i32::try_from(material.len() * 8).expect("a key is short");
    let attributes =
        vec![("Cryptographic Usage Mask", Node::integer(Tag::CryptographicUsageMask, 12))];
    let block = vec![
        Node::enumeration(Tag::KeyFormatType, 1),
        Node::structure(Tag::KeyValue, vec![Node::bytes(Tag::KeyMaterial, material)]),
        Node::enumeration(Tag::CryptographicAlgorithm, 3),
        Node::integer(Tag::CryptographicLength, bits),
    ];
    let object = Node::structure(Tag::SymmetricKey, vec![Node::structure(Tag::KeyBlock, block)]);
    (
        Operation::Register,
        vec![Node::enumeration(Tag::ObjectType, 2), collect(version, attributes), object],
    )
}

/// Register of a password.
pub(crate) fn register_secret(version: Version, secret: &[u8]) -> (Operation, Vec<Node>) {
    let block = vec![
        Node::enumeration(Tag::KeyFormatType, 2),
        Node::structure(Tag::KeyValue, vec![Node::bytes(Tag::KeyMaterial, secret)]),
    ];
    let object = Node::structure(
        Tag::SecretData,
        vec![Node::enumeration(Tag::SecretDataType, 1), Node::structure(Tag::KeyBlock, block)],
    );
    let attributes =
        vec![("Cryptographic Usage Mask", Node::integer(Tag::CryptographicUsageMask, 0))];
    (
        Operation::Register,
        vec![Node::enumeration(Tag::ObjectType, 7), collect(version, attributes), object],
    )
}

/// Register of an opaque object.
pub(crate) fn register_opaque(version: Version, data: &[u8]) -> (Operation, Vec<Node>) {
    let object = Node::structure(
        Tag::OpaqueObject,
        vec![
            Node::enumeration(Tag::OpaqueDataType, 0x8000_0001),
            Node::bytes(Tag::OpaqueDataValue, data),
        ],
    );
    (
        Operation::Register,
        vec![Node::enumeration(Tag::ObjectType, 8), collect(version, Vec::new()), object],
    )
}

/// A payload that names one object.
pub(crate) fn of(operation: Operation, uid: &str) -> (Operation, Vec<Node>) {
    (operation, vec![Node::text(Tag::UniqueIdentifier, uid)])
}

/// The items of an answer.
pub(crate) fn items(answer: &Node) -> Vec<&Node> {
    answer.children().iter().filter(|child| child.tag == Tag::BatchItem).collect()
}

/// An item's outcome: nothing if it succeeded, the reason if not. A failed item must say why in
/// words, too, because clients crash without (Percona's libkmip reads the message unasked).
pub(crate) fn outcome(item: &Node) -> Result<(), ResultReason> {
    let status = item.child(Tag::ResultStatus).and_then(Node::as_enumeration);
    if status == Some(ResultStatus::Success.number()) {
        return Ok(());
    }
    let reason = item.child(Tag::ResultReason).and_then(Node::as_enumeration);
    let message = item.child(Tag::ResultMessage).map(Node::as_text);
    assert!(message.is_some_and(|text| !text.is_empty()), "no Result Message in {item:?}");
    Err(ResultReason::from_number(reason.expect("a failed item has a Result Reason")))
}

/// The identifier in a successful answer's first item.
pub(crate) fn uid(answer: &Node) -> String {
    let items = items(answer);
    let item = items.first().unwrap_or_else(|| panic!("no item in {answer:?}"));
    assert_eq!(outcome(item), Ok(()), "{answer:?}");
    item.find(Tag::UniqueIdentifier).expect("an identifier").as_text().to_owned()
}

/// The answer less what differs by nature between two equal answers: the time stamp.
pub(crate) fn without_time_stamp(answer: &[u8]) -> Vec<u8> {
    let mut tree = Node::parse(answer).expect("the answer is TTLV");
    strip(&mut tree, Tag::TimeStamp);
    tree.encode()
}

/// Removes every item with this tag below.
pub(crate) fn strip(node: &mut Node, tag: Tag) {
    if let Value::Structure(children) = &mut node.value {
        children.retain(|child| child.tag != tag);
        for child in children {
            strip(child, tag);
        }
    }
}
