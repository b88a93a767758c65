//! The chain: how lines hang together (the form is in the [room's documentation](super)).

use sha2::{Digest, Sha256};

/// The bytes of a SHA-256.
pub type Hash = [u8; 32];

/// The `prev` of the first line.
pub const GENESIS: Hash = [0; 32];

/// What stands before the hash; it is not hashed itself.
const HASH_FIELD: &[u8] = b",\"hash\":\"";

/// What ends a line, after the hash.
const END: &[u8] = b"\"}";

/// The longest line that is read: far more than a record takes
/// ([`RECORD_BYTES_MAX`](super::json::RECORD_BYTES_MAX)), so what is longer is no line.
pub const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How far the store's commits have been taken over into the trail.
///
/// The store numbers its group commits and keeps the records of a group until they are in the
/// trail. As every line carries the mark, the last line alone tells where to go on after a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Mark {
    /// The latest group of which a record is in the trail; 0 if there is none.
    pub commit: u64,
    /// How many of its records are.
    pub records: u64,
}

/// A place in the trail: the line with this number has this hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// The line's number; 0 stands before the first line.
    pub seq: u64,
    /// The line's hash.
    pub hash: Hash,
}

impl Default for Anchor {
    fn default() -> Self {
        Self { seq: 0, hash: GENESIS }
    }
}

/// The end of a trail, ready to be written on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// The last line.
    pub last: Anchor,
    /// Its mark.
    pub mark: Mark,
}

impl Head {
    /// Writes the next line, with these fields and this mark, to the end of `out`.
    pub fn append(&mut self, out: &mut Vec<u8>, fields: &str, mark: Mark) {
        let start = out.len();
        let seq = self.last.seq + 1;
        out.extend_from_slice(b"{\"seq\":");
        push_number(out, seq);
        out.extend_from_slice(b",\"prev\":\"");
        out.extend_from_slice(&Hex(self.last.hash).digits());
        out.extend_from_slice(b"\",\"commit\":[");
        push_number(out, mark.commit);
        out.push(b',');
        push_number(out, mark.records);
        out.extend_from_slice(b"],");
        out.extend_from_slice(fields.as_bytes());
        let hash: Hash = Sha256::digest(out.get(start..).unwrap_or_default()).into();
        out.extend_from_slice(HASH_FIELD);
        out.extend_from_slice(&Hex(hash).digits());
        out.extend_from_slice(END);
        out.push(b'\n');
        *self = Self { last: Anchor { seq, hash }, mark };
    }
}

/// Writes a number in decimal digits.
fn push_number(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// What links a line to its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// The line's number.
    pub seq: u64,
    /// The hash that the line says the one before has.
    pub prev: Hash,
    /// The line's mark.
    pub mark: Mark,
    /// The hash that the line says it has.
    pub hash: Hash,
    /// Whether it really has it.
    pub intact: bool,
}

impl Line {
    /// Reads a line (without its line feed); `None` if it does not have the form of one.
    #[must_use]
    pub fn parse(line: &[u8]) -> Option<Self> {
        let hashed_bytes = line.len().checked_sub(HASH_FIELD.len() + 64 + END.len())?;
        let (hashed, tail) = line.split_at_checked(hashed_bytes)?;
        let hash = unhex(tail.strip_prefix(HASH_FIELD)?.strip_suffix(END)?)?;
        let (seq, rest) = number(hashed.strip_prefix(b"{\"seq\":")?)?;
        let (prev, rest) = rest.strip_prefix(b",\"prev\":\"")?.split_at_checked(64)?;
        let (commit, rest) = number(rest.strip_prefix(b"\",\"commit\":[")?)?;
        let (records, rest) = number(rest.strip_prefix(b",")?)?;
        rest.strip_prefix(b"],")?;
        Some(Self {
            seq,
            prev: unhex(prev)?,
            mark: Mark { commit, records },
            hash,
            intact: Hash::from(Sha256::digest(hashed)) == hash,
        })
    }

    /// The place in the trail that this line is.
    #[must_use]
    pub fn anchor(&self) -> Anchor {
        Anchor { seq: self.seq, hash: self.hash }
    }
}

/// The decimal number at the start, and what follows it.
fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = bytes.split_at_checked(digits)?;
    Some((std::str::from_utf8(digits).ok()?.parse().ok()?, rest))
}

/// A hash from 64 lower-case hexadecimal digits.
#[must_use]
pub fn unhex(text: &[u8]) -> Option<Hash> {
    let mut hash = GENESIS;
    if text.len() != 2 * hash.len() {
        return None;
    }
    for (byte, pair) in hash.iter_mut().zip(text.chunks_exact(2)) {
        let &[high, low] = pair else { return None };
        *byte = nibble(high)? << 4 | nibble(low)?;
    }
    Some(hash)
}

/// Lower case only, as it is written.
fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// Shows a hash as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy)]
pub struct Hex(pub Hash);

impl Hex {
    /// The digits.
    fn digits(self) -> [u8; 64] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [b'0'; 64];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            for (digit, nibble) in pair.iter_mut().zip([byte >> 4, byte & 15]) {
                *digit = DIGITS.get(usize::from(nibble)).copied().unwrap_or_default();
            }
        }
        text
    }
}

impl std::fmt::Display for Hex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(std::str::from_utf8(&self.digits()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written_and_links_to_the_one_before() {
        let mut head = Head::default();
        let mut out = Vec::new();
        head.append(&mut out, "\"a\":1", Mark { commit: 4, records: 2 });
        let first = head;
        head.append(&mut out, "\"a\":2", Mark { commit: 4, records: 3 });
        let lines: Vec<_> = out.split(|byte| *byte == b'\n').filter_map(Line::parse).collect();
        let [one, two] = lines.as_slice() else { panic!("two lines, not {lines:?}") };
        assert_eq!((one.seq, one.prev, one.intact), (1, GENESIS, true));
        assert_eq!(one.anchor(), first.last);
        assert_eq!((two.seq, two.prev, two.intact), (2, one.hash, true));
        assert_eq!(two.mark, Mark { commit: 4, records: 3 });
        assert_eq!(two.anchor(), head.last);
        for line in out.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            serde_json::from_slice::<serde_json::Value>(line).expect("JSON");
        }
    }

    #[test]
    fn no_changed_byte_goes_unseen() {
        let mut out = Vec::new();
        Head::default().append(&mut out, "\"a\":1", Mark::default());
        out.pop();
        for at in 0..out.len() {
            let mut changed = out.clone();
            changed[at] ^= 1;
            let seen = Line::parse(&changed).is_none_or(|line| !line.intact);
            assert!(seen, "byte {at}");
        }
        assert!((0..out.len()).all(|length| Line::parse(&out[..length]).is_none()));
    }
}
