//! The few things a spool asks of its files, behind one trait: a test can put a disk under it that fails, and
//! forgets what was not flushed when the power goes.

use super::SpoolError;
use rustix::fs::{FlockOperation, flock};
use std::fmt::Debug;
use std::fs::File;
use std::io::{ErrorKind, Read, Result, Seek, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// The files of one directory, by name.
pub trait Disk: Debug {
    /// An open file.
    type File: Debug;

    /// What a person calls a file.
    fn path(&self, name: &str) -> PathBuf;

    /// Every name in the directory.
    ///
    /// # Errors
    /// The system's, as of every call here.
    fn names(&self) -> Result<Vec<String>>;

    /// A whole file.
    fn read(&self, name: &str) -> Result<Vec<u8>>;

    /// Makes a file, or empties the one of that name.
    fn create(&self, name: &str) -> Result<Self::File>;

    /// Opens a file to read and write.
    fn open(&self, name: &str) -> Result<Self::File>;

    /// Removes a name.
    fn remove(&self, name: &str) -> Result<()>;

    /// Gives a file another name, in place of whatever had it.
    fn rename(&self, from: &str, to: &str) -> Result<()>;

    /// Flushes the directory: names made, given and removed survive a power cut.
    fn sync_names(&self) -> Result<()>;

    /// Fills the buffer from this place.
    fn read_exact_at(&self, file: &Self::File, bytes: &mut [u8], offset: u64) -> Result<()>;

    /// Writes some of the bytes at this place; answers how many.
    fn write_at(&self, file: &Self::File, bytes: &[u8], offset: u64) -> Result<usize>;

    /// Cuts the file to this length.
    fn cut(&self, file: &Self::File, length: u64) -> Result<()>;

    /// Flushes the file: what was written to it survives a power cut.
    fn sync(&self, file: &Self::File) -> Result<()>;

    /// Writes all the bytes at this place; after an error any part of them may be there.
    fn write_all_at(&self, file: &Self::File, mut bytes: &[u8], mut offset: u64) -> Result<()> {
        while !bytes.is_empty() {
            match self.write_at(file, bytes, offset) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => {
                    bytes = bytes.get(written..).unwrap_or_default();
                    offset += written as u64;
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
}

/// A directory of the system, held by this process alone.
#[derive(Debug)]
pub struct Folder {
    directory: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes the directory where it is missing, and takes it for this process.
    ///
    /// # Errors
    /// [`SpoolError::InUse`], or the system's.
    pub fn take(directory: &Path) -> std::result::Result<Self, SpoolError> {
        std::fs::create_dir_all(directory).map_err(super::io("make the spool", directory))?;
        Ok(Self { directory: directory.to_owned(), _lock: lock(directory)? })
    }
}

impl Disk for Folder {
    type File = File;

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn names(&self) -> Result<Vec<String>> {
        let name = |entry: Result<std::fs::DirEntry>| entry.map(|entry| entry.file_name().into_string().ok());
        // A name that is no text is none of ours.
        std::fs::read_dir(&self.directory)?.map(name).filter_map(Result::transpose).collect()
    }

    fn read(&self, name: &str) -> Result<Vec<u8>> {
        std::fs::read(self.path(name))
    }

    fn create(&self, name: &str) -> Result<File> {
        File::options().read(true).write(true).create(true).truncate(true).open(self.path(name))
    }

    fn open(&self, name: &str) -> Result<File> {
        File::options().read(true).write(true).open(self.path(name))
    }

    fn remove(&self, name: &str) -> Result<()> {
        std::fs::remove_file(self.path(name))
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        std::fs::rename(self.path(from), self.path(to))
    }

    fn sync_names(&self) -> Result<()> {
        File::open(&self.directory)?.sync_all()
    }

    fn read_exact_at(&self, file: &File, bytes: &mut [u8], offset: u64) -> Result<()> {
        file.read_exact_at(bytes, offset)
    }

    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> Result<usize> {
        file.write_at(bytes, offset)
    }

    fn cut(&self, file: &File, length: u64) -> Result<()> {
        file.set_len(length)
    }

    fn sync(&self, file: &File) -> Result<()> {
        file.sync_data()
    }
}

fn lock(directory: &Path) -> std::result::Result<File, SpoolError> {
    let path = directory.join("lock");
    let options = File::options().read(true).write(true).create(true).truncate(false).open(&path);
    let mut file = options.map_err(super::io("open", &path))?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        let mut text = String::new();
        // Whoever holds it may be writing its number just now; 0 then.
        let _ = (&mut file).take(32).read_to_string(&mut text);
        return Err(SpoolError::InUse { path: directory.to_owned(), pid: text.trim().parse().unwrap_or(0) });
    }
    let write = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| write!(file, "{}", std::process::id()));
    write.map_err(super::io("write", &path))?;
    Ok(file)
}
