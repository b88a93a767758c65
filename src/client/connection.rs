//! One connection: TLS, and messages one after the other.

use std::io;
use std::mem::MaybeUninit;
use std::sync::Arc;

use kmip_ttlv::{Buffer, frame};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use zeroize::Zeroizing;

use super::settings::Server;
use super::{ClientError, Identity};

/// The most bytes of an answer that are read at once: memory grows with what has come, not with what
/// was promised.
const CHUNK_BYTES: usize = 64 * 1024;
/// Bytes of a message's head: tag, type and length.
const HEAD_BYTES: usize = 8;

/// Why there is no answer.
pub(super) enum Broken {
    /// The server has not got the whole message, so it cannot have done anything.
    Unsent(io::Error),
    /// It may have got it, and may have done what it says.
    Sent(ClientError),
}

/// A connection with a server that has shown who it is.
pub(super) struct Connection {
    stream: TlsStream<TcpStream>,
}

impl Connection {
    /// Connects, and shakes hands.
    pub(super) async fn open(server: &Server, identity: &Identity) -> Result<Self, ClientError> {
        let failed = |error| ClientError::Connect {
            server: format!("{}:{}", server.host, server.port),
            error,
        };
        let address = (server.host.as_str(), server.port);
        let socket = TcpStream::connect(address).await.map_err(failed)?;
        socket.set_nodelay(true).map_err(failed)?;
        let connector = TlsConnector::from(Arc::clone(&identity.0));
        let stream = connector.connect(server.name.clone(), socket).await.map_err(failed)?;
        Ok(Self { stream })
    }

    /// Whether the server has neither closed it nor said anything unasked since the last answer.
    pub(super) fn is_quiet(&mut self) -> bool {
        let (socket, session) = self.stream.get_mut();
        let Ok(state) = session.process_new_packets() else { return false };
        if state.peer_has_closed() || state.plaintext_bytes_to_read() > 0 {
            return false;
        }
        // The socket does not block. What the run-time knows of it may be old.
        let nothing = SockRef::from(&*socket).peek(&mut [MaybeUninit::uninit()]);
        nothing.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Sends a message and reads the one that answers it.
    pub(super) async fn exchange(&mut self, request: &[u8], max: usize) -> Result<Buffer, Broken> {
        exchange(&mut self.stream, request, max).await
    }
}

/// Sends a message and reads the next.
async fn exchange(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    request: &[u8],
    max: usize,
) -> Result<Buffer, Broken> {
    if let Err(error) = send(stream, request).await {
        // A server that does not want all of a message may have said why before it closed.
        return receive(stream, max).await.map_err(|_| Broken::Unsent(error));
    }
    receive(stream, max).await.map_err(Broken::Sent)
}

/// Writes all of a message. Where it fails, the last bytes were not taken by the socket.
async fn send(stream: &mut (impl AsyncWrite + Unpin), request: &[u8]) -> io::Result<()> {
    stream.write_all(request).await?;
    stream.flush().await
}

/// Reads a message of at most `max` bytes.
async fn receive(stream: &mut (impl AsyncRead + Unpin), max: usize) -> Result<Buffer, ClientError> {
    let mut head = [0; HEAD_BYTES];
    stream.read_exact(&mut head).await.map_err(ClientError::Connection)?;
    let length = frame::length(&head, max)?.unwrap_or(HEAD_BYTES);
    let mut message = Buffer::with_capacity(length.min(CHUNK_BYTES));
    message.extend(&head);
    let mut chunk = Zeroizing::new(vec![0; length.min(CHUNK_BYTES)]);
    while message.len() < length {
        let wanted = (length - message.len()).min(CHUNK_BYTES);
        let Some(part) = chunk.get_mut(..wanted) else { break };
        stream.read_exact(part).await.map_err(ClientError::Connection)?;
        message.extend(part);
    }
    Ok(message)
}

#[cfg(test)]
mod tests {
    use kmip_ttlv::Error;
    use tokio::io::duplex;

    use super::*;

    /// A response without anything in it.
    const EMPTY: [u8; 8] = [0x42, 0x00, 0x7b, 0x01, 0, 0, 0, 0];

    #[tokio::test]
    async fn an_answer_longer_than_a_chunk_is_read_whole() {
        let (mut near, mut far) = duplex(1000);
        let length = 3 * CHUNK_BYTES + 8;
        let mut answer = EMPTY.to_vec();
        answer.splice(4.., u32::try_from(length).unwrap().to_be_bytes());
        answer.resize(HEAD_BYTES + length, 0x5a);
        let sent = answer.clone();
        let writer = tokio::spawn(async move { far.write_all(&sent).await.map(|()| far) });
        let read = receive(&mut near, answer.len()).await.unwrap();
        assert_eq!(*read, *answer);
        writer.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn an_answer_is_refused_by_its_head_if_it_is_too_long() {
        let (mut near, mut far) = duplex(64);
        far.write_all(&[0x42, 0x00, 0x7b, 0x01, 0, 0, 0, 64]).await.unwrap();
        let refused = receive(&mut near, 71).await.err();
        let expected = Error::TooLong { length: 72, max: 71 };
        assert!(
            matches!(refused, Some(ClientError::Unreadable(error)) if error == expected),
            "{refused:?}"
        );
    }

    #[tokio::test]
    async fn what_could_not_be_sent_to_the_end_is_known_as_such() {
        let (mut near, far) = duplex(64);
        drop(far);
        let broken = exchange(&mut near, &[0; 100], 100).await.err();
        assert!(matches!(broken, Some(Broken::Unsent(_))));
    }

    #[tokio::test]
    async fn what_was_sent_to_the_end_is_known_as_such() {
        let (mut near, mut far) = duplex(64);
        let peer = tokio::spawn(async move { far.read_exact(&mut [0; 8]).await.map(|_| ()) });
        let broken = exchange(&mut near, &EMPTY, 100).await.err();
        assert!(matches!(broken, Some(Broken::Sent(ClientError::Connection(_)))));
        peer.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn an_answer_counts_although_the_message_was_not_taken_to_its_end() {
        let (mut near, mut far) = duplex(64);
        far.write_all(&EMPTY).await.unwrap();
        drop(far);
        let answer = exchange(&mut near, &[0; 100], 100).await;
        assert!(answer.is_ok_and(|answer| *answer == EMPTY));
    }
}
