//! The rules, held against the tables of the specification and of the house.

use std::net::{Ipv4Addr, SocketAddr};

use kmip_ttlv::DateTime;
use kmip_ttlv::attribute::Attribute;
use kmip_ttlv::enums::{CryptographicUsageMask, ObjectType, Operation, State};

use super::*;
use crate::object::{AttributeSet, Object};
use crate::tenant::{
    Caller, Fingerprint, Identity, Mode, Peer, Role, ServiceId, ServiceName, TenantId, TenantName,
};

const NOW: i64 = 1_000;
const STATES: [State; 6] = [
    State::PreActive,
    State::Active,
    State::Deactivated,
    State::Compromised,
    State::Destroyed,
    State::DestroyedCompromised,
];

/// The rows of a table of facts, without the head.
fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().skip(1).map(|line| line.split(',').collect())
}

fn words(field: &str) -> Vec<&str> {
    field.split('|').collect()
}

/// A use, as the table of states calls it, and its operation.
fn names(usage: Usage) -> (&'static str, &'static str) {
    match usage {
        Usage::Encrypt => ("encrypt", "Encrypt"),
        Usage::Decrypt => ("decrypt", "Decrypt"),
        Usage::Sign => ("sign", "Sign"),
        Usage::Verify => ("verify", "SignatureVerify"),
        Usage::MacGenerate => ("mac-generate", "MAC"),
        Usage::MacVerify => ("mac-verify", "MACVerify"),
        Usage::DeriveKey => ("derive", "DeriveKey"),
        Usage::WrapKey => ("wrap", "Get"),
        Usage::UnwrapKey => ("unwrap", "Register"),
    }
}

fn protects(usage: Usage) -> bool {
    use Usage as U;
    matches!(usage, U::Encrypt | U::Sign | U::MacGenerate | U::DeriveKey | U::WrapKey)
}

/// A key that is for this use.
fn key(usage: Usage, state: State, mask: CryptographicUsageMask) -> Object {
    let mut attributes = AttributeSet::default();
    attributes.put(Attribute::State(state));
    attributes.put(Attribute::CryptographicUsageMask(mask));
    Object { uid: "1".into(), object_type: usage.holders()[0], attributes }
}

/// Every bit that a use could ask for.
fn every_use() -> CryptographicUsageMask {
    let masks = Usage::ALL.into_iter().map(Usage::mask);
    masks.fold(CryptographicUsageMask::default(), CryptographicUsageMask::union)
}

#[test]
fn a_state_allows_what_the_specification_says_and_no_more() {
    let facts = include_str!("../../fixtures/kmip/state_permissions.csv");
    for state in STATES {
        let name = format!("{state:?}");
        let row = rows(facts).find(|row| row[0] == name).unwrap_or_else(|| panic!("{name}"));
        for usage in Usage::ALL {
            let column = if protects(usage) { row[1] } else { row[2] };
            let allowed = words(column).contains(&names(usage).0);
            let verdict = check_usage(&key(usage, state, every_use()), usage, NOW);
            assert_eq!(verdict.is_ok(), allowed, "{usage:?} in state {name}");
            assert!(allowed || matches!(verdict, Err(Denied::State(_))), "{usage:?} in {name}");
        }
    }
}

#[test]
fn protection_ends_and_processing_begins_at_its_date_to_the_second() {
    for usage in Usage::ALL {
        for (date, allowed) in
            [(NOW - 1, [false, true]), (NOW, [false, true]), (NOW + 1, [true, false])]
        {
            let mut stopped = key(usage, State::Active, every_use());
            stopped.attributes.put(Attribute::ProtectStopDate(DateTime(date)));
            let mut started = key(usage, State::Active, every_use());
            started.attributes.put(Attribute::ProcessStartDate(DateTime(date)));
            // A date bounds one direction and leaves the other alone.
            let [before_stop, after_start] = allowed;
            let stop = check_usage(&stopped, usage, NOW).is_ok();
            let start = check_usage(&started, usage, NOW).is_ok();
            assert_eq!(stop, before_stop || !protects(usage), "{usage:?} stops at {date}");
            assert_eq!(start, after_start || protects(usage), "{usage:?} starts at {date}");
        }
    }
}

#[test]
fn each_use_needs_its_own_bit_of_the_mask() {
    for usage in Usage::ALL {
        let without = CryptographicUsageMask::from_bits(every_use().bits() & !usage.mask().bits());
        assert_eq!(check_usage(&key(usage, State::Active, usage.mask()), usage, NOW), Ok(()));
        let denied = check_usage(&key(usage, State::Active, without), usage, NOW);
        assert_eq!(denied, Err(Denied::UsageMask), "{usage:?}");
        // The bit of 2.x that says that there are no restrictions.
        let free = key(usage, State::Active, CryptographicUsageMask::UNRESTRICTED);
        assert_eq!(check_usage(&free, usage, NOW), Ok(()), "{usage:?}");
    }
}

