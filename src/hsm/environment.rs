//! Environment variables that a PKCS#11 module reads by itself.
//!
//! A process cannot safely change its own environment once it has threads, so it starts itself
//! again with the right one. A command asks [`missing`] before anything else and then [`restart`]s.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// The variables of `wanted` that the environment does not have with that value. `current` looks a
/// variable up.
pub fn missing<'a>(
    wanted: impl IntoIterator<Item = (&'a str, &'a OsStr)>,
    current: impl Fn(&str) -> Option<OsString>,
) -> Vec<(&'a str, &'a OsStr)> {
    let differs = |(name, value): &(&str, &OsStr)| current(name).as_deref() != Some(*value);
    wanted.into_iter().filter(differs).collect()
}

/// Replaces this process by `program` with `arguments` (without the program's name) and these
/// variables besides those that it has. The process identifier and open standard streams stay.
///
/// Returns only if that failed, with the reason.
pub fn restart<'a>(
    program: &Path,
    arguments: impl IntoIterator<Item = OsString>,
    variables: impl IntoIterator<Item = (&'a str, &'a OsStr)>,
) -> io::Error {
    Command::new(program).args(arguments).envs(variables).exec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_variables_with_another_value_are_missing() {
        let wanted = [("A", OsStr::new("1")), ("B", OsStr::new("2")), ("C", OsStr::new("3"))];
        let current = |name: &str| match name {
            "A" => Some(OsString::from("1")),
            "B" => Some(OsString::from("other")),
            _ => None,
        };
        let names: Vec<&str> = missing(wanted, current).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["B", "C"]);
    }
}
