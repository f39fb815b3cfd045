//! EVE files as events, several of them merged in order of time, one line of each in memory.

use anyhow::Context;
use picket_event::eve::{self, EveRow};
use picket_event::{AgentId, Envelope, Site};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// No line of EVE is longer; what follows is skipped and counted as bad.
const LINE_MAX: u64 = 1 << 20;

/// Opens a file, unpacked by its first bytes: gzip, zstd or plain. `-` is standard input.
fn open(path: &Path) -> anyhow::Result<Box<dyn BufRead>> {
    let raw: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        let hint = "check the path and that it may be read";
        Box::new(File::open(path).with_context(|| format!("cannot open {}; {hint}", path.display()))?)
    };
    let mut raw = BufReader::with_capacity(1 << 16, raw);
    let head = raw.fill_buf().with_context(|| format!("cannot read {}", path.display()))?;
    Ok(match head {
        [0x1f, 0x8b, ..] => Box::new(BufReader::with_capacity(1 << 16, flate2::bufread::MultiGzDecoder::new(raw))),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            let unpacked = zstd::Decoder::with_buffer(raw).context("cannot start the zstd decoder")?;
            Box::new(BufReader::with_capacity(1 << 16, unpacked))
        }
        _ => Box::new(raw),
    })
}

/// One file.
struct Source {
    path: PathBuf,
    reader: Box<dyn BufRead>,
    line: u64,
    next: Option<Envelope>,
}

/// Lines that could not be read.
#[derive(Debug, Default)]
pub struct Bad {
    /// How many.
    pub count: u64,
    /// The first ones: file, line, reason.
    pub first: Vec<String>,
}

impl Bad {
    /// How many are named.
    const NAMED: usize = 10;

    fn note(&mut self, path: &Path, line: u64, reason: &str) {
        self.count += 1;
        if self.first.len() < Self::NAMED {
            self.first.push(format!("{}:{line}: {reason}", path.display()));
        }
    }
}

/// Every file, merged.
pub struct Input {
    sources: Vec<Source>,
    default_site: Site,
    default_agent: AgentId,
    sequences: BTreeMap<(Site, AgentId), u64>,
    /// What was wrong.
    pub bad: Bad,
}

impl Input {
    /// Opens the files. Those that cannot be opened are noted as bad; the others are read.
    pub fn open(files: &[PathBuf], default_site: &str) -> Self {
        let mut input = Self {
            sources: Vec::new(),
            default_site: Site::new(default_site),
            default_agent: AgentId::new("sensor"),
            sequences: BTreeMap::new(),
            bad: Bad::default(),
        };
        for path in files {
            match open(path) {
                Ok(reader) => input.sources.push(Source { path: path.clone(), reader, line: 0, next: None }),
                Err(error) => input.bad.note(path, 0, &format!("{error:#}")),
            }
        }
        for at in 0..input.sources.len() {
            input.fill(at);
        }
        input
    }

    /// Reads the next event of one file.
    fn fill(&mut self, at: usize) {
        let mut text = String::new();
        while let Some(source) = self.sources.get_mut(at) {
            source.line += 1;
            match read_line(source.reader.as_mut(), &mut text) {
                Ok(Line::End) => return,
                Ok(Line::TooLong) => self.bad.note(&source.path, source.line, "line longer than 1 MiB"),
                Ok(Line::Text) if text.trim().is_empty() => {}
                Ok(Line::Text) => match eve::parse_line(text.trim_end()) {
                    Ok(Some(row)) => {
                        let envelope = envelope(row, &self.default_site, &self.default_agent, &mut self.sequences);
                        source.next = Some(envelope);
                        return;
                    }
                    Ok(None) => {}
                    Err(error) => self.bad.note(&source.path, source.line, &error.to_string()),
                },
                Err(error) => {
                    let reason = format!("cannot read on: {error}; what came before was judged");
                    self.bad.note(&source.path, source.line, &reason);
                    return;
                }
            }
        }
    }

    /// The next event: of all files' heads the earliest, so that each file keeps its own order of arrival.
    pub fn next(&mut self) -> Option<Envelope> {
        let heads = self.sources.iter().enumerate().filter_map(|(at, s)| Some((s.next.as_ref()?.event.time, at)));
        let (_, at) = heads.min()?;
        let next = self.sources.get_mut(at).and_then(|s| s.next.take());
        self.fill(at);
        next
    }
}

fn envelope(row: EveRow, site: &Site, agent: &AgentId, sequences: &mut BTreeMap<(Site, AgentId), u64>) -> Envelope {
    let site = row.site.unwrap_or_else(|| site.clone());
    let agent = row.agent.unwrap_or_else(|| agent.clone());
    let sequence = sequences.entry((site.clone(), agent.clone())).or_insert(0);
    *sequence += 1;
    Envelope { agent, site, epoch: 0, sequence: *sequence, event: row.event }
}

enum Line {
    Text,
    TooLong,
    End,
}

fn read_line(reader: &mut dyn BufRead, text: &mut String) -> io::Result<Line> {
    text.clear();
    let mut bytes = std::mem::take(text).into_bytes();
    let read = reader.take(LINE_MAX).read_until(b'\n', &mut bytes)?;
    if read == 0 {
        return Ok(Line::End);
    }
    if read as u64 == LINE_MAX && bytes.last() != Some(&b'\n') {
        loop {
            let buffer = reader.fill_buf()?;
            let (skip, end) = match buffer.iter().position(|b| *b == b'\n') {
                Some(at) => (at + 1, true),
                None => (buffer.len(), buffer.is_empty()),
            };
            reader.consume(skip);
            if end {
                return Ok(Line::TooLong);
            }
        }
    }
    *text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    };
    Ok(Line::Text)
}
