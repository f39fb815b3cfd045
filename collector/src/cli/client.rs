//! Talking to a running collector: over its admin socket, or over HTTPS with a token.

use super::exit::{Refused, Unreachable};
use crate::api::{PREFIX, Problem};
use crate::config;
use crate::serve::connectable;
use anyhow::{Context, bail};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use picket_event::wire::SERVER_NAME;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// Which collector is asked, and how its answer is printed.
#[derive(clap::Args, Clone, Debug)]
pub struct Remote {
    /// Ask the collector at HOST:PORT over HTTPS instead of the one of this machine
    #[arg(long, global = true, value_name = "HOST:PORT", requires_all = ["token", "authority"])]
    url: Option<String>,
    /// API token, for --url
    #[arg(long, global = true, value_name = "TOKEN", env = "PICKET_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// The authority.pem of the collector, for --url
    #[arg(long, global = true, value_name = "FILE", env = "PICKET_AUTHORITY")]
    authority: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
}

/// How a collector is reached.
enum Way {
    Local { state: PathBuf },
    Https { address: String, token: String, tls: Arc<rustls::ClientConfig> },
}

/// A collector that can be asked.
pub struct Client {
    way: Way,
    runtime: tokio::runtime::Runtime,
}

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Largest answer read.
const MAX_ANSWER: usize = 64 << 20;

impl Client {
    /// The collector that was named, or the one whose configuration stands on this machine.
    ///
    /// # Errors
    /// When the configuration or the authority file is wrong.
    pub fn new(remote: &Remote, path: Option<&Path>) -> anyhow::Result<Self> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
        let way = match (&remote.url, &remote.token, &remote.authority) {
            (Some(url), Some(token), Some(authority)) => {
                let address = url.trim_start_matches("https://").trim_end_matches('/').to_owned();
                Way::Https { address, token: token.clone(), tls: Arc::new(trust(authority)?) }
            }
            _ => Way::Local { state: config::load(path)?.config.state.directory },
        };
        Ok(Self { way, runtime })
    }

    /// Reads.
    ///
    /// # Errors
    /// In a sentence; see [`super::Exit::of`] for what it means.
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let answer = self.ask(Method::GET, path, Bytes::new())?;
        serde_json::from_slice(&answer)
            .with_context(|| format!("the collector's answer to {path} is of another release"))
    }

    /// Changes; answers what the collector says, `null` where it says nothing.
    ///
    /// # Errors
    /// See [`Client::get`].
    pub fn change(&self, method: Method, path: &str, body: &impl Serialize) -> anyhow::Result<Value> {
        let answer = self.ask(method, path, Bytes::from(serde_json::to_vec(body)?))?;
        if answer.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer)
            .with_context(|| format!("the collector's answer to {path} is of another release"))
    }

    /// Reads bytes.
    ///
    /// # Errors
    /// See [`Client::get`].
    pub fn bytes(&self, path: &str) -> anyhow::Result<Bytes> {
        self.ask(Method::GET, path, Bytes::new())
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// See [`Client::get`].
    pub fn upload<T: DeserializeOwned>(&self, path: &str, body: Vec<u8>) -> anyhow::Result<T> {
        let answer = self.ask(Method::POST, path, Bytes::from(body))?;
        serde_json::from_slice(&answer)
            .with_context(|| format!("the collector's answer to {path} is of another release"))
    }

    fn ask(&self, method: Method, path: &str, body: Bytes) -> anyhow::Result<Bytes> {
        let asking = async {
            match &self.way {
                Way::Local { state } => send(local(state).await?, "localhost", None, method, path, body).await,
                Way::Https { address, token, tls } => {
                    let stream = https(address, tls).await?;
                    send(stream, address, Some(token), method, path, body).await
                }
            }
        };
        let answer = self.runtime.block_on(async { tokio::time::timeout(PATIENCE, asking).await });
        let late = || Unreachable(format!("the collector did not answer within {} s", PATIENCE.as_secs()));
        let (status, bytes) = answer.map_err(|_| late())??;
        if status.is_success() {
            return Ok(bytes);
        }
        let said =
            serde_json::from_slice::<Problem>(&bytes).map_or_else(|_| status.to_string(), |problem| problem.error);
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Refused(said).into()),
            // Health answers 503 with its body.
            StatusCode::SERVICE_UNAVAILABLE if path == "/health" => Ok(bytes),
            _ => bail!(said),
        }
    }
}

fn trust(authority: &Path) -> anyhow::Result<rustls::ClientConfig> {
    let what = || format!("read the authority's certificate {}", authority.display());
    let certificate =
        CertificateDer::from_pem_file(authority).map_err(|e| anyhow::anyhow!("{e}")).with_context(what)?;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).with_context(what)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

async fn local(state: &Path) -> anyhow::Result<tokio::net::UnixStream> {
    let (path, _open) = connectable(state).map_err(|error| nobody(state, &error))?;
    tokio::net::UnixStream::connect(path).await.map_err(|error| nobody(state, &error))
}

fn nobody(state: &Path, error: &std::io::Error) -> anyhow::Error {
    if error.kind() == std::io::ErrorKind::PermissionDenied {
        let owner = "run this as the collector's user or as root, or use --url with a token";
        return Refused(format!("{} is not yours to enter: {owner}", state.display())).into();
    }
    let hint = "start `picket-collector serve`, name its configuration with --config, or another collector with --url";
    Unreachable(format!("no collector runs with the state directory {}: {hint}", state.display())).into()
}

async fn https(
    address: &str,
    tls: &Arc<rustls::ClientConfig>,
) -> anyhow::Result<tokio_rustls::client::TlsStream<tokio::net::TcpStream>> {
    let far = |error: std::io::Error| Unreachable(format!("{address} cannot be reached: {error}"));
    let stream = tokio::net::TcpStream::connect(address).await.map_err(far)?;
    // The authority is trusted, not the address: every collector of ours shows this name.
    let name = ServerName::try_from(SERVER_NAME).context("the collector's name")?;
    let connector = tokio_rustls::TlsConnector::from(Arc::clone(tls));
    let refused = |error: std::io::Error| Refused(format!("{address} is not the collector of this authority: {error}"));
    Ok(connector.connect(name, stream).await.map_err(refused)?)
}

async fn send(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    host: &str,
    token: Option<&str>,
    method: Method,
    path: &str,
    body: Bytes,
) -> anyhow::Result<(StatusCode, Bytes)> {
    let gone = |error: hyper::Error| Unreachable(format!("the collector broke off: {error}"));
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(gone)?;
    tokio::spawn(connection);
    let mut request = Request::builder().method(method).uri(format!("{PREFIX}{path}")).header(header::HOST, host);
    request = request.header(header::CONTENT_TYPE, "application/json");
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let answer = sender.send_request(request.body(Full::new(body))?).await.map_err(gone)?;
    let status = answer.status();
    let bytes = Limited::new(answer.into_body(), MAX_ANSWER).collect().await;
    let bytes = bytes.map_err(|error| Unreachable(format!("the collector broke off: {error}")))?;
    Ok((status, bytes.to_bytes()))
}
