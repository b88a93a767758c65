//! Operations that are not about one object, or not about one that is there: what they refuse.

use kmip_ttlv::attribute::{Attribute, AttributeList, CryptographicParameters, InlineAttributes};
use kmip_ttlv::enums::{
    CryptographicAlgorithm as A, EndpointRole, HashingAlgorithm, InteropFunction, ObjectType,
    OpaqueDataType, Operation as O, Pkcs11Function, QueryFunction, RevocationReasonCode,
    SplitKeyMethod, State, TicketType,
};
use kmip_ttlv::object::{ManagedObject, OpaqueObject};
use kmip_ttlv::payload::{
    cancel, create, create_split_key, delegated_login, discover_versions, get_constraints, hash,
    import, interop, join_split_key, log, login, logout, ping, pkcs11, poll, process, query,
    query_asynchronous_requests, re_provision, register, rng_retrieve, rng_seed, set_constraints,
    set_defaults, set_endpoint_role,
};
use kmip_ttlv::structure::{
    AsynchronousCorrelationValues, Constraint, Constraints, DefaultsInformation, ObjectDefaults,
    ObjectTypes, Rights, Ticket,
};
use kmip_ttlv::{ProtocolVersion, Secret, Version};

use super::ask::{self, Request};
use super::facts::allowed;
use super::pair;
use super::table::{Table, word};
use super::world::World;

const HEAD: &str =
    "What the operations that are not about one object answer to requests that can be
read and not carried out, or that ask for nothing.";

