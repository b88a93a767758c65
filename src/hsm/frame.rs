//! What the server and its worker say to each other (see [`super::worker`]).
//!
//! One frame is a length (u32, little-endian, at most [`FRAME_BYTES_MAX`]) and as many bytes. The
//! first byte is the kind; then come its fields in order, a number as u32, a text as a length and
//! its bytes. The server sends one frame and waits for one. Both ends wipe what they have read and
//! written: plain tenant keys and the PIN pass here, between two processes of one user.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::link::Request;
use super::settings::TokenName;
use crate::keys::{RootError, Whose};

/// The longest frame. The longest text in one is a message for people or a module's path.
const FRAME_BYTES_MAX: usize = 64 * 1024;
/// Bytes that hold any frame with a secret, so that none is left behind by a buffer that grows.
const FRAME_BYTES_USUAL: usize = 4 * 1024;

/// A proof of each known version of the root key (see [`super::link`]).
pub(super) type Proofs = BTreeMap<u32, Vec<u8>>;

/// The first frame to a worker: which token, and what is known of its keys.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) whose: Whose,
    pub(super) module: PathBuf,
    pub(super) token: TokenName,
    pub(super) pin: Zeroizing<String>,
    pub(super) key_label: String,
    pub(super) proofs: Proofs,
}

/// What a worker answers to [`Start`].
#[derive(Debug, PartialEq)]
pub(super) enum Started {
    /// It has the token and the keys that these prove.
    Ready(Proofs),
    /// It has not, for this reason; if `is_final`, trying again may do harm.
    Refused { reason: String, is_final: bool },
}

/// What a worker answers to a [`Request`].
#[derive(Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) result: Result<Zeroizing<Vec<u8>>, RootError>,
    /// Whether the token must not be tried again.
    pub(super) is_final: bool,
}

/// A frame that cannot be read.
fn bad() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "the worker and the server do not understand each other")
}

/// Sends a frame in one write.
pub(super) fn send(stream: &mut impl Write, frame: &Frame) -> io::Result<()> {
    stream.write_all(&frame.0)
}

/// The next frame's content; `None` if the other end has closed.
pub(super) fn receive(stream: &mut impl Read) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut length = [0; 4];
    match stream.read_exact(&mut length) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let length = usize::try_from(u32::from_le_bytes(length)).map_err(|_| bad())?;
    if length > FRAME_BYTES_MAX {
        return Err(bad());
    }
    let mut content = Zeroizing::new(vec![0; length]);
    stream.read_exact(&mut content)?;
    Ok(Some(content))
}

/// A frame that is made.
pub(super) struct Frame(Zeroizing<Vec<u8>>);

impl Frame {
    fn new(kind: u8) -> Self {
        let mut bytes = Zeroizing::new(Vec::with_capacity(FRAME_BYTES_USUAL));
        bytes.extend([0, 0, 0, 0, kind]);
        Self(bytes)
    }

    fn number(mut self, number: u32) -> Self {
        self.0.extend(number.to_le_bytes());
        self
    }

    /// A text that would burst the frame is cut: only messages for people can be that long.
    fn text(self, text: &[u8]) -> Self {
        let room = FRAME_BYTES_MAX.saturating_sub(self.0.len() + 8);
        let text = text.get(..text.len().min(room)).unwrap_or_default();
        let length = u32::try_from(text.len()).unwrap_or_default();
        let mut frame = self.number(length);
        frame.0.extend_from_slice(text);
        frame
    }

    fn proofs(self, proofs: &Proofs) -> Self {
        let count = u32::try_from(proofs.len()).unwrap_or_default();
        proofs
            .iter()
            .fold(self.number(count), |frame, (version, proof)| frame.number(*version).text(proof))
    }

    fn end(mut self) -> Self {
        let length = u32::try_from(self.0.len().saturating_sub(4)).unwrap_or_default();
        if let Some(head) = self.0.first_chunk_mut::<4>() {
            *head = length.to_le_bytes();
        }
        self
    }
}

