//! `picket-agent features`: feature rows for training, joined with labels.

mod labels;

pub use labels::{Ends, Known, Labels};

use crate::capture::{FileSource, Filled, FrameBatch, FrameSource as _, Inputs};
use crate::sensor::{Sensor, Settings, Sink};
use anyhow::{Context as _, Result};
use picket_event::body::App;
use picket_event::{Endpoints, Event, FlowRef, Protocol};
use picket_feature::Observation;
use picket_packet::{Frame, WireLen};
use picket_score::row::{Header, Row, features};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Write feature rows of captures' TLS and QUIC flows, for training
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Captures, or directories of them
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Labels: one JSON object a capture, with its flows
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// Where to write; compressed where the name ends in .gz or .zst
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub out: PathBuf,
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Captures read.
    pub captures: u64,
    /// Rows written.
    pub rows: u64,
    /// Inputs that were bad, each named with its reason.
    pub bad: Vec<String>,
}

/// Writes the rows. Bad inputs do not stop it: they are named in what it answers.
///
/// # Errors
/// When the labels cannot be read or the rows not written.
pub fn run(args: &Args) -> Result<Done> {
    let labels = args.labels.as_deref().map(Labels::read).transpose()?.unwrap_or_default();
    let inputs = Inputs::list(&args.files);
    let mut done = Done { bad: inputs.failures.iter().map(ToString::to_string).collect(), ..Done::default() };
    let mut writer = open(&args.out)?;
    let told = || format!("write feature rows to {}", args.out.display());
    let header = serde_json::to_string(&Header::of_release()).with_context(told)?;
    writeln!(writer, "{header}").with_context(told)?;
    for given in &inputs.files {
        let name = given.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut rows = Rows { labels: &labels, name: &name, writer: &mut writer, written: 0, failed: None };
        if let Err(error) = read(&given.path, &name, &mut rows) {
            done.bad.push(format!("{error:#}"));
        }
        let Rows { written, failed, .. } = rows;
        if let Some(error) = failed {
            return Err(error).with_context(told);
        }
        done.captures += 1;
        done.rows += written;
    }
    writer.finish().with_context(told)?;
    Ok(done)
}

/// Sends one capture down the line.
fn read(path: &Path, name: &str, rows: &mut Rows<'_>) -> Result<()> {
    let mut source = FileSource::open(path)?;
    let mut sensor = Sensor::new(&Settings { observe: true, ..Settings::file(name) });
    let mut batch = FrameBatch::new();
    let ended = loop {
        match source.fill(&mut batch) {
            Ok(Filled::End) => break Ok(()),
            Ok(Filled::Frames | Filled::Idle) => {}
            Err(error) => break Err(error.into()),
        }
        for frame in batch.frames() {
            let (time_ns, link_type, wire_len) = (frame.time.nanos(), frame.link_type, WireLen(frame.wire));
            sensor.frame(Frame { time_ns, link_type, wire_len, data: frame.bytes }, rows);
        }
    };
    // What came before the damage counts.
    sensor.finish(rows);
    ended
}

/// Turns what the sensor shows into rows.
struct Rows<'a> {
    labels: &'a Labels,
    name: &'a str,
    writer: &'a mut Writer,
    written: u64,
    failed: Option<anyhow::Error>,
}

impl Sink for Rows<'_> {
    fn event(&mut self, _event: Event) {}

    fn observed(&mut self, flow: &FlowRef, app: &App, seen: &Observation<'_>) {
        let encrypted = app.protocol == Protocol::TLS || app.protocol == Protocol::QUIC;
        if !encrypted || self.failed.is_some() {
            return;
        }
        if let Some(row) = self.row(flow, app, seen) {
            let written = serde_json::to_string(&row).map_err(anyhow::Error::from);
            match written.and_then(|line| writeln!(self.writer, "{line}").map_err(anyhow::Error::from)) {
                Ok(()) => self.written += 1,
                Err(error) => self.failed = Some(error),
            }
        }
    }
}

impl Rows<'_> {
    fn row(&self, flow: &FlowRef, app: &App, seen: &Observation<'_>) -> Option<Row> {
        let Endpoints::Ip { src, src_port, dest, dest_port, transport } = flow.endpoints else { return None };
        let (start, proto) = (seen.start.as_secs_f64(), transport.to_string());
        let ends = Ends { src: (src, src_port), dest: (dest, dest_port), proto: &proto };
        let known = self.labels.find(self.name, &ends, start).unwrap_or(Known { label: "", family: "", group: "" });
        let (x, t) = features(seen);
        Some(Row {
            file: self.name.to_owned(),
            group: known.group.to_owned(),
            label: known.label.to_owned(),
            family: known.family.to_owned(),
            src_ip: src.to_string(),
            src_port,
            dest_ip: dest.to_string(),
            dest_port,
            proto,
            start,
            app: app.protocol.name().to_owned(),
            x,
            t,
        })
    }
}

/// Plain, or compressed by the file's name.
enum Writer {
    Plain(BufWriter<Box<dyn Write>>),
    Gzip(flate2::write::GzEncoder<BufWriter<File>>),
    Zstd(zstd::Encoder<'static, BufWriter<File>>),
}

fn open(path: &Path) -> Result<Writer> {
    if path.as_os_str() == "-" {
        return Ok(Writer::Plain(BufWriter::new(Box::new(std::io::stdout()))));
    }
    let file = File::create(path).with_context(|| format!("create {}", path.display()))?;
    Ok(match path.extension().and_then(|extension| extension.to_str()) {
        Some("gz") => Writer::Gzip(flate2::write::GzEncoder::new(BufWriter::new(file), flate2::Compression::default())),
        Some("zst") => Writer::Zstd(zstd::Encoder::new(BufWriter::new(file), 3).context("start compression")?),
        _ => Writer::Plain(BufWriter::new(Box::new(file))),
    })
}

impl Writer {
    fn finish(self) -> std::io::Result<()> {
        match self {
            Self::Plain(mut writer) => writer.flush(),
            Self::Gzip(writer) => writer.finish()?.flush(),
            Self::Zstd(writer) => writer.finish()?.flush(),
        }
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(writer) => writer.write(bytes),
            Self::Gzip(writer) => writer.write(bytes),
            Self::Zstd(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Plain(writer) => writer.flush(),
            Self::Gzip(writer) => writer.flush(),
            Self::Zstd(writer) => writer.flush(),
        }
    }
}
