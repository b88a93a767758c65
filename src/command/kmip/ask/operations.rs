//! The operations that have arguments of their own: a row each. All others are asked by `raw`.

use super::{Asked, attributes, crypto, find, make, object, raw, register};
use crate::command::Failure;

/// What is said once for all operations, at the end of each one's help.
macro_rules! examples {
    ($examples:literal) => {
        concat!(
            "Examples:\n",
            $examples,
            "\n\nServer and certificate may stand in KEYSTRATA_KMIP_SERVER, _CA, _CERT and _KEY. \
             The exit status is 0 if it is\ndone, 1 if the server refuses or something fails, \
             2 if the arguments are wrong. docs/client.md has more."
        )
    };
}

/// Makes the commands: a line of help, the variant with its arguments, and examples.
macro_rules! operations {
    ($($(#[$meta:meta])* $variant:ident($arguments:ty) $examples:literal;)*) => {
        /// The operations as commands.
        #[derive(Debug, clap::Subcommand)]
        pub(crate) enum Operation {
            $(
                $(#[$meta])*
                #[command(after_help = examples!($examples))]
                $variant(Box<Asked<$arguments>>),
            )*
            /// Send any request message, and show the answer as `decode` does
            #[command(after_help = examples!("  keystrata kmip raw request.xml
  keystrata kmip raw --to xml --show-secrets request.json
  echo 42007801… | keystrata kmip raw"))]
            Raw(Box<raw::Raw>),
        }

        impl Operation {
            /// Asks, and shows the answer.
            pub(crate) fn run(&self) -> Result<(), Failure> {
                match self {
                    $(Self::$variant(asked) => asked.run(),)*
                    Self::Raw(raw) => raw.run(),
                }
            }
        }
    };
}

operations! {
    /// The versions that a server speaks
    DiscoverVersions(find::DiscoverVersions) "  keystrata kmip discover-versions
  keystrata kmip discover-versions --server kms.example.org --ca ca.pem --cert cert.pem --key key.pem";
    /// What a server can do
    Query(find::Query) "  keystrata kmip query
  keystrata kmip query --json QueryProfiles QueryCapabilities";
    /// Make a symmetric key
    Create(make::Create) "  keystrata kmip create --algorithm AES --length 256 --usage Encrypt,Decrypt --name orders
  keystrata kmip create --json --algorithm HMAC_SHA256 --length 256 --usage MACGenerate,MACVerify \\
      --attribute 'Object Group=payments' --attribute 'x-Owner=dba' | jq -r .UniqueIdentifier";
    /// Make a pair of a private and a public key
    CreateKeyPair(make::CreateKeyPair) "  keystrata kmip create-key-pair --algorithm RSA --length 3072 \\
      --private-usage Sign --public-usage Verify --private-name signer --public-name signer.pub
  keystrata kmip create-key-pair --algorithm EC --curve P_256 --private-usage Sign --public-usage Verify";
    /// Hand over a key, a certificate, a password or other data
    Register(register::Register) "  keystrata kmip register --type SymmetricKey --algorithm AES --usage Encrypt,Decrypt key.bin
  keystrata kmip register --type PrivateKey --algorithm RSA --length 2048 --usage Sign key.pem
  keystrata kmip register --type Certificate --name web cert.pem
  pwgen 20 1 | tr -d '\\n' | keystrata kmip register --type SecretData --name backup";
    /// Read an object
    Get(find::Get) "  keystrata kmip get UID
  keystrata kmip get UID --out key.bin
  keystrata kmip get UID --key-format PKCS_8 --show-secrets --json";
    /// Read attributes of an object
    GetAttributes(attributes::Get) "  keystrata kmip get-attributes UID
  keystrata kmip get-attributes --json UID State 'Cryptographic Length' | jq -r .Attributes.State";
    /// Which attributes an object has
    GetAttributeList(object::GetAttributeList) "  keystrata kmip get-attribute-list UID";
    /// Give an object an attribute, or one more value of it
    AddAttribute(attributes::Add) "  keystrata kmip add-attribute UID 'Name=orders'
  keystrata kmip add-attribute UID 'Link=LinkType:ParentLink,LinkedObjectIdentifier:UID'";
    /// Give an attribute another value
    ModifyAttribute(attributes::Modify) "  keystrata kmip modify-attribute UID 'Contact Information=dba@example.org'
  keystrata kmip modify-attribute UID 'Name=orders-2' --current 'Name=orders'
  keystrata kmip modify-attribute --kmip-version 1.4 UID 'Name=orders-2' --index 0";
    /// Take an attribute, or one of its values, from an object
    DeleteAttribute(attributes::Delete) "  keystrata kmip delete-attribute UID 'Contact Information'
  keystrata kmip delete-attribute UID --current 'Name=orders'
  keystrata kmip delete-attribute --kmip-version 1.4 UID Name --index 1";
    /// Give an attribute a value, whether or not it has one (KMIP 2.0 and later)
    SetAttribute(attributes::Set) "  keystrata kmip set-attribute UID 'Contact Information=dba@example.org'";
    /// Find objects by their attributes
    Locate(find::Locate) "  keystrata kmip locate --name orders
  keystrata kmip locate --type SymmetricKey --state Active --attribute 'Object Group=payments'
  keystrata kmip locate --json --max 10 | jq -r '.UniqueIdentifier[]'";
    /// Ask whether an object may be used as intended
    Check(find::Check) "  keystrata kmip check UID --usage Encrypt";
    /// Make an object Active
    Activate(object::Activate) "  keystrata kmip activate UID";
    /// Say that an object is not to be used for protection any more
    Revoke(find::Revoke) "  keystrata kmip revoke UID
  keystrata kmip revoke UID --reason KeyCompromise --message 'laptop lost' --occurred 2026-01-31T12:00:00Z";
    /// Destroy an object's key material
    Destroy(object::Destroy) "  keystrata kmip destroy UID";
    /// Put an object into the archive, where it cannot be used
    Archive(object::Archive) "  keystrata kmip archive UID";
    /// Bring an object back from the archive
    Recover(object::Recover) "  keystrata kmip recover UID";
    /// Ask how long an object may be used without asking again
    ObtainLease(object::ObtainLease) "  keystrata kmip obtain-lease UID";
    /// Make a key that replaces another
    ReKey(make::ReKey) "  keystrata kmip re-key UID
  keystrata kmip re-key UID --offset 86400";
    /// Make a key pair that replaces another
    ReKeyKeyPair(make::ReKeyKeyPair) "  keystrata kmip re-key-key-pair PRIVATE-KEY-UID";
    /// Encrypt data under a key that stays in the server
    Encrypt(crypto::To<crypto::Encrypt>) "  keystrata kmip encrypt UID --in plain --out sealed \\
      --parameters BlockCipherMode:CBC,PaddingMethod:PKCS5,RandomIV:true
  keystrata kmip encrypt --json UID --in plain --additional-data 5ec2e7 \\
      --parameters BlockCipherMode:GCM,TagLength:16,RandomIV:true";
    /// Decrypt data under a key that stays in the server
    Decrypt(crypto::To<crypto::Decrypt>) "  keystrata kmip decrypt UID --in sealed --out plain --iv 000102030405060708090a0b0c0d0e0f \\
      --parameters BlockCipherMode:CBC,PaddingMethod:PKCS5
  keystrata kmip decrypt UID --in sealed --out - --iv HEX --tag HEX --parameters BlockCipherMode:GCM,TagLength:16";
    /// Sign data with a private key that stays in the server
    Sign(crypto::To<crypto::Sign>) "  keystrata kmip sign UID --in file --out file.sig \\
      --parameters DigitalSignatureAlgorithm:SHA256WithRSAEncryption";
    /// Ask whether a signature is genuine; the exit status is 1 if not
    SignatureVerify(crypto::SignatureVerify) "  keystrata kmip signature-verify UID --in file --signature file.sig \\
      --parameters DigitalSignatureAlgorithm:SHA256WithRSAEncryption";
    /// Make an authentication code under a key that stays in the server
    Mac(crypto::To<crypto::Mac>) "  keystrata kmip mac UID --in file --out file.mac --parameters CryptographicAlgorithm:HMAC_SHA256";
    /// Ask whether an authentication code is genuine; the exit status is 1 if not
    MacVerify(crypto::MacVerify) "  keystrata kmip mac-verify UID --in file --mac file.mac \\
      --parameters CryptographicAlgorithm:HMAC_SHA256";
    /// Make a digest of data
    Hash(crypto::To<crypto::Hash>) "  keystrata kmip hash --in file --parameters HashingAlgorithm:SHA_256";
    /// Get random bytes
    RngRetrieve(crypto::To<crypto::RngRetrieve>) "  keystrata kmip rng-retrieve 32 --out seed
  keystrata kmip rng-retrieve 16 --show-secrets";
}
