//! What Query tells of the server: what it knows, and what whoever runs it says.

use keystrata::crypto::policy::Policy;
use keystrata::operation::{Facts, PROFILES, Statements};
use kmip_ttlv::Version;
use kmip_ttlv::attribute::{Attribute, AttributeKind, RngParameters};
use kmip_ttlv::enums::{
    BlockCipherMode, ClientRegistrationMethod as Method, CryptographicAlgorithm as A,
    DrbgAlgorithm, ItemTypeEnum, ProfileName, QueryFunction as Q, ResultReason as R, RngAlgorithm,
    ValidationAuthorityType, ValidationType,
};
use kmip_ttlv::payload::{ResponsePayload, query};
use kmip_ttlv::structure::{
    ExtensionInformation, ExtensionType, ProfileInformation, ProfileVersion, ValidationInformation,
};

use super::ask::create;
use super::world::{Client, World};

async fn told(client: &Client<'_>, functions: &[Q]) -> query::Response {
    let request = query::Request { functions: functions.to_vec(), object_groups: None };
    match client.ask(request).await {
        Ok(ResponsePayload::Query(response)) => *response,
        other => panic!("{other:?}"),
    }
}

fn generator() -> RngParameters {
    RngParameters {
        algorithm: RngAlgorithm::Drbg,
        cryptographic_algorithm: None,
        cryptographic_length: None,
        hashing_algorithm: None,
        drbg_algorithm: Some(DrbgAlgorithm::Hash),
        recommended_curve: None,
        fips186_variation: None,
        prediction_resistance: Some(true),
    }
}

fn profile(name: ProfileName) -> ProfileInformation {
    ProfileInformation { name, version: None, server_uri: None, server_port: None }
}

fn statements() -> Statements {
    let kind = Some(ExtensionType(ItemTypeEnum::Integer));
    Statements {
        client_registration: vec![Method::ClientGenerated, Method::ClientRegistered],
        generators: vec![generator()],
        profiles: vec![
            profile(ProfileName::TapeLibraryServerKmipv1_4),
            profile(ProfileName::TapeLibraryServer),
        ],
        validations: vec![ValidationInformation {
            authority: ValidationAuthorityType::Nistcmvp,
            authority_country: None,
            authority_uri: None,
            version_major: 3,
            version_minor: None,
            kind: ValidationType::Software,
            level: 1,
            certificate: Some("1234".into()),
            certificate_uri: None,
            vendor_uri: None,
            profiles: Vec::new(),
        }],
        extensions: vec![ExtensionInformation {
            name: "ACME LOCATION".into(),
            tag: Some(0x54_0001),
            kind,
            enumeration: None,
            attribute: None,
            parent: None,
            description: None,
        }],
    }
}

const ALL: &[Q] = &[
    Q::QueryRnGs,
    Q::QueryValidations,
    Q::QueryProfiles,
    Q::QueryClientRegistrationMethods,
    Q::QueryExtensionMap,
];

#[tokio::test]
async fn a_server_of_which_nothing_is_said_claims_what_it_knows_itself() {
    let world = World::new().await;
    for version in [Version::V1_3, Version::V1_4, Version::V2_0, Version::V2_1] {
        let response = told(&world.client("orders", version).await, ALL).await;
        let algorithms: Vec<_> = response.rngs.iter().map(|rng| rng.algorithm).collect();
        assert_eq!(algorithms, [RngAlgorithm::Unspecified]);
        assert_eq!(response.client_registration_methods, [Method::Unspecified]);
        assert!(response.validations.is_empty() && response.extensions.is_empty());
        assert_eq!(response.profiles.is_empty(), !version.is_2x(), "{version}");
    }
}

/// The names of the profiles that a client of `version` is told.
async fn profiles(world: &World, version: Version) -> Vec<ProfileName> {
    let client = world.client("orders", version).await;
    let response = told(&client, &[Q::QueryProfiles]).await;
    let versions = response.profiles.iter().map(|profile| profile.version.clone());
    let expected = [(2, 0), (2, 1)].map(|(major, minor)| Some(ProfileVersion { major, minor }));
    let pairs = response.profiles.len() / 2;
    assert_eq!(versions.collect::<Vec<_>>(), [expected.as_slice()].repeat(pairs).concat());
    response.profiles.iter().step_by(2).map(|profile| profile.name).collect()
}

