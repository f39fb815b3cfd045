//! `picket-agent features`: rows of features from captures, joined with labels.
//!
//! One [`Kind`] of rows a run, in one [`Form`]. The sensor that makes them is that of `read`, told to show what it knows;
//! rows of packets need no sensor. With `--resume` a note beside the output says which inputs are in it.

mod kind;
mod labels;
mod note;
mod out;
pub mod parquet;
mod rows;
pub mod table;
mod writer;

#[cfg(test)]
mod docs_tests;
#[cfg(test)]
mod tests;

pub use kind::{Form, Kind};
pub use labels::{Ends, Known, Labels};

use crate::capture::{CaptureError, FileSource, Filled, FrameBatch, FrameSource as _, Given, Inputs};
use crate::output::Progress;
use crate::sensor::{Sensor, Settings};
use anyhow::{Context as _, Result, bail};
use note::Run;
use picket_event::Timestamp;
use picket_feature::packet::{Header, Layout, PacketBits, find};
use rows::Maker;
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use writer::Rows;

/// Bytes of payload in a row of packets at most: what fits into an Ethernet frame.
const PAYLOAD_MAX: u16 = 1_500;

/// Write rows of features from captures, for training and analysis
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// Captures, or directories of them
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// What a row stands for
    #[arg(long, value_enum, default_value_t = Kind::Training)]
    pub kind: Kind,
    /// Labels: one JSON object a capture, with its flows
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// Where to write; compressed where the name ends in .gz or .zst
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub out: PathBuf,
    /// How to write [default: what the name of --out tells, else jsonl for training and csv for the others]
    #[arg(long, value_enum)]
    pub format: Option<Form>,
    /// Headers in rows of packets, separated by commas: eth, ipv4, ipv6, tcp, udp, icmp
    /// [default: ipv4,tcp,udp,icmp]
    #[arg(long, value_name = "HEADERS", value_delimiter = ',')]
    pub headers: Vec<String>,
    /// Bytes of payload in rows of packets, 0 to 1500
    #[arg(long, value_name = "BYTES", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=1500))]
    pub payload: u16,
    /// Leave out what names a host or a connection in rows of packets: it is -1 then
    #[arg(long)]
    pub masked: bool,
    /// Note finished inputs beside --out (FILE.note), and go on from there after an interruption. Give it from the
    /// first run on; more inputs may be added later
    #[arg(long)]
    pub resume: bool,
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Captures read.
    pub captures: u64,
    /// Captures that were in the output already.
    pub skipped: u64,
    /// Files found in directories that are no captures.
    pub passed_over: u64,
    /// Rows in the output, those of skipped captures included.
    pub rows: u64,
    /// Inputs that were bad, each named with its reason.
    pub bad: Vec<String>,
    /// How many of them may not be read.
    pub refused: u64,
    /// Whether it ended early because it was asked to.
    pub stopped: bool,
}

impl Done {
    fn refuse(&mut self, failure: &CaptureError) {
        self.bad.push(failure.to_string());
        self.refused += u64::from(failure.is_refused());
    }
}

/// Writes the rows. Bad inputs do not stop it: they are named in what it answers.
///
/// # Errors
/// When options do not fit each other, the labels cannot be read or the rows not written.
pub fn run(args: &Args) -> Result<Done> {
    run_until(args, &Arc::default())
}

/// Options that do not fit each other, in words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Misuse(String);

/// [`run`], ended in good order when `stop` becomes true.
///
/// # Errors
/// As [`run`]; where options do not fit each other, the error is a [`Misuse`].
pub fn run_until(args: &Args, stop: &Arc<AtomicBool>) -> Result<Done> {
    let plan = Plan::of(args).map_err(|error| Misuse(format!("{error:#}")))?;
    let labels = args.labels.as_deref().map(Labels::read).transpose()?.unwrap_or_default();
    let inputs = Inputs::list(&args.files);
    let mut done = Done::default();
    inputs.failures.iter().for_each(|failure| done.refuse(failure));
    let columns = plan.kind.columns(&plan.layout);
    let noted = args.resume.then(|| plan.noted(args, columns.len())).transpose()?;
    let mut out = Rows::open(&args.out, plan.kind, plan.form, columns, noted.as_ref())?;
    done.rows = out.noted_rows();
    let to_file = args.out.as_os_str() != "-";
    let progress = if to_file { Progress::beside_file(inputs.bytes()) } else { Progress::over(inputs.bytes()) };
    let mut behind = 0;
    for given in &inputs.files {
        let size = std::fs::metadata(&given.path).map_or(0, |meta| meta.len());
        progress.name(given.path.display().to_string());
        if out.has(&given.path, size) {
            done.skipped += 1;
        } else {
            plan.one(given, size, &labels, &mut out, stop, &mut done)?;
        }
        if done.stopped {
            break;
        }
        behind += size;
        progress.set(behind);
    }
    progress.finish();
    out.finish()?;
    Ok(done)
}

/// What is to be done, options resolved.
#[derive(Debug)]
struct Plan {
    kind: Kind,
    form: Form,
    layout: Layout,
    /// Bits that are left out of rows of packets.
    mask: Option<Vec<u8>>,
}

