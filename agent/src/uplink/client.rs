//! QUIC connections with the agent's certificate.

use crate::capture::OwnTraffic;
use crate::enrol::{Identity, Material};
use picket_event::wire::{ALPN, HEADER_BYTES, MAX_FRAME_BYTES, SERVER_NAME, WireError, total_length};
use quinn::{ClientConfig, Connection, Endpoint, IdleTimeout, RecvStream, TransportConfig, VarInt};
use rustls::RootCertStore;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// A connection without a packet for so long is dead.
const IDLE: Duration = Duration::from_secs(30);
/// Often enough for NATs and for [`IDLE`], seldom enough to cost nothing.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

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
    #[error("open a UDP socket: {0}")]
    Socket(#[source] std::io::Error),
    /// The handshake failed.
    #[error("{0}")]
    Connect(String),
}

/// Makes connections.
#[derive(Debug)]
pub struct Client {
    config: ClientConfig,
    v4: Option<Endpoint>,
    v6: Option<Endpoint>,
    /// Learns every socket before it is used.
    own: OwnTraffic,
}

impl Client {
    /// Reads key and certificates.
    ///
    /// # Errors
    /// [`ClientError::Identity`].
    pub fn new(identity: &Identity, own: OwnTraffic) -> Result<Self, ClientError> {
        Ok(Self {
            config: config(&identity.material().map_err(|e| ClientError::Identity(e.to_string()))?)?,
            v4: None,
            v6: None,
            own,
        })
    }

    /// Takes key and certificates anew, for the connections to come.
    ///
    /// # Errors
    /// [`ClientError::Identity`].
    pub fn reload(&mut self, identity: &Identity) -> Result<(), ClientError> {
        self.config = config(&identity.material().map_err(|e| ClientError::Identity(e.to_string()))?)?;
        Ok(())
    }

    fn endpoint(&mut self, to: SocketAddr) -> Result<&Endpoint, ClientError> {
        let (slot, local): (_, IpAddr) = match to {
            SocketAddr::V4(_) => (&mut self.v4, Ipv4Addr::UNSPECIFIED.into()),
            SocketAddr::V6(_) => (&mut self.v6, Ipv6Addr::UNSPECIFIED.into()),
        };
        if slot.is_none() {
            *slot = Some(Endpoint::client(SocketAddr::new(local, 0)).map_err(ClientError::Socket)?);
        }
        slot.as_ref().ok_or_else(|| ClientError::Socket(std::io::ErrorKind::NotFound.into()))
    }

    /// Connects to `host:port`, trying each of its addresses.
    ///
    /// # Errors
    /// [`ClientError`] of the last address tried.
    pub async fn connect(&mut self, host: &str) -> Result<Connection, ClientError> {
        let resolve = |why: String| ClientError::Resolve { host: host.to_owned(), why };
        let addresses = tokio::net::lookup_host(host).await.map_err(|e| resolve(e.to_string()))?;
        let mut last = resolve("it has no address".to_owned());
        let config = self.config.clone();
        for address in addresses.take(8) {
            let own = self.own.clone();
            let endpoint = self.endpoint(address)?;
            if let Ok(local) = endpoint.local_addr() {
                own.announce(local, address);
            }
            let connecting = endpoint.connect_with(config.clone(), address, SERVER_NAME);
            match connecting {
                Ok(connecting) => match connecting.await {
                    Ok(connection) => return Ok(connection),
                    Err(e) => last = ClientError::Connect(e.to_string()),
                },
                Err(e) => last = ClientError::Connect(e.to_string()),
            }
        }
        Err(last)
    }

    /// Waits until what was said is on its way.
    pub async fn finish(&self) {
        for endpoint in self.v4.iter().chain(&self.v6) {
            endpoint.wait_idle().await;
        }
    }
}

fn config(material: &Material) -> Result<ClientConfig, ClientError> {
    let identity = |e: &dyn std::fmt::Display| ClientError::Identity(e.to_string());
    let mut roots = RootCertStore::empty();
    roots.add(material.authority.clone()).map_err(|e| identity(&e))?;
    let mut tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|e| identity(&e))?
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![material.certificate.clone()], material.key.clone_key())
        .map_err(|e| identity(&e))?;
    tls.alpn_protocols = vec![ALPN.to_vec()];
    // The collector gives no tickets: a resumed session would not be verified again.
    tls.resumption = rustls::client::Resumption::disabled();
    let quic = quinn::crypto::rustls::QuicClientConfig::try_from(tls).map_err(|e| identity(&e))?;
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
    Ok(config)
}

/// Reads the next whole frame of a stream; `None` at its end. The length is checked before memory is taken.
///
/// # Errors
/// What broke, in words.
pub(super) async fn read_frame(stream: &mut RecvStream) -> Result<Option<Vec<u8>>, String> {
    let mut header = [0u8; HEADER_BYTES];
    match stream.read_exact(&mut header).await {
        Ok(()) => {}
        Err(quinn::ReadExactError::FinishedEarly(0)) => return Ok(None),
        Err(e) => return Err(e.to_string()),
    }
    let total = total_length(&header).map_err(|e: WireError| e.to_string())?;
    debug_assert!(total <= MAX_FRAME_BYTES);
    let mut frame = vec![0u8; total];
    let (head, body) = frame.split_at_mut(HEADER_BYTES);
    head.copy_from_slice(&header);
    stream.read_exact(body).await.map_err(|e| e.to_string())?;
    Ok(Some(frame))
}
