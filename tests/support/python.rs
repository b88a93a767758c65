//! The Python of the virtual environment that has the clients.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::server::Server;

/// Runs a program of `tests/clients` against a server; its output goes to the test's.
///
/// # Panics
/// If the environment is missing, with the command that makes it, or if the program fails.
pub(crate) fn run(program: &str, server: &Server, arguments: &[&str]) {
    let script = project().join("tests/clients").join(program);
    let output = Command::new(interpreter())
        .arg(&script)
        .arg("--dir")
        .arg(server.directory())
        .args(["--kmip", &server.kmip().to_string()])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|e| panic!("{}: {e}", interpreter().display()));
    println!("{}", String::from_utf8_lossy(&output.stdout));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {}\n{complaint}", output.status);
}

/// The directory of the project.
pub(crate) fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The interpreter that has the clients.
///
/// # Panics
/// If it is missing, with the command that makes it.
pub(crate) fn interpreter() -> PathBuf {
    let given = std::env::var_os("KEYSTRATA_PYTHON").map(PathBuf::from);
    let python = given.unwrap_or_else(|| project().join(".venv/bin/python"));
    assert!(
        python.exists(),
        "the clients of these tests are not installed; `make venv` installs them in .venv"
    );
    python
}
