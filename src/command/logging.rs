//! The log: lines on standard error, written by a thread of its own.
//!
//! One line is written per batch item, so the threads that serve must never wait for a slow
//! terminal or pipe: lines go through a bounded queue, and one that finds it full is counted and
//! lost. The audit trail is what must be complete; the log need not be.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::thread::{self, Builder};
use std::time::Duration;

use keystrata::config::{Log, LogFormat, LogLevel};
use keystrata::metrics::Metrics;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::Failure;
use super::log_line::TextLine;

/// How many lines may wait.
const LINES_MAX: usize = 8192;

/// How long lines gather before they are written. Without this, every line would wake the writer,
/// and a thread that serves would pay for it: waking costs more than all the rest of a line.
const GATHER: Duration = Duration::from_millis(5);

/// How long the end waits for a reader of standard error. What it has not read then is lost.
const PATIENCE: Duration = Duration::from_secs(1);

/// What goes through the queue.
enum Entry {
    Line(Vec<u8>),
    End,
}

/// The running log. Dropped, it writes what waits and stops.
pub(super) struct Logging {
    entries: SyncSender<Entry>,
    /// Closed when the writer has ended.
    ended: Receiver<()>,
}

/// Starts the log of this process. Lines of other crates are written from `warn` on.
pub(super) fn start(settings: Log, metrics: &Arc<Metrics>) -> Result<Logging, Failure> {
    let logging = Logging::new(LINES_MAX, io::stderr())?;
    let level = match settings.level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    let filter =
        Targets::new().with_default(LevelFilter::WARN.min(level)).with_target("keystrata", level);
    let line = Line { entries: logging.entries.clone(), metrics: Arc::clone(metrics) };
    let lines = tracing_subscriber::fmt::layer().with_writer(move || line.clone());
    let registry = tracing_subscriber::registry().with(filter);
    let started = match settings.format {
        LogFormat::Text => registry.with(lines.with_ansi(false).event_format(TextLine)).try_init(),
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init(),
    };
    started.map_err(|error| Failure::new(format!("the log cannot start: {error}")))?;
    Ok(logging)
}

impl Logging {
    fn new(lines_max: usize, output: impl Write + Send + 'static) -> Result<Self, Failure> {
        let (entries, queue) = sync_channel(lines_max);
        let (ending, ended) = sync_channel(0);
        let writer = Builder::new().name("log".to_owned()).spawn(move || {
            write_out(&queue, output);
            drop::<SyncSender<()>>(ending);
        });
        writer.map_err(|error| Failure::new(format!("the log's thread cannot start: {error}")))?;
        Ok(Self { entries, ended })
    }
}

impl Drop for Logging {
    fn drop(&mut self) {
        // The queue may be full for as long as nobody reads, so another thread waits for a place.
        let entries = self.entries.clone();
        let last = Builder::new().spawn(move || entries.send(Entry::End));
        if last.is_ok() {
            let _ = self.ended.recv_timeout(PATIENCE);
        }
    }
}

/// Where the subscriber writes one line, in one call.
#[derive(Clone)]
struct Line {
    entries: SyncSender<Entry>,
    metrics: Arc<Metrics>,
}

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match self.entries.try_send(Entry::Line(line.to_vec())) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.metrics.log_line_dropped();
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes lines until the end, those that gathered together; flushes when none waits. A log that
/// cannot be written is given up line by line: there is no other place to complain.
fn write_out(queue: &Receiver<Entry>, output: impl Write) {
    let mut output = BufWriter::with_capacity(64 * 1024, output);
    while let Ok(mut entry) = queue.recv() {
        if matches!(entry, Entry::Line(_)) {
            thread::sleep(GATHER);
        }
        loop {
            match entry {
                Entry::Line(line) => {
                    let _ = output.write_all(&line);
                }
                Entry::End => {
                    let _ = output.flush();
                    return;
                }
            }
            entry = match queue.try_recv() {
                Ok(next) => next,
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            };
        }
        let _ = output.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keystrata::metrics::MetricsSettings;

    #[test]
    fn a_line_that_finds_the_queue_full_is_counted_and_nobody_waits() {
        let (entries, queue) = sync_channel(1);
        let metrics = Metrics::new(&MetricsSettings::default());
        let mut line = Line { entries: entries.clone(), metrics: Arc::clone(&metrics) };
        line.write_all(b"first\n").expect("a line never fails");
        line.write_all(b"second\n").expect("a line never fails");
        assert!(metrics.render().contains("keystrata_log_lines_dropped_total 1"));
        let mut written = Vec::new();
        drop((line, entries));
        write_out(&queue, &mut written);
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
        let logging = Logging::new(1, Stuck(writing, held)).expect("a thread");
        let line = || logging.entries.send(Entry::Line(b"line\n".to_vec()));
        line().expect("taken");
        written.recv().expect("the writer is stuck with the first line");
        line().expect("the queue is full now");
        drop(logging);
    }
}
