//! Bytes of a capture file: plain, gzip or zstd, from a path or from standard input.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs::File;
use std::io::{self, Chain, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Largest zstd window accepted, as a power of two: 128 MiB, the zstd program's own default.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;
/// Bytes read from a compressed file at a time.
const COMPRESSED_CHUNK: usize = 64 * 1024;

/// How soon an end is noticed while nothing comes.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// The name that stands for standard input.
pub const STDIN: &str = "-";

/// Standard input, which is waited for only so long as nobody wants an end.
struct Awaited {
    stop: Arc<AtomicBool>,
}

impl Read for Awaited {
    fn read(&mut self, place: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return Ok(0);
            }
            let stdin = io::stdin();
            let mut waited = [PollFd::new(&stdin, PollFlags::IN)];
            match poll(&mut waited, Some(&PATIENCE)) {
                // A closed pipe is ready to be read too: it says that it is at its end.
                Ok(1..) => return rustix::io::read(&stdin, place).map_err(io::Error::from),
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

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
        Self::until(path, &Arc::default())
    }

    /// The same; where it is standard input, it is at its end as soon as `stop` is set.
    pub(super) fn until(path: &Path, stop: &Arc<AtomicBool>) -> io::Result<Self> {
        if path.as_os_str() == STDIN {
            return Self::through(Box::new(Awaited { stop: Arc::clone(stop) }), true);
        }
        if std::fs::metadata(path)?.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        Self::through(Box::new(File::open(path)?), false)
    }

    /// Takes bytes from anything and looks through their compression.
    pub(super) fn over(raw: Box<dyn Read + Send>) -> io::Result<Self> {
        Self::through(raw, false)
    }

    fn through(mut raw: Box<dyn Read + Send>, interactive: bool) -> io::Result<Self> {
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
