//! A small writer of Parquet files: flat columns, plain encoding, zstd, one page a column and group.
//!
//! The format is that of the Apache Parquet specification 2.x (`parquet.thrift`), its first version of data pages,
//! which every reader knows. Rows are gathered by column and written as a group when there are enough; the footer names
//! all groups. A file without its footer can be continued from [`Groups`], which the note of a resumable run keeps.

mod thrift;

use super::table::{Cells, Column, Head, Kind, Value};
use serde::{Deserialize, Serialize};
use std::io::{self, Write};

const MAGIC: &[u8; 4] = b"PAR1";
/// Rows of a group at most.
const GROUP_ROWS: usize = 16_384;
/// Bytes gathered before a group is written.
const GROUP_BYTES: usize = 48 << 20;
/// Level of compression.
const LEVEL: i32 = 3;
const ZSTD: i32 = 6;

/// A group of rows in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    rows: u64,
    start: u64,
    /// Bytes of each column, uncompressed and compressed, page headers included.
    sizes: Vec<(u64, u64)>,
}

/// The groups of a file so far.
pub type Groups = Vec<Group>;

/// Gathers rows and writes groups.
#[derive(Debug)]
pub struct Parquet {
    columns: Vec<Column>,
    schema: String,
    gathered: Vec<Gathered>,
    rows: usize,
    bytes: usize,
    groups: Groups,
    position: u64,
}

/// The values of one column since the last group.
#[derive(Clone, Debug, Default)]
struct Gathered {
    values: Vec<u8>,
    /// Which rows have a value, a bit a row from the lowest; of optional columns alone.
    present: Vec<u8>,
}

impl Parquet {
    /// A writer of these columns; `schema` goes into the footer as `picket.schema`.
    #[must_use]
    pub fn new(columns: Vec<Column>, schema: &str) -> Self {
        let gathered = vec![Gathered::default(); columns.len()];
        Self { columns, schema: schema.to_owned(), gathered, rows: 0, bytes: 0, groups: Groups::new(), position: 0 }
    }

    /// Begins the file.
    ///
    /// # Errors
    /// Of the writer.
    pub fn begin(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.position = MAGIC.len() as u64;
        out.write_all(MAGIC)
    }

    /// Goes on behind these groups, `position` bytes into the file.
    pub fn resume(&mut self, groups: Groups, position: u64) {
        (self.groups, self.position) = (groups, position);
    }

    /// Takes a row; a full group is written.
    ///
    /// # Errors
    /// Of the writer.
    pub fn row(&mut self, head: &Head<'_>, cells: &Cells<'_>, out: &mut impl Write) -> io::Result<()> {
        let row = self.rows;
        let mut columns = self.gathered.iter_mut();
        let mut bytes = 0;
        let mut put = |value: Value<'_>| {
            if let Some(column) = columns.next() {
                bytes += column.push(row, value);
            }
        };
        head.each(&mut put);
        cells.each(&mut put);
        self.rows += 1;
        self.bytes += bytes;
        if self.rows >= GROUP_ROWS || self.bytes >= GROUP_BYTES { self.flush(out) } else { Ok(()) }
    }

    /// Writes what was gathered as a group.
    ///
    /// # Errors
    /// Of the writer.
    pub fn flush(&mut self, out: &mut impl Write) -> io::Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let start = self.position;
        let mut sizes = Vec::with_capacity(self.columns.len());
        for (column, gathered) in self.columns.iter().zip(&mut self.gathered) {
            let page = gathered.page(column.kind);
            let packed = zstd::bulk::compress(&page, LEVEL)?;
            let header = page_header(self.rows, page.len(), packed.len());
            out.write_all(&header)?;
            out.write_all(&packed)?;
            let size = |body: usize| (header.len() + body) as u64;
            sizes.push((size(page.len()), size(packed.len())));
            self.position += size(packed.len());
        }
        self.groups.push(Group { rows: self.rows as u64, start, sizes });
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }

    /// Drops what was gathered and not written.
    pub fn discard(&mut self) {
        self.gathered.iter_mut().for_each(|gathered| *gathered = Gathered::default());
        (self.rows, self.bytes) = (0, 0);
    }

    /// The groups written so far.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Writes what was gathered, and the footer.
    ///
    /// # Errors
    /// Of the writer.
    pub fn finish(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.flush(out)?;
        let footer = self.footer();
        out.write_all(&footer)?;
        out.write_all(&u32::try_from(footer.len()).map_err(io::Error::other)?.to_le_bytes())?;
        out.write_all(MAGIC)
    }

    /// `FileMetaData`.
    fn footer(&self) -> Vec<u8> {
        let mut writer = thrift::Writer::default();
        writer.i32(1, 2);
        let elements: Vec<Option<&Column>> = std::iter::once(None).chain(self.columns.iter().map(Some)).collect();
        writer.list(2, &elements, |writer, column| match column {
            None => {
                writer.text(4, "schema");
                writer.i32(5, self.columns.len() as i32);
            }
            Some(column) => {
                writer.i32(1, physical(column.kind));
                writer.i32(3, i32::from(column.kind.is_optional()));
                writer.text(4, &column.name);
                match column.kind {
                    Kind::Text => writer.i32(6, 0),
                    Kind::Bit => writer.i32(6, 15),
                    Kind::Port => writer.i32(6, 12),
                    Kind::Double | Kind::Float => {}
                }
            }
        });
        writer.i64(3, self.groups.iter().map(|group| group.rows).sum());
        writer.list(4, &self.groups, |writer, group| self.row_group(writer, group));
        writer.list(5, &[("picket.schema", &self.schema)], |writer, (key, value)| {
            writer.text(1, key);
            writer.text(2, value);
        });
        writer.text(6, concat!("picket-agent ", env!("CARGO_PKG_VERSION")));
        writer.finish()
    }

    fn row_group(&self, writer: &mut thrift::Writer, group: &Group) {
        let mut position = group.start;
        let columns: Vec<(&Column, u64, (u64, u64))> = self
            .columns
            .iter()
            .zip(&group.sizes)
            .map(|(column, sizes)| {
                let at = position;
                position += sizes.1;
                (column, at, *sizes)
            })
            .collect();
        writer.list(1, &columns, |writer, (column, at, (plain, packed))| {
            writer.i64(2, *at);
            writer.nested(3, |writer| {
                writer.i32(1, physical(column.kind));
                writer.i32s(2, &[0, 3]);
                writer.texts(3, &[&column.name]);
                writer.i32(4, ZSTD);
                writer.i64(5, group.rows);
                writer.i64(6, *plain);
                writer.i64(7, *packed);
                writer.i64(9, *at);
            });
        });
        writer.i64(2, group.sizes.iter().map(|(plain, _)| plain).sum());
        writer.i64(3, group.rows);
    }
}

