//! One connection to the collector over either transport: where frames go, and where messages come from.

use picket_event::wire::{HEADER_BYTES, MAX_FRAME_BYTES, WireError, total_length};
use quinn::{Connection, RecvStream, SendStream};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// Longest wait for the last words to be taken.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// A TCP connection that counts what it sends.
#[derive(Debug)]
pub(super) struct Counted {
    stream: TcpStream,
    sent: Arc<AtomicU64>,
}

impl Counted {
    pub(super) fn new(stream: TcpStream) -> (Self, Arc<AtomicU64>) {
        let sent = Arc::new(AtomicU64::new(0));
        (Self { stream, sent: sent.clone() }, sent)
    }
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(count)) = &written {
            self.sent.fetch_add(*count as u64, Ordering::Relaxed);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A connection.
pub(super) enum Wire {
    /// Messages and events on streams of their own.
    Quic { connection: Connection, control: SendStream, events: SendStream, answers: Option<RecvStream> },
    /// Both on one.
    Tcp { writer: WriteHalf<TlsStream<Counted>>, sent: Arc<AtomicU64>, answers: Option<ReadHalf<TlsStream<Counted>>> },
}

/// Where messages come from.
pub(super) type Answers = Box<dyn AsyncRead + Send + Unpin>;

impl Wire {
    pub(super) async fn quic(connection: Connection) -> Result<Self, String> {
        let (control, answers) = connection.open_bi().await.map_err(|e| e.to_string())?;
        let events = connection.open_uni().await.map_err(|e| e.to_string())?;
        // Control messages go before events when both wait.
        let _ = control.set_priority(1);
        Ok(Self::Quic { connection, control, events, answers: Some(answers) })
    }

    pub(super) fn tcp(stream: TlsStream<Counted>, sent: Arc<AtomicU64>) -> Self {
        let (answers, writer) = tokio::io::split(stream);
        Self::Tcp { writer, sent, answers: Some(answers) }
    }

    /// Where messages come from; once.
    pub(super) fn answers(&mut self) -> Option<Answers> {
        match self {
            Self::Quic { answers, .. } => Some(Box::new(answers.take()?)),
            Self::Tcp { answers, .. } => Some(Box::new(answers.take()?)),
        }
    }

    /// The QUIC connection, which knows why it ended.
    pub(super) fn connection(&self) -> Option<Connection> {
        match self {
            Self::Quic { connection, .. } => Some(connection.clone()),
            Self::Tcp { .. } => None,
        }
    }

    /// Sends a control frame.
    pub(super) async fn control(&mut self, frame: &[u8]) -> Result<(), String> {
        match self {
            Self::Quic { control, .. } => control.write_all(frame).await.map_err(|e| e.to_string()),
            Self::Tcp { writer, .. } => write(writer, frame).await,
        }
    }

    /// Sends a frame of events or of a gap. To be awaited to its end: half a frame is of no use.
    pub(super) async fn events(&mut self, frame: &[u8]) -> Result<(), String> {
        match self {
            Self::Quic { events, .. } => events.write_all(frame).await.map_err(|e| e.to_string()),
            Self::Tcp { writer, .. } => write(writer, frame).await,
        }
    }

    /// Bytes sent so far.
    pub(super) fn sent(&self) -> u64 {
        match self {
            Self::Quic { connection, .. } => connection.stats().udp_tx.bytes,
            Self::Tcp { sent, .. } => sent.load(Ordering::Relaxed),
        }
    }

    /// Gives the last messages a moment to arrive, then ends.
    pub(super) async fn finish(&mut self) {
        match self {
            Self::Quic { connection, control, events, .. } => {
                let _ = events.finish();
                let _ = control.finish();
                let _ = tokio::time::timeout(LAST_WORDS, connection.closed()).await;
                connection.close(0u32.into(), b"done");
            }
            Self::Tcp { writer, .. } => {
                let _ = tokio::time::timeout(LAST_WORDS, writer.shutdown()).await;
            }
        }
    }

    /// Ends at once.
    pub(super) fn close(&self) {
        if let Self::Quic { connection, .. } = self {
            connection.close(0u32.into(), b"");
        }
    }
}

async fn write(writer: &mut WriteHalf<TlsStream<Counted>>, frame: &[u8]) -> Result<(), String> {
    writer.write_all(frame).await.map_err(|e| e.to_string())?;
    writer.flush().await.map_err(|e| e.to_string())
}

/// Reads the next whole frame of a stream; `None` at its end. The length is checked before memory is taken.
///
/// # Errors
/// What broke.
pub(super) async fn read_frame(stream: &mut Answers) -> std::io::Result<Option<Vec<u8>>> {
    let mut header = [0u8; HEADER_BYTES];
    let (first, rest) = header.split_at_mut(1);
    if stream.read(first).await? == 0 {
        return Ok(None);
    }
    stream.read_exact(rest).await?;
    let total = total_length(&header).map_err(|e: WireError| std::io::Error::other(e.to_string()))?;
    debug_assert!(total <= MAX_FRAME_BYTES);
    let mut frame = vec![0u8; total];
    let (head, body) = frame.split_at_mut(HEADER_BYTES);
    head.copy_from_slice(&header);
    stream.read_exact(body).await?;
    Ok(Some(frame))
}
