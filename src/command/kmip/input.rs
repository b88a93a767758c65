//! Bytes as people have them: as they are, in hexadecimal, in base64.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use base64ct::{Base64, Encoding as _};
use zeroize::Zeroizing;

use super::super::{About as _, Failure};

/// The most bytes that are read: more than any KMIP server takes.
const INPUT_BYTES_MAX: u64 = 64 << 20;

/// How bytes are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Form {
    /// Digits in pairs; blanks and line ends do not count
    Hex,
    /// RFC 4648 with padding; blanks and line ends do not count
    Base64,
    /// The bytes themselves
    Binary,
}

impl Form {
    /// The form that input has that nobody has named: a message begins with KMIP's 0x42, which is
    /// `B`, and its third byte is none of a text.
    pub(super) fn guess(input: &[u8]) -> Self {
        let text = input.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
        let mut digits = input.iter().filter(|byte| !byte.is_ascii_whitespace());
        match (text, digits.all(u8::is_ascii_hexdigit)) {
            (false, _) => Self::Binary,
            (true, true) => Self::Hex,
            (true, false) => Self::Base64,
        }
    }

    /// The bytes that `input` stands for.
    pub(super) fn read(self, input: &[u8]) -> Result<Zeroizing<Vec<u8>>, Failure> {
        if self == Self::Binary {
            return Ok(Zeroizing::new(input.to_vec()));
        }
        let kept = input.iter().copied().filter(|byte| !byte.is_ascii_whitespace());
        let text = Zeroizing::new(kept.collect::<Vec<u8>>());
        let bytes = if self == Self::Hex { hex(&text) } else { base64(&text) };
        let name = if self == Self::Hex { "hexadecimal" } else { "base64" };
        bytes.map(Zeroizing::new).ok_or_else(|| Failure::new(format!("the input is not {name}")))
    }

    /// Bytes in this form; a line of text ends.
    pub(super) fn write(self, bytes: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut output = match self {
            Self::Binary => return Zeroizing::new(bytes.to_vec()),
            Self::Base64 => Base64::encode_string(bytes).into_bytes(),
            Self::Hex => bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect(),
        };
        output.push(b'\n');
        Zeroizing::new(output)
    }
}

fn hex(text: &[u8]) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let pairs = text.chunks_exact(2).map(|pair| std::str::from_utf8(pair).ok());
    pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}

fn base64(text: &[u8]) -> Option<Vec<u8>> {
    Base64::decode_vec(std::str::from_utf8(text).ok()?).ok()
}

/// The content of a file, or of standard input where none is named.
pub(super) fn content(file: Option<&Path>) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut bytes = Zeroizing::new(Vec::new());
    let name = file.unwrap_or(Path::new("standard input"));
    let read = match file {
        Some(path) => {
            File::open(path).about(path)?.take(INPUT_BYTES_MAX + 1).read_to_end(&mut bytes)
        }
        None => io::stdin().lock().take(INPUT_BYTES_MAX + 1).read_to_end(&mut bytes),
    };
    let length = read.about(name)?;
    if u64::try_from(length).is_ok_and(|length| length <= INPUT_BYTES_MAX) {
        return Ok(bytes);
    }
    Err(Failure::new(format!("{}: over {} MiB", name.display(), INPUT_BYTES_MAX >> 20)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_recognised_and_read_back() {
        let message = [0x42, 0x00, 0x78, 0x01, 0, 0, 0, 0];
        for form in [Form::Hex, Form::Base64, Form::Binary] {
            let written = form.write(&message);
            assert_eq!(Form::guess(&written), form);
            assert_eq!(*form.read(&written).unwrap(), message);
        }
        assert_eq!(*Form::Hex.read(b"4200 78\n01 00000000").unwrap(), message);
    }

    #[test]
    fn what_is_in_no_form_is_refused() {
        for (form, input) in
            [(Form::Hex, "420"), (Form::Hex, "4g"), (Form::Hex, "+1"), (Form::Base64, "QgB4AQAAAA")]
        {
            assert!(form.read(input.as_bytes()).is_err(), "{input}");
        }
    }
}
