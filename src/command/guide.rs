//! What `keystrata try` tells its user: ready-to-paste examples with the real paths.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

/// The configuration of PyKMIP's clients for one service.
pub(super) fn pykmip_conf(server: SocketAddr, directory: &Path, ca: &Path) -> String {
    format!(
        "[client]\nhost={}\nport={}\nkeyfile={}\ncertfile={}\nca_certs={}\n\
         cert_reqs=CERT_REQUIRED\nssl_version=PROTOCOL_TLS\ndo_handshake_on_connect=True\n\
         suppress_ragged_eofs=True\n",
        reachable(server.ip()),
        server.port(),
        directory.join("key.pem").display(),
        directory.join("cert.pem").display(),
        ca.display(),
    )
}

/// The examples, for the service whose files are in `directory`.
pub(super) fn examples(server: SocketAddr, directory: &Path, ca: &Path) -> String {
    let host = reachable(server.ip());
    let endpoint = SocketAddr::new(host, server.port());
    let (conf, pem) = (directory.join("pykmip.conf"), directory.join("cert-and-key.pem"));
    let (conf, pem, ca) = (conf.display(), pem.display(), ca.display());
    format!(
        r#"
PyKMIP:

    from kmip.core.enums import CryptographicAlgorithm
    from kmip.pie.client import ProxyKmipClient
    with ProxyKmipClient(config="client", config_file="{conf}") as client:
        uid = client.create(CryptographicAlgorithm.AES, 256, name="hello")
        client.activate(uid)
        print(uid, client.get(uid))

pymongo, field encryption:

    from bson.codec_options import CodecOptions
    from pymongo import MongoClient
    from pymongo.encryption import ClientEncryption
    encryption = ClientEncryption(
        {{"kmip": {{"endpoint": "{endpoint}"}}}}, "encryption.keys", MongoClient(), CodecOptions(),
        kms_tls_options={{"kmip": {{"tlsCAFile": "{ca}",
                                "tlsCertificateKeyFile": "{pem}"}}}})
    key = encryption.create_data_key("kmip", master_key={{"delegated": True}})

mongod (Enterprise), encryption at rest:

    mongod --enableEncryption --kmipServerName {host} --kmipPort {port} \
        --kmipServerCAFile "{ca}" --kmipClientCertificateFile "{pem}"

"#,
        port = server.port(),
    )
}

/// An address to connect to, where the server listens on all.
fn reachable(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(any) if any.is_unspecified() => std::net::Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(any) if any.is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
        address => address,
    }
}
