//! The log: lines on standard error, written by a thread of its own.
//!
//! One line is written per batch item, so the threads that serve must never wait for a slow
//! terminal or pipe: lines wait on a page of bounded size, and one that finds it full is counted and
//! lost. The audit trail is what must be complete; the log need not be.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::Duration;

use keystrata::clock::SystemClock;
use keystrata::config::{Log, LogFormat, LogLevel};
use keystrata::metrics::Metrics;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::Failure;
use super::log_line::TextLine;

/// How many bytes of lines may wait.
const WAITING_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How long lines gather before they are written. Without this, every line would wake the writer,
/// and a thread that serves would pay for it: waking costs more than all the rest of a line.
const GATHER: Duration = Duration::from_millis(5);

/// How long the end waits for a reader of standard error. What it has not read then is lost.
const PATIENCE: Duration = Duration::from_secs(1);

/// The running log. Dropped, it writes what waits and stops.
pub(super) struct Logging {
    page: Arc<Page>,
    /// Closed when the writer has ended.
    ended: Receiver<()>,
}

/// The lines that wait for the writer.
struct Page {
    waiting: Mutex<Waiting>,
    /// Tells the writer of the first line, and of the end.
    wake: Condvar,
    bytes_max: usize,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    /// No more lines will come.
    ended: bool,
}

/// Starts the log of this process. Lines of other crates are written from `warn` on.
pub(super) fn start(settings: Log, metrics: &Arc<Metrics>) -> Result<Logging, Failure> {
    let logging = Logging::new(WAITING_BYTES_MAX, io::stderr())?;
    let level = match settings.level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    let filter =
        Targets::new().with_default(LevelFilter::WARN.min(level)).with_target("keystrata", level);
    let lines = Lines { page: Arc::clone(&logging.page), metrics: Arc::clone(metrics) };
    let lines = tracing_subscriber::fmt::layer().with_writer(lines);
    let registry = tracing_subscriber::registry().with(filter);
    let clock = Arc::new(SystemClock::new());
    let started = match settings.format {
        LogFormat::Text => {
            registry.with(lines.with_ansi(false).event_format(TextLine(clock))).try_init()
        }
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init(),
    };
    started.map_err(|error| Failure::new(format!("the log cannot start: {error}")))?;
    Ok(logging)
}

impl Logging {
    fn new(bytes_max: usize, output: impl Write + Send + 'static) -> Result<Self, Failure> {
        let waiting = Mutex::new(Waiting::default());
        let page = Arc::new(Page { waiting, wake: Condvar::new(), bytes_max });
        let (ending, ended) = sync_channel(0);
        let read = Arc::clone(&page);
        let writer = Builder::new().name("log".to_owned()).spawn(move || {
            write_out(&read, output);
            drop::<SyncSender<()>>(ending);
        });
        writer.map_err(|error| Failure::new(format!("the log's thread cannot start: {error}")))?;
        Ok(Self { page, ended })
    }
}

impl Drop for Logging {
    fn drop(&mut self) {
        self.page.end();
        let _ = self.ended.recv_timeout(PATIENCE);
    }
}

impl Page {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a line, if there is room for it.
    fn add(&self, line: &[u8]) -> bool {
        let mut waiting = self.lock();
        let is_first = waiting.lines.is_empty();
        let fits = waiting.lines.len() + line.len() <= self.bytes_max;
        if fits {
            waiting.lines.extend_from_slice(line);
        }
        drop(waiting);
        if is_first {
            self.wake.notify_one();
        }
        fits
    }

    fn end(&self) {
        self.lock().ended = true;
        self.wake.notify_one();
    }

    /// Sleeps until there are lines, lets more gather, and exchanges them for `empty`. False once
    /// no more will come.
    fn take(&self, empty: &mut Vec<u8>) -> bool {
        let idle = |waiting: &mut Waiting| waiting.lines.is_empty() && !waiting.ended;
        let waiting = self.wake.wait_while(self.lock(), idle);
        let waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        let gathering = |waiting: &mut Waiting| !waiting.ended;
        let waited = self.wake.wait_timeout_while(waiting, GATHER, gathering);
        let (mut waiting, _) = waited.unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut waiting.lines, empty);
        !empty.is_empty() || !waiting.ended
    }
}

/// Where the subscriber writes a line, in one call.
struct Lines {
    page: Arc<Page>,
    metrics: Arc<Metrics>,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

impl Write for &Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if !self.page.add(line) {
            self.metrics.log_line_dropped();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes lines until the end, those together that gathered. A log that cannot be written is given
/// up line by line: there is no other place to complain.
fn write_out(page: &Page, mut output: impl Write) {
    let mut lines = Vec::new();
    while page.take(&mut lines) {
        let _ = output.write_all(&lines).and_then(|()| output.flush());
        lines.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keystrata::metrics::MetricsSettings;

    fn page(bytes_max: usize) -> Arc<Page> {
        let waiting = Mutex::new(Waiting::default());
        Arc::new(Page { waiting, wake: Condvar::new(), bytes_max })
    }

    #[test]
    fn a_line_that_finds_the_page_full_is_counted_and_nobody_waits() {
        let page = page(8);
        let metrics = Metrics::new(&MetricsSettings::default());
        let lines = Lines { page: Arc::clone(&page), metrics: Arc::clone(&metrics) };
        lines.make_writer().write_all(b"first\n").expect("a line never fails");
        lines.make_writer().write_all(b"second\n").expect("a line never fails");
        assert!(metrics.render().contains("keystrata_log_lines_dropped_total 1"));
        page.end();
        let mut written = Vec::new();
        write_out(&page, &mut written);
        assert_eq!(written, b"first\n");
    }

    /// An output that tells when it is written to, and then takes nothing until it is let go.
    struct Stuck(SyncSender<()>, Receiver<()>);

    impl Write for Stuck {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            let _ = self.0.send(());
            let _ = self.1.recv();
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_output_that_nobody_reads_does_not_keep_the_end_waiting() {
        let ((writing, written), (_hold, held)) = (sync_channel(0), sync_channel(0));
        let logging = Logging::new(5, Stuck(writing, held)).expect("a thread");
        assert!(logging.page.add(b"line\n"));
        written.recv().expect("the writer is stuck with the first line");
        assert!(logging.page.add(b"line\n"), "the page is full now");
        drop(logging);
    }
}
