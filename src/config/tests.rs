//! Tests of the configuration as a whole.

use std::path::Path;

use kmip_ttlv::enums::{BlockCipherMode, CryptographicAlgorithm as A, DrbgAlgorithm, ProfileName};

use super::*;
use crate::tenant::{ServiceName, TenantName};

const EXAMPLE: &str = include_str!("../../deploy/keystrata.toml");

fn parse(text: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    let variables = variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    Config::parse(text, Path::new("dir/k.toml"), variables).map_err(|error| error.to_string())
}

#[test]
fn the_example_is_valid_and_shows_the_defaults() {
    let config = parse(EXAMPLE, &[]).expect("the example is valid");
    let shown = Listen { kmip: config.listen.kmip, ..Listen::default() };
    assert_eq!(config.listen, shown);
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.metrics, Metrics::default());
    assert_eq!(config.lease, Lease::default());
    assert_eq!(config.cryptography, Cryptography::default());
    assert_eq!(config.store.directory, Path::new("dir/data/store"));
    let RootPlace::Pkcs11(root) = config.root.place else { panic!("the example has a token") };
    assert_eq!(root.module, Path::new("/usr/lib/softhsm/libsofthsm2.so"));
    assert_eq!(root.pin, PinSource::File("dir/root.pin".into()));
}

#[test]
fn what_query_tells_of_the_server_is_written_in_words_of_kmip() {
    let commented = |line: &str| line.strip_prefix("# ").unwrap_or(line).to_owned();
    let (before, section) = EXAMPLE.split_once("[query]").expect("the example has the section");
    let shown: Vec<_> = section.lines().map(commented).collect();
    let text = |section: &str| format!("{before}[query]{section}");
    let query = parse(&text(&shown.join("\n")), &[]).expect("the comments are valid").query;
    assert_eq!(query.generators[0].drbg_algorithm, Some(DrbgAlgorithm::Ctr));
    assert_eq!(query.validations[0].certificate.as_deref(), Some("1234"));
    assert_eq!(query.profiles[0].name, ProfileName::BaselineServerBasicKmipv1_4);
    assert_eq!(query.extensions[0].tag, Some(0x54_0001));
    for (section, word) in [
        ("\nclient_registration = ['Carrier pigeon']", "Carrier pigeon"),
        ("\nprofiles = [{ name = 'Best' }]", "Best"),
        ("\ngenerators = [{ algorithm = 'Dice' }]", "Dice"),
        ("\nextensions = [{ name = 'A', tag = 0x420001, kind = 'Integer' }]", "0x540000"),
        ("\nvalidations = [{ authority = 'NISTCMVP' }]", "version_major"),
    ] {
        let why = parse(&text(section), &[]).expect_err("it says what is not so");
        assert!(why.contains(word), "{why}");
    }
}

