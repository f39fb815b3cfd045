//! Listening: HTTPS for people and agents, the admin socket, metrics in clear text on loopback.

use super::{port, state};
use crate::api::Caller;
use anyhow::Context;
use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;

/// Where a request came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// Longest time a peer may take for its handshake, and for the head of a request.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Streams of one HTTP/2 connection at once.
const STREAMS: u32 = 64;
/// Admin connections at once.
const ADMIN_CONNECTIONS: usize = 64;

/// Binds a TCP port.
///
/// # Errors
/// A sentence that names the port, who holds it where that can be seen, and the key to change.
pub async fn listen(address: SocketAddr, key: &'static str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| port::explain(error, address, "tcp", key))
}

/// Binds the admin socket, for the directory's owner alone.
///
/// # Errors
/// When it cannot be made.
pub fn listen_admin(directory: &Path) -> anyhow::Result<UnixListener> {
    let what = || format!("make the admin socket in {}", directory.display());
    let (path, _open) = state::connectable(directory).with_context(what)?;
    let listener = UnixListener::bind(&path).with_context(what)?;
    // The directory is 0700 already, so nobody else gets here between the two calls.
    std::fs::set_permissions(state::admin_socket(directory), std::fs::Permissions::from_mode(0o600))
        .with_context(what)?;
    Ok(listener)
}

/// Serves HTTPS until stopped.
pub async fn serve_https(
    listener: TcpListener,
    tls: ServerConfig,
    router: Router,
    connections: usize,
    mut stopped: watch::Receiver<bool>,
) {
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let free = Arc::new(Semaphore::new(connections));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.changed() => return,
        };
        let Some((stream, peer)) = kept(accepted).await else { continue };
        // Over the cap the connection is closed at once: a queue would only make everybody wait.
        let Ok(permit) = Arc::clone(&free).try_acquire_owned() else { continue };
        let (acceptor, router, stopped) = (acceptor.clone(), router.clone(), stopped.clone());
        tokio::spawn(async move {
            let _permit = permit;
            if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                connection(stream, router.layer(Extension(Peer(peer.ip().to_canonical()))), stopped).await;
            }
        });
    }
}

/// Serves the admin socket until stopped: whoever gets there is the local administrator.
pub async fn serve_admin(listener: UnixListener, router: Router, mut stopped: watch::Receiver<bool>) {
    let local = Peer(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let router = router.layer(Extension(Caller::local())).layer(Extension(local));
    let free = Arc::new(Semaphore::new(ADMIN_CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.changed() => return,
        };
        let Some((stream, _)) = kept(accepted).await else { continue };
        let Ok(permit) = Arc::clone(&free).try_acquire_owned() else { continue };
        let (router, stopped) = (router.clone(), stopped.clone());
        tokio::spawn(async move {
            let _permit = permit;
            connection(stream, router, stopped).await;
        });
    }
}

/// Serves clear-text HTTP until stopped, one connection after another.
pub async fn serve_plain(listener: TcpListener, router: Router, mut stopped: watch::Receiver<bool>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.changed() => return,
        };
        let Some((stream, _)) = kept(accepted).await else { continue };
        let _ = tokio::time::timeout(HANDSHAKE, connection(stream, router.clone(), stopped.clone())).await;
    }
}

/// An accepted connection; when descriptors have run out, a pause instead of a busy loop.
async fn kept<T>(accepted: std::io::Result<T>) -> Option<T> {
    match accepted {
        Ok(accepted) => Some(accepted),
        Err(error) => {
            tracing::warn!(%error, "a connection was not accepted");
            tokio::time::sleep(Duration::from_millis(100)).await;
            None
        }
    }
}

async fn connection<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    router: Router,
    mut stopped: watch::Receiver<bool>,
) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HANDSHAKE).max_headers(64);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(16 * 1024)
        .keep_alive_interval(Some(Duration::from_secs(20)))
        .keep_alive_timeout(HANDSHAKE);
    let served = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(served);
    tokio::select! {
        result = served.as_mut() => {
            if let Err(error) = result {
                tracing::debug!(%error, "a connection ended early");
            }
        }
        _ = stopped.changed() => {
            served.as_mut().graceful_shutdown();
            let _ = tokio::time::timeout(Duration::from_secs(1), served).await;
        }
    }
}
