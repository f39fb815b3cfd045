//! Connections with the agent's certificate: QUIC, or TLS over TCP.

use super::path::Transport;
use super::stream::{Counted, Wire};
use super::trust::{self, Last, Trouble};
use crate::capture::{OwnTraffic, OwnTransport};
use crate::enrol::Identity;
use picket_event::wire::SERVER_NAME;
use quinn::{ClientConfig, ConnectionError, Endpoint, IdleTimeout, TransportConfig, VarInt};
use rustls::Error as TlsError;
use rustls::pki_types::ServerName;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;

/// A connection without a packet for so long is dead.
const IDLE: Duration = Duration::from_secs(30);
/// Often enough for NATs and for [`IDLE`], seldom enough to cost nothing.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// Longest time for a connection to stand; where UDP is dropped, TCP is tried after it.
const PATIENCE: Duration = Duration::from_secs(5);
/// Addresses of one collector that are tried.
const ADDRESSES: usize = 8;

/// Why there is no connection, in words.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The key or a certificate is of no use.
    #[error("use the agent's certificate: {0}")]
    Identity(String),
    /// The name does not resolve.
    #[error("find {host}: {why}")]
    Resolve {
        /// The collector.
        host: String,
        /// Why.
        why: String,
    },
    /// No socket could be had.
    #[error("open a socket: {0}")]
    Socket(#[source] std::io::Error),
    /// Nobody answers over this transport.
    #[error("no answer: {0}")]
    Silent(String),
    /// A certificate is refused.
    #[error("{0}")]
    Refused(String),
    /// The handshake failed otherwise.
    #[error("{0}")]
    Connect(String),
}

/// Makes connections. Clones share their sockets.
#[derive(Clone, Debug)]
pub struct Client {
    quic: ClientConfig,
    tls: TlsConnectorConfig,
    /// For IPv4 and for IPv6.
    endpoints: Arc<Mutex<[Option<Endpoint>; 2]>>,
    /// Learns every socket before it is used.
    own: OwnTraffic,
    last: Last,
    /// When our certificate was made and when it ends, seconds since 1970.
    validity: (i64, i64),
}

type TlsConnectorConfig = Arc<rustls::ClientConfig>;

impl Client {
    /// Reads key and certificates.
    ///
    /// # Errors
    /// [`ClientError::Identity`].
    pub fn new(identity: &Identity, own: OwnTraffic) -> Result<Self, ClientError> {
        let last = Last::default();
        let (quic, tls) = configs(identity, &last)?;
        let validity = (identity.issued_at, identity.not_after);
        Ok(Self { quic, tls, endpoints: Arc::default(), own, last, validity })
    }

    /// Takes key and certificates anew, for the connections to come.
    ///
    /// # Errors
    /// [`ClientError::Identity`].
    pub fn reload(&mut self, identity: &Identity) -> Result<(), ClientError> {
        (self.quic, self.tls) = configs(identity, &self.last)?;
        self.validity = (identity.issued_at, identity.not_after);
        Ok(())
    }

    fn endpoint(&self, to: SocketAddr) -> Result<Endpoint, ClientError> {
        let (slot, local): (_, IpAddr) = match to {
            SocketAddr::V4(_) => (0, Ipv4Addr::UNSPECIFIED.into()),
            SocketAddr::V6(_) => (1, Ipv6Addr::UNSPECIFIED.into()),
        };
        let mut endpoints = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = endpoints.get_mut(slot).ok_or_else(|| ClientError::Connect("no such family".to_owned()))?;
        if let Some(endpoint) = slot {
            return Ok(endpoint.clone());
        }
        let made = Endpoint::client(SocketAddr::new(local, 0)).map_err(ClientError::Socket)?;
        Ok(slot.insert(made).clone())
    }

    /// Connects to `host:port`, trying each of its addresses.
    ///
    /// # Errors
    /// [`ClientError`] of the last address tried.
    pub(super) async fn connect(&self, host: &str, transport: Transport) -> Result<Wire, ClientError> {
        let resolve = |why: String| ClientError::Resolve { host: host.to_owned(), why };
        let addresses = tokio::net::lookup_host(host).await.map_err(|e| resolve(e.to_string()))?;
        let mut last = resolve("it has no address".to_owned());
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let end = tokio::time::Instant::now() + PATIENCE;
        for address in addresses.take(ADDRESSES) {
            let attempt = async {
                match transport {
                    Transport::Quic => self.quic(address).await,
                    Transport::Tcp => self.tcp(address).await,
                }
            };
            match tokio::time::timeout_at(end, attempt).await {
                Ok(Ok(wire)) => return Ok(wire),
                Ok(Err(error)) => last = error,
                Err(_) => last = ClientError::Silent(format!("over {} within 5 s", transport.name())),
            }
        }
        Err(last)
    }

