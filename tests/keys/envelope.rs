//! Laws of the envelope.

use keystrata::crypto::aead::Key;
use keystrata::crypto::random::{OsRandom, PredictableRandom};
use keystrata::keys::Provider;
use keystrata::keys::envelope::{self, EnvelopeError, HEADER_BYTES, Header, Level, Place, Purpose};
use keystrata::store::Sealed;
use proptest::prelude::*;

use super::support::{TestRoot, wait};

/// A place, with names of its own.
#[derive(Debug, Clone, PartialEq)]
struct Owned {
    level: Level,
    names: [String; 3],
    version: u32,
    purpose: Purpose,
}

impl Owned {
    fn place(&self) -> Place<'_> {
        let [tenant, service, object] = &self.names;
        let (level, version, purpose) = (self.level, self.version, self.purpose);
        Place { level, tenant, service, object, version, purpose }
    }
}

prop_compose! {
    // Short names of few letters, so that different places are near each other.
    fn place()(
        level in prop_oneof![Just(Level::Service), Just(Level::Data)],
        names in prop::array::uniform3("[ab]{0,3}"),
        version in 0_u32..3,
        purpose in prop_oneof![Just(Purpose::Check), Just(Purpose::Key), Just(Purpose::Value)],
    ) -> Owned {
        Owned { level, names, version, purpose }
    }
}

fn key(byte: u8) -> Key {
    Key::from_slice(&[byte; 32]).unwrap()
}

fn seal(place: &Owned, plain: &[u8]) -> Sealed {
    envelope::seal(&key(1), 1, &place.place(), &OsRandom, plain).unwrap()
}

proptest! {
    /// What is sealed opens in its place, and nothing of it can be read in the envelope.
    #[test]
    fn opens_in_its_place(place in place(), plain in prop::collection::vec(any::<u8>(), 0..200)) {
        let sealed = seal(&place, &plain);
        let opened = envelope::open(&key(1), 1, &place.place(), &sealed).unwrap();
        prop_assert_eq!(&*opened, &plain);
        let readable = sealed.as_bytes().windows(plain.len().max(8)).any(|part| part == plain);
        prop_assert!(!readable);
    }

    /// It opens in no other place.
    #[test]
    fn opens_nowhere_else(place in place(), other in place()) {
        prop_assume!(place != other);
        let opened = envelope::open(&key(1), 1, &other.place(), &seal(&place, b"plain"));
        let refused = if place.level == other.level {
            EnvelopeError::NotAuthentic
        } else {
            EnvelopeError::OtherLevel { found: place.level, wanted: other.level }
        };
        prop_assert_eq!(opened, Err(refused));
    }

    /// Under another key it does not open.
    #[test]
    fn opens_under_its_parent_only(place in place(), byte in 2_u8..) {
        let sealed = seal(&place, b"plain");
        let opened = envelope::open(&key(byte), 1, &place.place(), &sealed);
        prop_assert_eq!(opened, Err(EnvelopeError::NotAuthentic));
    }

    /// No bytes make the reader fail but by its errors.
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let sealed = Sealed::from_envelope(&bytes);
        if let Ok((header, body)) = Header::read(&sealed) {
            prop_assert_eq!(body, &bytes[HEADER_BYTES..]);
            let by_root = matches!(header.level, Level::Check | Level::Tenant);
            prop_assert_eq!(header.provider.is_some(), by_root);
        }
    }
}

fn data() -> Owned {
    let names = ["tenant-a", "mongodb", "uid"].map(str::to_owned);
    Owned { level: Level::Data, names, version: 1, purpose: Purpose::Value }
}

#[test]
fn a_flipped_bit_anywhere_is_noticed() {
    let place = data();
    let sealed = seal(&place, b"plain text");
    for bit in 0..8 * sealed.as_bytes().len() {
        let mut bytes = sealed.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let changed = Sealed::from_envelope(&bytes);
        assert!(envelope::open(&key(1), 1, &place.place(), &changed).is_err(), "bit {bit}");
    }
}

#[test]
fn a_missing_or_added_byte_is_noticed() {
    let place = data();
    let sealed = seal(&place, b"plain text");
    let bytes = sealed.as_bytes();
    for length in 0..bytes.len() {
        let cut = Sealed::from_envelope(&bytes[..length]);
        assert!(envelope::open(&key(1), 1, &place.place(), &cut).is_err(), "{length} bytes");
    }
    let longer = Sealed::from_envelope(&[bytes, &[0]].concat());
    assert!(envelope::open(&key(1), 1, &place.place(), &longer).is_err());
}

#[test]
fn the_same_text_is_never_sealed_the_same() {
    let place = data();
    assert_ne!(seal(&place, b"plain"), seal(&place, b"plain"));
    let sealed = || {
        let random = PredictableRandom::new(1);
        envelope::seal(&key(1), 1, &place.place(), &random, b"plain").unwrap()
    };
    assert_eq!(sealed(), sealed(), "only the random bytes make the difference");
}

#[test]
fn a_root_key_of_another_provider_is_named() {
    let place = Owned { level: Level::Tenant, ..data() };
    let env = TestRoot::new(Provider::Env, &[(1, 1)]);
    let token = TestRoot::new(Provider::Pkcs11, &[(1, 1)]);
    let sealed = wait(envelope::seal_with_root(&*env, 1, &place.place(), b"plain")).unwrap();
    let opened = wait(envelope::open_with_root(&*token, &place.place(), &sealed));
    let refused = EnvelopeError::OtherProvider { found: Provider::Env, given: Provider::Pkcs11 };
    assert_eq!(opened, Err(refused));

    // And relabelling the envelope does not help: the provider is bound.
    let mut bytes = sealed.as_bytes().to_vec();
    bytes[envelope::PROVIDER_AT] = Provider::Pkcs11 as u8;
    let relabelled = Sealed::from_envelope(&bytes);
    let opened = wait(envelope::open_with_root(&*token, &place.place(), &relabelled));
    assert_eq!(opened, Err(EnvelopeError::NotAuthentic));
}

#[test]
fn each_level_is_sealed_by_what_belongs_above_it() {
    let root = TestRoot::new(Provider::Env, &[(1, 1)]);
    for level in [Level::Service, Level::Data] {
        let place = Owned { level, ..data() };
        let sealed = wait(envelope::seal_with_root(&*root, 1, &place.place(), b"plain"));
        assert_eq!(sealed, Err(EnvelopeError::Malformed));
    }
    for level in [Level::Check, Level::Tenant] {
        let place = Owned { level, ..data() };
        let sealed = envelope::seal(&key(1), 1, &place.place(), &OsRandom, b"plain");
        assert_eq!(sealed, Err(EnvelopeError::Malformed));
    }
}

#[test]
fn nothing_secret_is_printed() {
    let root = TestRoot::new(Provider::Env, &[(1, 0xab)]);
    let printed = format!("{root:?} {:?}", key(0xab));
    assert!(!printed.to_lowercase().contains("abab") && !printed.contains("171"), "{printed}");
}
