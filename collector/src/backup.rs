//! Copies of everything a collector keeps, taken while it runs, and put back.
//!
//! A backup is a directory: the two databases as of one moment each, the certificate authority, the keys that sign
//! bundles and seal packets on request, and `manifest.json` with sizes and digests, written last: a directory without it is no backup. The desk is copied before the store, so that it holds no
//! finding whose events are missing. A backup holds all these keys: keep it as safe as the collector itself.

use crate::store::sqlite::{Contents, check_file, examine};
use crate::store::{EVIDENCE_KEY, Sqlite};
use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";
const STORE: &str = "picket.db";
const DESK: &str = "desk.db";
/// What else lies in the state directory and cannot be made again.
const KEYS: [&str; 7] = [
    "authority.pem",
    "authority.key",
    "authority-next.pem",
    "authority-next.key",
    "authority-next.until",
    "signing.key",
    EVIDENCE_KEY,
];
/// Tries to read them while they are being changed.
const TRIES: u32 = 5;
/// Names of a state directory that a restored one must not be mixed with.
const OTHERS: [&str; 4] = ["picket.db-wal", "picket.db-shm", "desk.db-wal", "desk.db-shm"];

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The form of the backup.
    pub format: u32,
    /// The release that made it.
    pub release: String,
    /// When it was finished, seconds since 1970.
    pub made_at: i64,
    /// What the store holds.
    pub store: Contents,
    /// The files.
    pub files: Vec<Entry>,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub bytes: u64,
    /// Its SHA-256, hexadecimal.
    pub sha256: String,
}

/// Copies the state directory of a collector, running or not, to a new directory, and reads the copy through.
///
/// # Errors
/// When something cannot be read or written, or the copy is not whole.
pub fn backup(state: &Path, to: &Path, now: i64) -> anyhow::Result<Manifest> {
    ensure!(state.join(STORE).exists(), "there is no store in {}: name the collector's configuration", state.display());
    make_directory(to)?;
    for name in [DESK, STORE] {
        let copy = to.join(name);
        // Made first, so that it is nobody else's to read from the beginning.
        private(&copy)?;
        Sqlite::copy(&state.join(name), &copy).with_context(|| format!("copy {name} to {}", to.display()))?;
        File::open(&copy).and_then(|file| file.sync_all()).with_context(|| format!("flush {}", copy.display()))?;
    }
    let mut files = vec![DESK.to_owned(), STORE.to_owned()];
    for (name, bytes) in read_keys(state)? {
        write_new(&to.join(&name), &bytes)?;
        files.push(name);
    }
    check_file(&to.join(DESK)).with_context(|| format!("read {}", to.join(DESK).display()))?;
    let store = examine(&to.join(STORE)).with_context(|| format!("read {}", to.join(STORE).display()))?;
    let files = files.into_iter().map(|name| entry(to, name)).collect::<anyhow::Result<_>>()?;
    let release = env!("CARGO_PKG_VERSION").to_owned();
    let manifest = Manifest { format: FORMAT, release, made_at: now, store, files };
    let mut text = serde_json::to_vec_pretty(&manifest)?;
    text.push(b'\n');
    write_new(&to.join(MANIFEST), &text)?;
    flush_directory(to)?;
    Ok(manifest)
}

/// Reads a backup through: that every file is as it was written, and that the databases are whole and agree with the manifest.
///
/// # Errors
/// What is wrong with it.
pub fn verify(directory: &Path) -> anyhow::Result<Manifest> {
    let path = directory.join(MANIFEST);
    let text = match std::fs::read(&path) {
        Err(e) if e.kind() == ErrorKind::NotFound => {
            bail!("{} is no backup, or one that was not finished: it has no {MANIFEST}", directory.display())
        }
        text => text.with_context(|| format!("read {}", path.display()))?,
    };
    let manifest: Manifest = serde_json::from_slice(&text).with_context(|| format!("read {}", path.display()))?;
    ensure!(manifest.format == FORMAT, "{} has form {}, this release knows {FORMAT}", path.display(), manifest.format);
    for file in &manifest.files {
        let known = [STORE, DESK].contains(&file.name.as_str()) || KEYS.contains(&file.name.as_str());
        ensure!(known, "{} names {:?}, which is no file of a backup", path.display(), file.name);
        let found = entry(directory, file.name.clone())?;
        ensure!(
            found == *file,
            "{} was changed since the backup: take another one",
            directory.join(&file.name).display()
        );
    }
    for name in [STORE, DESK, "authority.pem", "authority.key"] {
        ensure!(manifest.files.iter().any(|file| file.name == name), "{} does not name {name}", path.display());
    }
    check_file(&directory.join(DESK))?;
    let store = examine(&directory.join(STORE))?;
    ensure!(store == manifest.store, "{STORE} in {} is not what {MANIFEST} says", directory.display());
    Ok(manifest)
}

