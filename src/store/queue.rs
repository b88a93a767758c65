//! A bounded queue from asynchronous tasks to threads that block.
//!
//! Producers never block a thread: they are refused when the queue is full ([`Queue::try_push`]) or
//! wait as tasks ([`Queue::push`]). Consumers are threads; they sleep while there is nothing to do
//! and take many items at once.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, TryAcquireError};

/// Why an item was not taken into a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// There is no place.
    Full,
    /// The consumer has gone.
    Closed,
}

/// The queue. Shared by reference.
#[derive(Debug)]
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    /// Signals consumers.
    wake: Condvar,
    /// One permit per free place.
    places: Semaphore,
    /// With this many items waiting, a consumer that lets items gather stops waiting for more.
    crowd: usize,
}

#[derive(Debug)]
struct State<T> {
    items: VecDeque<T>,
    /// Items that took no place (see [`Queue::push_over`]).
    over: usize,
    /// Consumers that sleep until there is an item.
    idle: usize,
    /// An item that somebody waits for is among the items.
    urgent: bool,
    closed: bool,
}

impl<T> Queue<T> {
    /// A queue with this many places.
    pub(super) fn new(places: usize) -> Self {
        let state =
            State { items: VecDeque::new(), over: 0, idle: 0, urgent: false, closed: false };
        let places = places.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            state: Mutex::new(state),
            wake: Condvar::new(),
            places: Semaphore::new(places),
            crowd: places.div_ceil(2),
        }
    }

    /// Puts an item in if there is a place now.
    pub(super) fn try_push(&self, item: T) -> Result<(), Refused> {
        let place = self.places.try_acquire().map_err(|error| match error {
            TryAcquireError::NoPermits => Refused::Full,
            TryAcquireError::Closed => Refused::Closed,
        })?;
        place.forget();
        self.put(item, false, false)
    }

    /// Puts an item in as soon as there is a place. `urgent`: consumers shall not wait for more.
    pub(super) async fn push(&self, item: T, urgent: bool) -> Result<(), Refused> {
        self.places.acquire().await.map_err(|_| Refused::Closed)?.forget();
        self.put(item, urgent, false)
    }

    /// Puts an item in even where there is no place: for a producer that bounds itself.
    pub(super) fn push_over(&self, item: T, urgent: bool) -> Result<(), Refused> {
        self.put(item, urgent, true)
    }

    fn put(&self, item: T, urgent: bool, over: bool) -> Result<(), Refused> {
        let mut state = self.lock();
        if state.closed {
            return Err(Refused::Closed);
        }
        state.items.push_back(item);
        state.over += usize::from(over);
        let crowded = state.items.len() == self.crowd;
        let wake = state.idle > 0 || crowded || (urgent && !state.urgent);
        state.urgent |= urgent;
        drop(state);
        if wake {
            self.wake.notify_one();
        }
        Ok(())
    }

    /// Sleeps until there is an item and takes it; `None` once the queue is closed and empty.
    pub(super) fn take_one(&self) -> Option<T> {
        let mut state = self.sleep(self.lock());
        let item = state.items.pop_front();
        self.free(&mut state, usize::from(item.is_some()));
        item
    }

    /// Sleeps until there are items and takes as many, in order, as `fits` accepts, but at least
    /// one; none once the queue is closed and empty.
    pub(super) fn take_while(&self, mut fits: impl FnMut(&T) -> bool) -> Vec<T> {
        let mut state = self.sleep(self.lock());
        let mut taken = Vec::new();
        while let Some(item) = state.items.front() {
            if !fits(item) && !taken.is_empty() {
                break;
            }
            taken.extend(state.items.pop_front());
        }
        self.free(&mut state, taken.len());
        taken
    }

    /// Takes everything, after sleeping until there is an item and then letting more gather for
    /// `gather`, unless one is urgent. `None` once the queue is closed and empty.
    pub(super) fn take_all(&self, gather: Duration) -> Option<VecDeque<T>> {
        let state = self.sleep(self.lock());
        let state = self.wait_for_more(state, gather);
        self.drain(state)
    }

    /// Takes everything there is after `pause`, which may be nothing; at once if an item is urgent.
    /// `None` once the queue is closed and empty.
    pub(super) fn take_after(&self, pause: Duration) -> Option<VecDeque<T>> {
        let state = self.wait_for_more(self.lock(), pause);
        if state.items.is_empty() && !state.closed {
            return Some(VecDeque::new());
        }
        self.drain(state)
    }

    fn wait_for_more<'a>(
        &'a self,
        state: MutexGuard<'a, State<T>>,
        pause: Duration,
    ) -> MutexGuard<'a, State<T>> {
        let on =
            |state: &mut State<T>| !state.urgent && !state.closed && state.items.len() < self.crowd;
        self.wake.wait_timeout_while(state, pause, on).unwrap_or_else(PoisonError::into_inner).0
    }

    fn drain(&self, mut state: MutexGuard<'_, State<T>>) -> Option<VecDeque<T>> {
        state.urgent = false;
        let items = std::mem::take(&mut state.items);
        self.free(&mut state, items.len());
        (!items.is_empty()).then_some(items)
    }

    /// How many items wait.
    pub(super) fn len(&self) -> usize {
        self.lock().items.len()
    }

    /// Takes no more items. Those that are in will still be taken out.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.places.close();
        self.wake.notify_all();
    }

    /// Gives back the places of `taken` items. Items without a place leave first: which of them
    /// held one does not matter, only how many.
    fn free(&self, state: &mut State<T>, taken: usize) {
        let over = taken.min(state.over);
        state.over -= over;
        self.places.add_permits(taken - over);
    }

    fn sleep<'a>(&'a self, mut state: MutexGuard<'a, State<T>>) -> MutexGuard<'a, State<T>> {
        while state.items.is_empty() && !state.closed {
            state.idle += 1;
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
        state
    }

    /// Every critical section leaves the state whole, so a poisoned lock is as good as any.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;

    #[test]
    fn a_full_queue_refuses_until_something_is_taken() {
        let queue = Queue::new(2);
        assert_eq!(queue.try_push(1), Ok(()));
        assert_eq!(queue.try_push(2), Ok(()));
        assert_eq!(queue.try_push(3), Err(Refused::Full));
        assert_eq!(queue.take_one(), Some(1));
        assert_eq!(queue.try_push(3), Ok(()));
        assert_eq!(queue.take_while(|_| true), [2, 3]);
    }

    #[test]
    fn items_over_the_bound_take_no_place() {
        let queue = Queue::new(1);
        queue.push_over(1, false).expect("open");
        queue.push_over(2, false).expect("open");
        assert_eq!(queue.try_push(3), Ok(()));
        assert_eq!(queue.take_while(|_| true).len(), 3);
        assert_eq!(queue.try_push(4), Ok(()));
        assert_eq!(queue.try_push(5), Err(Refused::Full));
    }

    #[test]
    fn at_least_one_item_is_taken_even_if_it_does_not_fit() {
        let queue = Queue::new(4);
        for item in [9, 1, 9] {
            queue.try_push(item).expect("there is a place");
        }
        assert_eq!(queue.take_while(|item| *item < 5), [9, 1]);
        assert_eq!(queue.take_while(|item| *item < 5), [9]);
    }

    #[test]
    fn a_closed_queue_hands_out_what_it_has_and_then_ends() {
        let queue = Queue::new(4);
        queue.try_push(1).expect("there is a place");
        queue.close();
        assert_eq!(queue.try_push(2), Err(Refused::Closed));
        assert_eq!(queue.push_over(2, true), Err(Refused::Closed));
        assert_eq!(queue.take_all(Duration::from_hours(1)), Some([1].into()));
        assert_eq!(queue.take_all(Duration::from_hours(1)), None);
        assert_eq!(queue.take_after(Duration::from_hours(1)), None);
        assert_eq!(queue.take_one(), None);
    }

    #[test]
    fn an_urgent_item_ends_the_gathering() {
        let queue = Arc::new(Queue::new(16));
        let consumer = thread::spawn({
            let queue = queue.clone();
            move || queue.take_all(Duration::from_hours(1)).map(|items| items.len())
        });
        queue.try_push(1).expect("there is a place");
        queue.push_over(2, true).expect("open");
        // The consumer ends, be it with one item (if it came late) or two; without urgency it
        // would gather for an hour.
        assert!(consumer.join().expect("no panic").is_some_and(|taken| taken >= 1));
    }

    #[test]
    fn every_item_reaches_exactly_one_of_many_consumers() {
        let queue = Arc::new(Queue::new(8));
        let consumers: Vec<_> = (0..3)
            .map(|_| {
                let queue = queue.clone();
                thread::spawn(move || {
                    std::iter::from_fn(|| queue.take_one()).map(u64::from).sum::<u64>()
                })
            })
            .collect();
        let mut next = 1_u32;
        while next <= 1000 {
            match queue.try_push(next) {
                Ok(()) => next += 1,
                Err(_) => thread::yield_now(),
            }
        }
        queue.close();
        let sum: u64 = consumers.into_iter().map(|each| each.join().expect("no panic")).sum();
        assert_eq!(sum, 500_500);
    }
}
