//! `keystrata hsm-worker`: the process that calls a PKCS#11 module. Started by the server only.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use keystrata::clock::SystemClock;
use keystrata::config::{Log, LogFormat, LogLevel};
use keystrata::crypto::random::OsRandom;
use keystrata::hsm::{WorkerProgram, worker};
use keystrata::metrics::{Metrics, MetricsSettings};
use serde::Deserialize as _;
use serde::de::IntoDeserializer as _;
use serde::de::value::Error as ValueError;

use super::{Failure, logging};

/// This program, as the system keeps it even if its file was replaced.
const RUNNING: &str = "/proc/self/exe";

/// The arguments of `keystrata hsm-worker`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The form of the log
    #[arg(long, value_parser = format)]
    log_format: LogFormat,
    /// The least severe line that is written
    #[arg(long, value_parser = level)]
    log_level: LogLevel,
}

fn format(text: &str) -> Result<LogFormat, ValueError> {
    LogFormat::deserialize(text.into_deserializer())
}

fn level(text: &str) -> Result<LogLevel, ValueError> {
    LogLevel::deserialize(text.into_deserializer())
}

/// The program that a server with this log starts as its worker.
pub(super) fn program(log: Log) -> Result<WorkerProgram, Failure> {
    let program = if Path::new(RUNNING).exists() {
        PathBuf::from(RUNNING)
    } else {
        std::env::current_exe()
            .map_err(|error| Failure::new(format!("this program's file is not known: {error}")))?
    };
    let format = match log.format {
        LogFormat::Text => "text",
        LogFormat::Json => "json",
    };
    let level = match log.level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
    };
    let arguments = ["hsm-worker", "--log-format", format, "--log-level", level];
    let (arguments, environment) = (arguments.map(Into::into).to_vec(), Vec::new());
    Ok(WorkerProgram { program, arguments, environment })
}

/// Runs `keystrata hsm-worker`.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let metrics = Metrics::new(&MetricsSettings::default());
    let log = Log { format: arguments.log_format, level: arguments.log_level };
    let _logging = logging::start(log, &metrics)?;
    worker::run(Arc::new(OsRandom), Arc::new(SystemClock::new()), metrics)
        .map_err(|error| Failure::new(format!("the token's worker: {error}")))
}
