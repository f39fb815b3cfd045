//! Where rows go: standard output or a file, plain or compressed by its name; and how far the file is known to be good.

use anyhow::{Context as _, Result};
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// An output. Compressed ones may hold several members one after the other, which every reader takes as one text.
#[derive(Debug)]
pub struct Out {
    path: PathBuf,
    compression: Compression,
    encoder: Encoder,
}

#[derive(Clone, Copy, Debug)]
enum Compression {
    None,
    Gzip,
    Zstd,
}

enum Encoder {
    Stdout(BufWriter<std::io::Stdout>),
    Plain(BufWriter<File>),
    Gzip(flate2::write::GzEncoder<BufWriter<File>>),
    Zstd(Box<zstd::Encoder<'static, BufWriter<File>>>),
    /// Between two members.
    None,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Encoder")
    }
}

impl Out {
    /// Opens the output: emptied, or cut at `keep` bytes to go on behind them. `-` is standard output.
    ///
    /// # Errors
    /// When the file cannot be opened or is shorter than `keep`.
    pub fn open(path: &Path, keep: Option<u64>) -> Result<Self> {
        let ending = path.extension().and_then(|extension| extension.to_str());
        let compression = match ending {
            Some("gz") => Compression::Gzip,
            Some("zst") => Compression::Zstd,
            _ => Compression::None,
        };
        let encoder = if path.as_os_str() == "-" {
            Encoder::Stdout(BufWriter::new(std::io::stdout()))
        } else {
            let told = || format!("open {} for writing", path.display());
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(keep.is_none()).open(path).with_context(told)?;
            if let Some(keep) = keep {
                let length = file.metadata().with_context(told)?.len();
                anyhow::ensure!(
                    length >= keep,
                    "{}: {length} bytes, but its note says {keep}; it was changed since: remove the note to start anew",
                    path.display()
                );
                file.set_len(keep).with_context(told)?;
                file.seek(SeekFrom::End(0)).with_context(told)?;
            }
            compression.member(BufWriter::new(file)).with_context(told)?
        };
        Ok(Self { path: path.to_owned(), compression, encoder })
    }

    /// Ends the present member, makes the file durable so far, and begins another; the length of the file.
    ///
    /// # Errors
    /// When it cannot be written, or is no file.
    pub fn checkpoint(&mut self) -> std::io::Result<u64> {
        let Some(mut writer) = self.close()? else { return Err(std::io::Error::other("standard output is no file")) };
        writer.flush()?;
        writer.get_ref().sync_data()?;
        let length = writer.stream_position()?;
        self.encoder = self.compression.member(writer)?;
        Ok(length)
    }

    /// Takes back everything behind `length` bytes.
    ///
    /// # Errors
    /// When the file cannot be opened anew.
    pub fn rewind(&mut self, length: u64) -> Result<()> {
        // What the encoder holds back is of the part that goes; its trailer is cut off with it.
        drop(self.close());
        *self = Self::open(&self.path, Some(length))?;
        Ok(())
    }

    /// Ends the output.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> std::io::Result<()> {
        match self.close()? {
            Some(mut writer) => {
                writer.flush()?;
                writer.get_ref().sync_data()
            }
            None => Ok(()),
        }
    }

    /// Ends the member; the file, or `None` for standard output, which is flushed.
    fn close(&mut self) -> std::io::Result<Option<BufWriter<File>>> {
        Ok(match std::mem::replace(&mut self.encoder, Encoder::None) {
            Encoder::Stdout(mut writer) => {
                writer.flush()?;
                None
            }
            Encoder::Plain(writer) => Some(writer),
            Encoder::Gzip(writer) => Some(writer.finish()?),
            Encoder::Zstd(writer) => Some(writer.finish()?),
            Encoder::None => None,
        })
    }
}

impl Compression {
    fn member(self, writer: BufWriter<File>) -> std::io::Result<Encoder> {
        Ok(match self {
            Self::None => Encoder::Plain(writer),
            Self::Gzip => Encoder::Gzip(flate2::write::GzEncoder::new(writer, flate2::Compression::default())),
            Self::Zstd => Encoder::Zstd(Box::new(zstd::Encoder::new(writer, 3)?)),
        })
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match &mut self.encoder {
            Encoder::Stdout(writer) => writer.write(bytes),
            Encoder::Plain(writer) => writer.write(bytes),
            Encoder::Gzip(writer) => writer.write(bytes),
            Encoder::Zstd(writer) => writer.write(bytes),
            Encoder::None => Err(std::io::Error::other("the output is closed")),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match &mut self.encoder {
            Encoder::Stdout(writer) => writer.flush(),
            Encoder::Plain(writer) => writer.flush(),
            Encoder::Gzip(writer) => writer.flush(),
            Encoder::Zstd(writer) => writer.flush(),
            Encoder::None => Ok(()),
        }
    }
}
