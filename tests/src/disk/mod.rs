//! A disk in memory that fails as disks do, from a seed.
//!
//! What was written since the last flush lies in a cache: when the power goes, any part of it may be on the platter, each write
//! for itself, whole, torn or not at all, and so may each name that was made, given or removed. Writes may be short, refused or find
//! no room; a flush may fail, and drops from the cache what it could not write, as kernels do.

mod node;
mod spool;
mod sqlite;

pub use spool::Shelf;
pub use sqlite::Simulated;

use crate::random::Random;
use node::Node;
use std::collections::BTreeMap;
use std::fmt::{Debug, Formatter};
use std::io::{Error, ErrorKind, Result};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// `EIO` of Linux.
const EIO: i32 = 5;

/// How often a call fails: so many in 10,000.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// Writes that write a part, and say so.
    pub short_write: u64,
    /// Writes refused with `EIO`, a part of them written.
    pub write: u64,
    /// Flushes that fail.
    pub sync: u64,
    /// Reads that fail.
    pub read: u64,
    /// Writes that find no room.
    pub full: u64,
}

/// Something that strikes, by name, how often.
pub type Struck = BTreeMap<&'static str, u64>;

#[derive(Debug)]
struct Inner {
    random: Random,
    nodes: BTreeMap<u64, Node>,
    next_node: u64,
    names: BTreeMap<String, u64>,
    /// The names that survive.
    kept: BTreeMap<String, u64>,
    /// What changed since the last flush of the directory: each entry happens whole or not at all.
    changes: Vec<Vec<(String, Option<u64>)>>,
    faults: Faults,
    /// Calls until the machine stops; `None` for never.
    fuse: Option<u64>,
    /// Whether the machine has stopped: nothing is written any more.
    stopped: bool,
    /// Whether flushes do nothing, and say that all is well.
    lies: bool,
    struck: Struck,
}

/// The disk; clones are the same disk.
#[derive(Clone)]
pub struct Disk(Arc<Mutex<Inner>>);

impl Debug for Disk {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str("Disk")
    }
}

