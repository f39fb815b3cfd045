//! The spool's files: carries out what the machine decides.
//!
//! Two rules keep a sequence that the collector may have seen from being given again after a power cut: a frame is flushed,
//! with the name of its file, before it may be sent; and a file goes only when the state that knows its numbers is flushed.

use super::disk::{Disk, Folder};
use super::machine::{Action, Books, Found, Item, Machine, State, Stored};
use super::scan::{self, file_header, scan};
use super::{Limits, SpoolError, io};
use picket_event::Loss;
use picket_event::wire::{Class, Frame, Held, open};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::ErrorKind;
use std::path::Path;

/// Files kept open at most.
const OPEN_FILES: usize = 16;
/// Files that wait to be removed at most; what cannot be removed for so long is found by the next start.
const MAX_DOOMED: usize = 1_024;
const STATE: &str = "state.json";
const NEW_STATE: &str = "state.json.new";

/// A spool in a directory of its own.
#[derive(Debug)]
pub struct Spool<D: Disk = Folder> {
    disk: D,
    machine: Machine,
    files: HashMap<u64, D::File>,
    unsynced: Vec<u64>,
    /// Whether a segment was made whose name is not flushed yet.
    made: bool,
    doomed: Vec<Doomed>,
    saved: State,
    trouble: Option<String>,
}

/// A file that is not needed any more.
#[derive(Debug)]
struct Doomed {
    name: String,
    /// The highest sequence that was ever written to it.
    last: u64,
}

