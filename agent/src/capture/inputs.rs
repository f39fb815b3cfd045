//! The files that arguments stand for: files, directories with all below them, standard input.

use super::{CaptureError, STDIN};
use std::path::{Path, PathBuf};

/// Directories are followed this deep.
const DEPTH_MAX: usize = 64;
/// Files of one run at most.
const FILES_MAX: usize = 1_000_000;

/// One file to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The file.
    pub path: PathBuf,
    /// Whether it was named itself. What lies in a directory and is no capture is passed over; what was
    /// named and is no capture is a bad input.
    pub named: bool,
}

/// The files that arguments stand for, in order, with what could not be listed.
#[derive(Debug, Default)]
pub struct Inputs {
    /// The files.
    pub files: Vec<Given>,
    /// Arguments and directories that could not be read.
    pub failures: Vec<CaptureError>,
}

impl Inputs {
    /// Lists files; directories give all files below them in the byte order of their names.
    #[must_use]
    pub fn list(arguments: &[PathBuf]) -> Self {
        let mut inputs = Self::default();
        for argument in arguments {
            if argument.as_os_str() == STDIN {
                inputs.push(argument.clone(), true);
                continue;
            }
            match std::fs::metadata(argument) {
                Ok(meta) if meta.is_dir() => inputs.walk(argument, 0),
                Ok(_) => inputs.push(argument.clone(), true),
                Err(error) => inputs.fail(argument, error),
            }
        }
        inputs
    }

    /// Bytes of all files together, for a progress bar; `None` where a size is not known.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        self.files
            .iter()
            .map(|given| std::fs::metadata(&given.path).ok().filter(|m| m.is_file()).map(|m| m.len()))
            .sum()
    }

    fn push(&mut self, path: PathBuf, named: bool) {
        if self.files.len() < FILES_MAX {
            self.files.push(Given { path, named });
        } else if self.files.len() == FILES_MAX {
            let error = std::io::Error::other(format!("more than {FILES_MAX} files; give fewer at a time"));
            self.fail(&path, error);
        }
    }

    fn fail(&mut self, path: &Path, error: std::io::Error) {
        if self.failures.len() < FILES_MAX {
            self.failures.push(CaptureError::Open { path: path.to_owned(), error });
        }
    }

    fn walk(&mut self, directory: &Path, depth: usize) {
        let entries = std::fs::read_dir(directory).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => return self.fail(directory, error),
        };
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            // Links to directories are not followed: they may lead round in a circle.
            let kind = entry.file_type();
            let path = entry.path();
            match kind {
                Ok(kind) if kind.is_dir() && depth < DEPTH_MAX => self.walk(&path, depth + 1),
                Ok(kind) if kind.is_dir() => {
                    self.fail(&path, std::io::Error::other(format!("more than {DEPTH_MAX} directories deep")));
                }
                Ok(_) if path.is_file() => self.push(path, false),
                Ok(_) => {}
                Err(error) => self.fail(&path, error),
            }
        }
    }
}
