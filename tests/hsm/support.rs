//! A process of its own with a fresh token for each test.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use keystrata::clock::{ManualClock, Timestamp};
use keystrata::crypto::random::OsRandom;
use keystrata::hsm::softhsm::{self, SoftHsm};
use keystrata::hsm::{HsmError, Pkcs11Root, Place, TokenSettings, WorkerProgram};
use keystrata::metrics::{Metrics, MetricsSettings};

pub(crate) const DIR_VARIABLE: &str = "KEYSTRATA_TEST_HSM_DIR";

#[expect(clippy::disallowed_methods, reason = "tests may read the environment")]
pub(crate) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// The name of the running test.
pub(crate) fn test_name() -> String {
    std::thread::current().name().unwrap().to_owned()
}

/// Runs `body` of the calling test in a process of its own with a fresh token.
pub(crate) fn with_token(body: impl FnOnce(&SoftHsm, &Path)) {
    if variable(DIR_VARIABLE).is_some() {
        return in_child(body);
    }
    let dir = tempfile::tempdir().unwrap();
    run_child(dir.path());
}

pub(crate) fn in_child(body: impl FnOnce(&SoftHsm, &Path)) {
    let dir = PathBuf::from(variable(DIR_VARIABLE).unwrap());
    let soft = SoftHsm::prepare(&dir, &OsRandom).unwrap();
    soft.initialise(variable(softhsm::CONFIG_VARIABLE).as_deref(), &OsRandom).unwrap();
    body(&soft, &dir);
}

/// Runs the calling test again in a process that has the token in `dir`.
pub(crate) fn run_child(dir: &Path) {
    let soft = SoftHsm::prepare(dir, &OsRandom).unwrap_or_else(|error| panic!("{error}"));
    run_child_with(dir, softhsm::CONFIG_VARIABLE, &soft.variable());
}

/// Runs the calling test again in a process with a variable that its module reads.
pub(crate) fn run_child_with(dir: &Path, variable: &str, value: &Path) {
    let ended = child(dir, variable, value).output().unwrap();
    let said = [ended.stdout, ended.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(ended.status.success() && said.contains("1 passed"), "{said}");
    print!("{said}");
}

/// The calling test in a process with a variable that its module reads.
pub(crate) fn child(dir: &Path, variable: &str, value: &Path) -> Command {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args([&test_name(), "--exact", "--nocapture"]);
    child.env(variable, value).env(DIR_VARIABLE, dir);
    child
}

pub(crate) struct Opened {
    pub(crate) root: Pkcs11Root,
    pub(crate) clock: Arc<ManualClock>,
}

pub(crate) fn try_open(settings: TokenSettings) -> Result<Opened, HsmError> {
    let clock = Arc::new(ManualClock::new(Timestamp(0)));
    let metrics = Metrics::new(&MetricsSettings::default());
    let random = Arc::new(OsRandom);
    let root = Pkcs11Root::open(settings, Place::Here, random, clock.clone(), metrics)?;
    Ok(Opened { root, clock })
}

/// The real program as the worker.
pub(crate) fn workers() -> Place {
    let arguments = ["hsm-worker", "--log-format", "text", "--log-level", "warn"];
    Place::Workers(WorkerProgram {
        program: env!("CARGO_BIN_EXE_keystrata").into(),
        arguments: arguments.map(Into::into).to_vec(),
        environment: Vec::new(),
    })
}

pub(crate) fn open(settings: TokenSettings) -> Opened {
    try_open(settings).unwrap()
}

pub(crate) fn refused(settings: TokenSettings) -> HsmError {
    try_open(settings).err().unwrap()
}

/// A session of the test's own, beside the server's code.
pub(crate) fn session(soft: &SoftHsm) -> (Pkcs11, Session) {
    let pkcs11 = Pkcs11::new(soft.module()).unwrap();
    pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).unwrap();
    let slot = pkcs11.get_slots_with_initialized_token().unwrap()[0];
    let session = pkcs11.open_rw_session(slot).unwrap();
    let pin = fs::read_to_string(soft.pin_file()).unwrap();
    session.login(UserType::User, Some(&AuthPin::from(pin.trim()))).unwrap();
    (pkcs11, session)
}

/// A module that works until a file says otherwise; and that file.
pub(crate) fn faulty(soft: &SoftHsm, dir: &Path) -> (PathBuf, PathBuf) {
    let (module, fault) = (dir.join("faulty.so"), dir.join("fault"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hsm/faulty_module.c");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([module.as_os_str(), source.as_os_str(), "-ldl".as_ref()])
        .arg(format!("-DFAULT_FILE=\"{}\"", fault.display()))
        .arg(format!("-DREAL_MODULE=\"{}\"", soft.module().display()))
        .status();
    assert!(built.unwrap().success());
    (module, fault)
}
