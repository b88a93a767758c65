//! How those who wait for a commit get their answers: all who wait on one run-time together, by one
//! task there.
//!
//! To wake a task from another thread is a call of the system, and may cost the committer its
//! processor to the thread that it wakes. One for each run-time, instead of one for each commit,
//! lets it take the next group at once.

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::committer::Request;
use crate::store::Error;

/// Somebody who waits for a commit.
#[derive(Debug)]
pub(super) struct Waiting {
    answer: oneshot::Sender<Result<(), Error>>,
    /// Where they wait, if that is known.
    home: Option<Handle>,
    /// Their part of the bytes that may wait; given back with the answer.
    _bytes: OwnedSemaphorePermit,
}

/// A commit with whoever waits for it, and what they are told.
type Answer = (Request, Result<(), Error>);

impl Waiting {
    /// Whoever calls this, and where the answer will come.
    pub(super) fn new(bytes: OwnedSemaphorePermit) -> (Self, oneshot::Receiver<Result<(), Error>>) {
        let (answer, answered) = oneshot::channel();
        (Self { answer, home: Handle::try_current().ok(), _bytes: bytes }, answered)
    }

    fn tell(self, result: Result<(), Error>) {
        // Whoever does not wait any more has still committed.
        let _ = self.answer.send(result);
    }
}

/// Answers everybody. What a commit has held is given back by the thread that it comes from.
pub(super) fn deliver(answers: impl Iterator<Item = Answer>) {
    let mut homes: Vec<(Handle, Vec<Answer>)> = Vec::new();
    for (mut request, result) in answers {
        let Some(home) = request.waiting.home.take() else {
            request.waiting.tell(result);
            continue;
        };
        match homes.iter_mut().find(|(known, _)| known.id() == home.id()) {
            Some((_, answers)) => answers.push((request, result)),
            None => homes.push((home, vec![(request, result)])),
        }
    }
    for (home, answers) in homes {
        home.spawn(async {
            for (request, result) in answers {
                request.waiting.tell(result);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::runtime::{Builder, Runtime};
    use tokio::sync::Semaphore;

    use super::*;
    use crate::store::embedded::prepare::Prepared;

    type Answered = oneshot::Receiver<Result<(), Error>>;

    fn request(places: &Arc<Semaphore>) -> (Request, Answered) {
        let place = Arc::clone(places).try_acquire_owned().expect("there is a place");
        let (waiting, answered) = Waiting::new(place);
        let prepared = Prepared { writes: Vec::new(), records: Vec::new(), bytes: 0 };
        (Request { prepared, waiting }, answered)
    }

    fn run_time() -> Runtime {
        Builder::new_current_thread().build().expect("a run-time")
    }

    #[test]
    fn everybody_gets_their_own_answer_where_they_wait() {
        let places = Arc::new(Semaphore::new(7));
        let homes = [run_time(), run_time()];
        let ask_in = |home: &Runtime| home.block_on(async { request(&places) });
        let (requests, mut answered): (Vec<_>, Vec<_>) =
            homes.iter().cycle().take(6).map(ask_in).chain([request(&places)]).unzip();
        let results = [Ok(()), Err(Error::Conflict)].into_iter().cycle();
        assert_eq!(places.available_permits(), 0);

        deliver(requests.into_iter().zip(results.clone()));

        let homeless = answered.pop().expect("seven asked");
        homeless.blocking_recv().expect("is answered").expect("its commit was made");
        for ((home, answer), result) in homes.iter().cycle().zip(answered).zip(results) {
            let told = home.block_on(answer).expect("is answered");
            assert_eq!(told.is_ok(), result.is_ok());
        }
        assert_eq!(places.available_permits(), 7, "what they held is given back");
    }

    #[test]
    fn where_nobody_waits_any_more_nothing_is_told() {
        let places = Arc::new(Semaphore::new(1));
        let home = run_time();
        let (request, answered) = home.block_on(async { request(&places) });
        drop(home);
        deliver([(request, Ok(()))].into_iter());
        answered.blocking_recv().expect_err("its run-time is gone");
        assert_eq!(places.available_permits(), 1);
    }
}