    async fn quic(&self, address: SocketAddr) -> Result<Wire, ClientError> {
        let endpoint = self.endpoint(address)?;
        if let Ok(local) = endpoint.local_addr() {
            self.own.announce(OwnTransport::Udp, local, address);
        }
        let connecting = endpoint
            .connect_with(self.quic.clone(), address, SERVER_NAME)
            .map_err(|e| ClientError::Silent(e.to_string()))?;
        match connecting.await {
            Ok(connection) => Wire::quic(connection).await.map_err(ClientError::Connect),
            Err(ConnectionError::TimedOut) => Err(ClientError::Silent("timed out over QUIC".to_owned())),
            Err(error) => Err(match self.quic_trouble(&error) {
                Some(trouble) => ClientError::Refused(trouble),
                None => ClientError::Connect(error.to_string()),
            }),
        }
    }

    async fn tcp(&self, address: SocketAddr) -> Result<Wire, ClientError> {
        let silent = |e: std::io::Error| ClientError::Silent(format!("over TCP: {e}"));
        let (socket, any): (_, IpAddr) = match address {
            SocketAddr::V4(_) => (TcpSocket::new_v4(), Ipv4Addr::UNSPECIFIED.into()),
            SocketAddr::V6(_) => (TcpSocket::new_v6(), Ipv6Addr::UNSPECIFIED.into()),
        };
        let socket = socket.map_err(ClientError::Socket)?;
        // Bound first, so that not even the first segment is taken for somebody else's.
        socket.bind(SocketAddr::new(any, 0)).map_err(ClientError::Socket)?;
        if let Ok(local) = socket.local_addr() {
            self.own.announce(OwnTransport::Tcp, local, address);
        }
        let stream: TcpStream = socket.connect(address).await.map_err(silent)?;
        let _ = stream.set_nodelay(true);
        let (stream, bytes) = Counted::new(stream);
        let name = ServerName::try_from(SERVER_NAME).map_err(|e| ClientError::Connect(e.to_string()))?;
        match TlsConnector::from(self.tls.clone()).connect(name, stream).await {
            Ok(tls) => Ok(Wire::tcp(tls, bytes)),
            Err(error) => Err(match self.tcp_trouble(&error) {
                Some(trouble) => ClientError::Refused(trouble),
                None => silent(error),
            }),
        }
    }

    /// What a failed QUIC connection says of certificates, in words.
    pub(super) fn quic_trouble(&self, error: &ConnectionError) -> Option<String> {
        match error {
            // RFC 9001 section 4.8: a TLS alert is the code 0x100 plus its number.
            ConnectionError::ConnectionClosed(close) => {
                let alert = u64::from(close.error_code).checked_sub(0x100)?;
                self.explain(Trouble::Ours(u8::try_from(alert).ok()?))
            }
            _ => self.theirs(),
        }
    }

    /// What a failed TLS connection says of certificates, in words.
    pub(super) fn tcp_trouble(&self, error: &std::io::Error) -> Option<String> {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>()) {
            Some(TlsError::AlertReceived(alert)) => self.explain(Trouble::Ours(u8::from(*alert))),
            _ => self.theirs(),
        }
    }

    fn theirs(&self) -> Option<String> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).take();
        last.and_then(|why| self.explain(Trouble::Theirs(why)))
    }

    fn explain(&self, trouble: Trouble) -> Option<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let (issued, ends) = self.validity;
        Some(trust::words(&trouble, issued, ends, i64::try_from(now).unwrap_or(i64::MAX)))
    }

    /// Waits until what was said is on its way.
    pub async fn finish(&self) {
        let endpoints: Vec<Endpoint> =
            self.endpoints.lock().unwrap_or_else(PoisonError::into_inner).iter().flatten().cloned().collect();
        for endpoint in endpoints {
            endpoint.wait_idle().await;
        }
    }
}

fn configs(identity: &Identity, last: &Last) -> Result<(ClientConfig, TlsConnectorConfig), ClientError> {
    let unable = |e: &dyn std::fmt::Display| ClientError::Identity(e.to_string());
    let material = identity.material().map_err(|e| unable(&e))?;
    let tls = trust::config(&material, last.clone()).map_err(|e| unable(&e))?;
    let quic = quinn::crypto::rustls::QuicClientConfig::try_from(tls.clone()).map_err(|e| unable(&e))?;
    let mut config = ClientConfig::new(Arc::new(quic));
    let mut transport = TransportConfig::default();
    transport.max_idle_timeout(IdleTimeout::try_from(IDLE).ok());
    transport.keep_alive_interval(Some(KEEP_ALIVE));
    // The collector opens no streams; control messages are small.
    transport.max_concurrent_bidi_streams(VarInt::from_u32(0));
    transport.max_concurrent_uni_streams(VarInt::from_u32(0));
    transport.stream_receive_window(VarInt::from_u32(1 << 20));
    transport.receive_window(VarInt::from_u32(2 << 20));
    transport.datagram_receive_buffer_size(None);
    config.transport_config(Arc::new(transport));
    Ok((config, Arc::new(tls)))
}
