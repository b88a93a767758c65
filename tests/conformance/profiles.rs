//! The profiles that Query tells, against the cases that the profiles come with.

use std::fmt;
use std::fmt::Write as _;

use keystrata::operation::{PROFILES, Profile};
use kmip_ttlv::enums::ProfileName;

use crate::exclude;

/// Cases of one kind.
pub(crate) struct Family {
    /// How their names begin.
    pub(crate) start: &'static str,
    /// What the profiles document calls it.
    name: &'static str,
    told: Told,
}

/// What Query tells of a profile from 2.0 on.
enum Told {
    /// This name.
    As(ProfileName),
    /// Nothing, and why.
    Not(&'static str),
}

const fn told(start: &'static str, name: &'static str, told: ProfileName) -> Family {
    Family { start, name, told: Told::As(told) }
}

const fn not(start: &'static str, name: &'static str, why: &'static str) -> Family {
    Family { start, name, told: Told::Not(why) }
}

/// The families, and what Query tells of their profiles.
pub(crate) const FAMILIES: &[Family] = &[
    told("AKLC-", "Asymmetric Key Lifecycle", ProfileName::AsymmetricKeyLifecycleServer),
    told("AX-", "AES XTS", ProfileName::AesxtsServer),
    told("BL-", "Baseline", ProfileName::BaselineServer),
    told("CS-AC-", "Advanced Cryptographic", ProfileName::AdvancedCryptographicServer),
    told("CS-BC-", "Basic Cryptographic", ProfileName::BasicCryptographicServer),
    told("CS-RNG-", "RNG Cryptographic", ProfileName::RngCryptographicServer),
    not(
        "MSGENC-",
        "Message Encoding",
        "XML, JSON and HTTPS are a gateway's; the operator states it",
    ),
    told("OMOS-", "Opaque Managed Object Store", ProfileName::OpaqueManagedObjectStoreServer),
    not(
        "PKCS11-",
        "PKCS#11",
        "the calls are served that a module comes up with; there are no slots",
    ),
    not("QS-", "Quantum Safe", "wants McEliece and SPHINCS-256, which never became standards"),
    told(
        "SASED-",
        "Storage Array with Self-Encrypting Drives",
        ProfileName::StorageArrayWithSelfEncryptingDriveServer,
    ),
    told("SKFF-", "Symmetric Key Foundry for FIPS 140", ProfileName::SymmetricKeyFoundryServer),
    told("SKLC-", "Symmetric Key Lifecycle", ProfileName::SymmetricKeyLifecycleServer),
    not("SUITEB", "Suite B", "not in 2.x; in 1.x it is the certificates that decide"),
    told("TL-", "Tape Library", ProfileName::TapeLibraryServer),
    not("TC", "Test cases of the specification", "no profile"),
];

/// Profiles that are told for a version of which the cases at hand have none for them, and why.
const WITHOUT_CASES: &[(&str, &str, &str)] = &[
    ("BL-", "2.0", "every other profile of 2.0 contains it, and their cases pass"),
    (
        "SKLC-",
        "2.0",
        "its cases of 1.4 and of 2.1 pass, and SKFF, which wants the same, passes in 2.0",
    ),
];

/// What stands above the table.
const HEAD: &str = "
## Profiles that Query tells

From 2.0 on, by itself and with Profile Version 2.0 and 2.1; what a tenant's policy forbids is not told to
it. A list under `[[query.profiles]]` takes the place of this one.

Of the profiles of 1.x none is told, although the cases pass: their authentication suites ask for cipher suites
with RSA key exchange and CBC, and the server offers AEAD with ephemeral keys alone. From 2.0 on they ask for
TLS 1.3. One thing of theirs is kept otherwise in all versions: a credential in a message, other than a
ticket, does not say who the client is; the certificate does (`docs/not-served.md`).

";

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.start.trim_end_matches('-'))
    }
}

/// The section of the page.
pub(crate) fn section() -> String {
    let mut text = HEAD.to_owned();
    text.push_str(
        "| profile | Query tells | if the policy allows, or why not |\n| --- | --- | --- |\n",
    );
    let mut families: Vec<_> = FAMILIES.iter().collect();
    families.sort_by_key(|family| family.name);
    for family in families {
        let (cell, why) = match &family.told {
            Told::As(name) => (format!("`{}`", name.xml_name()), wants(of(*name))),
            Told::Not(why) => ("–".to_owned(), (*why).to_owned()),
        };
        let _ = writeln!(text, "| {family} | {cell} | {why} |");
    }
    text
}

fn of(name: ProfileName) -> &'static Profile {
    let found = PROFILES.iter().find(|profile| profile.name == name);
    found.unwrap_or_else(|| panic!("{} is not told", name.xml_name()))
}

/// What a policy must allow for the profile to be told.
fn wants(profile: &Profile) -> String {
    let keys =
        profile.keys.iter().map(|(algorithm, bits)| format!("{} {bits}", algorithm.xml_name()));
    let modes = profile.modes.iter().map(|mode| mode.xml_name().to_owned());
    keys.chain(modes).collect::<Vec<_>>().join(", ")
}

#[test]
fn every_profile_that_is_told_has_a_family_of_cases() {
    let families = FAMILIES.iter().filter_map(|family| match family.told {
        Told::As(name) => Some(name),
        Told::Not(_) => None,
    });
    let mut families: Vec<_> = families.map(ProfileName::number).collect();
    families.sort_unstable();
    let told: Vec<_> = PROFILES.iter().map(|profile| profile.name.number()).collect();
    assert_eq!(told, families, "in the order of their numbers");
}

/// That the cases pass which are not excluded, the run of them holds.
#[test]
fn a_profile_is_told_if_its_cases_are_played_and_none_is_excluded_but_contradicts_itself() {
    let Some(directories) = crate::official_cases() else { return };
    let (cases, listed) = (crate::cases(&directories), exclude::listed());
    for family in FAMILIES.iter().filter(|family| matches!(family.told, Told::As(_))) {
        for version in Profile::VERSIONS.iter().map(ToString::to_string) {
            let start = format!("v{version}/{}", family.start);
            let is_there = cases.iter().any(|case| case.name.starts_with(&start));
            let excused =
                WITHOUT_CASES.iter().any(|(of, at, _)| *of == family.start && *at == version);
            assert!(is_there || excused, "{start}: told, and not a case of it is played");
            for (case, why) in listed.iter().filter(|(case, _)| case.starts_with(&start)) {
                assert!(why.starts_with("contradicts itself"), "{case}: {why}");
            }
        }
    }
}
