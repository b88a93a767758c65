//! One connection of a known caller: messages in, answers out, in order.
//!
//! Whatever complete messages a read brought are answered before one flush, so pipelined requests
//! cost one write. An answer never straddles two writes unless it is longer than a TLS record:
//! clients exist that read an answer with a single call.
//!
//! Where the peer listens, requests of the server go the other way between its own messages: one at a
//! time, each awaiting its answer.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use kmip_ttlv::{Buffer, Error};
use tokio::io::{AsyncBufRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep, timeout};

use super::inbox::{Inbox, release};
use super::listener::Phase;
use super::{Answer, Settings};
use crate::clock::{Clock, Timestamp};
use crate::metrics::{ConnectionEnd, Metrics};
use crate::service::{Heard, Occasion, Session};
use crate::tenant::Caller;

/// The most plaintext in a TLS record (RFC 8446 §5.1).
const RECORD_BYTES_MAX: usize = 16 * 1024;

/// Reading stops for answering after this many bytes, even if the peer has sent more.
const GATHER_BYTES_MAX: usize = 64 * 1024;

/// What is thrown away at most while a peer that was sent off keeps sending.
const LINGER_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What a connection shares with its siblings.
pub(super) struct Surroundings<'a, A> {
    pub(super) service: &'a A,
    pub(super) settings: &'a Settings,
    pub(super) metrics: &'a Metrics,
    pub(super) clock: &'a dyn Clock,
}

/// A connection whose caller is known.
pub(super) struct Connection<'a, S, A> {
    around: Surroundings<'a, A>,
    stream: S,
    caller: Arc<Caller>,
    /// When the caller's certificate ends, and with it the right to ask.
    valid_until: Timestamp,
    /// Resolves when no more requests are waited for.
    draining: Draining,
    session: Session,
    inbox: Inbox,
    response: Buffer,
    outbox: Buffer,
    /// Whether any request has come.
    greeted: bool,
    /// When, on the clock's scale, the message that has begun to arrive must be complete.
    complete_by: Option<Duration>,
    patience: Patience,
}

/// Looked at with every message and kept between them, so that it is not registered again each time.
type Draining = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A timer for something that is put off with every message and nearly never comes: putting it off
/// costs nothing, because the timer is left as it is and looks again when it fires.
struct Patience(Pin<Box<Sleep>>);

impl Patience {
    fn new(first: Duration) -> Self {
        Self(Box::pin(sleep(first)))
    }

    /// Resolves when `left` has passed from now on.
    async fn run_out(&mut self, left: Duration) {
        // Times beyond the timer's range are as good as never.
        let Some(deadline) = Instant::now().checked_add(left) else {
            return std::future::pending().await;
        };
        if deadline < self.0.deadline() {
            self.0.as_mut().reset(deadline);
        }
        loop {
            self.0.as_mut().await;
            if Instant::now() >= deadline {
                return;
            }
            self.0.as_mut().reset(deadline);
        }
    }
}

/// What the connection has waited for.
enum Read {
    Bytes,
    /// Something that the peer is to be told or asked.
    Occasion(Occasion),
    /// The peer will send no more; it may still listen.
    End,
}