#[test]
fn a_variable_overrides_its_key() {
    let config = parse(
        EXAMPLE,
        &[
            ("KEYSTRATA_LISTEN_KMIP", "127.0.0.1:0"),
            ("KEYSTRATA_TLS_TLS12", "false"),
            ("KEYSTRATA_METRICS_TENANT_LABELS_MAX", "7"),
            ("KEYSTRATA_IDENTITY_RULES", r#"["subject"]"#),
            ("KEYSTRATA_KMIP_CASES", "is not a section"),
        ],
    )
    .expect("valid");
    assert_eq!(config.listen.kmip.port(), 0);
    assert!(!config.tls.tls12);
    assert_eq!(config.metrics.tenant_labels_max, 7);
    assert_eq!(config.identity.rules, [Rule::Subject]);
}

#[test]
fn an_error_names_file_line_and_key() {
    for (from, to, expected) in [
        ("idle_timeout = \"15 min\"", "idle_timeout = \"15\"", "dir/k.toml:15: `idle_timeout`: "),
        ("tls12 = true", "tls13 = true", "`tls13`: unknown field `tls13`"),
        ("[log]", "[logs]", "`logs`: unknown field `logs`"),
        ("module = ", "# module = ", "`root`: `module` is missing"),
        ("token_label", "token_serial = \"1\"\ntoken_label", "either `token_label` or"),
        ("{ SOFTHSM2_CONF =", "{ \"A=B\" =", "`root`: `environment` has a name that no"),
        ("{ SOFTHSM2_CONF =", "{ \"\" =", "`root`: `environment` has a name that no"),
        ("trust_domain = ", "# ", "`identity`: rule \"spiffe\" needs `trust_domain`"),
        ("tenants = []", "tenants = [\"A\"]", "`tenants`: a name is 1 to 63"),
        ("kmip = \"0.0.0.0:5696\"", "kmip = \"here\"", "dir/k.toml:7: `kmip`: invalid socket"),
        ("[[tls.client_ca]]", "[[tls.client_ca]", "dir/k.toml:25: "),
        ("batch_items_max = 256", "batch_items_max = 0", "`batch_items_max`: "),
    ] {
        assert!(EXAMPLE.contains(from), "{from}");
        let error = parse(&EXAMPLE.replacen(from, to, 1), &[]).expect_err(to);
        assert!(error.contains(expected), "{to}: {error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn what_may_be_computed_is_said_for_all_and_for_tenants() {
    let own = "[[cryptography.for]]\ntenant = \"archive\"\nlegacy = true\n\
               algorithms = [\"AES\", \"DES3\"]\nmodes = [\"CBC\"]\nbits_min = { AES = 256 }\n";
    let config = parse(&format!("{EXAMPLE}\n{own}"), &[]).expect("valid");
    assert!(!config.cryptography.legacy);
    assert_eq!(config.cryptography.algorithms, None);
    let [one] = config.cryptography.of.as_slice() else { panic!("one") };
    assert_eq!((one.tenant.as_str(), one.legacy), ("archive", true));
    assert_eq!(one.algorithms.as_deref(), Some([A::Aes, A::Des3].as_slice()));
    assert_eq!(one.modes.as_deref(), Some([BlockCipherMode::Cbc].as_slice()));
    assert_eq!(one.bits_min, [(A::Aes, 256)]);
    let (algorithms, modes) = ("KEYSTRATA_CRYPTOGRAPHY_ALGORITHMS", "KEYSTRATA_CRYPTOGRAPHY_MODES");
    let config = parse(EXAMPLE, &[(algorithms, "[\"RSA\", \"ML_KEM_768\"]")]).expect("valid");
    let named = [A::Rsa, A::ML_KEM_768];
    assert_eq!(config.cryptography.algorithms.as_deref(), Some(named.as_slice()));
    for (variable, value, expected) in [
        (algorithms, "[\"AES256\"]", "KMIP has no algorithm \"AES256\""),
        (modes, "[\"gcm\"]", "KMIP has no mode \"gcm\""),
        ("KEYSTRATA_CRYPTOGRAPHY_BITS_MIN", "{ RSB = 1 }", "KMIP has no algorithm \"RSB\""),
    ] {
        let error = parse(EXAMPLE, &[(variable, value)]).expect_err(value);
        assert!(error.contains(expected), "{value}: {error}");
    }
}

#[test]
fn leases_are_said_for_tenants_and_services() {
    let for_one = "[[lease.for]]\ntenant = \"acme\"\nservice = \"orders\"\ntime = \"1 h\"\n";
    let config = parse(&format!("{EXAMPLE}\n{for_one}"), &[]).expect("valid");
    let [one] = config.lease.of.as_slice() else { panic!("one") };
    assert_eq!((one.tenant.as_str(), one.time), ("acme", 3600));
    assert_eq!(one.service.as_ref().map(ServiceName::as_str), Some("orders"));
    let none = parse(EXAMPLE, &[("KEYSTRATA_LEASE_TIME", "0 s")]).expect("valid");
    assert_eq!(none.lease.time, 0);
    for (bad, expected) in [
        ("1500 ms", "not whole seconds"),
        ("500 ms", "not whole seconds"),
        ("0 d", "not a time"),
        ("60000 d", "not whole seconds"),
    ] {
        let error = parse(EXAMPLE, &[("KEYSTRATA_LEASE_TIME", bad)]).expect_err(bad);
        assert!(error.contains(expected), "{bad}: {error}");
    }
}

#[test]
fn the_directories_differ_and_leave_room_for_a_socket() {
    let long = "d".repeat(120);
    for (from, to, expected) in [
        ("data/audit", "data/store", "dir/k.toml:78: `directory`: is the store's"),
        ("data/store", &long, "dir/k.toml:74: `directory`: is too long a path"),
    ] {
        let error = parse(&EXAMPLE.replacen(from, to, 1), &[]).expect_err(to);
        assert!(error.starts_with(expected), "{error}");
    }
    let variable = ("KEYSTRATA_STORE_DIRECTORY", long.as_str());
    let error = parse(EXAMPLE, &[variable]).expect_err("too long");
    let expected = "environment variable KEYSTRATA_STORE_DIRECTORY: `store.directory`: is too long";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn an_error_in_a_variable_names_the_variable() {
    for (name, value, expected) in [
        ("KEYSTRATA_LISTEN_IDLE_TIMEOUT", "soon", "`listen.idle_timeout`: not a time: write"),
        ("KEYSTRATA_LISTEN_IDEL", "1 s", "`listen.idel`: unknown field `idel`"),
        ("KEYSTRATA_IDENTITY_RULES", "[\"name\"]", "expected one of `spiffe`"),
    ] {
        let error = parse(EXAMPLE, &[(name, value)]).expect_err(name);
        assert!(error.starts_with(&format!("environment variable {name}: ")), "{error}");
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_variable_of_a_text_key_is_taken_as_it_stands() {
    let text = EXAMPLE.replacen("token_label", "# ", 1);
    let variables = [
        ("KEYSTRATA_ROOT_TOKEN_SERIAL", "12345678"),
        ("KEYSTRATA_AUDIT_NODE", "7"),
        ("KEYSTRATA_ROOT_KEY_LABEL", "true"),
        ("KEYSTRATA_ROOT_ENVIRONMENT", "{ SOFTHSM2_CONF = \"/a\" }"),
    ];
    let config = parse(&text, &variables).expect("valid");
    assert_eq!(config.audit.node, "7");
    let RootPlace::Pkcs11(root) = config.root.place else { panic!("the example has a token") };
    assert_eq!(root.token, TokenName::Serial("12345678".into()));
    assert_eq!(root.key_label, "true");
    assert_eq!(root.environment["SOFTHSM2_CONF"], "/a");
}

/// Holds the table of keys that are not text.
#[test]
fn every_key_of_the_example_can_be_overridden_by_a_variable() {
    let shown: toml::Table = EXAMPLE.parse().expect("TOML");
    let expected = parse(EXAMPLE, &[]).expect("valid");
    for (section, keys) in &shown {
        for (key, value) in keys.as_table().expect("a section") {
            let name = format!("KEYSTRATA_{section}_{key}").to_ascii_uppercase();
            let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            assert_eq!(parse(EXAMPLE, &[(&name, &text)]).as_ref(), Ok(&expected), "{name}={text}");
        }
    }
}

#[test]
fn the_value_of_a_variable_is_never_told() {
    let secret = "5ec2e7".repeat(11);
    for form in ["{}", "\"{}\"", "[\"{}\"]", "[{version = \"{}\"}]", "[{{} = 1}]", "{ {} = {} }"] {
        let value = form.replace("{}", &secret);
        for key in [
            "ROOT_VERSIONS",
            "ROOT_ENVIRONMENT",
            "ROOT_PROVIDER",
            "ROOT_OUTAGE_GRACE",
            "LISTEN_KMIP",
            "LISTEN_CONNECTIONS_MAX",
            "TLS_TLS12",
            "TLS_CLIENT_CA",
            "IDENTITY_RULES",
            "IDENTITY_TRUST_DOMAIN",
            "STORE_CACHE_SIZE",
            "LOG_LEVEL",
            "ROOT_SECRET",
        ] {
            let name = format!("KEYSTRATA_{key}");
            if let Err(error) = parse(EXAMPLE, &[(&name, &value)]) {
                assert!(!error.contains("5ec2e7"), "{name}: {error}");
            }
        }
    }
}

#[test]
fn a_root_in_files_has_distinct_versions_from_1() {
    let text = |versions: &str| {
        let (before, rest) = EXAMPLE.split_once("[root]").expect("has a root");
        let (_, after) = rest.split_once("[store]").expect("has a store");
        format!("{before}[root]\nprovider = \"env\"\nversions = {versions}\n[store]{after}")
    };
    let good = text("[{version = 2, variable = \"KEY_2\"}, {version = 1, file = \"1.key\"}]");
    let RootPlace::Env(root) = parse(&good, &[]).expect("valid").root.place else {
        panic!("is env")
    };
    let numbers: Vec<_> = root.versions.iter().map(|version| version.version).collect();
    assert_eq!(numbers, [1, 2]);
    assert_eq!(root.versions[0].source, KeySource::File("dir/1.key".into()));
    for bad in [
        "[]",
        "[{version = 0, file = \"a\"}]",
        "[{version = 1}]",
        "[{version = 1, file = \"a\"}, {version = 1, file = \"b\"}]",
    ] {
        parse(&text(bad), &[]).expect_err(bad);
    }
}

#[test]
fn tenants_are_named_whose_clients_come_from_another_server() {
    let config = parse(EXAMPLE, &[]).expect("valid");
    assert_eq!(config.compatibility, Compatibility { pykmip: Vec::new(), interop: false });
    let variable = "KEYSTRATA_COMPATIBILITY_PYKMIP";
    let config = parse(EXAMPLE, &[(variable, "[\"acme\"]")]).expect("valid");
    assert_eq!(config.compatibility.pykmip, [TenantName::new("acme").expect("good")]);
    let error = parse(EXAMPLE, &[(variable, "[\"Acme\"]")]).expect_err("a capital letter");
    assert!(error.contains("a name is 1 to 63"), "{error}");
}

#[test]
fn interop_is_served_unless_production_says_no() {
    assert!(Compatibility::default().interop);
    let config = parse(EXAMPLE, &[("KEYSTRATA_COMPATIBILITY_INTEROP", "true")]).expect("valid");
    assert!(config.compatibility.interop);
}

/// The example with what it shows of a tenant's own root, changed by `change`.
fn with_own_root(change: impl Fn(&str) -> String) -> String {
    let (before, rest) = EXAMPLE.split_once("# [root.tenants.acme]").expect("it is shown");
    let (own, after) = rest.split_once("[notify]").expect("it is before that");
    let own = format!("[root.tenants.acme]{}", own.replace("\n# ", "\n"));
    format!("{before}{}[notify]{after}", change(&own))
}

/// What makes the tenant's token the shared one.
const SHARED: &str = "environment = { SOFTHSM2_CONF = \"/etc/softhsm/softhsm2.conf\" }";

#[test]
fn a_tenant_has_a_root_of_its_own_with_the_keys_of_the_shared_one() {
    let config = parse(&with_own_root(str::to_owned), &[]).expect("the comments are valid");
    let acme = TenantName::new("acme").expect("a name");
    let TenantRoot { place, outage_grace } = config.root.tenants[&acme].clone();
    let RootPlace::Pkcs11(root) = place else { panic!("the example has a token") };
    assert_eq!(root.token, TokenName::Label("acme".into()));
    assert_eq!(root.pin, PinSource::File("dir/acme.pin".into()));
    assert_eq!(root.environment["SOFTHSM2_CONF"], "/etc/softhsm/acme.conf");
    assert_eq!(outage_grace, std::time::Duration::from_mins(5));
    for (from, to, expected) in [
        ("token_label", "token", "unknown field `token`"),
        ("token_label = \"acme\"", "", "tenants.acme: set either `token_label` or"),
        ("[root.tenants.acme]", "[root.tenants.Acme]", "tenants.Acme: a name is 1 to 63"),
        ("token_label", "worker = \"threads\"\ntoken_label", "`worker` is \"process\" for a"),
        ("environment", "next = { provider = \"env\" }\nenvironment", "own root has no `next`"),
        ("environment", "tenants.a = { provider = \"env\" }\nenvironment", "no `tenants`"),
        (
            "environment = { SOFTHSM2_CONF = \"/etc/softhsm/acme.conf\" }",
            SHARED,
            "of the shared root",
        ),
        ("provider = \"pkcs11\"", "provider = \"env\"", "`module` belongs to provider \"pkcs11\""),
    ] {
        let changed = |own: &str| {
            let own = own.replacen(from, to, 1);
            if to == SHARED { own.replace("\"acme\"", "\"keystrata\"") } else { own }
        };
        let error = parse(&with_own_root(changed), &[]).expect_err(to);
        assert!(error.contains(expected), "{to}: {error}");
    }
}

#[test]
fn variables_hold_versions_of_the_root_of_one_tenant_each() {
    let own = |tenant: &str| format!("[root.tenants.{tenant}]\nprovider = \"env\"\n");
    let text = with_own_root(|_| [own("acme"), own("acme-v1"), own("acme-v1-b")].concat());
    let lack = parse(&text, &[]).expect_err("there is no version");
    assert!(lack.contains("tenants.acme: ") && lack.contains("KEK_ACME_V1"), "{lack}");
    let names = [
        ("KEYSTRATA_TENANT_ROOT_KEK_ACME_V1", "acme", 1),
        ("KEYSTRATA_TENANT_ROOT_KEK_ACME_V1_V2", "acme-v1", 2),
        ("KEYSTRATA_TENANT_ROOT_KEK_ACME_V1_B_V3", "acme-v1-b", 3),
    ];
    let not_ours = ["KEYSTRATA_ROOT_KEK_V9", "KEYSTRATA_TENANT_ROOT_KEK_acme_V4"];
    let all = names.iter().map(|it| it.0).chain(not_ours);
    let variables: Vec<_> = all.map(|name| (name, "")).collect();
    let config = parse(&text, &variables).expect("valid");
    for (name, tenant, version) in names {
        let root = &config.root.tenants[&TenantName::new(tenant).expect("a name")];
        let source = KeySource::Variable(name.into());
        let versions = vec![EnvVersion { version, source }];
        assert_eq!(root.place, RootPlace::Env(EnvRoot { versions }), "{tenant}");
    }
}
