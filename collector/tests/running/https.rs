//! One HTTPS request over HTTP/1.1, byte by byte under the test's control.

use picket_event::wire::SERVER_NAME;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The head, as sent.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Answer {
    /// A header's value, or nothing.
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// Talks to one collector, trusting its authority alone.
#[derive(Clone)]
pub struct Https {
    address: SocketAddr,
    tls: Arc<rustls::ClientConfig>,
}

impl Https {
    /// To the collector with this state directory.
    pub fn new(address: SocketAddr, state: &Path) -> Self {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(state.join("authority.pem")).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        Self { address, tls: Arc::new(builder.with_root_certificates(roots).with_no_client_auth()) }
    }

    /// Sends a request; `headers` and `body` as they are.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let name = ServerName::try_from(SERVER_NAME).unwrap();
        let connection = rustls::ClientConnection::new(Arc::clone(&self.tls), name).unwrap();
        let mut stream = rustls::StreamOwned::new(connection, TcpStream::connect(self.address).unwrap());
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if !headers.iter().any(|(name, _)| *name == "Content-Length") {
            request.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        request.push_str(&format!("\r\n{body}"));
        // A server that refuses a body answers before it is sent.
        let _ = stream.write_all(request.as_bytes());
        let mut answer = Vec::new();
        // A server that closes without the TLS goodbye has still said all that the length promised.
        let _ = stream.read_to_end(&mut answer);
        let text = String::from_utf8(answer).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// An API request with a token and a JSON body.
    pub fn api(&self, method: &str, path: &str, token: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        self.send(method, &format!("/api/v1{path}"), &headers, body)
    }

    /// A form, sent from an origin.
    pub fn form(&self, path: &str, origin: &str, cookie: &str, body: &str) -> Answer {
        let headers = [("Origin", origin), ("Cookie", cookie), ("Content-Type", "application/x-www-form-urlencoded")];
        self.send("POST", path, &headers, body)
    }

    /// This collector's own origin.
    pub fn origin(&self) -> String {
        format!("https://{}", self.address)
    }
}
