//! Fills a request with values that mean something: objects that there are, words that the version
//! has, sizes that fit and those at the edge.

use std::collections::HashMap;
use std::sync::LazyLock;

use kmip_ttlv::attribute::AttributeKind;
use kmip_ttlv::{BigInteger, Tag, Value, Version, Versions};
use zeroize::Zeroizing;

use super::certificate;
use super::csv::{lifetime, number, rows};
use super::generate::Choices;
use super::known::{Known, one_of};
use super::world::START;

/// The words of each enumeration by its tag.
static WORDS: LazyLock<HashMap<Tag, Vec<(u32, Versions)>>> = LazyLock::new(|| {
    let mut words: HashMap<Tag, Vec<_>> = HashMap::new();
    for row in rows("enumerations") {
        let name = row["enumeration"].replace(' ', "");
        if let (Some(tag), Some(versions)) = (Tag::from_xml_name(&name), lifetime(&row)) {
            words.entry(tag).or_default().push((number(&row["value"]), versions));
        }
    }
    words
});

/// A certificate that is signed by its own key, and a request for one.
static SAMPLES: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| {
    let (_, request) = certificate::key_and_request(&certificate::params("sample"));
    [certificate::self_signed("sample"), request]
});

/// Puts values that mean something in the place of nearly all leaves under `tag`.
pub(crate) fn fill(
    tag: Tag,
    value: &mut Value,
    version: Version,
    known: &Known,
    choices: &mut Choices<'_>,
) {
    let Value::Structure(fields) = value else {
        if choices.below(8) != 7 {
            leaf(tag, value, version, known, choices);
        }
        return;
    };
    let named = fields.iter().find_map(|(tag, value)| match (tag, value) {
        (Tag::AttributeName, Value::TextString(name)) => AttributeKind::from_name(name),
        _ => None,
    });
    for (field, value) in fields.iter_mut() {
        let meant = match (*field, named) {
            (Tag::AttributeValue, Some(kind)) => kind.tag(),
            (Tag::AttributeName, _) => continue,
            _ => *field,
        };
        fill(meant, value, version, known, choices);
    }
}

/// Puts a value of the same type that means something under `tag` in the place of another.
pub(crate) fn leaf(
    tag: Tag,
    value: &mut Value,
    version: Version,
    known: &Known,
    choices: &mut Choices<'_>,
) {
    match value {
        Value::Structure(_) => {}
        Value::Integer(number) => *number = integer(tag, choices),
        Value::LongInteger(number) => {
            let numbers = [1, 0, 16, 100, -1, i64::MAX, i64::MIN];
            *number = numbers[choices.below(numbers.len())];
        }
        Value::BigInteger(number) => *number = big(choices),
        Value::Enumeration(number) => *number = word(tag, version, choices),
        Value::Boolean(yes) => *yes = choices.yes(),
        Value::TextString(text) => {
            if let Some(new) = words(tag, known, choices) {
                *text = Zeroizing::new(new);
            }
        }
        Value::ByteString(old) => *old = Zeroizing::new(bytes(tag, known, choices)),
        Value::DateTime(time) => {
            let times = [START, START - 1, START + 1, START + 3600, 0, -1, i64::MAX, i64::MIN];
            *time = times[choices.below(times.len())];
        }
        Value::Interval(seconds) => *seconds = [0, 1, 3600, u32::MAX][choices.below(4)],
        Value::DateTimeExtended(time) => {
            *time = [START * 1_000_000, 0, i64::MAX, i64::MIN][choices.below(4)];
        }
    }
}

fn integer(tag: Tag, choices: &mut Choices<'_>) -> i32 {
    // Longer RSA keys would take the time of all other requests.
    let numbers: &[i32] = match tag {
        Tag::CryptographicLength => {
            &[128, 256, 192, 256, 64, 112, 168, 384, 521, 1, 0, -1, 7, 1024, i32::MAX, i32::MIN]
        }
        Tag::CryptographicUsageMask => &[12, 0xff_ffff, 0, 1, 2, 0x30, 0x40_0000, -1, i32::MIN],
        Tag::SplitKeyParts | Tag::SplitKeyThreshold | Tag::KeyPartIdentifier => {
            &[2, 3, 1, 5, 0, -1, 255, 256, i32::MAX]
        }
        Tag::IterationCount => &[1, 1000, 0, -1, i32::MAX],
        _ => &[1, 0, 2, 16, 100, 1000, 65_536, -1, i32::MAX, i32::MIN],
    };
    numbers[choices.below(numbers.len())]
}

fn big(choices: &mut Choices<'_>) -> BigInteger {
    let bytes = match choices.below(5) {
        0 => vec![0; 8],
        1 => vec![0xff; 8],
        2 => [&[0; 7][..], &[3]].concat(),
        3 => [&[0; 8][..], &[0xfd; 32]].concat(),
        _ => [&[0; 8][..], &[0xfd; 256]].concat(),
    };
    BigInteger::from_signed(&bytes)
}

/// A word that the version has, or now and then one that nobody has.
fn word(tag: Tag, version: Version, choices: &mut Choices<'_>) -> u32 {
    if choices.below(32) == 31 {
        return [0, 0xffff, 0x8000_0001][choices.below(3)];
    }
    let tag = match tag {
        Tag::MaskGeneratorHashingAlgorithm => Tag::HashingAlgorithm,
        Tag::ObjectTypes => Tag::ObjectType,
        Tag::LinkedObjectIdentifier => Tag::UniqueIdentifier,
        Tag::AttributeReference => {
            return AttributeKind::ALL[choices.below(AttributeKind::ALL.len())].tag().number();
        }
        tag => tag,
    };
    let Some(words) = WORDS.get(&tag) else { return 1 };
    let known: Vec<u32> = words
        .iter()
        .filter(|(_, versions)| versions.contains(version))
        .map(|(number, _)| *number)
        .collect();
    one_of(&known, choices).copied().unwrap_or(1)
}

fn words(tag: Tag, known: &Known, choices: &mut Choices<'_>) -> Option<String> {
    Some(match tag {
        Tag::UniqueIdentifier
        | Tag::PrivateKeyUniqueIdentifier
        | Tag::PublicKeyUniqueIdentifier
        | Tag::CertificateRequestUniqueIdentifier
        | Tag::ReplacedUniqueIdentifier
        | Tag::LinkedObjectIdentifier => known.object(None, choices),
        Tag::AttributeName => {
            AttributeKind::ALL[choices.below(AttributeKind::ALL.len())].name().to_owned()
        }
        _ => match choices.below(4) {
            0 => "one".to_owned(),
            1 => "é".repeat(choices.below(200)),
            _ => return None,
        },
    })
}

fn bytes(tag: Tag, known: &Known, choices: &mut Choices<'_>) -> Vec<u8> {
    let told = match tag {
        Tag::CorrelationValue => known.stream(choices),
        Tag::AsynchronousCorrelationValue => known.promise(choices),
        Tag::TicketValue => known.ticket(choices),
        Tag::CertificateValue => Some(SAMPLES[0].clone()),
        Tag::CertificateRequest | Tag::CertificateRequestValue => Some(SAMPLES[1].clone()),
        Tag::UniqueIdentifier => Some(known.object(None, choices).into_bytes()),
        _ => None,
    };
    told.unwrap_or_else(|| {
        let lengths = [16, 32, 0, 1, 8, 12, 15, 17, 24, 64, 20, 255, 4096];
        vec![[0, 7, 0xff][choices.below(3)]; lengths[choices.below(lengths.len())]]
    })
}
