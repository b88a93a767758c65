//! Cryptographic operations: data in from a file, data out.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use kmip_ttlv::Secret;
use kmip_ttlv::attribute::CryptographicParameters;
use kmip_ttlv::payload::{
    RequestPayload, decrypt, encrypt, hash, mac, mac_verify, rng_retrieve, sign, signature_verify,
};
use kmip_ttlv::structure::Data;

use super::object::Object;
use super::words::Hex;
use super::{Question, words};
use crate::command::Failure;
use crate::command::kmip::input::content;

/// What goes in.
#[derive(Debug, clap::Args)]
pub(crate) struct Input {
    /// The file with the data; standard input if left out
    #[arg(long = "in", value_name = "FILE")]
    file: Option<PathBuf>,
    /// How, such as BlockCipherMode:GCM,TagLength:16,RandomIV:true; the object's own parameters if
    /// left out
    #[arg(long, value_name = "FIELD:VALUE,…", value_parser = words::parameters)]
    parameters: Option<CryptographicParameters>,
}

impl Input {
    fn data(&self) -> Result<Option<Data<'static>>, Failure> {
        Ok(Some(Secret::new(content(self.file.as_deref())?.to_vec()).into()))
    }
}

/// The arguments of an operation that is asked for bytes, and where they go.
#[derive(Debug, clap::Args)]
pub(crate) struct To<Q: clap::Args> {
    #[command(flatten)]
    question: Q,
    /// Write the data into a file (mode 0600), or to standard output: -
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl<Q: clap::Args + Question> Question for To<Q> {
    fn payload(&self) -> Result<RequestPayload<'_>, Failure> {
        self.question.payload()
    }

    fn out(&self) -> Option<&Path> {
        self.out.as_deref()
    }
}

fn bytes(hex: Option<&Hex>) -> Option<Cow<'static, [u8]>> {
    hex.map(|Hex(bytes)| Cow::Owned(bytes.to_vec()))
}

/// What authenticated encryption has beside the data.
#[derive(Debug, clap::Args)]
pub(crate) struct Beside {
    /// Initialisation vector, counter or nonce, in hexadecimal
    #[arg(long, value_name = "HEX", value_parser = words::hex)]
    iv: Option<Hex>,
    /// Additional data that is authenticated too, in hexadecimal (KMIP 1.4 and later)
    #[arg(long, value_name = "HEX", value_parser = words::hex)]
    additional_data: Option<Hex>,
}

/// The arguments of Encrypt.
#[derive(Debug, clap::Args)]
pub(crate) struct Encrypt {
    #[command(flatten)]
    object: Object,
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    beside: Beside,
}

impl Question for Encrypt {
    fn payload(&self) -> Result<RequestPayload<'_>, Failure> {
        Ok(encrypt::Request {
            uid: Some(self.object.uid()),
            parameters: self.input.parameters.clone(),
            data: self.input.data()?,
            iv: bytes(self.beside.iv.as_ref()),
            correlation_value: None,
            init: None,
            last: None,
            additional_data: bytes(self.beside.additional_data.as_ref()),
        }
        .into())
    }
}

/// The arguments of Decrypt.
#[derive(Debug, clap::Args)]
pub(crate) struct Decrypt {
    #[command(flatten)]
    object: Object,
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    beside: Beside,
    /// The tag of authenticated encryption, in hexadecimal (KMIP 1.4 and later)
    #[arg(long, value_name = "HEX", value_parser = words::hex)]
    tag: Option<Hex>,
}

impl Question for Decrypt {
    fn payload(&self) -> Result<RequestPayload<'_>, Failure> {
        Ok(decrypt::Request {
            uid: Some(self.object.uid()),
            parameters: self.input.parameters.clone(),
            data: self.input.data()?,
            iv: bytes(self.beside.iv.as_ref()),
            correlation_value: None,
            init: None,
            last: None,
            additional_data: bytes(self.beside.additional_data.as_ref()),
            tag: bytes(self.tag.as_ref()),
        }
        .into())
    }
}

/// The arguments of Sign.
#[derive(Debug, clap::Args)]
pub(crate) struct Sign {
    #[command(flatten)]
    object: Object,
    #[command(flatten)]
    input: Input,
    /// The input is the digest already (KMIP 1.4 and later)
    #[arg(long)]
    digested: bool,
}