/// Reads the fields of a frame.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn kind(&mut self) -> io::Result<u8> {
        let (kind, rest) = self.0.split_first().ok_or_else(bad)?;
        self.0 = rest;
        Ok(*kind)
    }

    fn number(&mut self) -> io::Result<u32> {
        let (number, rest) = self.0.split_first_chunk::<4>().ok_or_else(bad)?;
        self.0 = rest;
        Ok(u32::from_le_bytes(*number))
    }

    fn bytes(&mut self) -> io::Result<&'a [u8]> {
        let length = usize::try_from(self.number()?).map_err(|_| bad())?;
        let (bytes, rest) = self.0.split_at_checked(length).ok_or_else(bad)?;
        self.0 = rest;
        Ok(bytes)
    }

    /// A text for people may have been cut within a letter.
    fn text(&mut self) -> io::Result<String> {
        Ok(String::from_utf8_lossy(self.bytes()?).into_owned())
    }

    fn proofs(&mut self) -> io::Result<Proofs> {
        let count = self.number()?;
        (0..count).map(|_| Ok((self.number()?, self.bytes()?.to_vec()))).collect()
    }

    fn end(&self) -> io::Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(bad()) }
    }
}

const START: u8 = 1;
const SEAL: u8 = 2;
const OPEN: u8 = 3;
const MAKE: u8 = 4;
const DESTROY: u8 = 5;
const READY: u8 = 16;
const REFUSED: u8 = 17;
const DONE: u8 = 18;
const NOT_AUTHENTIC: u8 = 19;
const NO_SUCH_VERSION: u8 = 20;
const UNAVAILABLE: u8 = 21;
const NOT_DONE: u8 = 22;

impl Start {
    pub(super) fn frame(&self) -> Frame {
        let (by, name) = match &self.token {
            TokenName::Label(label) => (0, label),
            TokenName::Serial(serial) => (1, serial),
        };
        Frame::new(START)
            .number(u32::from(self.whose == Whose::Own))
            .text(self.module.as_os_str().as_bytes())
            .number(by)
            .text(name.as_bytes())
            .text(self.pin.as_bytes())
            .text(self.key_label.as_bytes())
            .proofs(&self.proofs)
            .end()
    }

    pub(super) fn read(content: &[u8]) -> io::Result<Self> {
        let mut fields = Fields(content);
        if fields.kind()? != START {
            return Err(bad());
        }
        let whose = if fields.number()? == 1 { Whose::Own } else { Whose::Shared };
        let module = PathBuf::from(std::ffi::OsStr::from_bytes(fields.bytes()?));
        let token = match (fields.number()?, fields.text()?) {
            (0, label) => TokenName::Label(label),
            (1, serial) => TokenName::Serial(serial),
            _ => return Err(bad()),
        };
        let pin = Zeroizing::new(fields.text()?);
        let (key_label, proofs) = (fields.text()?, fields.proofs()?);
        let start = Self { whose, module, token, pin, key_label, proofs };
        fields.end()?;
        Ok(start)
    }
}

impl Started {
    pub(super) fn frame(&self) -> Frame {
        match self {
            Self::Ready(proofs) => Frame::new(READY).proofs(proofs).end(),
            Self::Refused { reason, is_final } => {
                Frame::new(REFUSED).number(u32::from(*is_final)).text(reason.as_bytes()).end()
            }
        }
    }

    pub(super) fn read(content: &[u8]) -> io::Result<Self> {
        let mut fields = Fields(content);
        let started = match fields.kind()? {
            READY => Self::Ready(fields.proofs()?),
            REFUSED => {
                let is_final = fields.number()? == 1;
                Self::Refused { reason: fields.text()?, is_final }
            }
            _ => return Err(bad()),
        };
        fields.end()?;
        Ok(started)
    }
}

impl Request {
    pub(super) fn frame(&self) -> Frame {
        let (kind, version, aad, text) = match self {
            Self::Seal { version, aad, plain } => (SEAL, version, aad, plain.as_slice()),
            Self::Open { version, aad, sealed } => (OPEN, version, aad, sealed.as_slice()),
            Self::Destroy { version, aad, sealed } => (DESTROY, version, aad, sealed.as_slice()),
            Self::Make { version } => {
                return Frame::new(MAKE).number(*version).text(&[]).text(&[]).end();
            }
        };
        Frame::new(kind).number(*version).text(aad).text(text).end()
    }

    pub(super) fn read(content: &[u8]) -> io::Result<Self> {
        let mut fields = Fields(content);
        let kind = fields.kind()?;
        let (version, aad, text) =
            (fields.number()?, fields.bytes()?.to_vec(), fields.bytes()?.to_vec());
        fields.end()?;
        match kind {
            SEAL => Ok(Self::Seal { version, aad, plain: Zeroizing::new(text) }),
            OPEN => Ok(Self::Open { version, aad, sealed: text }),
            MAKE => Ok(Self::Make { version }),
            DESTROY => Ok(Self::Destroy { version, aad, sealed: text }),
            _ => Err(bad()),
        }
    }
}

