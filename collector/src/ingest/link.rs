//! One connection over either transport: QUIC, or the same frames over TLS on TCP where UDP does not pass.

use picket_event::wire::{Control, HEADER_BYTES, Refusal, RefusalCode, encode_controls, total_length};
use quinn::{Connection, SendStream};
use rustls::pki_types::CertificateDer;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, WriteHalf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::server::TlsStream;

/// Longest wait for the last words to be taken.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A connection, for whoever has to end it. Clones are the same connection.
#[derive(Clone, Debug)]
pub(super) enum Handle {
    Quic(Connection),
    Tcp(Arc<TcpHandle>),
}

/// What others hold of a TCP connection.
#[derive(Debug)]
pub(super) struct TcpHandle {
    address: SocketAddr,
    certificate: Option<CertificateDer<'static>>,
    end: watch::Sender<Option<Refusal>>,
}

/// Where frames come from.
pub(super) type Reader = Box<dyn AsyncRead + Send + Unpin>;

/// Where messages go.
pub(super) enum Writer {
    Quic(SendStream),
    Tcp(WriteHalf<TlsStream<TcpStream>>),
}

/// Why a message was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsent {
    /// The connection is at its end.
    Gone,
    /// The other side does not read.
    NotRead,
}

impl Handle {
    pub(super) fn tcp(address: SocketAddr, certificate: Option<CertificateDer<'static>>) -> Self {
        Self::Tcp(Arc::new(TcpHandle { address, certificate, end: watch::Sender::new(None) }))
    }

    pub(super) fn address(&self) -> SocketAddr {
        match self {
            Self::Quic(connection) => connection.remote_address(),
            Self::Tcp(tcp) => tcp.address,
        }
    }

    pub(super) const fn transport(&self) -> &'static str {
        match self {
            Self::Quic(_) => "quic",
            Self::Tcp(_) => "tcp",
        }
    }

    /// The certificate that TLS has verified.
    pub(super) fn certificate(&self) -> Option<CertificateDer<'static>> {
        match self {
            Self::Quic(connection) => {
                let chain = connection.peer_identity()?.downcast::<Vec<CertificateDer<'static>>>().ok()?;
                chain.first().cloned()
            }
            Self::Tcp(tcp) => tcp.certificate.clone(),
        }
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Quic(one), Self::Quic(two)) => one.stable_id() == two.stable_id(),
            (Self::Tcp(one), Self::Tcp(two)) => Arc::ptr_eq(one, two),
            _ => false,
        }
    }

    /// Ends the connection from anywhere.
    pub(super) fn close(&self, code: RefusalCode, reason: &str) {
        match self {
            Self::Quic(connection) => connection.close(code.number().into(), reason.as_bytes()),
            Self::Tcp(tcp) => {
                let refusal = Refusal { code, reason: reason.to_owned(), sequence: 0 };
                tcp.end.send_replace(Some(refusal));
            }
        }
    }

    /// Waits for the end; a refusal is still to be told.
    pub(super) async fn closed(&self) -> Result<(), Refusal> {
        match self {
            Self::Quic(connection) => {
                connection.closed().await;
                Ok(())
            }
            Self::Tcp(tcp) => {
                let mut end = tcp.end.subscribe();
                match end.wait_for(Option::is_some).await {
                    Ok(refusal) => refusal.clone().map_or(Ok(()), Err),
                    Err(_) => Ok(()),
                }
            }
        }
    }

    /// Tells the agent why and ends the connection.
    pub(super) async fn refuse(&self, writer: &mut Writer, refusal: &Refusal) {
        match (self, writer) {
            (Self::Tcp(_), writer @ Writer::Tcp(_)) => {
                // An agent that takes nothing learns nothing.
                let _ = writer.send(&[Control::Refusal(refusal.clone())], LAST_WORDS).await;
                writer.finish().await;
            }
            _ => self.close(refusal.code, &refusal.reason),
        }
    }
}

impl Writer {
    /// Writes messages in one frame. A peer that keeps the connection up and takes nothing for as long as `patience` holds up no more than the
    /// windows that it gave.
    pub(super) async fn send(&mut self, messages: &[Control], patience: Duration) -> Result<(), Unsent> {
        let frame = encode_controls(messages).map_err(|_| Unsent::Gone)?;
        let write = async {
            match self {
                Self::Quic(stream) => stream.write_all(&frame.bytes).await.map_err(|_| Unsent::Gone),
                Self::Tcp(stream) => {
                    stream.write_all(&frame.bytes).await.map_err(|_| Unsent::Gone)?;
                    stream.flush().await.map_err(|_| Unsent::Gone)
                }
            }
        };
        tokio::time::timeout(patience, write).await.map_err(|_| Unsent::NotRead)?
    }

    /// Ends the stream and waits a moment until what was said has arrived.
    pub(super) async fn finish(&mut self) {
        match self {
            Self::Quic(stream) => {
                let _ = stream.finish();
                let _ = tokio::time::timeout(LAST_WORDS, stream.stopped()).await;
            }
            Self::Tcp(stream) => {
                let _ = tokio::time::timeout(LAST_WORDS, stream.shutdown()).await;
            }
        }
    }
}

/// Reads the next whole frame; `None` at the end of the stream. The length is checked before memory is taken.
pub(super) async fn read_frame<R: AsyncRead + Unpin + ?Sized>(stream: &mut R) -> Result<Option<Vec<u8>>, String> {
    let mut header = [0u8; HEADER_BYTES];
    let (first, rest) = header.split_at_mut(1);
    if stream.read(first).await.map_err(|e| e.to_string())? == 0 {
        return Ok(None);
    }
    stream.read_exact(rest).await.map_err(|e| e.to_string())?;
    let total = total_length(&header).map_err(|e| e.to_string())?;
    let mut frame = vec![0u8; total];
    let (head, body) = frame.split_at_mut(HEADER_BYTES);
    head.copy_from_slice(&header);
    stream.read_exact(body).await.map_err(|e| e.to_string())?;
    Ok(Some(frame))
}
