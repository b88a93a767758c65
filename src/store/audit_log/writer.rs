//! The thread that writes the trail.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::file::Trail;
use super::{AuditError, Entry, Group, LOOK, LOOKS_MAX, Shared};
use crate::audit::Mark;
use crate::audit::chain::Head;
use crate::audit::json::Renderer;
use crate::store::step::{Observer, Step};

/// How long to wait before a failed write is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// The memory kept for lines between two writes. When it is nearly full, lines are written.
const LINES_BYTES: usize = 1024 * 1024;

/// More than a usual line takes.
const LINE_BYTES: usize = 4 * 1024;

/// How much may wait for a trail that cannot be written. Beyond this, records of reads are dropped;
/// the service refuses everything in the meantime, so few come. Records of changes are in the
/// outbox too and are never dropped.
const UNWRITTEN_BYTES_MAX: usize = 16 * LINES_BYTES;

/// The writer. It owns the trail.
pub(super) struct Writer {
    trail: Trail,
    shared: Arc<Shared>,
    renderer: Renderer,
    observer: Observer,
    /// Lines that are not durable, and the head with them. The bytes are kept until the sync: what
    /// the page cache makes of them after a failed sync is not known, so they are written again.
    lines: Vec<u8>,
    head: Head,
    records: usize,
    /// How often the writer has looked for more since it had lines that are not durable.
    looks: u32,
    /// Those who wait for `lines` to be durable.
    waiting: Vec<oneshot::Sender<Result<(), AuditError>>>,
    failed: bool,
}

impl Writer {
    pub(super) fn new(
        trail: Trail,
        shared: Arc<Shared>,
        node: Arc<str>,
        observer: Observer,
    ) -> Self {
        let head = trail.head();
        Self {
            trail,
            shared,
            renderer: Renderer::new(node),
            observer,
            lines: Vec::with_capacity(LINES_BYTES),
            head,
            records: 0,
            looks: 0,
            waiting: Vec::new(),
            failed: false,
        }
    }

    /// Takes over, before anything else is written, what is left in the outbox.
    pub(super) fn recover(&mut self, outbox: &[Group]) -> io::Result<()> {
        for group in outbox {
            self.take_over(group);
        }
        self.write()?;
        self.written();
        Ok(())
    }

    /// Writes until the queue is closed and everything in it is written, or cannot be.
    pub(super) fn run(mut self) {
        while let Some(entries) = self.take() {
            self.shared.metrics.audit_waiting(entries.len());
            for entry in entries {
                self.add(entry);
                if !self.failed && self.lines.len() > LINES_BYTES - LINE_BYTES {
                    self.flush();
                }
            }
            self.looks += 1;
            if self.failed || !self.waiting.is_empty() || self.looks >= LOOKS_MAX {
                self.flush();
            }
            self.shared.metrics.audit_waiting(self.shared.queue.len());
        }
        self.flush();
    }

    /// Takes what has come. Lines are made of it soon, while it still is in the processor's cache
    /// and its memory is soon there for the next; when they are written is another question.
    fn take(&self) -> Option<VecDeque<Entry>> {
        if self.failed {
            self.shared.queue.take_after(RETRY)
        } else if self.lines.is_empty() {
            self.shared.queue.take_all(LOOK)
        } else {
            self.shared.queue.take_after(LOOK)
        }
    }

    /// Makes lines of an entry.
    fn add(&mut self, entry: Entry) {
        match entry {
            Entry::Read(record, waiting) => {
                if self.failed && self.lines.len() > UNWRITTEN_BYTES_MAX {
                    self.shared.metrics.audit_failed();
                    if let Some(waiting) = waiting {
                        let _ = waiting.send(Err(AuditError("too many records wait".into())));
                    }
                    return;
                }
                self.waiting.extend(waiting);
                let fields = self.renderer.fields(&record);
                self.head.append(&mut self.lines, fields, self.head.mark);
                self.records += 1;
            }
            Entry::Changes(group) => self.take_over(&group),
            Entry::Sync(waiting) => self.waiting.push(waiting),
        }
    }

    /// Takes over what the trail does not have yet of a group.
    fn take_over(&mut self, group: &Group) {
        for (number, fields) in (1..).zip(group.records()) {
            let mark = Mark { commit: group.commit, records: number };
            if mark > self.head.mark {
                self.append(fields, mark);
            }
        }
    }

    fn append(&mut self, fields: &str, mark: Mark) {
        self.head.append(&mut self.lines, fields, mark);
        self.records += 1;
    }

    /// Makes the lines durable and tells those who wait.
    fn flush(&mut self) {
        let result = self.write().map_err(|error| AuditError(error.to_string().into()));
        match &result {
            Ok(()) => self.written(),
            Err(error) => self.not_written(error),
        }
        for waiting in self.waiting.drain(..) {
            let _ = waiting.send(result.clone());
        }
    }

    fn write(&mut self) -> io::Result<()> {
        if self.lines.is_empty() {
            return Ok(());
        }
        if self.trail.is_full() {
            self.trail.rotate()?;
            self.observer.at(Step::TrailRotated);
        }
        self.trail.write(&self.lines)?;
        self.observer.at(Step::TrailWritten);
        self.trail.sync(self.lines.len(), self.head)?;
        self.observer.at(Step::TrailDurable);
        Ok(())
    }

    fn written(&mut self) {
        self.shared.set_durable(self.head);
        self.shared.metrics.audit_written(std::mem::take(&mut self.records));
        self.lines.clear();
        self.lines.shrink_to(LINES_BYTES);
        self.looks = 0;
        if std::mem::take(&mut self.failed) {
            tracing::info!("the audit trail can be written again");
            self.shared.set_failure(None);
        }
    }

    fn not_written(&mut self, error: &AuditError) {
        self.shared.metrics.audit_failed();
        if !std::mem::replace(&mut self.failed, true) {
            tracing::error!("{error}; nothing is served until it can be");
        }
        self.shared.set_failure(Some(error.clone()));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::AtomicBool;

    use super::super::AuditSettings;
    use super::*;
    use crate::audit::Anchor;
    use crate::audit::json;
    use crate::metrics::{Metrics, MetricsSettings};
    use crate::store::queue::Queue;

    fn writer(directory: &std::path::Path) -> Writer {
        let settings = AuditSettings::new(directory);
        let trail = Trail::open(&settings, Anchor::default()).expect("opens");
        let shared = Shared {
            queue: Queue::new(1),
            failed: AtomicBool::new(false),
            failure: Mutex::new(None),
            durable: Mutex::new(trail.head()),
            metrics: Metrics::new(&MetricsSettings::default()),
        };
        Writer::new(trail, Arc::new(shared), "node".into(), Observer::default())
    }

    #[test]
    fn who_waits_for_a_record_that_was_dropped_is_told_even_if_the_others_are_written() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut writer = writer(directory.path());
        let add = |writer: &mut Writer| {
            let (done, synced) = oneshot::channel();
            writer.add(Entry::Read(json::tests::record(), Some(done)));
            synced
        };
        let mut kept = add(&mut writer);
        writer.failed = true;
        while writer.lines.len() <= UNWRITTEN_BYTES_MAX {
            writer.append(&format!("\"n\":\"{}\"", "x".repeat(LINES_BYTES)), Mark::default());
        }
        let mut dropped = add(&mut writer);
        writer.flush();
        assert_eq!(kept.try_recv().expect("is answered"), Ok(()));
        assert!(dropped.try_recv().expect("is answered").is_err());
    }
}
