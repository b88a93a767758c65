//! As much DER as certificates are written with (X.690 §8.1, §10.1).

/// SEQUENCE.
pub(super) const SEQUENCE: u8 = 0x30;
/// SET.
pub(super) const SET: u8 = 0x31;
/// INTEGER.
pub(super) const INTEGER: u8 = 0x02;
/// BIT STRING.
pub(super) const BIT_STRING: u8 = 0x03;
/// OCTET STRING.
pub(super) const OCTET_STRING: u8 = 0x04;
/// BOOLEAN that is true.
pub(super) const TRUE: &[u8] = &[0x01, 0x01, 0xff];
/// NULL.
pub(super) const NULL: &[u8] = &[0x05, 0x00];

/// The tag of a field that is marked by a number, with something in it.
pub(super) const fn marked(number: u8) -> u8 {
    0xa0 | number
}

/// A tag with its length and content, which is given in parts.
pub(super) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len().to_be_bytes();
    let digits: Vec<u8> = length.iter().copied().skip_while(|digit| *digit == 0).collect();
    let mut item = vec![tag];
    match digits.as_slice() {
        [] => item.push(0),
        [short] if *short < 0x80 => item.push(*short),
        // At most eight digits, so that their number fits into a byte.
        many => {
            item.push(0x80 | u8::try_from(many.len()).unwrap_or_default());
            item.extend_from_slice(many);
        }
    }
    item.extend(content);
    item
}

/// A BIT STRING of whole bytes.
pub(super) fn bit_string(bytes: &[u8]) -> Vec<u8> {
    tlv(BIT_STRING, &[&[0], bytes])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_as_short_as_can_be() {
        for (length, head) in [
            (0, &[4, 0][..]),
            (0x7f, &[4, 0x7f]),
            (0x80, &[4, 0x81, 0x80]),
            (0xff, &[4, 0x81, 0xff]),
            (0x100, &[4, 0x82, 1, 0]),
            (0x1_0000, &[4, 0x83, 1, 0, 0]),
        ] {
            let item = tlv(OCTET_STRING, &[&vec![7; length]]);
            assert_eq!(item.len(), head.len() + length);
            assert!(item.starts_with(head), "{length}");
        }
    }
}
