//! The note beside a resumable output: which inputs are in it, and how many of its bytes are good.
//!
//! JSON Lines, appended to and made durable after the output. Its first line says what the run writes; a run with other
//! options does not go on from it. A torn last line is of an input that is then read again.

use super::parquet::{Group, Groups};
use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// What a run writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// 1.
    pub picket_features_note: u32,
    /// Id of the schema.
    pub schema: String,
    /// Form of the rows.
    pub form: String,
    /// Number of columns.
    pub columns: usize,
    /// SHA-256 of the labels; empty without.
    pub labels: String,
}

/// One input that is whole in the output.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    input: PathBuf,
    size: u64,
    rows: u64,
    /// Bytes of the output up to here.
    end: u64,
    groups: Vec<Group>,
}

/// The note, open for more.
#[derive(Debug)]
pub struct Note {
    path: PathBuf,
    file: File,
    done: BTreeMap<PathBuf, u64>,
    /// Good bytes of the output; `None` while no input is done.
    pub end: Option<u64>,
    /// Groups of a Parquet output so far.
    pub groups: Groups,
    /// Rows of the inputs done.
    pub rows: u64,
}

impl Note {
    /// The note's place for an output.
    #[must_use]
    pub fn path(out: &Path) -> PathBuf {
        let mut name = out.as_os_str().to_owned();
        name.push(".note");
        name.into()
    }

    /// Reads the note of an output, or begins one.
    ///
    /// # Errors
    /// When it is of another run, damaged, or cannot be written.
    pub fn open(out: &Path, run: &Run) -> Result<Self> {
        let path = Self::path(out);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).with_context(|| format!("read {}", path.display())),
        };
        // What stands behind the last line's end was torn by an interruption.
        let whole = text.rfind('\n').map_or(0, |at| at + 1);
        let mut lines = text.get(..whole).unwrap_or_default().lines();
        let told = || format!("write {}", path.display());
        let file = OpenOptions::new().append(true).create(true).open(&path).with_context(told)?;
        let (done, groups) = (BTreeMap::new(), Groups::new());
        let mut note = Self { path: path.clone(), file, done, end: None, groups, rows: 0 };
        match lines.next() {
            None => {
                note.file.set_len(0).with_context(told)?;
                note.append(run).with_context(told)?;
            }
            Some(first) => {
                let known: Run = serde_json::from_str(first).with_context(|| format!("{} line 1", path.display()))?;
                if known != *run {
                    bail!(
                        "{} is of another run ({}, {}, {} columns); remove it and the output to start anew",
                        path.display(),
                        known.schema,
                        known.form,
                        known.columns
                    );
                }
                note.file.set_len(whole as u64).with_context(told)?;
                for (number, line) in lines.enumerate() {
                    let line = serde_json::from_str(line);
                    note.take(line.with_context(|| format!("{} line {}", path.display(), number + 2))?);
                }
            }
        }
        Ok(note)
    }

    fn take(&mut self, line: Line) {
        self.end = Some(line.end);
        self.rows += line.rows;
        self.groups.extend(line.groups);
        self.done.insert(line.input, line.size);
    }

    /// Whether an input of that size is in the output already.
    #[must_use]
    pub fn has(&self, input: &Path, size: u64) -> bool {
        self.done.get(input) == Some(&size)
    }

    /// Notes an input that is whole in the first `end` bytes of the output.
    ///
    /// # Errors
    /// When the note cannot be written.
    pub fn add(&mut self, input: &Path, size: u64, rows: u64, end: u64, groups: &[Group]) -> Result<()> {
        let fresh = groups.get(self.groups.len()..).unwrap_or_default().to_vec();
        let line = Line { input: input.to_owned(), size, rows, end, groups: fresh };
        self.append(&line).with_context(|| format!("write {}", self.path.display()))?;
        self.take(line);
        Ok(())
    }

    fn append(&mut self, line: &impl Serialize) -> Result<()> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        self.file.write_all(text.as_bytes())?;
        Ok(self.file.sync_data()?)
    }
}
