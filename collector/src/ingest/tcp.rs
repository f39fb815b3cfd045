//! The fall-back where UDP does not pass: the same frames over TLS on TCP, at the same port number.
//!
//! One stream each way carries control and event frames; a frame's header says which it is.

use super::link::{Handle, Reader, Writer};
use super::{IngestError, Serving, connection};
use crate::identity::{Authority, IdentityError, event_tls};
use std::net::{SocketAddr, TcpListener as StdListener, UdpSocket};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// Longest time for a handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Handshakes at once; more wait in the kernel's queue.
const HANDSHAKES: usize = 256;
/// Attempts to find a port number that is free for both.
const ATTEMPTS: usize = 16;

/// Binds one port number for both transports. Port 0 takes one that is free for both.
pub(super) fn bind(address: SocketAddr) -> Result<(UdpSocket, StdListener), IngestError> {
    let failed = |transport| move |source| IngestError::Listen { address, transport, source };
    let mut last = std::io::Error::from(std::io::ErrorKind::AddrInUse);
    for _ in 0..ATTEMPTS {
        let udp = UdpSocket::bind(address).map_err(failed("udp"))?;
        match StdListener::bind(udp.local_addr().map_err(failed("udp"))?) {
            Ok(tcp) => {
                tcp.set_nonblocking(true).map_err(failed("tcp"))?;
                return Ok((udp, tcp));
            }
            Err(error) if address.port() == 0 => last = error,
            Err(error) => return Err(failed("tcp")(error)),
        }
    }
    Err(failed("tcp")(last))
}

/// Who speaks TLS.
pub(super) fn acceptor(authority: &Arc<Authority>) -> Result<TlsAcceptor, IdentityError> {
    Ok(TlsAcceptor::from(Arc::new(event_tls(authority)?)))
}

/// Takes connections until it is dropped; then it ends them all.
pub(super) async fn accept(listener: TcpListener, acceptor: TlsAcceptor, serving: Arc<Serving>, max: usize) {
    let mut tasks = JoinSet::new();
    let handshakes = Arc::new(Semaphore::new(HANDSHAKES));
    loop {
        let Ok(permit) = handshakes.clone().acquire_owned().await else { return };
        let (stream, address) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        while tasks.try_join_next().is_some() {}
        if tasks.len() >= max {
            serving.counts.refused("too_many");
            continue;
        }
        let (acceptor, serving) = (acceptor.clone(), serving.clone());
        tasks.spawn(async move {
            let opened = open(&acceptor, stream, address, &serving).await;
            drop(permit);
            if let Some((handle, reader, writer)) = opened {
                connection::serve(serving, handle, Some((reader, writer))).await;
            }
        });
    }
}

async fn open(
    acceptor: &TlsAcceptor,
    stream: TcpStream,
    address: SocketAddr,
    serving: &Serving,
) -> Option<(Handle, Reader, Writer)> {
    // Acknowledgements are small and waited for.
    let _ = stream.set_nodelay(true);
    match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
        Ok(Ok(tls)) => {
            let certificate = tls.get_ref().1.peer_certificates().and_then(|chain| chain.first());
            let handle = Handle::tcp(address, certificate.map(|c| c.clone().into_owned()));
            let (reader, writer) = tokio::io::split(tls);
            Some((handle, Box::new(reader), Writer::Tcp(writer)))
        }
        Ok(Err(error)) => {
            tracing::debug!("handshake: {error}");
            serving.counts.refused("handshake");
            None
        }
        Err(_) => {
            serving.counts.refused("handshake_timeout");
            None
        }
    }
}
