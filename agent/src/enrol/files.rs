//! The identity on disk: `agent.key` (PEM, 0600), `agent.json` (what the collector said), and, while the collector's
//! authority is being changed, `authorities.pem` (others to trust).

use super::{EnrolError, Enrolled, Identity};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom, SystemRandom};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Deserialize, Serialize};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Key and certificates, as TLS takes them.
#[derive(Debug)]
pub struct Material {
    /// The collector's authorities, the one in force first.
    pub authorities: Vec<CertificateDer<'static>>,
    /// The agent's certificate.
    pub certificate: CertificateDer<'static>,
    /// The agent's key.
    pub key: PrivateKeyDer<'static>,
}

/// What the collector answers to an enrolment. Bytes are base64.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    certificate: String,
    authority: String,
    /// All to trust; an earlier release names one alone.
    #[serde(default)]
    authorities: Vec<String>,
    agent: String,
    site: String,
    #[serde(default)]
    group: String,
    #[serde(default)]
    pending: bool,
    collectors: Vec<String>,
    not_after: i64,
    signer: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    agent: String,
    site: String,
    collectors: Vec<String>,
    enrolment: Vec<String>,
    issued_at: i64,
    not_after: i64,
    certificate: String,
    authority: String,
    signer: String,
}

fn fault(what: &'static str, path: &Path, why: impl ToString) -> EnrolError {
    EnrolError::File { what, path: path.to_owned(), why: why.to_string() }
}

fn paths(directory: &Path) -> (PathBuf, PathBuf) {
    (directory.join("agent.key"), directory.join("agent.json"))
}

/// Other authorities than the one in `agent.json`. A file of its own, which an earlier release passes over.
fn others(directory: &Path) -> PathBuf {
    directory.join("authorities.pem")
}

/// Authorities at most.
const MAX_AUTHORITIES: usize = 4;

/// Seconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The host's name and eight random letters, so that hundreds of hosts of one name do not meet: of forty with four letters,
/// two would once in eighty times.
pub(super) fn made_up_name() -> Result<String, EnrolError> {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let host: String = host.split('.').next().unwrap_or_default().chars().filter(plain).take(40).collect();
    let mut random = [0u8; 4];
    let unable = |_| fault("read random bytes for", Path::new("the agent's name"), "the system gives none");
    SystemRandom::new().fill(&mut random).map_err(unable)?;
    let host = if host.is_empty() { "agent".to_owned() } else { host };
    Ok(format!("{host}-{:08x}", u32::from_be_bytes(random)))
}

/// Writes a file whole or not at all.
fn write(path: &Path, text: &[u8], mode: u32) -> Result<(), EnrolError> {
    let new = path.with_extension("new");
    let options = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&new);
    let mut file = options.map_err(|e| fault("make", &new, e))?;
    file.write_all(text).and_then(|()| file.sync_all()).map_err(|e| fault("write", &new, e))?;
    std::fs::rename(&new, path).map_err(|e| fault("replace", path, e))
}

/// A collector without a host is the one the agent enrolled at.
fn with_host(collector: &str, enrolled_at: &str) -> String {
    match (collector.strip_prefix(':'), enrolled_at.rsplit_once(':')) {
        (Some(port), Some((host, _))) => format!("{host}:{port}"),
        _ => collector.to_owned(),
    }
}

pub(super) fn store(
    directory: &Path,
    key: &str,
    answer: &Answer,
    enrolled_at: &str,
    addresses: &[String],
) -> Result<Enrolled, EnrolError> {
    std::fs::create_dir_all(directory).map_err(|e| fault("make", directory, e))?;
    let stored = Stored {
        agent: answer.agent.clone(),
        site: answer.site.clone(),
        collectors: answer.collectors.iter().map(|c| with_host(c, enrolled_at)).collect(),
        enrolment: addresses.to_vec(),
        issued_at: now(),
        not_after: answer.not_after,
        certificate: answer.certificate.clone(),
        authority: answer.authority.clone(),
        signer: answer.signer.clone(),
    };
    let (key_path, json_path) = paths(directory);
    let text = serde_json::to_vec_pretty(&stored).map_err(|e| fault("encode", &json_path, e))?;
    let mut ders = Vec::new();
    for text in answer.authorities.iter().filter(|text| **text != answer.authority) {
        ders.push(STANDARD.decode(text).map_err(|e| fault("understand", &json_path, e))?);
    }
    write(&key_path, key.as_bytes(), 0o600)?;
    write_others(directory, &ders)?;
    write(&json_path, &text, 0o644)?;
    material(directory)?;
    Ok(Enrolled { identity: load(directory)?, pending: answer.pending, group: answer.group.clone() })
}

