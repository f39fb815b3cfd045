//! Bytes of a capture file: plain, gzip or zstd, from a path or from standard input.

use std::fs::File;
use std::io::{self, Chain, Cursor, Read};
use std::path::Path;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Largest zstd window accepted, as a power of two: 128 MiB, the zstd program's own default.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;
/// Bytes read from a compressed file at a time.
const COMPRESSED_CHUNK: usize = 64 * 1024;

/// The name that stands for standard input.
pub const STDIN: &str = "-";

/// Decompressed bytes with their offset.
pub(super) struct Input {
    reader: Box<dyn Read + Send>,
    /// Bytes given so far.
    pub(super) offset: u64,
    /// How the file is compressed, for messages.
    pub(super) coding: Option<&'static str>,
    /// Whether bytes may come slowly, so that what is there should be used at once.
    pub(super) interactive: bool,
}

impl Input {
    /// Opens a file (or standard input for `-`) and looks through its compression.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let interactive = path.as_os_str() == STDIN;
        let raw: Box<dyn Read + Send> = if interactive {
            Box::new(io::stdin())
        } else {
            if std::fs::metadata(path)?.is_dir() {
                return Err(io::Error::from(io::ErrorKind::IsADirectory));
            }
            Box::new(File::open(path)?)
        };
        Self::over(raw, interactive)
    }

    fn over(mut raw: Box<dyn Read + Send>, interactive: bool) -> io::Result<Self> {
        let mut head = [0u8; 4];
        let mut len = 0;
        while let Some(free) = head.get_mut(len..).filter(|free| !free.is_empty()) {
            match raw.read(free) {
                Ok(0) => break,
                Ok(count) => len += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let start = head.get(..len).unwrap_or_default().to_vec();
        let coding = match head {
            _ if start.starts_with(&GZIP_MAGIC) => Some("gzip"),
            _ if start == ZSTD_MAGIC => Some("zstd"),
            _ => None,
        };
        let whole: Chain<Cursor<Vec<u8>>, _> = Cursor::new(start).chain(raw);
        let reader: Box<dyn Read + Send> = match coding {
            Some("gzip") => {
                let buffered = io::BufReader::with_capacity(COMPRESSED_CHUNK, whole);
                Box::new(flate2::bufread::MultiGzDecoder::new(buffered))
            }
            Some(_) => {
                let buffered = io::BufReader::with_capacity(COMPRESSED_CHUNK, whole);
                let mut decoder = zstd::Decoder::with_buffer(buffered)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                Box::new(decoder)
            }
            None => Box::new(whole),
        };
        Ok(Self { reader, offset: 0, coding, interactive })
    }

    /// Reads into `place`: all of it, or to the end; what is there now, where bytes come slowly.
    /// Bytes read before an error are kept and the error is given by the next call.
    pub(super) fn read(&mut self, place: &mut [u8]) -> (usize, io::Result<()>) {
        let mut len = 0;
        while let Some(free) = place.get_mut(len..).filter(|free| !free.is_empty()) {
            match self.reader.read(free) {
                Ok(0) => break,
                Ok(count) => {
                    len += count;
                    if self.interactive {
                        break;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.offset = self.offset.saturating_add(len as u64);
                    return (len, Err(error));
                }
            }
        }
        self.offset = self.offset.saturating_add(len as u64);
        (len, Ok(()))
    }
}
