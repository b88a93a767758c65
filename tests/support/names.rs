//! Names of tags, enumeration values and mask bits as the fact tables in `fixtures/kmip` have them.

use std::collections::HashMap;
use std::sync::OnceLock;

use kmip_ttlv::Tag;

/// Functions and return codes that the cases name, which PKCS#11 defines and not KMIP.
const PKCS11: &[(&str, u32)] =
    &[("C_Initialize", 1), ("C_Finalize", 2), ("C_GetInfo", 3), ("OK", 0)];

/// The numbers behind the names that XML cases use.
pub(crate) struct Names {
    tags: HashMap<String, Tag>,
    enumerations: HashMap<String, HashMap<String, u32>>,
    bits: HashMap<String, u32>,
}

impl Names {
    /// The tables, read once.
    pub(crate) fn get() -> &'static Self {
        static NAMES: OnceLock<Names> = OnceLock::new();
        NAMES.get_or_init(|| Self {
            tags: rows(include_str!("../../fixtures/kmip/tags.csv"))
                .map(|row| (row[2].clone(), Tag::from_number(number(&row[0]))))
                .collect(),
            enumerations: enumerations(),
            bits: rows(include_str!("../../fixtures/kmip/bitmasks.csv"))
                .map(|row| (row[2].clone(), number(&row[3])))
                .collect(),
        })
    }

    /// The tag with this name in XML.
    pub(crate) fn tag(&self, xml_name: &str) -> Result<Tag, String> {
        self.tags.get(xml_name).copied().ok_or_else(|| format!("no tag is called {xml_name}"))
    }

    /// The number of an enumeration's value; `enumeration` is the specification's name. Digits
    /// stand for themselves.
    pub(crate) fn value(&self, enumeration: &str, name: &str) -> Result<u32, String> {
        if let Some(digits) = name.strip_prefix("0x") {
            return u32::from_str_radix(digits, 16).map_err(|e| format!("{name}: {e}"));
        }
        if enumeration == "Attribute Reference" {
            return Ok(self.tag(name)?.number());
        }
        let defined = self.values_of(enumeration).and_then(|values| values.get(name));
        defined
            .copied()
            .or_else(|| PKCS11.iter().find(|(word, _)| *word == name).map(|(_, number)| *number))
            .or_else(|| name.parse().ok())
            .ok_or_else(|| format!("{enumeration} has no value {name}"))
    }

    /// An enumeration's values; one such as Mask Generator Hashing Algorithm borrows those of the
    /// enumeration that its name ends in.
    fn values_of(&self, enumeration: &str) -> Option<&HashMap<String, u32>> {
        let ends = |name: &&String| enumeration.ends_with(name.as_str());
        let lender = || self.enumerations.keys().filter(ends).max_by_key(|name| name.len());
        self.enumerations.get(enumeration).or_else(|| self.enumerations.get(lender()?))
    }

    /// The name of an enumeration's value, for people.
    pub(crate) fn value_name(&self, enumeration: &str, value: u32) -> String {
        self.values_of(enumeration)
            .and_then(|values| values.iter().find(|(_, number)| **number == value))
            .map_or_else(|| format!("{value:#x}"), |(name, _)| name.clone())
    }

    /// The bits of a mask given as names with blanks between them, or as a number.
    pub(crate) fn mask(&self, names: &str) -> Result<i32, String> {
        if let Ok(number) = names.parse() {
            return Ok(number);
        }
        let bits = names.split_whitespace().try_fold(0, |bits, name| {
            let bit = self.bits.get(name).ok_or_else(|| format!("no mask bit {name}"))?;
            Ok::<u32, String>(bits | bit)
        })?;
        Ok(bits.cast_signed())
    }
}

fn enumerations() -> HashMap<String, HashMap<String, u32>> {
    let mut all: HashMap<String, HashMap<String, u32>> = HashMap::new();
    for row in rows(include_str!("../../fixtures/kmip/enumerations.csv")) {
        let values = all.entry(row[0].clone()).or_default();
        let value = number(&row[3]);
        values.insert(row[2].clone(), value);
        for alias in row[7].split('|').map(str::trim).filter(|alias| !alias.is_empty()) {
            values.entry(alias.into()).or_insert(value);
        }
    }
    all
}

fn number(text: &str) -> u32 {
    let digits = text.strip_prefix("0x").expect("numbers in the tables start with 0x");
    u32::from_str_radix(digits, 16).expect("the tables hold hexadecimal numbers")
}

/// The rows of a CSV file less its head line; a field may stand in quotation marks.
fn rows(text: &str) -> impl Iterator<Item = Vec<String>> + '_ {
    text.lines().skip(1).filter(|line| !line.is_empty()).map(|line| {
        let mut fields = vec![String::new()];
        let mut quoted = false;
        for letter in line.chars() {
            match letter {
                '"' => quoted = !quoted,
                ',' if !quoted => fields.push(String::new()),
                other => fields.last_mut().expect("there is one").push(other),
            }
        }
        fields.resize(fields.len().max(8), String::new());
        fields
    })
}