#[tokio::test]
async fn the_profiles_are_those_that_the_policy_of_the_tenant_lets_in() {
    use ProfileName as P;
    let all: Vec<_> = PROFILES.iter().map(|profile| profile.name).collect();
    let without = |gone: &[P]| -> Vec<P> {
        all.iter().copied().filter(|name| !gone.contains(name)).collect()
    };
    let legacy = Policy { legacy: true, ..Policy::default() };
    let old = [P::SymmetricKeyLifecycleServer, P::SymmetricKeyFoundryServer];
    let rsa = [P::AsymmetricKeyLifecycleServer, P::AdvancedCryptographicServer];
    let cipher = [P::BasicCryptographicServer, P::AdvancedCryptographicServer];
    let (xts, tape) = ([P::AesxtsServer], [P::TapeLibraryServer]);
    let algorithms = |named: &[A]| Policy { algorithms: Some(named.to_vec()), ..legacy.clone() };
    let cases: [(Policy, Vec<P>); 6] = [
        (legacy.clone(), Vec::new()),
        (Policy::default(), old.to_vec()),
        (Policy { bits_min: vec![(A::Rsa, 3072)], ..legacy.clone() }, rsa.to_vec()),
        (algorithms(&[A::Aes, A::Des3]), [rsa, cipher].concat()),
        (algorithms(&[]), [&rsa[..], &cipher, &old, &xts, &tape].concat()),
        (
            Policy { modes: Some(vec![BlockCipherMode::Gcm]), ..legacy.clone() },
            [&cipher[..], &xts].concat(),
        ),
    ];
    for (policy, gone) in cases {
        let world = World::with_policy(policy.clone()).await;
        for version in [Version::V2_0, Version::V2_1] {
            assert_eq!(profiles(&world, version).await, without(&gone), "{policy:?}");
        }
    }
}

/// KMIP 1.4 §3.44, KMIP 2.1 §4.46.
#[tokio::test]
async fn a_key_is_made_by_the_generator_that_is_asked_for_or_not_at_all() {
    let unknown = RngParameters { drbg_algorithm: Some(DrbgAlgorithm::Ctr), ..generator() };
    let undescribed = RngParameters {
        algorithm: RngAlgorithm::Unspecified,
        drbg_algorithm: None,
        prediction_resistance: None,
        ..generator()
    };
    let described = Facts { statements: statements(), ..Facts::default() };
    for (facts, is_described) in [(Facts::default(), false), (described, true)] {
        let world = World::with_facts(facts).await;
        for (version, refused) in
            [(Version::V1_3, R::InvalidField), (Version::V2_1, R::InvalidAttributeValue)]
        {
            let client = world.client("orders", version).await;
            let ask = |generator| Attribute::RandomNumberGenerator(generator);
            assert_eq!(client.ask(create(vec![ask(unknown.clone())])).await, Err(refused));
            let answer = client.ask(create(vec![ask(generator())])).await;
            assert_eq!(answer.is_ok(), is_described);
            for wanted in [is_described.then(generator), Some(undescribed.clone())] {
                let Some(wanted) = wanted.map(ask) else { continue };
                let uid = client.create(vec![wanted.clone()]).await;
                let found = client.values(&uid, AttributeKind::RandomNumberGenerator).await;
                assert_eq!(found, [wanted]);
            }
        }
    }
}

#[tokio::test]
async fn what_is_said_of_the_server_is_told_in_the_words_of_each_version() {
    let world = World::with_facts(Facts { statements: statements(), ..Facts::default() }).await;
    for (version, profile) in [
        (Version::V1_4, ProfileName::TapeLibraryServerKmipv1_4),
        (Version::V2_1, ProfileName::TapeLibraryServer),
    ] {
        let client = world.client("orders", version).await;
        let response = told(&client, ALL).await;
        assert_eq!(response.rngs, statements().generators);
        assert_eq!(response.validations, statements().validations);
        assert_eq!(response.client_registration_methods, statements().client_registration);
        let profiles: Vec<_> = response.profiles.iter().map(|it| it.name).collect();
        assert_eq!(profiles, [profile]);
        assert_eq!(response.extensions, statements().extensions);
        // Nobody is told what was not asked.
        let response = told(&client, &[Q::QueryProfiles]).await;
        assert!(response.rngs.is_empty() && response.extensions.is_empty());
    }
    // What a version has not, it is not told.
    let response = told(&world.client("orders", Version::V1_2).await, ALL).await;
    assert!(response.rngs.is_empty() && response.profiles.is_empty());
    assert_eq!(response.extensions, statements().extensions);
}

#[tokio::test]
async fn the_list_of_extensions_has_names_alone_and_the_map_has_all() {
    let world = World::with_facts(Facts { statements: statements(), ..Facts::default() }).await;
    let client = world.client("orders", Version::V1_1).await;
    for (functions, known) in [
        (&[Q::QueryExtensionList][..], false),
        (&[Q::QueryExtensionMap], true),
        (&[Q::QueryExtensionMap, Q::QueryExtensionList], true),
    ] {
        let response = told(&client, functions).await;
        let [extension] = response.extensions.as_slice() else { panic!("{response:?}") };
        assert_eq!(extension.name, "ACME LOCATION");
        assert_eq!((extension.tag.is_some(), extension.kind.is_some()), (known, known));
    }
}