impl Gathered {
    /// Adds a value; how many bytes it takes.
    fn push(&mut self, row: usize, value: Value<'_>) -> usize {
        let before = self.values.len();
        match value {
            Value::Text(text) => {
                self.values.extend_from_slice(&(text.len() as u32).to_le_bytes());
                self.values.extend_from_slice(text.as_bytes());
            }
            Value::Port(port) => self.values.extend_from_slice(&i32::from(port).to_le_bytes()),
            Value::Bit(bit) => self.values.extend_from_slice(&i32::from(bit).to_le_bytes()),
            Value::Double(number) => self.values.extend_from_slice(&number.to_le_bytes()),
            Value::Float(number) => {
                if row.is_multiple_of(8) {
                    self.present.push(0);
                }
                if !number.is_nan() {
                    if let Some(bits) = self.present.last_mut() {
                        *bits |= 1 << (row % 8);
                    }
                    self.values.extend_from_slice(&number.to_le_bytes());
                }
            }
        }
        self.values.len() - before
    }

    /// The page's bytes: definition levels where the column is optional, then the values. Empties it.
    fn page(&mut self, kind: Kind) -> Vec<u8> {
        let mut page = Vec::new();
        if kind.is_optional() {
            // One bit-packed run of the hybrid encoding, width 1: its header is the number of groups of eight.
            let mut run = Vec::with_capacity(self.present.len() + 5);
            let mut groups = (self.present.len() as u64) << 1 | 1;
            while groups >= 0x80 {
                run.push(groups as u8 | 0x80);
                groups >>= 7;
            }
            run.push(groups as u8);
            run.append(&mut self.present);
            page.extend_from_slice(&(run.len() as u32).to_le_bytes());
            page.append(&mut run);
        }
        page.append(&mut self.values);
        page
    }
}

/// The physical type of `parquet.thrift`.
const fn physical(kind: Kind) -> i32 {
    match kind {
        Kind::Port | Kind::Bit => 1,
        Kind::Float => 4,
        Kind::Double => 5,
        Kind::Text => 6,
    }
}

fn page_header(rows: usize, plain: usize, packed: usize) -> Vec<u8> {
    let mut writer = thrift::Writer::default();
    writer.i32(1, 0);
    writer.i32(2, plain as i32);
    writer.i32(3, packed as i32);
    writer.nested(5, |writer| {
        writer.i32(1, rows as i32);
        writer.i32(2, 0);
        writer.i32(3, 3);
        writer.i32(4, 3);
    });
    writer.finish()
}