impl Question for Sign {
    fn payload(&self) -> Result<RequestPayload<'_>, Failure> {
        let (data, digested_data) = data_or_digest(&self.input, self.digested)?;
        Ok(sign::Request {
            uid: Some(self.object.uid()),
            parameters: self.input.parameters.clone(),
            data,
            digested_data,
            correlation_value: None,
            init: None,
            last: None,
        }
        .into())
    }
}

/// Data, or the digest of it.
type DataOrDigest = (Option<Data<'static>>, Option<Cow<'static, [u8]>>);

/// The input in the one place or in the other.
fn data_or_digest(input: &Input, digested: bool) -> Result<DataOrDigest, Failure> {
    let data = input.data()?;
    if !digested {
        return Ok((data, None));
    }
    let digest = data.as_ref().and_then(|data| data.bytes()).map(<[u8]>::to_vec);
    Ok((None, digest.map(Cow::Owned)))
}

/// The arguments of Signature Verify.
#[derive(Debug, clap::Args)]
pub(crate) struct SignatureVerify {
    #[command(flatten)]
    object: Object,
    #[command(flatten)]
    input: Input,
    /// The file with the signature
    #[arg(long, value_name = "FILE")]
    signature: PathBuf,
    /// The input is the digest already (KMIP 1.4 and later)
    #[arg(long)]
    digested: bool,
}

impl Question for SignatureVerify {
    fn payload(&self) -> Result<RequestPayload<'_>, Failure> {
        let (data, digested_data) = data_or_digest(&self.input, self.digested)?;
        Ok(signature_verify::Request {
            uid: Some(self.object.uid()),
            parameters: self.input.parameters.clone(),
            data,
            digested_data,
            signature: Some(Cow::Owned(content(Some(&self.signature))?.to_vec())),
            correlation_value: None,
            init: None,
            last: None,
        }
        .into())
    }
}

/// The arguments of MAC.
#[derive(Debug, clap::Args)]
pub(crate) struct Mac {
    #[command(flatten)]
    object: Object,
    #[command(flatten)]
    input: Input,
}

impl Question for Mac {
    fn payload(&self) -> Result<RequestPayload<'_>, Failure> {
        Ok(mac::Request {
            uid: Some(self.object.uid()),
            parameters: self.input.parameters.clone(),
            data: self.input.data()?,
            correlation_value: None,
            init: None,
            last: None,
        }
        .into())
    }
}

/// The arguments of MAC Verify.
#[derive(Debug, clap::Args)]
pub(crate) struct MacVerify {
    #[command(flatten)]
    object: Object,
    #[command(flatten)]
    input: Input,
    /// The file with the authentication code
    #[arg(long, value_name = "FILE")]
    mac: PathBuf,
}

impl Question for MacVerify {
    fn payload(&self) -> Result<RequestPayload<'_>, Failure> {
        Ok(mac_verify::Request {
            uid: Some(self.object.uid()),
            parameters: self.input.parameters.clone(),
            data: self.input.data()?,
            mac: Some(Cow::Owned(content(Some(&self.mac))?.to_vec())),
            correlation_value: None,
            init: None,
            last: None,
        }
        .into())
    }
}

/// The arguments of Hash.
#[derive(Debug, clap::Args)]
pub(crate) struct Hash {
    #[command(flatten)]
    input: Input,
}

impl Question for Hash {
    fn payload(&self) -> Result<RequestPayload<'_>, Failure> {
        Ok(hash::Request {
            parameters: self.input.parameters.clone().unwrap_or_default(),
            data: self.input.data()?,
            correlation_value: None,
            init: None,
            last: None,
        }
        .into())
    }
}

/// The arguments of RNG Retrieve.
#[derive(Debug, clap::Args)]
pub(crate) struct RngRetrieve {
    /// How many bytes
    #[arg(value_name = "BYTES")]
    length: i32,
}

impl Question for RngRetrieve {
    fn payload(&self) -> Result<RequestPayload<'_>, Failure> {
        Ok(rng_retrieve::Request { data_length: self.length }.into())
    }
}
