//! A snapshot in words.

use super::Snapshot;
use std::fmt::Write;

/// The text of `picket-agent status`.
#[must_use]
pub fn text(snapshot: &Snapshot) -> String {
    let mut out = String::new();
    let name = if snapshot.agent.is_empty() { "not enrolled" } else { &snapshot.agent };
    let site = if snapshot.site.is_empty() { String::new() } else { format!(", site {}", snapshot.site) };
    let (version, pid) = (&snapshot.version, snapshot.pid);
    let _ = writeln!(out, "agent     {name}{site} (version {version}, pid {pid}, up {})", up(snapshot.uptime_seconds));
    for input in &snapshot.inputs {
        let tags = if input.tags.is_empty() { String::new() } else { format!(" [{}]", input.tags.join(", ")) };
        let _ = writeln!(
            out,
            "input     {}{tags}: {}; {} frames, {} dropped by the kernel, {} by the interface",
            input.name, input.state, input.frames, input.kernel_drops, input.interface_drops,
        );
    }
    match &snapshot.uplink {
        Some(uplink) => {
            let _ = writeln!(out, "collector {}", uplink.state);
            let _ = writeln!(out, "spool     epoch {}, {} bytes on disk", uplink.epoch, uplink.spool_bytes);
            if let Some(trouble) = &uplink.trouble {
                let _ = writeln!(out, "trouble   {trouble}");
            }
        }
        None => out.push_str("collector none: events are not sent\n"),
    }
    if !snapshot.confined.is_empty() {
        let _ = writeln!(out, "confined  {}", snapshot.confined);
    }
    out.push_str(&snapshot.ledger_text);
    out
}

/// A length of time as people say it.
#[must_use]
pub(super) fn up(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min {} s", seconds % 60),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}