/// Puts a backup into a state directory, once it has been verified. With `replace`, what lies there is moved to a directory
/// beside the files; otherwise nothing may lie there.
///
/// # Errors
/// When the backup is not whole, a collector runs there, something is in the way, or cannot be written.
pub fn restore(from: &Path, state: &Path, replace: bool, now: i64) -> anyhow::Result<Manifest> {
    let manifest = verify(from)?;
    crate::serve::prepare(state)?;
    let _lock = Sqlite::lock(state)?;
    let names = [STORE, DESK].into_iter().chain(KEYS).chain(OTHERS);
    let there: Vec<&str> = names.filter(|name| state.join(name).exists()).collect();
    if let Some(first) = there.first() {
        ensure!(
            replace,
            "{} holds a collector's {first} already: name another state directory, or move it aside with --replace",
            state.display()
        );
        let aside = state.join(format!("replaced-{now}"));
        make_directory(&aside)?;
        for name in there {
            let moved = std::fs::rename(state.join(name), aside.join(name));
            moved.with_context(|| format!("move {name} to {}", aside.display()))?;
        }
    }
    for Entry { name, sha256, .. } in &manifest.files {
        let part = state.join(format!("{name}.part"));
        let _ = std::fs::remove_file(&part);
        let mut file = private(&part)?;
        let copied =
            copy(&from.join(name), &mut file).with_context(|| format!("copy {name} to {}", state.display()))?;
        ensure!(copied.1 == *sha256, "{name} changed while it was copied");
        file.sync_all().with_context(|| format!("flush {}", part.display()))?;
    }
    // The store last: a collector that is started over half of it finds none, and the next restore finds the rest.
    for Entry { name, .. } in manifest.files.iter().rev().filter(|file| file.name != STORE) {
        put(state, name)?;
    }
    put(state, STORE)?;
    flush_directory(state)?;
    Ok(manifest)
}

fn put(state: &Path, name: &str) -> anyhow::Result<()> {
    let (part, whole) = (state.join(format!("{name}.part")), state.join(name));
    std::fs::rename(&part, &whole).with_context(|| format!("put {} in place", whole.display()))
}

/// The authority's files and the other keys, all as of one moment: read until they are the same twice.
fn read_keys(state: &Path) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let read = || {
        let mut files = Vec::new();
        for name in KEYS {
            match std::fs::read(state.join(name)) {
                Ok(bytes) => files.push((name.to_owned(), bytes)),
                Err(e) if e.kind() == ErrorKind::NotFound => {}
                Err(e) => return Err(e).with_context(|| format!("read {}", state.join(name).display())),
            }
        }
        Ok(files)
    };
    let mut before = read()?;
    for _ in 0..TRIES {
        let files = read()?;
        if files == before {
            ensure!(files.len() >= 2, "there is no authority in {}: run `picket-collector init`", state.display());
            return Ok(files);
        }
        before = files;
    }
    bail!("the authority in {} is being changed: try again when it is done", state.display())
}

fn make_directory(path: &Path) -> anyhow::Result<()> {
    let what = || format!("make {}", path.display());
    match std::fs::read_dir(path) {
        Ok(mut entries) => ensure!(entries.next().is_none(), "{} is not empty: name a new directory", path.display()),
        Err(e) if e.kind() == ErrorKind::NotFound => {
            DirBuilder::new().recursive(true).mode(0o700).create(path).with_context(what)?;
        }
        Err(e) => return Err(e).with_context(what),
    }
    Ok(())
}

/// A new file for its owner alone.
fn private(path: &Path) -> anyhow::Result<File> {
    let options = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    options.with_context(|| format!("make {}", path.display()))
}

fn write_new(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut file = private(path)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).with_context(|| format!("write {}", path.display()))
}

fn flush_directory(path: &Path) -> anyhow::Result<()> {
    File::open(path).and_then(|file| file.sync_all()).with_context(|| format!("flush {}", path.display()))
}

fn entry(directory: &Path, name: String) -> anyhow::Result<Entry> {
    let path = directory.join(&name);
    let (bytes, sha256) = copy(&path, &mut std::io::sink()).with_context(|| format!("read {}", path.display()))?;
    Ok(Entry { name, bytes, sha256 })
}

/// Copies a file; answers its length and digest.
fn copy(from: &Path, to: &mut impl Write) -> std::io::Result<(u64, String)> {
    let (mut file, mut hash, mut bytes) = (File::open(from)?, Sha256::new(), 0);
    let mut buffer = vec![0u8; 1 << 16];
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => buffer.get(..read).unwrap_or_default(),
            Err(e) if e.kind() == ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        hash.update(read);
        to.write_all(read)?;
        bytes += read.len() as u64;
    }
    Ok((bytes, hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
}