impl<'a, S, A> Connection<'a, S, A>
where
    S: AsyncBufRead + AsyncWrite + Unpin,
    A: Answer,
{
    pub(super) fn new(
        around: Surroundings<'a, A>,
        stream: S,
        caller: Arc<Caller>,
        valid_until: Timestamp,
        mut phase: watch::Receiver<Phase>,
    ) -> Self {
        let draining = Box::pin(async move {
            // Nobody is left to tell only when the listener is gone, and with it the connections.
            let _ = phase.wait_for(|phase| *phase != Phase::Serving).await;
        });
        let patience = Patience::new(around.settings.first_byte_timeout);
        let session = around.service.session(&caller);
        Self {
            around,
            stream,
            caller,
            valid_until,
            draining,
            session,
            inbox: Inbox::default(),
            response: Buffer::new(),
            outbox: Buffer::new(),
            greeted: false,
            complete_by: None,
            patience,
        }
    }

    /// Serves until one side ends it, and closes.
    pub(super) async fn serve(mut self) -> ConnectionEnd {
        let end = loop {
            if let Err(end) = self.turn().await {
                break end;
            }
        };
        let linger = match end {
            // The peer may be in the middle of sending: what it sends must not make the kernel
            // reset the connection before the peer has read why it was sent off.
            ConnectionEnd::Protocol | ConnectionEnd::ReadDeadline => true,
            ConnectionEnd::Broken | ConnectionEnd::WriteDeadline => return end,
            _ => false,
        };
        close(&mut self.stream, linger, self.around.settings).await;
        end
    }

    /// Reads, answers all that is complete, and flushes once.
    async fn turn(&mut self) -> Result<(), ConnectionEnd> {
        let read = self.read().await?;
        if let Read::Occasion(occasion) = &read {
            return self.offer(occasion).await;
        }
        let answered = self.answer_all().await;
        if let (Read::End, Ok(()), false) = (&read, &answered, self.inbox.is_empty()) {
            self.around.service.answer_unreadable(
                &self.caller,
                &Error::Truncated,
                &mut self.response,
            );
            self.enqueue().await?;
        }
        after_the_others().await;
        self.send().await?;
        answered?;
        match read {
            Read::Bytes | Read::Occasion(_) => Ok(()),
            Read::End => Err(ConnectionEnd::Peer),
        }
    }

    /// Tells or asks the peer something, and expects its answer as soon as the rest of a message.
    async fn offer(&mut self, occasion: &Occasion) -> Result<(), ConnectionEnd> {
        if self.around.clock.now() > self.valid_until {
            return Err(ConnectionEnd::Expired);
        }
        let around = &self.around;
        let (session, message) = (&mut self.session, &mut self.response);
        around.service.offer(session, &self.caller, occasion, message).await;
        if self.session.awaits_answer() {
            let timeout = around.settings.message_timeout;
            self.complete_by = Some(around.clock.elapsed() + timeout);
        }
        if !self.response.is_empty() {
            self.enqueue().await?;
        }
        self.send().await
    }

    /// Waits for bytes, and takes all that are there; or for something to tell the peer.
    async fn read(&mut self) -> Result<Read, ConnectionEnd> {
        let idle = self.inbox.is_empty();
        let listens = idle && self.session.listens();
        let settings = self.around.settings;
        let (left, late) = match self.complete_by {
            Some(deadline) => {
                let left = deadline.saturating_sub(self.around.clock.elapsed());
                (left, ConnectionEnd::ReadDeadline)
            }
            None if self.greeted => (settings.idle_timeout, ConnectionEnd::Idle),
            None => (settings.first_byte_timeout, ConnectionEnd::Idle),
        };
        // Bytes first: a request that has arrived before the server drains is answered.
        let received = tokio::select! {
            biased;
            received = gather(&mut self.stream, &mut self.inbox) => received,
            () = &mut self.draining, if idle => return Err(ConnectionEnd::Drained),
            occasion = self.session.next(), if listens => {
                return occasion.map(Read::Occasion).ok_or(ConnectionEnd::Behind);
            }
            () = self.patience.run_out(left) => return Err(late),
        };
        match received {
            Ok(0) => Ok(Read::End),
            Ok(count) => {
                self.greeted = true;
                self.around.metrics.received(count);
                Ok(Read::Bytes)
            }
            Err(error) => match error.kind() {
                // Many clients close without close_notify.
                io::ErrorKind::UnexpectedEof => Ok(Read::End),
                io::ErrorKind::InvalidData => Err(ConnectionEnd::Protocol),
                _ => Err(ConnectionEnd::Broken),
            },
        }
    }

    /// Answers every complete message that has been read.
    async fn answer_all(&mut self) -> Result<(), ConnectionEnd> {
        let settings = self.around.settings;
        let mut any = false;
        let ended = loop {
            let message = match self.inbox.take(settings.message_bytes_max) {
                Ok(Some(message)) => message,
                Ok(None) => break Ok(()),
                Err(error) => {
                    let service = self.around.service;
                    service.answer_unreadable(&self.caller, &error, &mut self.response);
                    self.enqueue().await?;
                    break Err(ConnectionEnd::Protocol);
                }
            };
            any = true;
            if self.around.clock.now() > self.valid_until {
                break Err(ConnectionEnd::Expired);
            }
            let (session, response) = (&mut self.session, &mut self.response);
            let heard = self.around.service.answer(session, &self.caller, message, response).await;
            match heard {
                Heard::Answered if !self.response.is_empty() => self.enqueue().await?,
                Heard::Answer => {}
                Heard::Answered | Heard::OutOfTurn => break Err(ConnectionEnd::Protocol),
            }
        };
        self.inbox.compact();
        if self.inbox.is_empty() {
            if !self.session.awaits_answer() {
                self.complete_by = None;
            }
        } else if any || self.complete_by.is_none() {
            self.complete_by = Some(self.around.clock.elapsed() + settings.message_timeout);
        }
        ended
    }

    /// Puts the response behind those that wait. Those are written first if it would not fit into
    /// one record with them.
    async fn enqueue(&mut self) -> Result<(), ConnectionEnd> {
        if self.outbox.len() + self.response.len() > RECORD_BYTES_MAX {
            self.write().await?;
        }
        if self.outbox.is_empty() {
            std::mem::swap(&mut self.outbox, &mut self.response);
        } else {
            self.outbox.extend(&self.response);
            self.response.clear();
        }
        release(&mut self.response);
        Ok(())
    }

    /// Writes what waits, and flushes.
    async fn send(&mut self) -> Result<(), ConnectionEnd> {
        if self.outbox.is_empty() {
            return Ok(());
        }
        self.write().await?;
        sent(within(self.around.settings.write_timeout, self.stream.flush()).await)
    }

    async fn write(&mut self) -> Result<(), ConnectionEnd> {
        let write = self.stream.write_all(&self.outbox);
        sent(within(self.around.settings.write_timeout, write).await)?;
        self.around.metrics.sent(self.outbox.len());
        self.outbox.clear();
        release(&mut self.outbox);
        Ok(())
    }
}