/// Why an action failed: the reason for the books, and words.
type Failure = (&'static str, String);

fn failed(what: &str, e: &std::io::Error) -> Failure {
    let full = matches!(e.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
    (if full { FULL } else { "disk_error" }, format!("{what} the spool: {e}"))
}

const FULL: &str = "disk_full";

impl Spool {
    /// Opens or makes the spool in a directory. `now` (nanoseconds since 1970) names a new epoch. Answers what a
    /// restart found lost.
    ///
    /// # Errors
    /// [`SpoolError::InUse`], or a file that could not be read or written.
    pub fn open(directory: &Path, limits: Limits, now: i64) -> Result<(Self, Vec<Loss>), SpoolError> {
        Self::open_on(Folder::take(directory)?, limits, now)
    }
}

impl<D: Disk> Spool<D> {
    /// Opens or makes the spool on a disk, as [`Spool::open`] does in a directory.
    ///
    /// # Errors
    /// A file that could not be read or written.
    pub fn open_on(disk: D, limits: Limits, now: i64) -> Result<(Self, Vec<Loss>), SpoolError> {
        let path = disk.path(STATE);
        let state = match disk.read(STATE) {
            Ok(text) => serde_json::from_slice::<State>(&text).ok(),
            Err(e) if e.kind() == ErrorKind::NotFound => None,
            Err(e) => return Err(io("read", &path)(e)),
        };
        let is_new = state.is_none();
        let (found, mut trouble) = find(&disk)?;
        let (state, found) = match state {
            Some(state) => (state, found),
            // Without its state the epoch of the segments is not known. They cannot be sent under another.
            None => {
                if !found.is_empty() {
                    trouble = Some("segments without a readable state.json were set aside".to_owned());
                    for segment in &found {
                        set_aside(&disk, &segment_name(segment.segment, segment.class))?;
                    }
                }
                let epoch = now.max(1).cast_unsigned();
                (State { epoch, next: 1, ..State::default() }, Vec::new())
            }
        };
        let (machine, losses, actions) = Machine::recover(limits, state, found);
        let (files, unsynced, saved) = (HashMap::new(), Vec::new(), State::default());
        let mut spool = Self { disk, machine, files, unsynced, made: false, doomed: Vec::new(), saved, trouble };
        for action in actions {
            spool.doom(&action);
        }
        match spool.save() {
            // An older state is good enough to go on with: a full disk must not keep the agent from its work.
            Err(e) if !is_new => spool.trouble = Some(e.to_string()),
            saved => saved?,
        }
        spool.clear();
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
            let Err((reason, why)) = self.write(&action, frame, &mut losses) else { continue };
            self.trouble = Some(why);
            losses.extend(self.machine.failed(frame.header.first, reason));
            break;
        }
        losses
    }

    /// Carries an action out. Where the disk has no room, what is older and counts no more than the frame makes it.
    fn write(&mut self, action: &Action, frame: &Frame, losses: &mut Vec<Loss>) -> Result<(), Failure> {
        loop {
            match self.act(action, &frame.bytes) {
                Err((FULL, why)) => {
                    let Some(delete) = self.machine.give_way(&frame.header, losses) else { return Err((FULL, why)) };
                    self.doom(&delete);
                    self.clear();
                    self.trouble = Some(why);
                }
                done => return done,
            }
        }
    }

    fn act(&mut self, action: &Action, bytes: &[u8]) -> Result<(), Failure> {
        match action {
            Action::Create { segment, class } => {
                let file = self.disk.create(&segment_name(*segment, *class)).map_err(|e| failed("add to", &e))?;
                self.disk.write_all_at(&file, &file_header(*class), 0).map_err(|e| failed("write", &e))?;
                self.made = true;
                self.keep(*segment, file);
            }
            Action::Append { segment, offset } => {
                let file =
                    opened(&self.disk, &mut self.files, &self.machine, *segment).map_err(|e| failed("open", &e))?;
                self.disk.write_all_at(file, bytes, *offset).map_err(|e| failed("write", &e))?;
                if !self.unsynced.contains(segment) {
                    self.unsynced.push(*segment);
                }
                self.close_some();
            }
            Action::Delete { .. } => {
                self.doom(action);
                self.clear();
            }
        }
        Ok(())
    }

    fn keep(&mut self, segment: u64, file: D::File) {
        self.files.insert(segment, file);
        self.close_some();
    }

    fn close_some(&mut self) {
        while self.files.len() > OPEN_FILES {
            let unsynced = &self.unsynced;
            let Some(oldest) = self.files.keys().filter(|n| !unsynced.contains(n)).min().copied() else { break };
            self.files.remove(&oldest);
        }
    }

    fn doom(&mut self, action: &Action) {
        let Action::Delete { segment, class, last } = action else { return };
        self.files.remove(segment);
        self.unsynced.retain(|n| n != segment);
        self.doomed.truncate(MAX_DOOMED - 1);
        self.doomed.push(Doomed { name: segment_name(*segment, *class), last: *last });
    }

    /// Removes the files that are not needed any more, the state first. Where it cannot be written (the disk may be full,
    /// and removing is what helps), the file with the highest sequence stays: no number in it is given again then.
    fn clear(&mut self) {
        if self.doomed.is_empty() {
            return;
        }
        let below = match self.save() {
            Ok(()) => u64::MAX,
            Err(e) => {
                self.trouble = Some(e.to_string());
                self.doomed.iter().map(|doomed| doomed.last).max().unwrap_or(0).max(self.machine.standing())
            }
        };
        let (disk, trouble) = (&self.disk, &mut self.trouble);
        self.doomed.retain(|doomed| {
            let removed = if doomed.last < below { disk.remove(&doomed.name) } else { return true };
            match removed {
                Err(e) if e.kind() != ErrorKind::NotFound => {
                    *trouble = Some(failed("delete from", &e).1);
                    true
                }
                _ => false,
            }
        });
    }

    /// Flushes what was written, and only then lets it be sent: a sequence that the collector may have seen must
    /// never be given again after a power cut. What could not be flushed is lost: the system may have dropped it, and
    /// may say next time that all is well.
    pub fn sync(&mut self) -> Vec<Loss> {
        let mut losses = Vec::new();
        let names = if self.made { self.disk.sync_names() } else { Ok(()) };
        self.made = names.is_err();
        let unsynced = std::mem::take(&mut self.unsynced);
        let wrote = !unsynced.is_empty();
        for segment in unsynced {
            let file = opened(&self.disk, &mut self.files, &self.machine, segment);
            let flushed = names.as_ref().map_err(|e| e.kind().into()).and_then(|()| self.disk.sync(file?));
            if let Err(e) = flushed {
                self.trouble = Some(failed("flush", &e).1);
                losses.extend(self.machine.unflushed(segment, "disk_error"));
            }
        }
        self.machine.synced();
        if wrote && losses.is_empty() {
            self.trouble = None;
        }
        losses
    }

    /// Reads a frame back and checks it; a bad one becomes a gap, and is reported.
    ///
    /// # Errors
    /// The loss.
    pub fn read(&mut self, stored: &Stored) -> Result<Vec<u8>, Option<Loss>> {
        let mut bytes = vec![0u8; stored.length as usize];
        let file = opened(&self.disk, &mut self.files, &self.machine, stored.segment);
        let read = file.and_then(|file| self.disk.read_exact_at(file, &mut bytes, stored.offset));
        self.close_some();
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

    /// These sequences are durable at the collector.
    pub fn acknowledge(&mut self, held: &Held) {
        // The state is only a hint about acknowledgements (the collector repeats them in its hello), so it is
        // written when files go, not for each.
        for action in self.machine.acknowledge(held) {
            self.doom(&action);
        }
        self.clear();
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
        let (path, new) = (self.disk.path(STATE), self.disk.path(NEW_STATE));
        let text = serde_json::to_vec(&state).map_err(|e| io("encode", &path)(e.into()))?;
        let file = self.disk.create(NEW_STATE).map_err(io("make", &new))?;
        let written = self.disk.write_all_at(&file, &text, 0).and_then(|()| self.disk.sync(&file));
        written.map_err(io("write", &new))?;
        self.disk.rename(NEW_STATE, STATE).map_err(io("replace", &path))?;
        self.disk.sync_names().map_err(io("flush", &path))?;
        self.saved = state;
        Ok(())
    }
}

/// The file of a segment, opened where it is not open yet. Apart from the spool, so that its other parts stay free.
fn opened<'a, D: Disk>(
    disk: &D,
    files: &'a mut HashMap<u64, D::File>,
    machine: &Machine,
    segment: u64,
) -> std::io::Result<&'a D::File> {
    match files.entry(segment) {
        Entry::Occupied(open) => Ok(open.into_mut()),
        Entry::Vacant(free) => {
            let class = machine.class(segment).ok_or(ErrorKind::NotFound)?;
            Ok(free.insert(disk.open(&segment_name(segment, class))?))
        }
    }
}

