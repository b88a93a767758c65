//! The exclusive lock on a directory: one process per store.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file that is locked. It holds the number of the process, for people.
const FILE: &str = "lock";

/// Why a directory could not be locked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("{} is in use by another keystrata (process {process}): stop it first, or use another directory", .directory.display())]
    InUse {
        /// The directory.
        directory: PathBuf,
        /// The number of the process, as far as it is known.
        process: String,
    },
    /// It cannot be made or written.
    #[error("the directory {} cannot be used: {error}", .directory.display())]
    Unusable {
        /// The directory.
        directory: PathBuf,
        /// What is wrong.
        error: Arc<io::Error>,
    },
}

/// A locked directory. The lock ends with the value, or with the process.
#[derive(Debug)]
pub(super) struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    /// Locks a directory, which is made (mode 0700) if it is not there.
    ///
    /// # Errors
    /// [`LockError`].
    pub(super) fn take(directory: &Path) -> Result<Self, LockError> {
        Self::try_take(directory)?.map_err(|process| {
            let (directory, process) = (directory.to_owned(), process.trim().to_owned());
            LockError::InUse { directory, process }
        })
    }

    /// Whether a directory could be locked. Makes and writes nothing.
    ///
    /// # Errors
    /// [`LockError::InUse`].
    pub(super) fn check(directory: &Path) -> Result<(), LockError> {
        let Ok(file) = File::open(directory.join(FILE)) else { return Ok(()) };
        if !matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)) {
            return Ok(());
        }
        let mut process = String::new();
        let _ = file.take(32).read_to_string(&mut process);
        let (directory, process) = (directory.to_owned(), process.trim().to_owned());
        Err(LockError::InUse { directory, process })
    }

    /// The lock, or the number of the process that has it.
    fn try_take(directory: &Path) -> Result<Result<Self, String>, LockError> {
        let unusable = |error: io::Error| LockError::Unusable {
            directory: directory.to_owned(),
            error: error.into(),
        };
        make(directory).map_err(unusable)?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(directory.join(FILE))
            .map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut process = String::new();
                let _ = file.take(32).read_to_string(&mut process);
                return Ok(Err(process));
            }
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        // The number is a courtesy: a full disk shall not keep a store from being opened.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Ok(Self { _file: file }))
    }
}

/// Makes a directory that outlives a loss of power, unless it is there.
fn make(directory: &Path) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    match directory.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => File::open(parent)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}
