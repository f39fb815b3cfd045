//! The socket: its server thread and its client.

use super::Snapshot;
use std::fs::Permissions;
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Nobody is waited for longer than this.
const PATIENCE: Duration = Duration::from_secs(2);
/// Bytes of an answer at most.
const ANSWER_MAX: u64 = 4 << 20;

/// The serving thread; its socket file goes with it.
#[derive(Debug)]
pub struct Server {
    path: PathBuf,
}

impl Server {
    /// Serves what `snapshot` gives on a new socket at `path`, readable by the owner and the group.
    ///
    /// # Errors
    /// When another agent answers there, or the socket cannot be made.
    pub fn start(path: &Path, snapshot: impl Fn() -> Snapshot + Send + 'static) -> io::Result<Self> {
        if UnixStream::connect(path).is_ok() {
            return Err(io::Error::new(io::ErrorKind::AddrInUse, "another agent answers there"));
        }
        // What is left of an agent that was killed.
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory)?;
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, Permissions::from_mode(0o660))?;
        std::thread::Builder::new().name("status".to_owned()).spawn(move || {
            for mut stream in listener.incoming().flatten() {
                // One asker at a time, each for a moment only; who does not read is dropped.
                let _ = answer(&mut stream, &snapshot());
            }
        })?;
        Ok(Self { path: path.to_owned() })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn answer(stream: &mut UnixStream, snapshot: &Snapshot) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_vec(snapshot)?;
    line.push(b'\n');
    stream.write_all(&line)
}

/// Asks the agent at `path`.
///
/// # Errors
/// When nobody answers, or not with a snapshot.
pub fn ask(path: &Path) -> io::Result<Snapshot> {
    let stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut text = Vec::new();
    stream.take(ANSWER_MAX).read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}
