//! The spool's files: carries out what the machine decides.

use super::machine::{Action, Books, Found, Item, Machine, State, Stored};
use super::scan::{self, Foreign, file_header, scan};
use super::{Limits, SpoolError};
use picket_event::Loss;
use picket_event::wire::{Class, Frame, open};
use rustix::fs::{FlockOperation, flock};
use std::collections::HashMap;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Files kept open at most.
const OPEN_FILES: usize = 16;

/// A spool in a directory of its own.
#[derive(Debug)]
pub struct Spool {
    directory: PathBuf,
    machine: Machine,
    files: HashMap<u64, File>,
    unsynced: Vec<u64>,
    saved: State,
    trouble: Option<String>,
    _lock: File,
}

fn io(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> SpoolError {
    let path = path.to_owned();
    move |source| SpoolError::Io { what, path, source }
}

impl Spool {
    /// Opens or makes the spool. `now` (nanoseconds since 1970) names a new epoch. Answers what a restart found lost.
    ///
    /// # Errors
    /// [`SpoolError::InUse`], or a file that could not be read or written.
    pub fn open(directory: &Path, limits: Limits, now: i64) -> Result<(Self, Vec<Loss>), SpoolError> {
        std::fs::create_dir_all(directory).map_err(io("make the spool", directory))?;
        let lock = lock(directory)?;
        let state_path = directory.join("state.json");
        let state = match std::fs::read(&state_path) {
            Ok(text) => serde_json::from_slice::<State>(&text).ok(),
            Err(e) if e.kind() == ErrorKind::NotFound => None,
            Err(e) => return Err(io("read", &state_path)(e)),
        };
        let found = find(directory)?;
        let mut trouble = None;
        let (state, found) = match state {
            Some(state) => (state, found),
            // Without its state the epoch of the segments is not known. They cannot be sent under another.
            None => {
                if !found.is_empty() {
                    trouble = Some("segments without a readable state.json were set aside".to_owned());
                    for segment in &found {
                        set_aside(&segment_path(directory, segment.segment, segment.class))?;
                    }
                }
                let epoch = now.max(1).cast_unsigned();
                (State { epoch, next: 1, ..State::default() }, Vec::new())
            }
        };
        let classes: HashMap<u64, Class> = found.iter().map(|f| (f.segment, f.class)).collect();
        let (machine, losses, actions) = Machine::recover(limits, state, found);
        for action in actions {
            if let Action::Delete { segment } = action
                && let Some(class) = classes.get(&segment)
            {
                let path = segment_path(directory, segment, *class);
                std::fs::remove_file(&path).map_err(io("delete", &path))?;
            }
        }
        let saved = State::default();
        let (files, unsynced, directory) = (HashMap::new(), Vec::new(), directory.to_owned());
        let mut spool = Self { directory, machine, files, unsynced, saved, trouble, _lock: lock };
        spool.save()?;
        Ok((spool, losses))
    }

    /// What the machine knows.
    #[must_use]
    pub const fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The machine, for what needs no file.
    pub const fn machine_mut(&mut self) -> &mut Machine {
        &mut self.machine
    }

    /// The event part of the ledger.
    #[must_use]
    pub fn books(&self) -> Books {
        self.machine.books()
    }

    /// The last trouble, in words; `None` while writing works.
    #[must_use]
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Writes a frame whose first sequence is the machine's next. What could not be kept is a loss, never an error:
    /// capture goes on.
    pub fn append(&mut self, frame: &Frame) -> Vec<Loss> {
        let (actions, mut losses) = self.machine.place(&frame.header);
        for action in actions {
            if let Err((reason, why)) = self.act(&action, &frame.bytes) {
                self.trouble = Some(why);
                losses.extend(self.machine.failed(frame.header.first, reason));
                return losses;
            }
        }
        losses
    }

    fn act(&mut self, action: &Action, bytes: &[u8]) -> Result<(), (&'static str, String)> {
        let failed = |what: &str, e: std::io::Error| {
            let full = matches!(e.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
            (if full { "disk_full" } else { "disk_error" }, format!("{what} the spool: {e}"))
        };
        match action {
            Action::Create { segment, class } => {
                let path = segment_path(&self.directory, *segment, *class);
                let options = File::options().read(true).write(true).create(true).truncate(true).open(&path);
                let mut file = options.map_err(|e| failed("add to", e))?;
                file.write_all(&file_header(*class)).map_err(|e| failed("write", e))?;
                self.keep(*segment, file);
            }
            Action::Append { segment, offset } => {
                let file = self.file(*segment).map_err(|e| failed("open", e))?;
                file.write_all_at(bytes, *offset).map_err(|e| failed("write", e))?;
                if !self.unsynced.contains(segment) {
                    self.unsynced.push(*segment);
                }
            }
            Action::Delete { segment } => self.delete(*segment).map_err(|e| failed("delete from", e))?,
        }
        Ok(())
    }

    fn keep(&mut self, segment: u64, file: File) {
        if self.files.len() >= OPEN_FILES {
            let unsynced = &self.unsynced;
            if let Some(oldest) = self.files.keys().filter(|n| !unsynced.contains(n)).min().copied() {
                self.files.remove(&oldest);
            }
        }
        self.files.insert(segment, file);
    }

    fn file(&mut self, segment: u64) -> std::io::Result<&File> {
        if !self.files.contains_key(&segment) {
            let path = self.path_of(segment).ok_or(ErrorKind::NotFound)?;
            let file = File::options().read(true).write(true).open(path)?;
            self.keep(segment, file);
        }
        self.files.get(&segment).ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn path_of(&self, segment: u64) -> Option<PathBuf> {
        Class::ALL.into_iter().map(|class| segment_path(&self.directory, segment, class)).find(|path| path.exists())
    }

    fn delete(&mut self, segment: u64) -> std::io::Result<()> {
        self.files.remove(&segment);
        self.unsynced.retain(|n| *n != segment);
        match self.path_of(segment) {
            Some(path) => std::fs::remove_file(path),
            None => Ok(()),
        }
    }

    /// Flushes what was written, and only then lets it be sent: a sequence that the collector may have seen must
    /// never be given again after a power cut.
    pub fn sync(&mut self) {
        for segment in std::mem::take(&mut self.unsynced) {
            let done = self.file(segment).and_then(File::sync_data);
            if let Err(e) = done {
                self.trouble = Some(format!("flush the spool: {e}"));
            }
        }
        self.machine.synced();
    }

    /// Takes the trouble away once writing works again.
    pub fn recovered(&mut self) {
        self.trouble = None;
    }

    /// Reads a frame back and checks it; a bad one becomes a gap, and is reported.
    ///
    /// # Errors
    /// The loss.
    pub fn read(&mut self, stored: &Stored) -> Result<Vec<u8>, Option<Loss>> {
        let mut bytes = vec![0u8; stored.length as usize];
        let read = self.file(stored.segment).and_then(|file| file.read_exact_at(&mut bytes, stored.offset));
        let good = read.is_ok() && open(&bytes).is_ok_and(|(header, _)| header.first == stored.first);
        if good { Ok(bytes) } else { Err(self.machine.failed(stored.first, "corrupt")) }
    }

    /// What comes at `cursor`.
    #[must_use]
    pub fn item(&self, cursor: u64) -> Option<Item> {
        self.machine.item(cursor)
    }

    /// The collector is about to be told that this range will never come. Written down first: after a restart only
    /// this tells a range that was lost from one that was delivered and dropped.
    ///
    /// # Errors
    /// [`SpoolError::Io`]; the collector must not be told then.
    pub fn declare(&mut self, first: u64, last: u64) -> Result<(), SpoolError> {
        self.machine.declared(first, last);
        self.save()
    }

    /// Everything up to `sequence` is durable at the collector.
    pub fn acknowledge(&mut self, sequence: u64) {
        let actions = self.machine.acknowledge(sequence);
        let deleted = !actions.is_empty();
        for action in actions {
            if let Err((_, why)) = self.act(&action, &[]) {
                self.trouble = Some(why);
            }
        }
        // The state is only a hint about acknowledgements (the collector repeats them in its hello), so it is
        // written when files went, not for each.
        if deleted && let Err(e) = self.save() {
            self.trouble = Some(e.to_string());
        }
    }

    /// Writes the state file, all or nothing.
    ///
    /// # Errors
    /// [`SpoolError::Io`].
    pub fn save(&mut self) -> Result<(), SpoolError> {
        let state = self.machine.state();
        if state == self.saved {
            return Ok(());
        }
        let path = self.directory.join("state.json");
        let new = self.directory.join("state.json.new");
        let text = serde_json::to_vec(&state).map_err(|e| io("encode", &path)(e.into()))?;
        let mut file = File::create(&new).map_err(io("make", &new))?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(io("write", &new))?;
        std::fs::rename(&new, &path).map_err(io("replace", &path))?;
        File::open(&self.directory).and_then(|d| d.sync_all()).map_err(io("flush", &self.directory))?;
        self.saved = state;
        Ok(())
    }
}

fn segment_path(directory: &Path, segment: u64, class: Class) -> PathBuf {
    directory.join(format!("segment-{segment:010}-{}.spool", class.name()))
}

fn set_aside(path: &Path) -> Result<(), SpoolError> {
    let to = path.with_extension("aside");
    std::fs::rename(path, to).map_err(io("set aside", path))
}

fn lock(directory: &Path) -> Result<File, SpoolError> {
    let path = directory.join("lock");
    let options = File::options().read(true).write(true).create(true).truncate(false).open(&path);
    let mut file = options.map_err(io("open", &path))?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        let mut text = String::new();
        // Whoever holds it may be writing its number just now; 0 then.
        let _ = (&mut file).take(32).read_to_string(&mut text);
        return Err(SpoolError::InUse { path: directory.to_owned(), pid: text.trim().parse().unwrap_or(0) });
    }
    let write = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| write!(file, "{}", std::process::id()));
    write.map_err(io("write", &path))?;
    Ok(file)
}

/// Reads every segment of the directory, one at a time. Foreign files are set aside; torn tails are cut.
fn find(directory: &Path) -> Result<Vec<Found>, SpoolError> {
    let mut found = Vec::new();
    let entries = std::fs::read_dir(directory).map_err(io("list", directory))?;
    for entry in entries {
        let path = entry.map_err(io("list", directory))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Some(parts) = name.strip_prefix("segment-").and_then(|rest| rest.strip_suffix(".spool")) else { continue };
        let parsed = parts.split_once('-').and_then(|(number, class)| {
            let class = Class::ALL.into_iter().find(|c| c.name() == class)?;
            Some((number.parse::<u64>().ok()?, class))
        });
        let Some((segment, class)) = parsed else {
            set_aside(&path)?;
            continue;
        };
        let bytes = std::fs::read(&path).map_err(io("read", &path))?;
        match scan(segment, &bytes) {
            Ok(scan) => {
                let whole = if scan.length == 0 { scan::FILE_HEADER_BYTES as u64 } else { scan.length };
                if scan.length < bytes.len() as u64 {
                    let file = File::options().write(true).open(&path).map_err(io("open", &path))?;
                    file.set_len(scan.length).map_err(io("cut", &path))?;
                }
                found.push(Found { segment, class, bytes: whole, frames: scan.frames, damaged: scan.bad > 0 });
            }
            Err(Foreign::Magic | Foreign::Version(_)) => set_aside(&path)?,
        }
    }
    found.sort_unstable_by_key(|f| f.segment);
    Ok(found)
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
