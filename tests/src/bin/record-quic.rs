//! Records QUIC handshakes of a real client and server (quinn) into the golden folder. A relay between the two
//! notes each datagram, so that no privilege is needed. Keys and times differ from run to run: the expected
//! events have to be rewritten afterwards (`PICKET_BLESS=1`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test or bench that cannot go on ends")]
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a program does I/O")]

use anyhow::Context as _;
use picket_tests::golden::folder;
use picket_tests::make::{Capture, Host, udp};
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{ClientConfig, Endpoint, EndpointConfig, Incoming, ServerConfig, TokioRuntime};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::UdpSocket;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What the server does with a client.
#[derive(Clone, Copy, PartialEq)]
enum Server {
    Accepts,
    AsksForRetry,
    SpeaksVersion1Only,
}

/// A datagram that passed: when, whether from the client, its bytes.
type Passed = (i64, bool, Vec<u8>);

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let keys = rcgen::generate_simple_self_signed(vec!["historian.plant.example".to_owned()])?;
    let (server, client) = configurations(&keys)?;
    let plain = record(&server, Server::Accepts, std::slice::from_ref(&client), 51_000).await?;
    plain.write(&folder("quic").join("quinn-version-1.pcap"))?;
    let retry = record(&server, Server::AsksForRetry, std::slice::from_ref(&client), 51_001).await?;
    retry.write(&folder("quic").join("quinn-retry.pcap"))?;
    let mut draft = client.clone();
    draft.version(0xff00_001d);
    let draft_29 = record(&server, Server::Accepts, &[draft.clone()], 51_002).await?;
    draft_29.write(&folder("quic").join("quinn-draft-29.pcap"))?;
    // The client is told the versions, gives up, and comes back from the same port with one of them.
    let negotiated = record(&server, Server::SpeaksVersion1Only, &[draft, client], 51_003).await?;
    negotiated.write(&folder("quic").join("quinn-negotiation.pcap"))?;
    Ok(())
}

fn configurations(keys: &rcgen::CertifiedKey<rcgen::KeyPair>) -> anyhow::Result<(ServerConfig, ClientConfig)> {
    let certificate = CertificateDer::from(keys.cert.der().to_vec());
    let key = PrivateKeyDer::try_from(keys.signing_key.serialize_der()).map_err(anyhow::Error::msg)?;
    let mut tls =
        rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate.clone()], key)?;
    tls.alpn_protocols = vec![b"h3".to_vec()];
    let server = ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls)?));
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate)?;
    let mut tls = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    tls.alpn_protocols = vec![b"h3".to_vec(), b"plant/1".to_vec()];
    Ok((server, ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls)?))))
}

/// One client endpoint that connects with each configuration in turn; `port` is the client's in the capture.
async fn record(server: &ServerConfig, kind: Server, clients: &[ClientConfig], port: u16) -> anyhow::Result<Capture> {
    let loopback: SocketAddr = ([127, 0, 0, 1], 0).into();
    let socket = std::net::UdpSocket::bind(loopback)?;
    let serving = socket.local_addr()?;
    let mut config = EndpointConfig::default();
    if kind == Server::SpeaksVersion1Only {
        config.supported_versions(vec![1]);
    }
    let endpoint = Endpoint::new(config, Some(server.clone()), socket, Arc::new(TokioRuntime))?;
    tokio::spawn(serve(endpoint, kind));
    let relay = UdpSocket::bind(loopback).await?;
    let address = relay.local_addr()?;
    let (noted, passed) = unbounded_channel();
    let relaying = tokio::spawn(pass_on(relay, serving, noted));
    let client = Endpoint::client(loopback)?;
    for config in clients {
        let connecting = client.connect_with(config.clone(), address, "historian.plant.example")?;
        // A version that is turned down is an error here, and just what is to be recorded.
        if let Ok(connection) = connecting.await {
            let (mut send, mut receive) = connection.open_bi().await?;
            send.write_all(b"hello").await?;
            send.finish()?;
            receive.read_to_end(64).await?;
            connection.close(0u8.into(), b"done");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    client.wait_idle().await;
    relaying.abort();
    Ok(capture(passed, port))
}

async fn serve(endpoint: Endpoint, kind: Server) {
    while let Some(incoming) = endpoint.accept().await {
        if kind == Server::AsksForRetry && !incoming.remote_address_validated() {
            let _ = incoming.retry();
        } else {
            tokio::spawn(answer(incoming));
        }
    }
}

async fn answer(incoming: Incoming) -> anyhow::Result<()> {
    let connection = incoming.await?;
    let (mut send, mut receive) = connection.accept_bi().await?;
    let said = receive.read_to_end(64).await?;
    send.write_all(&said).await?;
    send.finish()?;
    connection.closed().await;
    Ok(())
}

/// Passes datagrams on between a client and the server and notes each.
async fn pass_on(relay: UdpSocket, server: SocketAddr, noted: UnboundedSender<Passed>) -> anyhow::Result<()> {
    let mut client = None;
    let mut buffer = vec![0; 65_536];
    loop {
        let (length, from) = relay.recv_from(&mut buffer).await?;
        let bytes = buffer.get(..length).context("a datagram longer than the buffer")?;
        let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos())?;
        let up = from != server;
        noted.send((now, up, bytes.to_vec()))?;
        if up {
            client = Some(from);
        }
        if let Some(to) = if up { Some(server) } else { client } {
            relay.send_to(bytes, to).await?;
        }
    }
}

fn capture(mut passed: UnboundedReceiver<Passed>, port: u16) -> Capture {
    let (client, server) = (Host::new(1, "192.0.2.10"), Host::new(4, "198.51.100.4"));
    let mut capture = Capture::default();
    while let Ok((time, up, bytes)) = passed.try_recv() {
        let (client, server) = ((&client, port), (&server, 443));
        let (from, to) = if up { (client, server) } else { (server, client) };
        udp(&mut capture, time, from, to, &bytes);
    }
    capture
}
