//! A client of the collector's interface that keeps its one connection.

use anyhow::{Context as _, Result, bail, ensure};
use picket_event::wire::SERVER_NAME;
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// One HTTP/1.1 connection over TLS, trusting the collector's own authority alone.
#[derive(Debug)]
pub struct Https {
    stream: BufReader<StreamOwned<ClientConnection, TcpStream>>,
    host: SocketAddr,
}

/// Largest answer that is read.
const ANSWER_MAX: usize = 64 << 20;

impl Https {
    /// Connects; `authority` is the PEM file of the collector's authority.
    ///
    /// # Errors
    /// When the file, the connection or the handshake is no good.
    pub fn connect(address: SocketAddr, authority: &Path) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(authority).context("the authority's certificate")?)?;
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connection = ClientConnection::new(Arc::new(config), ServerName::try_from(SERVER_NAME)?)?;
        let tcp = TcpStream::connect(address)?;
        tcp.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(StreamOwned::new(connection, tcp)), host: address })
    }

    /// Sends a request with these further header lines, each ended by CRLF; gives the status, the head and the body.
    ///
    /// # Errors
    /// When the connection breaks, or the answer has no length.
    pub fn send(&mut self, method: &str, path: &str, headers: &str, body: &str) -> Result<(u16, String, Vec<u8>)> {
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {length}\r\n{headers}\r\n{body}",
            self.host
        );
        let stream = self.stream.get_mut();
        stream.write_all(request.as_bytes())?;
        stream.flush()?;
        let mut head = String::new();
        while self.stream.read_line(&mut head)? > 2 {}
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).context("no status in the answer")?;
        let value = |name: &str| {
            head.lines()
                .filter_map(|line| line.split_once(": "))
                .find(|(n, _)| n.eq_ignore_ascii_case(name))
                .map(|(_, v)| v)
        };
        let length: usize = match value("content-length") {
            Some(text) => text.trim().parse().context("the answer's length")?,
            None if status == 204 || status == 303 => 0,
            None => bail!("an answer without a length:\n{head}"),
        };
        ensure!(length <= ANSWER_MAX, "an answer of {length} bytes");
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok((status, head, body))
    }

    /// Asks the interface for a resource below `/api/v1` with a token.
    ///
    /// # Errors
    /// When the connection breaks or the answer is not 200 with JSON.
    pub fn get(&mut self, path: &str, token: &str) -> Result<Value> {
        let headers = format!("Authorization: Bearer {token}\r\n");
        let (status, _, body) = self.send("GET", &format!("/api/v1{path}"), &headers, "")?;
        ensure!(status == 200, "GET {path}: {status}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).with_context(|| format!("JSON of {path}"))
    }
}
