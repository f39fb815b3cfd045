//! The request to the collector: one POST over TLS to a pinned authority.

use super::files::{Answer, key};
use super::pin::Pin;
use super::{EnrolError, Identity};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use picket_event::wire::{EnrolmentToken, SERVER_NAME};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, Error as TlsError};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Longest time for the whole exchange.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long it is asked again where it says that too many ask at once, as when hosts behind one address enrol together.
const BUSY_PATIENCE: Duration = Duration::from_secs(120);
/// Bytes of the collector's answer at most.
const MAX_ANSWER: usize = 64 << 10;

fn unable(e: &rcgen::Error) -> EnrolError {
    EnrolError::File { what: "make", path: Path::new("the agent's key").to_owned(), why: e.to_string() }
}

fn request_for(key: &KeyPair, agent: &str) -> Result<Vec<u8>, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, agent);
    Ok(params.serialize_request(key)?.der().to_vec())
}

/// A new key (PEM) and a signing request (DER) for it.
pub(super) fn new_key(agent: &str) -> Result<(String, Vec<u8>), EnrolError> {
    let key = KeyPair::generate().map_err(|e| unable(&e))?;
    let csr = request_for(&key, agent).map_err(|e| unable(&e))?;
    Ok((key.serialize_pem(), csr))
}

/// A signing request (DER) for the key the agent has, to renew its certificate.
///
/// # Errors
/// [`EnrolError::File`] when the key cannot be read.
pub fn renewal_request(identity: &Identity) -> Result<Vec<u8>, EnrolError> {
    let key = KeyPair::from_pem(&key(&identity.directory)?).map_err(|e| unable(&e))?;
    request_for(&key, &identity.agent).map_err(|e| unable(&e))
}

/// One question to one address.
struct Question<'a> {
    address: &'a str,
    /// SHA-256 of the authorities that the collector may show itself under.
    authorities: Vec<[u8; 32]>,
    path: &'static str,
    body: String,
}

impl Question<'_> {
    fn unreachable(&self, why: impl ToString) -> EnrolError {
        let port = self.address.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(0);
        EnrolError::Unreachable { address: self.address.to_owned(), port, why: why.to_string() }
    }

    /// The answer's body.
    fn ask(&self) -> Result<Bytes, EnrolError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|e| self.unreachable(e))?;
        let until = Instant::now() + BUSY_PATIENCE;
        runtime.block_on(async {
            loop {
                let answered = tokio::time::timeout(PATIENCE, exchange(self)).await;
                match answered.unwrap_or_else(|_| Err(self.unreachable("no answer in 20 s"))) {
                    Err(EnrolError::Busy(_)) if Instant::now() < until => tokio::time::sleep(pause()).await,
                    other => return other,
                }
            }
        })
    }
}

/// Two to six seconds, so that those who were sent away together do not come back together.
fn pause() -> Duration {
    let spread = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().subsec_nanos() % 4_000;
    Duration::from_millis(2_000 + u64::from(spread))
}

fn clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Proves the token at one address and brings the answer. Blocks.
pub(super) fn enrol(token: &EnrolmentToken, address: &str, agent: &str, csr: &[u8]) -> Result<Answer, EnrolError> {
    let body = serde_json::json!({
        "token": token.id,
        "secret": STANDARD.encode(token.secret),
        "agent": agent,
        "request": STANDARD.encode(csr),
        "clock": clock(),
    });
    let question =
        Question { address, authorities: vec![token.authority], path: "/api/v1/enrol", body: body.to_string() };
    serde_json::from_slice(&question.ask()?)
        .map_err(|e| EnrolError::Refused(format!("its answer is not understood: {e}")))
}

/// Gives the identity up at one address. The request's subject says so, and is signed by the agent's key. Blocks.
pub(super) fn leave(identity: &Identity, address: &str) -> Result<(), EnrolError> {
    let pem = KeyPair::from_pem(&key(&identity.directory)?).map_err(|e| unable(&e))?;
    let clock = clock();
    let signed = request_for(&pem, &format!("leave {} {clock}", identity.agent)).map_err(|e| unable(&e))?;
    let authorities = identity.material()?.authorities.iter().map(|der| Sha256::digest(der).into()).collect();
    let body = serde_json::json!({
        "agent": identity.agent, "request": STANDARD.encode(signed), "clock": clock,
    });
    Question { address, authorities, path: "/api/v1/leave", body: body.to_string() }.ask().map(|_| ())
}

async fn exchange(question: &Question<'_>) -> Result<Bytes, EnrolError> {
    let address = question.address;
    let unreachable = |why: String| question.unreachable(why);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let pin = Pin { authorities: question.authorities.clone(), provider: provider.clone() };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| unreachable(e.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(pin))
        .with_no_client_auth();
    let tcp = TcpStream::connect(address).await.map_err(|e| unreachable(e.to_string()))?;
    let name = ServerName::try_from(SERVER_NAME).map_err(|e| unreachable(e.to_string()))?;
    let tls = TlsConnector::from(Arc::new(config))
        .connect(name, tcp)
        .await
        .map_err(|e| handshake(address, e, &unreachable))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(tls)).await.map_err(|e| unreachable(e.to_string()))?;
    // Ends with the exchange; its errors show in the request's.
    tokio::spawn(connection);
    let request = Request::post(question.path)
        .header("host", address)
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(question.body.clone())))
        .map_err(|e| unreachable(e.to_string()))?;
    let response = sender.send_request(request).await.map_err(|e| unreachable(e.to_string()))?;
    let status = response.status();
    let body =
        Limited::new(response.into_body(), MAX_ANSWER).collect().await.map_err(|e| unreachable(e.to_string()))?;
    let body = body.to_bytes();
    if status.is_success() {
        return Ok(body);
    }
    let said = serde_json::from_slice::<serde_json::Value>(&body).ok();
    let why = said.as_ref().and_then(|v| v.get("error")).and_then(|v| v.as_str());
    Err(match why {
        Some(why) if status == StatusCode::TOO_MANY_REQUESTS => EnrolError::Busy(why.to_owned()),
        Some(why) => EnrolError::Refused(why.to_owned()),
        None if status.is_server_error() => unreachable(format!("it answered {status}")),
        None => EnrolError::Refused(format!("it answered {status}")),
    })
}

/// Tells a wrong authority from a line that broke.
fn handshake(address: &str, error: std::io::Error, unreachable: &impl Fn(String) -> EnrolError) -> EnrolError {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
    match tls {
        Some(TlsError::InvalidCertificate(why)) => {
            EnrolError::WrongAuthority { address: address.to_owned(), why: format!("{why:?}") }
        }
        _ => unreachable(format!("TLS: {error}")),
    }
}