/// Lets the other connections of this thread that are ready have their turn. Each takes one before it
/// writes, so that all that has arrived is answered first: a write wakes the client, which may take
/// the processor from the thread.
async fn after_the_others() {
    let mut is_last = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut is_last, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn sent(written: Option<io::Result<()>>) -> Result<(), ConnectionEnd> {
    match written {
        None => Err(ConnectionEnd::WriteDeadline),
        Some(written) => written.map_err(|_| ConnectionEnd::Broken),
    }
}

/// What `work` comes to, or nothing if it takes longer than `limit`. Most is done at the first look,
/// and a timer is made only after that.
async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    match poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx))).await {
        Poll::Ready(done) => Some(done),
        Poll::Pending => timeout(limit, work).await.ok(),
    }
}

/// Waits until there are bytes and moves all that can be had without waiting into `inbox`, up to
/// [`GATHER_BYTES_MAX`] and a record more. Zero bytes mean that the peer will send no more.
async fn gather<S>(stream: &mut S, inbox: &mut Inbox) -> io::Result<usize>
where
    S: AsyncBufRead + Unpin,
{
    let mut count = 0;
    poll_fn(|cx| {
        while count < GATHER_BYTES_MAX {
            let length = match Pin::new(&mut *stream).poll_fill_buf(cx) {
                Poll::Ready(Ok([])) => break,
                Poll::Ready(Ok(bytes)) => {
                    inbox.extend(bytes);
                    bytes.len()
                }
                // What came before is served first; the end or the error will come again.
                Poll::Ready(Err(_)) | Poll::Pending if count > 0 => break,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            };
            Pin::new(&mut *stream).consume(length);
            count += length;
        }
        Poll::Ready(Ok(count))
    })
    .await
}

/// Says good-bye (`close_notify`, then the end of the TCP stream) and, if asked, waits for the peer
/// to do the same, throwing away what it still sends. Never longer than the linger time.
pub(super) async fn close<S>(stream: &mut S, linger: bool, settings: &Settings)
where
    S: tokio::io::AsyncRead + AsyncWrite + Unpin,
{
    let farewell = async {
        if stream.shutdown().await.is_ok() && linger {
            let mut rest = stream.take(LINGER_BYTES_MAX);
            let _ = tokio::io::copy(&mut rest, &mut tokio::io::sink()).await;
        }
    };
    // The connection is over in any case; how it ended changes nothing.
    let _ = timeout(settings.linger_timeout, farewell).await;
}

#[cfg(test)]
mod tests;