impl Disk {
    /// An empty disk whose chance comes from this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            random: Random(seed | 1),
            nodes: BTreeMap::new(),
            next_node: 1,
            names: BTreeMap::new(),
            kept: BTreeMap::new(),
            changes: Vec::new(),
            faults: Faults::default(),
            fuse: None,
            stopped: false,
            lies: false,
            struck: Struck::new(),
        })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often calls fail from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.inner().faults = faults;
    }

    /// Flushes do nothing from now on: a disk that lies, or a program that forgot to flush.
    pub fn lie(&self) {
        self.inner().lies = true;
    }

    /// The machine stops after so many more calls.
    pub fn stop_after(&self, calls: u64) {
        self.inner().fuse = Some(calls);
    }

    /// Whether the machine has stopped.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.inner().stopped
    }

    /// The program was killed and starts again; the cache survives.
    pub fn killed(&self) {
        let mut inner = self.inner();
        (inner.fuse, inner.stopped) = (None, false);
    }

    /// The power went, and is there again: of what was not flushed, chance decides.
    pub fn power_cut(&self) {
        let mut inner = self.inner();
        let Inner { random, nodes, names, kept, changes, .. } = &mut *inner;
        for change in std::mem::take(changes) {
            if random.below(2) == 0 {
                apply(kept, change);
            }
        }
        for node in nodes.values_mut() {
            node.power_cut(random);
        }
        names.clone_from(kept);
        nodes.retain(|node, _| names.values().any(|named| named == node));
        (inner.fuse, inner.stopped) = (None, false);
    }

    /// Flips a bit of a byte of a file, for good. Answers whether there is one.
    pub fn flip(&self, name: &str, at: u64) -> bool {
        let mut inner = self.inner();
        let Inner { random, nodes, names, .. } = &mut *inner;
        names.get(name).and_then(|node| nodes.get_mut(node)).is_some_and(|node| node.flip(at as usize, random))
    }

    /// The faults that struck since the last call.
    #[must_use]
    pub fn take_struck(&self) -> Struck {
        std::mem::take(&mut self.inner().struck)
    }

    /// Every name.
    ///
    /// # Errors
    /// When the machine has stopped.
    pub fn names(&self) -> Result<Vec<String>> {
        let mut inner = self.inner();
        inner.step()?;
        Ok(inner.names.keys().cloned().collect())
    }

    /// The number of a file.
    ///
    /// # Errors
    /// When there is none, or the machine has stopped.
    pub fn find(&self, name: &str) -> Result<u64> {
        let mut inner = self.inner();
        inner.step()?;
        inner.names.get(name).copied().ok_or_else(|| ErrorKind::NotFound.into())
    }

    /// Makes a file, or empties the one of that name.
    ///
    /// # Errors
    /// When there is no room, or the machine has stopped.
    pub fn create(&self, name: &str) -> Result<u64> {
        let mut inner = self.inner();
        inner.step()?;
        inner.strike("full", |faults| faults.full, || ErrorKind::StorageFull.into())?;
        let node = inner.next_node;
        inner.next_node += 1;
        inner.nodes.insert(node, Node::default());
        inner.change(vec![(name.to_owned(), Some(node))]);
        Ok(node)
    }

    /// Removes a name.
    ///
    /// # Errors
    /// When there is none, or the machine has stopped.
    pub fn remove(&self, name: &str) -> Result<()> {
        let mut inner = self.inner();
        inner.step()?;
        if !inner.names.contains_key(name) {
            return Err(ErrorKind::NotFound.into());
        }
        inner.change(vec![(name.to_owned(), None)]);
        Ok(())
    }

    /// Gives a file another name.
    ///
    /// # Errors
    /// When there is none, or the machine has stopped.
    pub fn rename(&self, from: &str, to: &str) -> Result<()> {
        let mut inner = self.inner();
        inner.step()?;
        let node = inner.names.get(from).copied().ok_or(ErrorKind::NotFound)?;
        inner.change(vec![(to.to_owned(), Some(node)), (from.to_owned(), None)]);
        Ok(())
    }

    /// Flushes the names.
    ///
    /// # Errors
    /// By chance, or when the machine has stopped.
    pub fn sync_names(&self) -> Result<()> {
        let mut inner = self.inner();
        inner.step()?;
        inner.strike("flush", |faults| faults.sync, || Error::from_raw_os_error(EIO))?;
        if !inner.lies {
            let Inner { kept, changes, .. } = &mut *inner;
            std::mem::take(changes).into_iter().for_each(|change| apply(kept, change));
        }
        Ok(())
    }

    /// The bytes of a file from a place on, as far as there are any.
    ///
    /// # Errors
    /// By chance, or when the machine has stopped.
    pub fn read(&self, node: u64, offset: u64, most: usize) -> Result<Vec<u8>> {
        let mut inner = self.inner();
        inner.step()?;
        inner.strike("read", |faults| faults.read, || Error::from_raw_os_error(EIO))?;
        let now = &inner.node(node)?.now;
        let from = (offset as usize).min(now.len());
        Ok(now[from..from.saturating_add(most).min(now.len())].to_vec())
    }

    /// Writes, perhaps a part.
    ///
    /// # Errors
    /// By chance, or when the machine has stopped.
    pub fn write(&self, node: u64, offset: u64, bytes: &[u8]) -> Result<usize> {
        let mut inner = self.inner();
        inner.step()?;
        let part = inner.random.index(bytes.len());
        let full = inner.strike("full", |faults| faults.full, || ErrorKind::StorageFull.into());
        let refused = full.and_then(|()| inner.strike("write", |f| f.write, || Error::from_raw_os_error(EIO)));
        let short =
            bytes.len() > 1 && inner.strike("short write", |f| f.short_write, || ErrorKind::Other.into()).is_err();
        let written = if refused.is_err() || short { part } else { bytes.len() };
        inner.node(node)?.write(offset, &bytes[..written]);
        // A short write is no error, but one of nothing would be.
        refused.map(|()| if short && written == 0 { inner.whole(node, offset, bytes) } else { written })
    }

    /// Cuts a file.
    ///
    /// # Errors
    /// When the machine has stopped.
    pub fn cut(&self, node: u64, length: u64) -> Result<()> {
        let mut inner = self.inner();
        inner.step()?;
        inner.node(node)?.cut(length);
        Ok(())
    }

    /// Flushes a file.
    ///
    /// # Errors
    /// By chance, or when the machine has stopped.
    pub fn sync(&self, node: u64) -> Result<()> {
        let mut inner = self.inner();
        inner.step()?;
        let failed = inner.strike("flush", |faults| faults.sync, || Error::from_raw_os_error(EIO));
        let Inner { random, nodes, lies, .. } = &mut *inner;
        let node = nodes.get_mut(&node).ok_or(ErrorKind::NotFound)?;
        match &failed {
            Ok(()) if !*lies => node.flush(),
            Ok(()) => {}
            Err(_) => node.fail_to_flush(random),
        }
        failed
    }

    /// Bytes of a file.
    ///
    /// # Errors
    /// When there is none.
    pub fn length(&self, node: u64) -> Result<u64> {
        Ok(self.inner().node(node)?.now.len() as u64)
    }
}

impl Inner {
    /// Counts a call; a machine that has stopped answers none.
    fn step(&mut self) -> Result<()> {
        if let Some(left) = &mut self.fuse {
            self.stopped |= *left == 0;
            *left = left.saturating_sub(1);
        }
        if self.stopped { Err(Error::from_raw_os_error(EIO)) } else { Ok(()) }
    }

    fn strike(&mut self, name: &'static str, rate: fn(&Faults) -> u64, error: fn() -> Error) -> Result<()> {
        let rate = rate(&self.faults);
        if rate == 0 || self.random.below(10_000) >= rate {
            return Ok(());
        }
        *self.struck.entry(name).or_default() += 1;
        Err(error())
    }

    fn node(&mut self, node: u64) -> Result<&mut Node> {
        self.nodes.get_mut(&node).ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn whole(&mut self, node: u64, offset: u64, bytes: &[u8]) -> usize {
        if let Ok(node) = self.node(node) {
            node.write(offset, bytes);
        }
        bytes.len()
    }

    fn change(&mut self, change: Vec<(String, Option<u64>)>) {
        apply(&mut self.names, change.clone());
        self.changes.push(change);
    }
}

fn apply(names: &mut BTreeMap<String, u64>, change: Vec<(String, Option<u64>)>) {
    for (name, node) in change {
        match node {
            Some(node) => drop(names.insert(name, node)),
            None => drop(names.remove(&name)),
        }
    }
}
