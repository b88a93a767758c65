//! Secrets in files: read only if nobody but the owner can read them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// The longest secret in a file, in bytes.
pub const SECRET_BYTES_MAX: usize = 4096;
/// The permissions that a secret's file may have at most: read and write for its owner.
pub const SECRET_MODE_MAX: u32 = 0o600;

/// Why a secret's file was not used. One line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// It cannot be read.
    #[error("{} cannot be read: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Others can read or change it.
    #[error("{} is open to others (mode {mode:04o}): chmod 600 it", path.display())]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It is no file, is empty, too long, or not text.
    #[error("{} is not a text file of 1 to {SECRET_BYTES_MAX} bytes", path.display())]
    NotASecret {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be made.
    #[error("{} cannot be made: {error}", path.display())]
    NotMade {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// Reads a secret; a line end behind it is not part of it. A symbolic link is followed.
///
/// # Errors
/// [`SecretFileError`]; nothing of the content is in it.
pub fn read(path: &Path) -> Result<Zeroizing<String>, SecretFileError> {
    let unreadable = |error| SecretFileError::Unreadable { path: path.to_owned(), error };
    let not_a_secret = || SecretFileError::NotASecret { path: path.to_owned() };
    let file = File::open(path).map_err(unreadable)?;
    // Of the open file, so that it cannot be exchanged between check and use.
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(not_a_secret());
    }
    let mode = metadata.mode() & 0o7777;
    if mode & !SECRET_MODE_MAX != 0 {
        return Err(SecretFileError::OpenToOthers { path: path.to_owned(), mode });
    }
    // One allocation of the full size: growing would leave copies behind.
    let mut text = Zeroizing::new(Vec::with_capacity(SECRET_BYTES_MAX + 1));
    let limit = u64::try_from(SECRET_BYTES_MAX + 1).unwrap_or(u64::MAX);
    file.take(limit).read_to_end(&mut text).map_err(unreadable)?;
    let text = std::str::from_utf8(&text).map_err(|_| not_a_secret())?;
    if text.len() > SECRET_BYTES_MAX {
        return Err(not_a_secret());
    }
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(not_a_secret());
    }
    Ok(Zeroizing::new(text.to_owned()))
}

/// Makes a file with a secret, for its owner only. An existing file is left alone and is an error.
///
/// The file is there whole and for good, or not at all, even if the power fails: it is written
/// under another name (`<name>.<process>.new`) and synced before it gets its own.
///
/// # Errors
/// [`SecretFileError::NotMade`].
pub fn create(path: &Path, secret: &str) -> Result<(), SecretFileError> {
    let make = || -> io::Result<()> {
        let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
        name.push(format!(".{}.new", std::process::id()));
        let temporary = path.with_file_name(name);
        // Of a process that had the same number and died.
        let _ = fs::remove_file(&temporary);
        // A link, for it never replaces a file.
        let made = write(&temporary, secret).and_then(|()| fs::hard_link(&temporary, path));
        let removed = fs::remove_file(&temporary);
        made?;
        removed?;
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
    };
    make().map_err(|error| SecretFileError::NotMade { path: path.to_owned(), error })
}

fn write(path: &Path, secret: &str) -> io::Result<()> {
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(SECRET_MODE_MAX).open(path)?;
    file.write_all(secret.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

/// A secret in hexadecimal digits.
#[must_use]
pub fn hexadecimal(secret: &[u8]) -> Zeroizing<String> {
    // The capacity is exact: growing would leave copies behind.
    let mut digits = Zeroizing::new(String::with_capacity(2 * secret.len()));
    for byte in secret {
        for nibble in [byte >> 4, byte & 0xf] {
            digits.push(char::from_digit(u32::from(nibble), 16).unwrap_or_default());
        }
    }
    digits
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn a_secret_comes_back_without_its_line_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pin");
        create(&path, "1234").unwrap();
        assert_eq!(*read(&path).unwrap(), "1234");
        assert!(matches!(create(&path, "5678"), Err(SecretFileError::NotMade { .. })));
        assert_eq!(*read(&path).unwrap(), "1234", "an existing file is left alone");
    }

    #[test]
    fn a_secret_is_never_seen_half_made_and_leaves_no_other_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pin");
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    match read(&path) {
                        Ok(secret) => assert_eq!(*secret, "1234"),
                        Err(SecretFileError::Unreadable { .. }) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            });
            for _ in 0..500 {
                create(&path, "1234").unwrap();
                assert_eq!(fs::read_dir(&dir).unwrap().count(), 1);
                fs::remove_file(&path).unwrap();
            }
            done.store(true, Ordering::Relaxed);
        });
        create(&path, "1234").unwrap();
        create(&path, "5678").unwrap_err();
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 1, "nor does a refusal");
    }

    #[test]
    fn only_the_owner_may_read_or_write() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pin");
        create(&path, "1234").unwrap();
        for mode in 0..=0o777 {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let refused = matches!(read(&path), Err(SecretFileError::OpenToOthers { .. }));
            assert_eq!(refused, mode & 0o177 != 0, "{mode:o}");
        }
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let long = "x".repeat(SECRET_BYTES_MAX + 1);
        for (name, content) in [("empty", ""), ("line", "\n"), ("long", &long)] {
            let path = dir.path().join(name);
            create(&path, content).unwrap();
            assert!(matches!(read(&path), Err(SecretFileError::NotASecret { .. })), "{name}");
        }
        assert!(matches!(read(dir.path()), Err(SecretFileError::NotASecret { .. })));
        let missing = dir.path().join("missing");
        assert!(matches!(read(&missing), Err(SecretFileError::Unreadable { .. })));
    }
}
