//! Group commit: one thread takes everything that is queued, writes it in one transaction with one
//! sync, and then answers everybody. There is no timer; while one group is synced, the next
//! gathers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use rusqlite::Connection;

use super::delivery::{Waiting, deliver};
use super::ledger::Ledger;
use super::prepare::Prepared;
use super::write::{WriteError, run, write};
use super::{connection, outbox};
use crate::clock::Clock;
use crate::metrics::{CommitFailure, Metrics};
use crate::store::Error;
use crate::store::audit_log::{AuditLog, Group};
use crate::store::cache::Cache;
use crate::store::queue::Queue;
use crate::store::step::{Observer, Step};

/// The most commits in a group.
const GROUP_COMMITS_MAX: usize = 256;

/// A group takes no further commit once it has this many bytes.
const GROUP_BYTES_MAX: usize = 1024 * 1024;

/// A commit and whoever waits for it.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) prepared: Prepared,
    pub(super) waiting: Waiting,
}

/// What the committer needs beside its connection.
#[derive(Debug)]
pub(super) struct Surroundings {
    pub(super) queue: Arc<Queue<Request>>,
    pub(super) cache: Arc<Cache>,
    pub(super) audit: Arc<AuditLog>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) observer: Observer,
    /// Whether the store is being copied.
    pub(super) copying: Arc<AtomicBool>,
    /// Set for good when it is not known any more what is on the disk.
    pub(super) broken: Arc<OnceLock<Error>>,
}

/// The committer. It has the only connection that writes.
#[derive(Debug)]
pub(super) struct Committer {
    db: Connection,
    ledger: Ledger,
    around: Surroundings,
    /// The number of the next group with audit records.
    next: u64,
    /// The latest group that is out of the outbox.
    cleared: u64,
    /// Whether the log may still have envelopes that were erased.
    remains: bool,
}

/// What a transaction made durable.
struct Done {
    /// One for each commit of the group: an error concerns that commit alone.
    results: Vec<Result<(), Error>>,
    /// The audit records of those that were made, if there are any.
    group: Option<Group>,
}

impl Committer {
    /// `next` numbers the next group that has audit records.
    pub(super) fn new(db: Connection, around: Surroundings, next: u64) -> Self {
        Self { db, ledger: Ledger::default(), around, next, cleared: 0, remains: true }
    }

    /// Commits until the queue is closed and empty; then sees the trail to its end.
    pub(super) fn run(mut self) {
        loop {
            let group = self.take();
            if group.is_empty() {
                break;
            }
            self.commit(group);
            self.wipe_remains();
        }
        self.around.audit.close();
        if let Err(error) = self.clear_outbox() {
            // The next start takes over what is left.
            tracing::warn!(%error, "the audit outbox was not cleared");
        }
    }

    /// Empties the log after envelopes were erased, as soon as nobody waits for the committer: until
    /// then it has pages of before. At the first start of all it does so once, as an earlier process may
    /// have left some. While the store is copied, pages of before are still read, and commits would wait.
    fn wipe_remains(&mut self) {
        if self.remains
            && self.around.queue.len() == 0
            && !self.around.copying.load(Ordering::Relaxed)
        {
            match connection::empty_log(&self.db) {
                Ok(done) => self.remains = !done,
                Err(error) => tracing::warn!(%error, "the store's log could not be emptied"),
            }
        }
    }

    fn take(&self) -> Vec<Request> {
        let (mut commits, mut bytes) = (0, 0);
        let group = self.around.queue.take_while(|request| {
            commits += 1;
            bytes += request.prepared.bytes;
            commits <= GROUP_COMMITS_MAX && bytes <= GROUP_BYTES_MAX
        });
        self.around.metrics.commits_waiting(self.around.queue.len());
        group
    }

    /// Makes a group durable and answers it.
    fn commit(&mut self, requests: Vec<Request>) {
        self.around.observer.at(Step::GroupTaken);
        let started = self.around.clock.elapsed();
        let objects = requests.iter().flat_map(|request| request.prepared.objects());
        let was_cached: Vec<bool> = objects
            .map(|object| self.around.cache.changing(object.tenant, &object.stored.object.uid))
            .collect();
        for tenant in requests.iter().flat_map(|request| request.prepared.erased()) {
            self.around.cache.changing_all(tenant);
        }
        self.remains |= requests.iter().any(|request| request.prepared.erases());
        let (results, group) = match self.attempt(&requests) {
            Ok(done) => (done.results, done.group),
            Err(error) => (vec![Err(error); requests.len()], None),
        };
        self.update_cache(&requests, &results, &was_cached);
        let made = results.iter().filter(|result| result.is_ok()).count();
        if made > 0 {
            let took = self.around.clock.elapsed().saturating_sub(started);
            self.around.metrics.committed(made, took);
        }
        for error in results.iter().filter_map(|result| result.as_ref().err()) {
            self.around.metrics.commit_failed(failure(error));
        }
        deliver(requests.into_iter().zip(results));
        self.around.observer.at(Step::GroupAnswered);
        if let Some(group) = group {
            self.around.audit.changes(group);
        }
    }

