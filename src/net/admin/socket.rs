//! The Unix socket in the data directory. Who may open it (mode 0600) may change the server.

use std::fs::{self, Permissions};
use std::future::Future;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use axum::Router;
use tokio::net::UnixListener;

/// Why there is no administrative socket. `Display` is one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Another process listens there.
    #[error("another server answers on {path}: stop it first", path = .0.display())]
    Live(PathBuf),
    /// There is something else at its place.
    #[error("{path} exists and is not a socket: move it away", path = .0.display())]
    NotASocket(PathBuf),
    /// The system refused.
    #[error("cannot listen on {path}: {source}", path = path.display())]
    System {
        /// The socket's path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A bound administrative socket; its file is removed when this is dropped.
#[derive(Debug)]
pub struct AdminSocket {
    listener: UnixListener,
    file: SocketFile,
}

impl AdminSocket {
    /// Binds `path` with mode 0600. The socket of a process that is gone is replaced.
    ///
    /// # Errors
    /// [`SocketError`]; nothing was changed.
    pub fn bind(path: &Path) -> Result<Self, SocketError> {
        let system = |source| SocketError::System { path: path.into(), source };
        refuse_living(path)?;
        // Made under another name and moved when its mode is right: nobody can come in between,
        // and the socket of a dead process is replaced in one step. The other name is no longer than
        // its own, as the system bounds both.
        let fresh = path.with_extension("new");
        let _ = fs::remove_file(&fresh);
        let listener = UnixListener::bind(&fresh).map_err(system)?;
        let published = fs::set_permissions(&fresh, Permissions::from_mode(0o600))
            .and_then(|()| fs::rename(&fresh, path));
        if let Err(source) = published {
            let _ = fs::remove_file(&fresh);
            return Err(system(source));
        }
        Ok(Self { listener, file: SocketFile(path.into()) })
    }

    /// Serves until `stop` resolves; requests in flight are answered.
    ///
    /// # Errors
    /// Never in practice: errors of single connections end those only.
    pub async fn run(
        self,
        routes: Router,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let Self { listener, file } = self;
        let served = super::serve(listener, routes, stop).await;
        drop(file);
        served
    }
}

fn refuse_living(path: &Path) -> Result<(), SocketError> {
    let system = |source| SocketError::System { path: path.into(), source };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(system(error)),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(SocketError::NotASocket(path.into()));
        }
        Ok(_) => {}
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(SocketError::Live(path.into())),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        Err(error) => Err(system(error)),
    }
}

#[derive(Debug)]
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // A file that is left behind is replaced at the next start.
        let _ = fs::remove_file(&self.0);
    }
}