#[test]
fn the_bits_and_object_types_are_those_of_the_specification() {
    let facts = include_str!("../../fixtures/kmip/usage_mask_operations.csv");
    for usage in Usage::ALL {
        let of_operation = |row: &Vec<&str>| words(row[1]).contains(&names(usage).1);
        let row = rows(facts).find(of_operation).unwrap_or_else(|| panic!("{usage:?}"));
        assert_eq!(CryptographicUsageMask::from_xml_name(row[0]), Some(usage.mask()), "{usage:?}");
        for object_type in usage.holders() {
            // The table forgets what the text says: public keys wrap (KMIP 1.4 §2.1.5), and so do
            // certificates that are for key encipherment (§3.19).
            let is_public = matches!(object_type, ObjectType::PublicKey | ObjectType::Certificate);
            if usage == Usage::WrapKey && is_public {
                continue;
            }
            assert!(words(row[2]).contains(&format!("{object_type:?}").as_str()), "{usage:?}");
        }
        for object_type in [ObjectType::SecretData, ObjectType::OpaqueObject] {
            let object = Object { object_type, ..key(usage, State::Active, every_use()) };
            let denied = matches!(check_usage(&object, usage, NOW), Err(Denied::ObjectType(_)));
            let is_for_it = words(row[2]).contains(&format!("{object_type:?}").as_str());
            assert_eq!(denied, !is_for_it, "{usage:?} of {object_type:?}");
        }
    }
}

fn caller(mode: Mode, operations: Option<&[Operation]>) -> Caller {
    Caller {
        tenant_id: TenantId(1),
        service_id: ServiceId(1),
        identity: Identity {
            tenant: TenantName::new("tenant-a").unwrap(),
            service: ServiceName::new("orders").unwrap(),
            peer: Peer {
                address: SocketAddr::from((Ipv4Addr::LOCALHOST, 1)).into(),
                fingerprint: Fingerprint([0; 32]),
                certificate: std::sync::Arc::default(),
                serial: String::new(),
                tls_version: String::new(),
                tls_suite: String::new(),
                tls_group: String::new(),
            },
        },
        mode,
        role: Role::Service,
        operations: operations.map(Into::into),
    }
}

/// Which modes may call an operation at all: read-write, write-only, read-only.
const MODES: &[(Operation, [bool; 3])] = &[
    (Operation::Create, [true, true, false]),
    (Operation::Register, [true, true, false]),
    (Operation::ReKey, [true, true, false]),
    (Operation::DeriveKey, [true, true, false]),
    (Operation::Locate, [true, true, true]),
    (Operation::Check, [true, true, true]),
    (Operation::Get, [true, true, true]),
    (Operation::Export, [true, false, true]),
    (Operation::GetAttributes, [true, true, true]),
    (Operation::GetAttributeList, [true, true, true]),
    (Operation::AddAttribute, [true, true, false]),
    (Operation::ModifyAttribute, [true, true, false]),
    (Operation::DeleteAttribute, [true, true, false]),
    (Operation::SetAttribute, [true, true, false]),
    (Operation::Activate, [true, true, false]),
    (Operation::Revoke, [true, true, false]),
    (Operation::Destroy, [true, true, false]),
    (Operation::Query, [true, true, true]),
    (Operation::DiscoverVersions, [true, true, true]),
    (Operation::Encrypt, [true, true, false]),
    (Operation::Decrypt, [true, false, true]),
    (Operation::Mac, [true, true, false]),
    (Operation::MacVerify, [true, true, true]),
    (Operation::RngRetrieve, [true, true, true]),
    (Operation::Hash, [true, true, true]),
    (Operation::Interop, [true, true, true]),
    (Operation::Log, [true, true, true]),
    (Operation::GetConstraints, [true, true, true]),
    (Operation::SetConstraints, [true, true, false]),
    (Operation::SetDefaults, [true, true, false]),
    (Operation::AdjustAttribute, [true, true, false]),
    (Operation::Login, [true, true, true]),
    (Operation::Logout, [true, true, true]),
    (Operation::DelegatedLogin, [true, true, true]),
    (Operation::Pkcs11, [true, true, true]),
    (Operation::Ping, [true, true, true]),
    // What nobody has thought about counts as a change.
    (Operation::Unknown(0x8000_0001), [true, true, false]),
];

#[test]
fn a_mode_allows_the_operations_of_its_column() {
    let modes = [Mode::ReadWrite, Mode::WriteOnly, Mode::ReadOnly];
    for (operation, allowed) in MODES {
        for (mode, allowed) in modes.into_iter().zip(allowed) {
            let verdict = check_operation(&caller(mode, None), *operation);
            assert_eq!(verdict.is_ok(), *allowed, "{operation:?} for {mode:?}");
        }
    }
}

#[test]
fn a_list_of_operations_narrows_the_mode_and_never_widens_it() {
    let list = [Operation::Get, Operation::Encrypt];
    for (mode, encrypts) in
        [(Mode::ReadWrite, true), (Mode::WriteOnly, true), (Mode::ReadOnly, false)]
    {
        let caller = caller(mode, Some(&list));
        for (operation, _) in MODES {
            let expected = match operation {
                Operation::Get => true,
                Operation::Encrypt => encrypts,
                _ => false,
            };
            assert_eq!(check_operation(&caller, *operation).is_ok(), expected, "{operation:?}");
        }
    }
    let nothing = caller(Mode::ReadWrite, Some(&[]));
    assert!(MODES.iter().all(|(operation, _)| check_operation(&nothing, *operation).is_err()));
}

#[test]
fn who_only_writes_reads_what_the_same_batch_has_made() {
    for (mode, made_here, allowed) in [
        (Mode::ReadWrite, false, true),
        (Mode::ReadOnly, false, true),
        (Mode::WriteOnly, true, true),
        (Mode::WriteOnly, false, false),
    ] {
        assert_eq!(check_value(&caller(mode, None), made_here).is_ok(), allowed, "{mode:?}");
    }
}