fn segment_name(segment: u64, class: Class) -> String {
    format!("segment-{segment:010}-{}.spool", class.name())
}

fn set_aside(disk: &impl Disk, name: &str) -> Result<(), SpoolError> {
    let to = name.strip_suffix(".spool").unwrap_or(name);
    disk.rename(name, &format!("{to}.aside")).map_err(io("set aside", &disk.path(name)))
}

/// Reads every segment of the directory, one at a time. Foreign files and those that cannot be read are set aside, which is said;
/// torn tails are cut.
fn find(disk: &impl Disk) -> Result<(Vec<Found>, Option<String>), SpoolError> {
    let (mut found, mut aside) = (Vec::new(), None);
    let names = disk.names().map_err(io("list", &disk.path("")))?;
    for name in names {
        let Some(parts) = name.strip_prefix("segment-").and_then(|rest| rest.strip_suffix(".spool")) else { continue };
        let parsed = parts.split_once('-').and_then(|(number, class)| {
            let class = Class::ALL.into_iter().find(|c| c.name() == class)?;
            Some((number.parse::<u64>().ok()?, class))
        });
        let segment = parsed.ok_or_else(|| "its name is none of ours".to_owned());
        match segment.and_then(|(segment, class)| examine(disk, &name, segment, class)) {
            Ok(segment) => found.push(segment),
            Err(why) => {
                set_aside(disk, &name)?;
                aside = Some(format!("{name} was set aside: {why}"));
            }
        }
    }
    found.sort_unstable_by_key(|f| f.segment);
    Ok((found, aside))
}

/// One segment, cut to what is whole of it, and flushed: what a killed agent had not flushed may be sent from now on.
/// Where cutting or flushing fails, no harm is done: nothing is added to a segment of an earlier start, and the state that is
/// saved next holds its numbers.
fn examine(disk: &impl Disk, name: &str, segment: u64, class: Class) -> Result<Found, String> {
    let bytes = disk.read(name).map_err(|e| e.to_string())?;
    let scan = scan(segment, &bytes).map_err(|foreign| foreign.to_string())?;
    let whole = if scan.length == 0 { scan::FILE_HEADER_BYTES as u64 } else { scan.length };
    if let Ok(file) = disk.open(name) {
        let cut = if scan.length < bytes.len() as u64 { disk.cut(&file, scan.length) } else { Ok(()) };
        let _ = cut.and_then(|()| disk.sync(&file));
    }
    Ok(Found { segment, class, bytes: whole, frames: scan.frames, damaged: scan.bad > 0, claims: scan.claims })
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