/// An operation, what is wrong with the request, and the request, given a key of the client's.
type Row = (O, &'static str, fn(&str) -> Request);

pub(crate) const ROWS: &[Row] = &[
    (O::Create, "an Opaque Object", |_| made(ObjectType::OpaqueObject, symmetric(128))),
    (O::Create, "no Cryptographic Algorithm", |_| made(ObjectType::SymmetricKey, Vec::new())),
    (O::Create, "a length that no key has", |_| made(ObjectType::SymmetricKey, symmetric(100))),
    (O::Create, "a State", |_| ask::create(vec![Attribute::State(State::Active)])),
    (O::CreateKeyPair, "no Cryptographic Algorithm", |_| pair::create(Vec::new()).into()),
    (O::CreateKeyPair, "AES", |_| pair::create(symmetric(128)).into()),
    (O::Register, "no object", |_| brought(ObjectType::OpaqueObject, None)),
    (O::Register, "an object of another type", |_| {
        brought(ObjectType::SymmetricKey, Some(opaque()))
    }),
    (O::Locate, "fewer items than none", |_| {
        kmip_ttlv::payload::locate::Request { maximum_items: Some(-1), ..ask::locate(Vec::new()) }
            .into()
    }),
    (O::Revoke, "no such Revocation Reason Code", |uid| {
        ask::revoke(uid, RevocationReasonCode::Unknown(99))
    }),
    (O::Query, "no function", |_| asked(Vec::new())),
    (O::Query, "a function that there is not", |_| asked(vec![QueryFunction::Unknown(0xffff)])),
    (O::Cancel, "no such request", |_| {
        cancel::Request { asynchronous_correlation_value: VALUE.into() }.into()
    }),
    (O::Poll, "no such request", |_| {
        poll::Request { asynchronous_correlation_value: VALUE.into() }.into()
    }),
    (O::DiscoverVersions, "no version that there is", |_| {
        discover_versions::Request { versions: vec![ProtocolVersion { major: 9, minor: 9 }] }.into()
    }),
    (O::RngRetrieve, "fewer bytes than none", |_| rng_retrieve::Request { data_length: -1 }.into()),
    (O::RngRetrieve, "a gigabyte", |_| rng_retrieve::Request { data_length: 1 << 30 }.into()),
    (O::RngSeed, "no bytes", |_| rng_seed::Request { data: Vec::new().into() }.into()),
    (O::Hash, "no Hashing Algorithm", |_| hashed(None, Some(b"x"))),
    (O::Hash, "MD2", |_| hashed(Some(HashingAlgorithm::Md2), Some(b"x"))),
    (O::Hash, "no data", |_| hashed(Some(HashingAlgorithm::Sha256), None)),
    (O::CreateSplitKey, "one part", |uid| split(uid, 1)),
    (O::JoinSplitKey, "no part", |_| joined(&[])),
    (O::JoinSplitKey, "a key that is no part", |uid| joined(&[uid, uid])),
    (O::Import, "an identifier that is taken", |uid| {
        import::Request {
            uid: uid.to_owned().into(),
            object_type: Some(ObjectType::OpaqueObject),
            replace_existing: None,
            key_wrap_type: None,
            attributes: InlineAttributes(None),
            object: opaque(),
        }
        .into()
    }),
    (O::Log, "no words", |_| log::Request { message: String::new() }.into()),
    (O::Login, "fewer requests than none", |_| {
        login::Request { lease_time: None, request_count: Some(-1), usage_limits: None }.into()
    }),
    (O::Logout, "no such ticket", |_| {
        let value = Secret::new(VALUE.to_vec());
        logout::Request { ticket: Ticket { kind: TicketType::Login, value } }.into()
    }),
    (O::DelegatedLogin, "no right", |_| {
        delegated_login::Request {
            lease_time: None,
            request_count: None,
            usage_limits: None,
            rights: Rights { rights: Vec::new() },
        }
        .into()
    }),
    (O::SetEndpointRole, "no such role", |_| {
        set_endpoint_role::Request { role: EndpointRole::Unknown(9) }.into()
    }),
    (O::Pkcs11, "no such function", |_| {
        let function = Pkcs11Function::from_number(0xffff);
        pkcs11::Request { interface: None, function, correlation_value: None, input: None }.into()
    }),
    (O::Interop, "no such function", |_| {
        let function = InteropFunction::Unknown(9);
        interop::Request { function, identifier: "case".to_owned() }.into()
    }),
    (O::ReProvision, "no authority that issues", |_| {
        re_provision::Request { certificate_request: None, certificate: None }.into()
    }),
    (O::SetDefaults, "no such object type", |_| {
        let entry = ObjectDefaults {
            object_type: None,
            object_types: Some(types()),
            object_groups: None,
            attributes: AttributeList::default(),
        };
        let defaults = Some(DefaultsInformation { defaults: vec![entry] });
        set_defaults::Request { defaults }.into()
    }),
    (O::SetConstraints, "no such object type", |_| {
        let entry =
            Constraint { object_types: Some(types()), object_groups: None, attributes: None };
        let constraints = Some(Constraints { constraints: vec![entry] });
        set_constraints::Request { constraints }.into()
    }),
    (O::GetConstraints, "nothing", |_| get_constraints::Request {}.into()),
    (O::Ping, "nothing", |_| ping::Request {}.into()),
    (O::QueryAsynchronousRequests, "no such request", |_| {
        let values = AsynchronousCorrelationValues { values: vec![VALUE.to_vec()] };
        query_asynchronous_requests::Request {
            asynchronous_correlation_values: Some(values),
            operations: None,
        }
        .into()
    }),
    (O::Process, "no such request", |_| {
        process::Request { asynchronous_correlation_value: VALUE.into() }.into()
    }),
];

/// What no server has given anybody.
const VALUE: &[u8] = &[9; 16];

fn symmetric(bits: i32) -> Vec<Attribute> {
    vec![Attribute::CryptographicAlgorithm(A::Aes), Attribute::CryptographicLength(bits)]
}

fn made(object_type: ObjectType, attributes: Vec<Attribute>) -> Request {
    let attributes = attributes.into_iter().collect();
    create::Request { object_type, attributes, protection_storage_masks: None }.into()
}

fn opaque() -> ManagedObject {
    let kind = OpaqueDataType::Unknown(0x8000_0001);
    ManagedObject::OpaqueObject(OpaqueObject { kind, value: Secret::new(vec![1; 16]) })
}

fn brought(object_type: ObjectType, object: Option<ManagedObject>) -> Request {
    let attributes = AttributeList::default();
    register::Request { object_type, attributes, object, protection_storage_masks: None }.into()
}

fn asked(functions: Vec<QueryFunction>) -> Request {
    query::Request { functions, object_groups: None }.into()
}

fn hashed(hashing_algorithm: Option<HashingAlgorithm>, data: Option<&[u8]>) -> Request {
    let parameters =
        CryptographicParameters { hashing_algorithm, ..CryptographicParameters::default() };
    hash::Request {
        parameters,
        data: data.map(|data| data.to_vec().into()),
        correlation_value: None,
        init: None,
        last: None,
    }
    .into()
}

fn split(uid: &str, parts: i32) -> Request {
    create_split_key::Request {
        object_type: ObjectType::SplitKey,
        uid: Some(uid.to_owned().into()),
        parts,
        threshold: 2,
        method: SplitKeyMethod::PolynomialSharingGf2_8,
        prime_field_size: None,
        attributes: AttributeList::default(),
        protection_storage_masks: None,
    }
    .into()
}

fn joined(parts: &[&str]) -> Request {
    join_split_key::Request {
        object_type: ObjectType::SymmetricKey,
        uids: parts.iter().map(|part| (*part).to_owned().into()).collect(),
        secret_data_type: None,
        attributes: None,
        protection_storage_masks: None,
    }
    .into()
}

fn types() -> ObjectTypes {
    ObjectTypes { types: vec![ObjectType::Unknown(0xffff)] }
}

#[tokio::test]
async fn requests_that_cannot_be_carried_out_are_refused_as_the_table_says() {
    let world = World::new().await;
    let mut table = Table::default();
    for version in Version::ALL {
        let client = world.client("orders", version).await;
        let uid = client.key(128, Vec::new()).await;
        for (operation, what, request) in ROWS.iter().filter(|row| row.0.is_in(version)) {
            let found = word(client.ask(request(&uid)).await.err());
            let row = format!("{}: {what}", operation.xml_name());
            let allowed = allowed(*operation, version);
            assert!(found == "ok" || allowed.contains(&found), "{version} {row}: {found}");
            table.put(version, &row, "answer", found);
        }
    }
    table.check("refusals", HEAD);
}

/// An operation that is new is not forgotten here.
#[test]
fn every_operation_that_is_served_has_rows() {
    let about_one = super::requests::ROWS.iter().map(|row| row.operation);
    let about_others = ROWS.iter().map(|row| row.0);
    let known: Vec<O> = about_one.chain(about_others).collect();
    let forgotten: Vec<_> = keystrata::operation::SERVED
        .iter()
        .filter(|operation| !known.contains(operation))
        .collect();
    assert!(forgotten.is_empty(), "{forgotten:?}");
}
