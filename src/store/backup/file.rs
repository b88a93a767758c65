//! The files of a backup: written under another name, and given theirs when they are whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{BackupError, Contents, Manifest, beside, manifest_of};
use crate::audit::chain::Hash;

/// What a copy is called until it is whole and known.
const PARTIAL: &str = ".partial";

/// How much is read at once.
const PIECE_BYTES: usize = 256 * 1024;

pub(in crate::store) fn io_error(path: &Path, error: io::Error) -> BackupError {
    BackupError::Io { path: path.to_owned(), error: error.into() }
}

/// Whether a backup can be put there: the names are free, and there is a directory for them.
///
/// # Errors
/// [`BackupError`].
pub fn check_place(to: &Path) -> Result<(), BackupError> {
    if !to.is_absolute() || to.to_str().is_none() || to.file_name().is_none() {
        return Err(BackupError::BadPath(to.to_owned()));
    }
    for path in [to, &manifest_of(to)] {
        match fs::symlink_metadata(path) {
            Ok(_) => return Err(BackupError::Exists(path.to_owned())),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(io_error(path, error)),
        }
    }
    let directory = directory(to);
    match fs::metadata(directory) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(io_error(directory, ErrorKind::NotADirectory.into())),
        Err(error) => Err(io_error(directory, error)),
    }
}

/// How much of a copy to `to` is written so far.
#[must_use]
pub fn copied_bytes(to: &Path) -> u64 {
    fs::metadata(beside(to, PARTIAL)).map_or(0, |file| file.len())
}

/// The length and the SHA-256 of a file.
///
/// # Errors
/// What reading it fails with.
pub fn digest(path: &Path) -> Result<(u64, Hash), BackupError> {
    let read = || digest_of(&mut File::open(path)?, |_| Ok(()));
    read().map_err(|error| io_error(path, error))
}

/// The length and the SHA-256 of what is read; every piece goes to `write`, too.
pub(in crate::store) fn digest_of(
    from: &mut File,
    mut write: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<(u64, Hash)> {
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read = from.read(&mut piece)?;
        let piece = piece.get(..read).unwrap_or_default();
        if piece.is_empty() {
            return Ok((bytes, hash.finalize().into()));
        }
        hash.update(piece);
        write(piece)?;
        bytes += piece.len() as u64;
    }
}

/// A file that is not whole yet. Dropped, it is removed.
#[derive(Debug)]
pub(in crate::store) struct Partial {
    path: PathBuf,
    is_kept: bool,
}

impl Partial {
    /// An empty file (mode 0600) beside `to`, in place of what a process has left there that died.
    pub(in crate::store) fn beside(to: &Path) -> Result<Self, BackupError> {
        let path = beside(to, PARTIAL);
        remove(&path).map_err(|error| io_error(&path, error))?;
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        made.map_err(|error| io_error(&path, error))?;
        Ok(Self { path, is_kept: false })
    }

    pub(in crate::store) fn path(&self) -> &Path {
        &self.path
    }

    /// Fills it with a copy of a file. The length and the SHA-256 of what was read.
    pub(in crate::store) fn fill(&self, from: &Path) -> Result<(u64, Hash), BackupError> {
        let mut source = File::open(from).map_err(|error| io_error(from, error))?;
        let to = OpenOptions::new().write(true).open(&self.path);
        let mut to = to.map_err(|error| io_error(&self.path, error))?;
        let copied = digest_of(&mut source, |piece| to.write_all(piece));
        copied.map_err(|error| io_error(&self.path, error))
    }

    /// Makes its content durable.
    pub(in crate::store) fn sync(&self) -> Result<(), BackupError> {
        let sync = || File::open(&self.path)?.sync_all();
        sync().map_err(|error| io_error(&self.path, error))
    }

    /// Gives it its name, for good.
    pub(in crate::store) fn rename(mut self, to: &Path) -> Result<(), BackupError> {
        let rename = || {
            fs::rename(&self.path, to)?;
            File::open(directory(to))?.sync_all()
        };
        rename().map_err(|error| io_error(to, error))?;
        self.is_kept = true;
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.is_kept {
            let _ = remove(&self.path);
        }
    }
}

/// Removes a file and, first, the journal that SQLite has while it writes it: of a file of before, it
/// must not be taken for the next one's.
fn remove(path: &Path) -> io::Result<()> {
    for path in [&beside(path, "-journal"), path] {
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// A copy that is whole and durable, and has not its name yet. Dropped, it is removed.
#[derive(Debug)]
pub struct Copied {
    partial: Partial,
    to: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256.
    pub digest: Hash,
    /// What is in it.
    pub contents: Contents,
}

impl Copied {
    pub(in crate::store) fn new(
        partial: Partial,
        to: PathBuf,
        contents: Contents,
    ) -> Result<Self, BackupError> {
        partial.sync()?;
        let (bytes, digest) = digest(partial.path())?;
        Ok(Self { partial, to, bytes, digest, contents })
    }

    /// Gives the copy its name, with its manifest beside it. Blocks.
    ///
    /// # Errors
    /// [`BackupError`]; then neither is there.
    pub fn publish(self, manifest: &Manifest) -> Result<(), BackupError> {
        check_place(&self.to)?;
        let path = manifest_of(&self.to);
        let write = || {
            let mut file =
                OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            file.write_all(manifest.to_json().as_bytes())?;
            file.sync_all()
        };
        let written = write().map_err(|error| io_error(&path, error));
        let done = written.and_then(|()| self.partial.rename(&self.to));
        if done.is_err() {
            let _ = fs::remove_file(&path);
        }
        done
    }
}

/// The directory that a file is in.
fn directory(path: &Path) -> &Path {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}