    /// What is only sealed anew does not push out of the cache what is used.
    fn update_cache(
        &self,
        requests: &[Request],
        results: &[Result<(), Error>],
        was_cached: &[bool],
    ) {
        for _ in requests.iter().flat_map(|request| request.prepared.erased()) {
            self.around.cache.changed_all();
        }
        let mut was_cached = was_cached.iter();
        for (request, result) in requests.iter().zip(results) {
            for object in request.prepared.objects() {
                let was_cached = was_cached.next().copied().unwrap_or_default();
                let wanted = result.is_ok() && (was_cached || !object.is_resealed);
                let now = wanted.then(|| (object.stored.clone(), object.attributes.len()));
                self.around.cache.changed(object.tenant, &object.stored.object.uid, now);
            }
        }
    }

    /// One transaction, unless there is a reason not to try.
    fn attempt(&mut self, requests: &[Request]) -> Result<Done, Error> {
        if let Some(broken) = self.around.broken.get() {
            return Err(broken.clone());
        }
        self.around.audit.check_commit().map_err(|e| Error::Unwritable(e.to_string().into()))?;
        self.transaction(requests).map_err(|error| {
            self.ledger.clear();
            self.roll_back();
            tracing::error!(%error, "a transaction failed");
            let answer = connection::error(&error);
            if connection::is_uncertain(&error) {
                self.give_up(answer.clone());
            }
            answer
        })
    }

    fn transaction(&mut self, requests: &[Request]) -> rusqlite::Result<Done> {
        run(&self.db, "BEGIN IMMEDIATE", [])?;
        let mut results = Vec::with_capacity(requests.len());
        let mut records = Vec::new();
        for request in requests {
            let result = self.write_or_undo(&request.prepared)?;
            if result.is_ok() {
                records.extend(request.prepared.records.iter().map(String::as_str));
            }
            results.push(result);
        }
        let group =
            (!records.is_empty()).then(|| Group { commit: self.next, records: records.join("\n") });
        if let Some(group) = &group {
            outbox::put(&self.db, group)?;
        }
        let durable = self.around.audit.durable();
        if durable.mark.commit > self.cleared {
            outbox::clear(&self.db, &durable)?;
        }
        self.ledger.write(&self.db)?;
        self.around.observer.at(Step::GroupWritten);
        run(&self.db, "COMMIT", [])?;
        self.around.observer.at(Step::GroupDurable);
        self.cleared = durable.mark.commit;
        self.next += u64::from(group.is_some());
        Ok(Done { results, group })
    }

    /// Writes a commit's changes, all of them or none.
    fn write_or_undo(&mut self, prepared: &Prepared) -> rusqlite::Result<Result<(), Error>> {
        run(&self.db, "SAVEPOINT one", [])?;
        let (db, ledger) = (&self.db, &mut self.ledger);
        let written = prepared.writes.iter().try_for_each(|change| write(db, ledger, change));
        let result = match written {
            Ok(()) => {
                self.ledger.keep();
                Ok(())
            }
            Err(WriteError::Refused(error)) => {
                self.ledger.undo();
                run(&self.db, "ROLLBACK TO one", [])?;
                Err(error)
            }
            Err(WriteError::Broken(error)) => return Err(error),
        };
        run(&self.db, "RELEASE one", [])?;
        Ok(result)
    }

    fn roll_back(&self) {
        if !self.db.is_autocommit()
            && let Err(error) = run(&self.db, "ROLLBACK", [])
        {
            self.give_up(connection::error(&error));
        }
    }

    /// Commits nothing from now on. The first reason counts.
    fn give_up(&self, error: Error) {
        let _ = self.around.broken.set(error);
    }

    fn clear_outbox(&self) -> rusqlite::Result<()> {
        let durable = self.around.audit.durable();
        run(&self.db, "BEGIN IMMEDIATE", [])?;
        outbox::clear(&self.db, &durable)?;
        run(&self.db, "COMMIT", []).map(drop)
    }
}

fn failure(error: &Error) -> CommitFailure {
    match error {
        Error::Conflict => CommitFailure::Conflict,
        Error::Unwritable(_) => CommitFailure::Unwritable,
        Error::Overloaded => CommitFailure::Overloaded,
        Error::Failed(_) => CommitFailure::Failed,
    }
}
