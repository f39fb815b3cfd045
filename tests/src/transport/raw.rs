//! One frame said over TLS on TCP with an agent's certificate, and the first frame of the answer.

use super::AgentAt;
use anyhow::Context as _;
use picket_event::wire::{ALPN, HEADER_BYTES, SERVER_NAME, total_length};
use rustls::pki_types::ServerName;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Says a frame as this agent; answers the first frame that comes back.
///
/// # Errors
/// When there is no connection or no answer.
pub fn say(agent: &AgentAt, to: SocketAddr, frame: &[u8]) -> anyhow::Result<Vec<u8>> {
    let material = agent.identity.material()?;
    let mut roots = rustls::RootCertStore::empty();
    for authority in material.authorities {
        roots.add(authority)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config =
        builder.with_root_certificates(roots).with_client_auth_cert(vec![material.certificate], material.key)?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let talk = async {
            let stream = TcpStream::connect(to).await?;
            let name = ServerName::try_from(SERVER_NAME)?;
            let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
            stream.write_all(frame).await?;
            stream.flush().await?;
            let mut header = [0u8; HEADER_BYTES];
            stream.read_exact(&mut header).await?;
            let mut answer = header.to_vec();
            answer.resize(total_length(&header)?, 0);
            stream.read_exact(answer.get_mut(HEADER_BYTES..).unwrap_or_default()).await?;
            anyhow::Ok(answer)
        };
        tokio::time::timeout(Duration::from_secs(10), talk).await.context("no answer")?
    })
}
