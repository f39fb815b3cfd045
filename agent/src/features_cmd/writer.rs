//! Rows in one of their forms, with checkpoints between inputs where the run can be resumed.

use super::kind::{Form, Kind};
use super::note::{Note, Run};
use super::out::Out;
use super::parquet::Parquet;
use super::table::{Cells, Column, Head, csv_header, csv_row};
use anyhow::{Context as _, Result};
use picket_score::row::Header;
use serde::Serialize;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// An open table.
#[derive(Debug)]
pub(super) struct Rows {
    path: PathBuf,
    out: Out,
    parquet: Option<Parquet>,
    line: String,
    note: Option<Note>,
    /// Bytes of the output's beginning, which every row stands behind; where there is a note.
    begins: u64,
}

impl Rows {
    /// Opens the output; with `run`, goes on from its note.
    pub(super) fn open(path: &Path, kind: Kind, form: Form, columns: Vec<Column>, run: Option<&Run>) -> Result<Self> {
        let note = run.map(|run| Note::open(path, run)).transpose()?;
        let keep = note.as_ref().and_then(|note| note.end);
        let out = Out::open(path, keep)?;
        let parquet = (form == Form::Parquet).then(|| Parquet::new(columns.clone(), kind.schema()));
        let mut rows = Self { path: path.to_owned(), out, parquet, line: String::new(), note, begins: 0 };
        match (&rows.note, keep) {
            (Some(note), Some(position)) => {
                let groups = note.groups.clone();
                if let Some(parquet) = &mut rows.parquet {
                    parquet.resume(groups, position);
                }
            }
            _ => {
                rows.begin(kind, form, &columns).with_context(|| format!("write feature rows to {}", path.display()))?
            }
        }
        Ok(rows)
    }

    fn begin(&mut self, kind: Kind, form: Form, columns: &[Column]) -> Result<()> {
        match (form, &mut self.parquet) {
            (_, Some(parquet)) => parquet.begin(&mut self.out)?,
            (Form::Csv, None) => csv_header(columns, &mut self.out)?,
            _ => writeln!(self.out, "{}", serde_json::to_string(&Header::of(kind.trains()))?)?,
        }
        if self.note.is_some() {
            self.begins = self.out.checkpoint()?;
        }
        Ok(())
    }

    fn told(&self) -> String {
        format!("write feature rows to {}", self.path.display())
    }

    /// Writes a row of columns.
    pub(super) fn row(&mut self, head: &Head<'_>, cells: &Cells<'_>) -> Result<()> {
        let written = match &mut self.parquet {
            Some(parquet) => parquet.row(head, cells, &mut self.out),
            None => csv_row(head, cells, &mut self.line, &mut self.out),
        };
        written.with_context(|| self.told())
    }

    /// Writes a line of JSON.
    pub(super) fn json(&mut self, row: &impl Serialize) -> Result<()> {
        let line = serde_json::to_string(row)?;
        writeln!(self.out, "{line}").with_context(|| self.told())
    }

    /// Whether an input is in the output already.
    pub(super) fn has(&self, input: &Path, size: u64) -> bool {
        self.note.as_ref().is_some_and(|note| note.has(input, size))
    }

    /// Inputs' rows that were in the output before.
    pub(super) fn noted_rows(&self) -> u64 {
        self.note.as_ref().map_or(0, |note| note.rows)
    }

    /// An input is whole in the output.
    pub(super) fn input_done(&mut self, input: &Path, size: u64, rows: u64) -> Result<()> {
        let told = self.told();
        let Some(note) = &mut self.note else { return Ok(()) };
        if let Some(parquet) = &mut self.parquet {
            parquet.flush(&mut self.out).context(told.clone())?;
        }
        let end = self.out.checkpoint().context(told)?;
        note.add(input, size, rows, end, self.parquet.as_ref().map(Parquet::groups).unwrap_or_default())
    }

    /// Takes back the rows of an input that was not read to its end, where the run can be resumed; whether it did.
    pub(super) fn take_back(&mut self) -> Result<bool> {
        let Some(note) = &self.note else { return Ok(false) };
        let end = note.end.unwrap_or(self.begins);
        self.out.rewind(end)?;
        if let Some(parquet) = &mut self.parquet {
            parquet.discard();
            parquet.resume(note.groups.clone(), end);
        }
        Ok(true)
    }

    /// Ends the output.
    pub(super) fn finish(mut self) -> Result<()> {
        let told = self.told();
        if let Some(parquet) = &mut self.parquet {
            parquet.finish(&mut self.out).context(told.clone())?;
        }
        self.out.finish().context(told)
    }
}
