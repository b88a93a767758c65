//! Files and directories for their owner only.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::{About as _, Failure};

/// Makes a directory with mode 0700, and those above it, where they are missing.
pub(super) fn directory(path: &Path) -> Result<(), Failure> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).about(path)
}

/// Writes a file with mode 0600, whole or not at all: beside it, then renamed.
pub(super) fn file(path: &Path, content: &[u8]) -> Result<(), Failure> {
    written(path, content, 0o600)
}

/// Writes a file that all may read, whole or not at all.
pub(super) fn public_file(path: &Path, content: &[u8]) -> Result<(), Failure> {
    written(path, content, 0o644)
}

fn written(path: &Path, content: &[u8], mode: u32) -> Result<(), Failure> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = Path::new(&beside);
    if let Err(error) = fs::remove_file(beside)
        && error.kind() != ErrorKind::NotFound
    {
        return Err(error).about(beside);
    }
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(mode).open(beside).about(beside)?;
    file.write_all(content).and_then(|()| file.sync_all()).about(beside)?;
    fs::rename(beside, path).about(path)
}

/// The text of a file, or `None` if there is none.
pub(super) fn text(path: &Path) -> Result<Option<String>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).about(path),
    }
}
