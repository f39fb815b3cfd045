//! `picket-agent spool`: what waits on disk for the collector. It only reads, so it may run beside the agent.

use super::{Exit, Fault, Place, print};
use crate::spool::{State, scan};
use clap::Args;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::Read;
use std::path::Path;

/// A segment may be longer than configured now, by at most one frame or an older configuration.
const SEGMENT_BYTES_MAX: u64 = (1 << 30) + (1 << 20);

/// What `spool` takes.
#[derive(Clone, Debug, Args)]
pub struct SpoolArgs {
    #[command(flatten)]
    /// Where things are.
    pub place: Place,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What waits of one class of events.
#[derive(Debug, Default, serde::Serialize)]
struct Waiting {
    segments: u64,
    bytes: u64,
    frames: u64,
    events: u64,
    /// Stretches of bytes that are no good frame.
    damaged: u64,
}

/// The spool as found on disk.
#[derive(Debug, Default, serde::Serialize)]
struct Summary {
    directory: String,
    epoch: u64,
    acknowledged_sequence: u64,
    next_sequence: u64,
    lost: BTreeMap<String, u64>,
    classes: BTreeMap<String, Waiting>,
    /// Files that are not this release's segments.
    foreign: Vec<String>,
}

/// Runs the verb.
pub(super) fn spool(args: &SpoolArgs) -> Result<Exit, Fault> {
    let loaded = super::config::load(&args.place)?;
    let directory = loaded.config.spool_directory();
    if !directory.is_dir() {
        let shown = directory.display();
        let sentence =
            format!("no spool at {shown}; `picket-agent run` makes it, or name its state directory with --state");
        return Err(Fault::say(Exit::Failed, sentence));
    }
    let summary = look(&directory).map_err(|error| {
        let context = format!("read spool {}", directory.display());
        let exit = if error.kind() == std::io::ErrorKind::PermissionDenied { Exit::Refused } else { Exit::Failed };
        Fault::new(exit, anyhow::Error::new(error).context(context))
    })?;
    if !args.json {
        return print(&text(&summary));
    }
    let json = serde_json::to_string(&summary).map_err(|error| Fault::new(Exit::Failed, error))?;
    print(&format!("{json}\n"))
}

fn look(directory: &Path) -> std::io::Result<Summary> {
    let mut summary = Summary { directory: directory.display().to_string(), ..Summary::default() };
    if let Ok(bytes) = std::fs::read(directory.join("state.json"))
        && let Ok(state) = serde_json::from_slice::<State>(&bytes)
    {
        summary.epoch = state.epoch;
        summary.acknowledged_sequence = state.acknowledged;
        summary.next_sequence = state.next;
        summary.lost = state.lost;
        for (reason, count) in state.refused {
            *summary.lost.entry(reason).or_default() += count;
        }
    }
    let mut paths: Vec<_> =
        std::fs::read_dir(directory)?.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>()?;
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(class) = name.strip_prefix("segment-").and_then(|rest| rest.strip_suffix(".spool")) else {
            if name.ends_with(".aside") {
                summary.foreign.push(name);
            }
            continue;
        };
        let class = class.split_once('-').map_or(class, |(_, class)| class).to_owned();
        // The agent may have sent and removed it in the meantime.
        let Ok(file) = std::fs::File::open(&path) else { continue };
        let mut bytes = Vec::new();
        file.take(SEGMENT_BYTES_MAX).read_to_end(&mut bytes)?;
        let Ok(found) = scan(0, &bytes) else {
            summary.foreign.push(name);
            continue;
        };
        let waiting = summary.classes.entry(class).or_default();
        waiting.segments += 1;
        waiting.bytes += bytes.len() as u64;
        waiting.damaged += u64::from(found.bad);
        for frame in found.frames.iter().filter(|frame| frame.last() > summary.acknowledged_sequence) {
            waiting.frames += 1;
            waiting.events += u64::from(frame.count);
        }
    }
    Ok(summary)
}

fn text(summary: &Summary) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "spool     {}", summary.directory);
    let (done, next) = (summary.acknowledged_sequence, summary.next_sequence);
    let _ = writeln!(out, "epoch     {}: acknowledged up to {done}, next is {next}", summary.epoch);
    if summary.classes.is_empty() {
        out.push_str("waiting   nothing\n");
    }
    for (class, waiting) in &summary.classes {
        let Waiting { segments, bytes, frames, events, damaged } = waiting;
        let _ = write!(out, "waiting   {class}: {events} events in {frames} frames ({segments} files, {bytes} bytes)");
        let _ = if *damaged > 0 { writeln!(out, ", {damaged} stretches damaged") } else { writeln!(out) };
    }
    for (reason, count) in &summary.lost {
        let _ = writeln!(out, "lost      {count}: {reason}");
    }
    for name in &summary.foreign {
        let _ = writeln!(out, "aside     {name}: not a segment of this release; kept for a person to look at");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spool::{Limits, Spool, file_header};
    use picket_event::wire::Class;

    #[test]
    fn what_waits_is_counted_and_what_is_foreign_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let empty = Spool::open(directory.path(), Limits::default(), 77).unwrap();
        let segment = directory.path().join("segment-0000000009-flow.spool");
        std::fs::write(&segment, [&file_header(Class::Flow)[..], b"pkt1 torn"].concat()).unwrap();
        std::fs::write(directory.path().join("segment-0000000010-flow.spool"), b"something else").unwrap();
        let summary = look(directory.path()).unwrap();
        assert_eq!(summary.epoch, 77);
        assert_eq!(summary.foreign, ["segment-0000000010-flow.spool"]);
        let flow = summary.classes.get("flow").unwrap();
        assert_eq!((flow.segments, flow.frames, flow.events), (1, 0, 0));
        assert!(text(&summary).contains("waiting   flow: 0 events"), "{}", text(&summary));
        drop(empty);
        assert!(look(&directory.path().join("none")).is_err());
    }
}