/// Writes the other authorities, or removes their file where there are none.
fn write_others(directory: &Path, ders: &[Vec<u8>]) -> Result<(), EnrolError> {
    let path = others(directory);
    if ders.is_empty() {
        return match std::fs::remove_file(&path) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(fault("remove", &path, e)),
            _ => Ok(()),
        };
    }
    let mut text = String::new();
    for der in ders {
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        let encoded = STANDARD.encode(der);
        for line in encoded.as_bytes().chunks(64) {
            text.push_str(&String::from_utf8_lossy(line));
            text.push('\n');
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    write(&path, text.as_bytes(), 0o644)
}

fn read_others(directory: &Path) -> Result<Vec<CertificateDer<'static>>, EnrolError> {
    let path = others(directory);
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(fault("read", &path, e)),
    };
    let all = CertificateDer::pem_slice_iter(&text).take(MAX_AUTHORITIES);
    all.collect::<Result<_, _>>().map_err(|e| fault("understand", &path, e))
}

/// Replaces what is trusted; answers whether anything changed.
pub(super) fn replace_authorities(directory: &Path, ders: &[Vec<u8>]) -> Result<bool, EnrolError> {
    let known: Vec<Vec<u8>> = material(directory)?.authorities.iter().map(|der| der.to_vec()).collect();
    if known == ders {
        return Ok(false);
    }
    if ders.len() > MAX_AUTHORITIES || !ders.iter().any(|der| known.contains(der)) {
        return Err(EnrolError::Refused("none of the authorities it names is known here".to_owned()));
    }
    let Some((first, rest)) = ders.split_first() else { return Ok(false) };
    // The others first: between the two writes too, everything that is to be trusted is.
    write_others(directory, &known)?;
    let (_, path) = paths(directory);
    let mut stored = read(directory)?;
    stored.authority = STANDARD.encode(first);
    let text = serde_json::to_vec_pretty(&stored).map_err(|e| fault("encode", &path, e))?;
    write(&path, &text, 0o644)?;
    write_others(directory, rest)?;
    Ok(true)
}

/// Removes the identity. The key goes first: without it the rest is worth nothing.
pub(super) fn remove(directory: &Path) -> Result<(), EnrolError> {
    let (key, json) = paths(directory);
    for path in [key, json, others(directory)] {
        match std::fs::remove_file(&path) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(fault("remove", &path, e)),
            _ => {}
        }
    }
    Ok(())
}

fn read(directory: &Path) -> Result<Stored, EnrolError> {
    let (_, path) = paths(directory);
    match std::fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text).map_err(|e| fault("understand", &path, e)),
        Err(e) if e.kind() == ErrorKind::NotFound => Err(EnrolError::NotEnrolled(directory.to_owned())),
        Err(e) => Err(fault("read", &path, e)),
    }
}

pub(super) fn load(directory: &Path) -> Result<Identity, EnrolError> {
    let (_, path) = paths(directory);
    let stored = read(directory)?;
    let signer = STANDARD.decode(&stored.signer).map_err(|e| fault("understand", &path, e))?;
    Ok(Identity {
        directory: directory.to_owned(),
        agent: stored.agent,
        site: stored.site,
        collectors: stored.collectors,
        enrolment: stored.enrolment,
        issued_at: stored.issued_at,
        not_after: stored.not_after,
        signer,
    })
}

pub(super) fn material(directory: &Path) -> Result<Material, EnrolError> {
    let (key_path, json_path) = paths(directory);
    let stored = read(directory)?;
    let der =
        |text: &str| STANDARD.decode(text).map(CertificateDer::from).map_err(|e| fault("understand", &json_path, e));
    let key = std::fs::read(&key_path).map_err(|e| fault("read", &key_path, e))?;
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(|e| fault("understand", &key_path, e))?;
    let mut authorities = vec![der(&stored.authority)?];
    for other in read_others(directory)? {
        if !authorities.contains(&other) {
            authorities.push(other);
        }
    }
    Ok(Material { authorities, certificate: der(&stored.certificate)?, key })
}

pub(super) fn replace_certificate(directory: &Path, certificate: &[u8], not_after: i64) -> Result<(), EnrolError> {
    let (_, path) = paths(directory);
    let mut stored = read(directory)?;
    stored.certificate = STANDARD.encode(certificate);
    stored.issued_at = now();
    stored.not_after = not_after;
    let text = serde_json::to_vec_pretty(&stored).map_err(|e| fault("encode", &path, e))?;
    write(&path, &text, 0o644)
}

/// The private key as PEM.
pub(super) fn key(directory: &Path) -> Result<String, EnrolError> {
    let (path, _) = paths(directory);
    std::fs::read_to_string(&path).map_err(|e| fault("read", &path, e))
}
