//! Every way in which certificate files can be wrong is one line that names the file.

use std::fs;
use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};
use tempfile::TempDir;

use super::*;
use crate::clock::{ManualClock, Timestamp};
use crate::metrics::MetricsSettings;

/// 2026-01-01.
const NOW: Timestamp = Timestamp(1_767_225_600_000_000);

struct Files {
    directory: TempDir,
    settings: TlsSettings,
}

impl Files {
    /// Files that are right, but for what `change` does to the server's certificate.
    fn new(change: impl FnOnce(&mut CertificateParams)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2025, 1, 1);
        params.not_after = date_time_ymd(2027, 1, 1);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = authority.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let mut this = Self { directory, settings: TlsSettings::default() };
        this.settings.certificate = this.write("server.pem", &certificate.pem());
        this.settings.key = this.write("server.key", &key.serialize_pem());
        this.settings.authorities = vec![Authority {
            certificates: this.write("ca.pem", &authority.pem()),
            tenants: None,
            revocation_lists: Vec::new(),
        }];
        this
    }

    fn good() -> Self {
        Self::new(|_| {})
    }

    fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    fn load(&self) -> Result<Arc<Metrics>, TlsError> {
        let metrics = Metrics::new(&MetricsSettings::default());
        let clock = Arc::new(ManualClock::new(NOW));
        Tls::load(&self.settings, clock, Arc::clone(&metrics)).map(|_| metrics)
    }

    /// The line that the operator reads.
    fn complaint(&self) -> String {
        let line = self.load().expect_err("the files are wrong").to_string();
        assert!(!line.contains('\n'), "{line}");
        let directory = format!("{}/", self.directory.path().display());
        line.replace(&directory, "")
    }
}

#[test]
fn good_files_load_and_their_expiry_is_a_metric() {
    let shown = Files::good().load().unwrap().render();
    let line = "keystrata_certificate_expiry_timestamp_seconds{certificate=\"server\"} 1798761600";
    assert!(shown.contains(line), "{shown}");
    assert!(shown.contains("{certificate=\"client_ca_1\"}"), "{shown}");
}

#[test]
fn a_missing_file_is_named() {
    let files = Files::good();
    fs::remove_file(&files.settings.key).unwrap();
    assert!(files.complaint().starts_with("cannot read the private key server.key: No such file"));
    fs::remove_file(&files.settings.certificate).unwrap();
    assert!(files.complaint().starts_with("cannot read the server certificate server.pem: "));
}

#[test]
fn a_file_without_the_right_content_is_named() {
    let mut files = Files::good();
    files.write("server.pem", "not PEM at all");
    assert_eq!(files.complaint(), "server.pem holds no server certificate in PEM form");
    files = Files::good();
    files.write("server.key", &fs::read_to_string(&files.settings.certificate).unwrap());
    assert_eq!(files.complaint(), "server.key holds no private key in PEM form");
    files = Files::good();
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    files.write("ca.pem", garbage);
    let line = files.complaint();
    assert!(
        line.starts_with("the authority for client certificates in ca.pem cannot be"),
        "{line}"
    );
    files = Files::good();
    files.write("server.pem", garbage);
    let line = files.complaint();
    assert!(line.starts_with("the server certificate in server.pem cannot be read: "), "{line}");
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let files = Files::good();
    files.write("server.key", &KeyPair::generate().unwrap().serialize_pem());
    let line = files.complaint();
    let start = "the private key server.key does not belong to the server certificate server.pem";
    assert!(line.starts_with(start), "{line}");
}

#[test]
fn a_certificate_out_of_its_time_is_refused() {
    let expired = Files::new(|params| params.not_after = date_time_ymd(2025, 12, 31));
    let line = expired.complaint();
    assert!(line.starts_with("the server certificate in server.pem expired at Dec 31"), "{line}");
    let early = Files::new(|params| params.not_before = date_time_ymd(2026, 1, 2));
    let line = early.complaint();
    assert!(
        line.starts_with("the server certificate in server.pem is valid from Jan  2"),
        "{line}"
    );
}

#[test]
fn a_server_certificate_without_alternative_names_is_refused() {
    let files = Files::new(|params| params.subject_alt_names.clear());
    let line = files.complaint();
    assert!(line.starts_with("the server certificate server.pem has no subject alternative name"));
}

#[test]
fn a_revocation_list_that_cannot_be_read_is_named() {
    let mut files = Files::good();
    files.settings.authorities[0].revocation_lists = vec![files.write("crl.pem", "nothing")];
    assert_eq!(files.complaint(), "crl.pem holds no certificate revocation list in PEM form");
    files.write("crl.pem", "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n");
    let line = files.complaint();
    assert!(line.starts_with("the certificate revocation list in crl.pem cannot be"), "{line}");
}

#[test]
fn no_authority_is_an_error() {
    let mut files = Files::good();
    files.settings.authorities.clear();
    assert!(files.complaint().starts_with("no authority for client certificates is configured"));
}

/// The Basic Authentication Suite of KMIP Profiles 2.0 and 2.1 (§3.1.2) has two suites that every server
/// offers; those of 1.x (§3.1.2 and §3.2.2 there) have others, so Query tells no profile of 1.x.
#[test]
fn the_suites_are_those_that_the_profiles_of_2_x_ask_for_and_not_those_of_1_x() {
    use rustls::CipherSuite as S;
    let suites: Vec<_> =
        provider().cipher_suites.iter().map(rustls::SupportedCipherSuite::suite).collect();
    for asked in [S::TLS13_AES_256_GCM_SHA384, S::TLS13_CHACHA20_POLY1305_SHA256] {
        assert!(suites.contains(&asked), "{asked:?}");
    }
    for asked in [
        S::TLS_RSA_WITH_AES_128_CBC_SHA,
        S::TLS_RSA_WITH_AES_128_CBC_SHA256,
        S::TLS_RSA_WITH_AES_256_CBC_SHA256,
    ] {
        assert!(!suites.contains(&asked), "{asked:?}");
    }
}