impl Answer {
    pub(super) fn frame(&self) -> Frame {
        match &self.result {
            Ok(bytes) => Frame::new(DONE).text(bytes),
            Err(RootError::NotAuthentic) => Frame::new(NOT_AUTHENTIC),
            Err(RootError::NoSuchVersion(version)) => Frame::new(NO_SUCH_VERSION).number(*version),
            Err(RootError::Refused(reason)) => Frame::new(NOT_DONE).text(reason.as_bytes()),
            Err(RootError::Unavailable(reason)) => {
                Frame::new(UNAVAILABLE).number(u32::from(self.is_final)).text(reason.as_bytes())
            }
            // A worker has no queue.
            Err(RootError::Overloaded) => Frame::new(UNAVAILABLE).number(0).text(b"overloaded"),
        }
        .end()
    }

    pub(super) fn read(content: &[u8]) -> io::Result<Self> {
        let mut fields = Fields(content);
        let (mut is_final, kind) = (false, fields.kind()?);
        let result = match kind {
            DONE => Ok(Zeroizing::new(fields.bytes()?.to_vec())),
            NOT_AUTHENTIC => Err(RootError::NotAuthentic),
            NO_SUCH_VERSION => Err(RootError::NoSuchVersion(fields.number()?)),
            NOT_DONE => Err(RootError::Refused(fields.text()?)),
            UNAVAILABLE => {
                is_final = fields.number()? == 1;
                Err(RootError::Unavailable(fields.text()?))
            }
            _ => return Err(bad()),
        };
        fields.end()?;
        Ok(Self { result, is_final })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn through(frame: &Frame) -> Zeroizing<Vec<u8>> {
        let mut wire = Vec::new();
        send(&mut wire, frame).expect("memory takes all");
        let mut rest = wire.as_slice();
        let content = receive(&mut rest).expect("whole").expect("one frame");
        assert!(receive(&mut rest).expect("the end").is_none());
        content
    }

    #[test]
    fn every_answer_arrives_as_it_was_given() {
        let answers = [
            Ok(Zeroizing::new(vec![1, 2, 3])),
            Err(RootError::NotAuthentic),
            Err(RootError::NoSuchVersion(7)),
            Err(RootError::Refused("C_DestroyObject answered ActionProhibited".into())),
            Err(RootError::Unavailable("C_Login answered PinLocked".into())),
        ];
        for result in answers {
            let is_final = matches!(result, Err(RootError::Unavailable(_)));
            let answer = Answer { result, is_final };
            assert_eq!(Answer::read(&through(&answer.frame())).expect("readable"), answer);
        }
        for started in [
            Started::Ready(Proofs::from([(1, vec![5; 60]), (300, vec![6; 60])])),
            Started::Refused { reason: "no token".into(), is_final: true },
        ] {
            assert_eq!(Started::read(&through(&started.frame())).expect("readable"), started);
        }
    }

    #[test]
    fn a_worker_learns_which_token_it_works_for() {
        let start = Start {
            whose: Whose::Own,
            module: "/lib/module.so".into(),
            token: TokenName::Serial("0815".into()),
            pin: Zeroizing::new("1234".into()),
            key_label: "root".into(),
            proofs: Proofs::from([(2, vec![9; 60])]),
        };
        let read = Start::read(&through(&start.frame())).expect("readable");
        assert_eq!(read.whose, start.whose);
        assert_eq!((&read.module, &read.token), (&start.module, &start.token));
        assert_eq!((&read.pin, &read.key_label), (&start.pin, &start.key_label));
        assert_eq!(read.proofs, start.proofs);
    }

    #[test]
    fn a_message_that_is_too_long_is_cut_and_a_frame_that_is_too_long_refused() {
        let reason = "ä".repeat(FRAME_BYTES_MAX);
        let frame = Started::Refused { reason, is_final: false }.frame();
        assert!(matches!(Started::read(&through(&frame)), Ok(Started::Refused { .. })));
        let length = u32::try_from(FRAME_BYTES_MAX + 1).expect("it fits").to_le_bytes();
        assert!(receive(&mut length.as_slice()).is_err());
    }

    proptest! {
        /// Nothing that a broken worker sends makes the server panic, and no prefix of a frame is one.
        #[test]
        fn any_bytes_are_read_or_refused(content in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = (Answer::read(&content), Started::read(&content), Start::read(&content));
            if let Ok(request) = Request::read(&content) {
                let whole = through(&request.frame());
                prop_assert_eq!(&**whole, content.as_slice());
                prop_assert!((0..whole.len()).all(|end| Request::read(&whole[..end]).is_err()));
            }
        }
    }
}
