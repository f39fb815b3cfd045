//! The disk as the agent's spool sees it.

use super::Disk;
use std::io::{ErrorKind, Result};
use std::path::PathBuf;

/// The directory of a spool on a simulated disk.
#[derive(Clone, Debug)]
pub struct Shelf(pub Disk);

impl picket_agent::spool::Disk for Shelf {
    type File = u64;

    fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(name)
    }

    fn names(&self) -> Result<Vec<String>> {
        self.0.names()
    }

    fn read(&self, name: &str) -> Result<Vec<u8>> {
        let file = self.0.find(name)?;
        self.0.read(file, 0, usize::MAX)
    }

    fn create(&self, name: &str) -> Result<u64> {
        self.0.create(name)
    }

    fn open(&self, name: &str) -> Result<u64> {
        self.0.find(name)
    }

    fn remove(&self, name: &str) -> Result<()> {
        self.0.remove(name)
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.0.rename(from, to)
    }

    fn sync_names(&self) -> Result<()> {
        self.0.sync_names()
    }

    fn read_exact_at(&self, file: &u64, bytes: &mut [u8], offset: u64) -> Result<()> {
        let read = self.0.read(*file, offset, bytes.len())?;
        if read.len() < bytes.len() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        bytes.copy_from_slice(&read);
        Ok(())
    }

    fn write_at(&self, file: &u64, bytes: &[u8], offset: u64) -> Result<usize> {
        self.0.write(*file, offset, bytes)
    }

    fn cut(&self, file: &u64, length: u64) -> Result<()> {
        self.0.cut(*file, length)
    }

    fn sync(&self, file: &u64) -> Result<()> {
        self.0.sync(*file)
    }
}