impl Plan {
    fn of(args: &Args) -> Result<Self> {
        let form = args.format.unwrap_or_else(|| Form::of(args.kind, &args.out));
        if args.kind.trains().is_empty() == (form == Form::Jsonl) {
            bail!(
                "rows of kind {} are not written as {}: training and polling rows are jsonl, all others csv or parquet",
                args.kind.name(),
                form.name()
            );
        }
        if args.kind != Kind::Packet && (!args.headers.is_empty() || args.payload > 0 || args.masked) {
            bail!("--headers, --payload and --masked are of rows of packets: add --kind packet");
        }
        if args.resume && args.out.as_os_str() == "-" {
            bail!("--resume needs a file: name one with --out");
        }
        if form == Form::Parquet && args.out.extension().is_some_and(|ending| ending == "gz" || ending == "zst") {
            bail!("{}: Parquet is compressed within; end the name in .parquet", args.out.display());
        }
        let header = |name: &String| {
            Header::from_name(name).with_context(|| {
                format!("--headers: \"{name}\" is no header; there are eth, ipv4, ipv6, tcp, udp, icmp")
            })
        };
        let headers = args.headers.iter().map(header).collect::<Result<Vec<_>>>()?;
        let headers =
            if headers.is_empty() { vec![Header::Ipv4, Header::Tcp, Header::Udp, Header::Icmp] } else { headers };
        let layout = Layout::new(&headers, args.payload.min(PAYLOAD_MAX));
        let mask = args.masked.then(|| layout.identifying());
        Ok(Self { kind: args.kind, form, layout, mask })
    }

    /// What the note of a resumable run says of it.
    fn noted(&self, args: &Args, columns: usize) -> Result<Run> {
        let digest = |path: &PathBuf| {
            let bytes = std::fs::read(path).with_context(|| format!("read labels {}", path.display()))?;
            anyhow::Ok(picket_score::bundle::hex(&Sha256::digest(&bytes)))
        };
        let masked = if self.mask.is_some() { " masked" } else { "" };
        Ok(Run {
            picket_features_note: 1,
            schema: format!("{}{masked}", self.kind.schema()),
            form: self.form.name().to_owned(),
            columns,
            labels: args.labels.as_ref().map(digest).transpose()?.unwrap_or_default(),
        })
    }

    /// Reads one capture.
    fn one(
        &self,
        given: &Given,
        size: u64,
        labels: &Labels,
        out: &mut Rows,
        stop: &Arc<AtomicBool>,
        done: &mut Done,
    ) -> Result<()> {
        let name = given.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut maker = Maker::new(self.kind, labels, &name, out);
        let read = self.read(&given.path, &mut maker, stop);
        let (written, failed) = (maker.written, maker.failed.take());
        if let Some(error) = failed {
            return Err(error);
        }
        match read {
            Ok(true) => {}
            Ok(false) => {
                done.stopped = true;
                done.rows += if out.take_back()? { 0 } else { written };
                return Ok(());
            }
            Err(error) if error.is_foreign() && !given.named => {
                done.passed_over += 1;
                return Ok(());
            }
            // What came before the damage counts, where there was anything.
            Err(error) => {
                done.refuse(&error);
                if error.is_foreign() || matches!(error, CaptureError::Open { .. }) {
                    return Ok(());
                }
            }
        }
        done.captures += 1;
        done.rows += written;
        out.input_done(&given.path, size, written)
    }

    /// Sends one capture down the line; whether it was read to its end.
    fn read(&self, path: &Path, maker: &mut Maker<'_>, stop: &Arc<AtomicBool>) -> Result<bool, CaptureError> {
        let mut source = FileSource::until(path, stop)?;
        let mut batch = FrameBatch::new();
        let mut bits = PacketBits::default();
        let mut sensor =
            (self.kind != Kind::Packet).then(|| Sensor::new(&Settings { observe: true, ..Settings::file(maker.name) }));
        let ended = loop {
            match source.fill(&mut batch) {
                Ok(Filled::End) => break Ok(!(source.is_interactive() && stop.load(Ordering::Relaxed))),
                Ok(Filled::Frames | Filled::Idle) => {}
                Err(error) => break Err(error),
            }
            for frame in batch.frames() {
                match &mut sensor {
                    Some(sensor) => sensor.frame(frame.packet(), maker),
                    None => self.packet(frame.time, frame.link_type, frame.bytes, &mut bits, maker),
                }
            }
            if stop.load(Ordering::Relaxed) || maker.failed.is_some() {
                break Ok(false);
            }
        };
        if let Some(mut sensor) = sensor {
            sensor.finish(maker);
        }
        ended
    }

    fn packet(&self, time: Timestamp, link_type: u16, frame: &[u8], bits: &mut PacketBits, maker: &mut Maker<'_>) {
        let Some(found) = find(link_type, frame).filter(|_| maker.failed.is_none()) else { return };
        bits.fill(&self.layout, &found);
        if let Some(mask) = &self.mask {
            bits.clear(mask);
        }
        maker.packet(time, &found, bits);
    }
}
