//! `serve`, `init` and `doctor`: the machine the collector runs on.

use super::Exit;
use super::client::{Client, Remote};
use super::fleet::print_json;
use crate::api::view::Health;
use crate::config;
use crate::desk::Desk;
use crate::identity::{Authority, Import};
use crate::serve::{self, RunFile};
use crate::store::Sqlite;

use anyhow::Context;
use serde::Serialize;
use std::io::{Write, stdout};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `serve`.
#[derive(clap::Args, Debug)]
pub struct Serve {
    /// Log lines as JSON
    #[arg(long)]
    log_json: bool,
}

/// Runs `serve`. `PICKET_LOG` sets the level, such as `debug` or `picket_collector=debug`.
///
/// # Errors
/// When the collector cannot start.
pub fn serve(args: &Serve, path: Option<&Path>) -> anyhow::Result<()> {
    picket_log::start(&std::env::var("PICKET_LOG").unwrap_or_else(|_| "info".to_owned()), args.log_json);
    serve::serve(&config::load(path)?, path)
}

/// Arguments of `init`.
#[derive(clap::Args, Debug)]
pub struct Init {
    /// Take this corporate authority instead of making one: its certificate, PEM
    #[arg(long, value_name = "FILE", requires = "authority_key")]
    authority: Option<PathBuf>,
    /// The corporate authority's private key, PEM
    #[arg(long, value_name = "FILE", requires = "authority")]
    authority_key: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs `init`: makes the state directory, the authority and the databases, as the first `serve` would.
///
/// # Errors
/// When something cannot be made, or a collector runs there.
pub fn init(args: &Init, path: Option<&Path>) -> anyhow::Result<()> {
    let config = config::load(path)?.config;
    let state = &config.state.directory;
    serve::prepare(state)?;
    let _store = Sqlite::open(state)?;
    let _desk = Desk::open(&state.join("desk.db"))?;
    if let (Some(certificate), Some(key)) = (&args.authority, &args.authority_key) {
        import(state, certificate, key)?;
    }
    let authority = Authority::open(state, &[], jiff::Timestamp::now().as_second())?;
    let fingerprint: String = authority.fingerprint().iter().map(|byte| format!("{byte:02x}")).collect();
    if args.json {
        return print_json(&serde_json::json!({"state": state, "authority": fingerprint}));
    }
    let mut out = stdout().lock();
    writeln!(out, "{} is ready; its authority is SHA-256 {fingerprint}", state.display())?;
    writeln!(out, "start it with: picket-collector serve")?;
    Ok(())
}

fn import(state: &Path, certificate: &Path, key: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(
        !state.join("authority.pem").exists(),
        "{} has an authority already: change it with `picket-collector authority rotate`",
        state.display()
    );
    let read = |path: &Path| std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()));
    let import = Import { certificate: read(certificate)?, key: read(key)?, path: certificate.to_owned() };
    Ok(Authority::import(state, &import)?)
}

/// Arguments of `doctor`.
#[derive(clap::Args, Debug)]
pub struct Doctor {
    #[command(flatten)]
    remote: Remote,
}

/// One thing looked at.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    name: &'static str,
    ok: bool,
    said: String,
}

impl Check {
    pub(super) fn of(name: &'static str, result: Result<String, String>) -> Self {
        let ok = result.is_ok();
        Self { name, ok, said: result.unwrap_or_else(|said| said) }
    }
}

/// Free space below which the collector will soon stop, bytes.
const LITTLE_SPACE: u64 = 1 << 30;

/// Runs `doctor`: looks at configuration, state directory, disk, ports, and the running collector.
///
/// # Errors
/// When its own output is gone.
pub fn doctor(args: &Doctor, path: Option<&Path>) -> anyhow::Result<ExitCode> {
    let mut checks = Vec::new();
    match config::load(path) {
        Err(error) => checks.push(Check::of("configuration", Err(error.to_string()))),
        Ok(loaded) => {
            checks.push(Check::of("configuration", Ok(format!("valid, {} files", loaded.files.len()))));
            examine(&loaded.config, &mut checks, &args.remote, path);
        }
    }
    if args.remote.json {
        print_json(&checks)?;
    } else {
        let mut out = stdout().lock();
        for check in &checks {
            writeln!(out, "{} {}: {}", if check.ok { "ok   " } else { "WRONG" }, check.name, check.said)?;
        }
    }
    let all = checks.iter().all(|check| check.ok);
    Ok(if all { Exit::Done } else { Exit::Failed }.into())
}

fn examine(config: &config::Config, checks: &mut Vec<Check>, remote: &Remote, path: Option<&Path>) {
    let state = &config.state.directory;
    checks.push(Check::of("state directory", directory(state)));
    checks.push(Check::of("disk", disk(state)));
    super::doctor::look(config, checks);
    let run = std::fs::read_to_string(state.join("run.json"))
        .ok()
        .and_then(|text| serde_json::from_str::<RunFile>(&text).ok());
    match run {
        Some(run) => {
            let health = Client::new(remote, path).and_then(|client| client.get::<Health>("/health"));
            let said = match health {
                Ok(health) if health.problems.is_empty() => Ok(format!("process {} is well", run.pid)),
                Ok(health) => Err(health.problems.join("; ")),
                Err(error) => Err(super::exit::sentence(&error)),
            };
            checks.push(Check::of("running collector", said));
        }
        None => {
            for (name, address, udp) in [
                ("port for events", config.listen.ingest, true),
                ("port for events where UDP is blocked", config.listen.ingest, false),
                ("port for page and API", config.listen.https, false),
                ("port for metrics", config.listen.metrics, false),
            ] {
                checks.push(Check::of(name, free(address, udp)));
            }
        }
    }
}

fn directory(state: &Path) -> Result<String, String> {
    let shown = state.display();
    match std::fs::metadata(state) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Ok(format!("{shown} will be made at the first start"))
        }
        Err(error) => Err(format!("{shown}: {error}; run as the collector's user or as root")),
        Ok(meta) if !meta.is_dir() => Err(format!("{shown} is no directory: set state.directory")),
        Ok(meta) if meta.permissions().mode() & 0o077 != 0 => {
            Err(format!("{shown} can be entered by others: chmod 700 {shown}"))
        }
        Ok(_) => Ok(format!("{shown}, its owner's alone")),
    }
}

fn disk(state: &Path) -> Result<String, String> {
    let existing = state.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    let space = rustix::fs::statvfs(existing).map_err(|error| format!("{}: {error}", existing.display()))?;
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    let said = format!("{} free at {}", crate::page::human_bytes(free), existing.display());
    if free < LITTLE_SPACE { Err(format!("{said}: free some, or lower retention.disk")) } else { Ok(said) }
}

fn free(address: SocketAddr, udp: bool) -> Result<String, String> {
    let bound = if udp { UdpSocket::bind(address).map(drop) } else { TcpListener::bind(address).map(drop) };
    let (transport, key) = if udp { ("udp", "listen.ingest") } else { ("tcp", "listen.https or listen.metrics") };
    match bound.map_err(|error| serve::explain_port(error, address, transport, key)) {
        Ok(()) => Ok(format!("{address}/{transport} is free")),
        Err(error) => Err(super::exit::sentence(&error)),
    }
}
