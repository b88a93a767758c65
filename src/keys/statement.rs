//! Signed statements: what the installation says and anybody can check.
//!
//! A statement is a text, an Ed25519 signature of its bytes, and the public key. The private key is the
//! installation's, in a file that only the server's user can read; it is made when it is first needed.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::root::Random;
use super::secret_file::{self, SecretFileError, hexadecimal};
use crate::crypto::random::RandomError;
use crate::crypto::signing_key::{self, SEED_BYTES, SigningKey};

/// The file of the private key, in the store's directory: 64 hexadecimal digits.
pub const KEY_FILE: &str = "statements.key";

/// Why nothing could be signed.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// The key's file.
    #[error(transparent)]
    File(#[from] SecretFileError),
    /// The key's file holds something else.
    #[error("{}: is no key: 64 hexadecimal digits are wanted; restore it from a backup", .0.display())]
    NoKey(PathBuf),
    /// There is no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// Signs for the installation whose store is in a directory. Blocks for a file or two.
#[derive(Debug)]
pub struct Signer(SigningKey);

impl Signer {
    /// Reads the key, or makes it.
    ///
    /// # Errors
    /// [`StatementError`].
    pub fn open(directory: &Path, random: &dyn Random) -> Result<Self, StatementError> {
        let file = directory.join(KEY_FILE);
        if !file.exists() {
            let seed = SigningKey::new_seed(random)?;
            secret_file::create(&file, &hexadecimal(seed.as_slice()))?;
        }
        let digits = secret_file::read(&file)?;
        let seed = Zeroizing::new(bytes(&digits).unwrap_or_default());
        let key = (seed.len() == SEED_BYTES).then(|| SigningKey::from_seed(&seed)).flatten();
        key.map(Self).ok_or(StatementError::NoKey(file))
    }

    /// The text of a value, signed.
    #[must_use]
    pub fn sign(&self, statement: &Value) -> Value {
        let text = statement.to_string();
        let signature = self.0.sign(text.as_bytes());
        json!({
            "algorithm": "Ed25519",
            "public_key": *hexadecimal(&self.0.public_key()),
            "signature": *hexadecimal(&signature),
            "text": text,
        })
    }
}

/// What a signed statement says, if its signature is that of the key in it.
#[must_use]
pub fn verified(signed: &Value) -> Option<Value> {
    let text = signed.get("text")?.as_str()?;
    let field = |name| signed.get(name).and_then(Value::as_str).and_then(bytes);
    let holds = signing_key::verify(&field("public_key")?, text.as_bytes(), &field("signature")?);
    holds.then(|| serde_json::from_str(text).ok()).flatten()
}

/// Bytes from hexadecimal digits.
fn bytes(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let byte = |&[high, low]: &[u8; 2]| Some(digit(high)? << 4 | digit(low)?);
    rest.is_empty().then(|| pairs.iter().map(byte).collect()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::OsRandom;

    #[test]
    fn a_statement_holds_until_a_letter_of_it_is_changed() {
        let dir = tempfile::tempdir().expect("a directory");
        let installation = Signer::open(dir.path(), &OsRandom).expect("a new key");
        let said = json!({ "tenant": "tenant-a", "keys": [1, 2] });
        let signed = installation.sign(&said);
        assert_eq!(verified(&signed), Some(said.clone()));
        let again = Signer::open(dir.path(), &OsRandom).expect("the same key");
        assert_eq!(again.sign(&said), signed, "Ed25519 has no randomness");
        let mut changed = signed.clone();
        changed["text"] = changed["text"].as_str().expect("text").replace("-a", "-b").into();
        assert_eq!(verified(&changed), None);
        changed["text"] = json!(7);
        assert_eq!(verified(&changed), None);
    }

    #[test]
    fn a_file_that_holds_no_key_is_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        secret_file::create(&dir.path().join(KEY_FILE), "5a").expect("written");
        let refused = Signer::open(dir.path(), &OsRandom).expect_err("too short");
        assert!(matches!(refused, StatementError::NoKey(_)), "{refused}");
    }
}
