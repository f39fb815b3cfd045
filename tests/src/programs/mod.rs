//! The two real programs as children: started, asked, killed and ended; and a keep-alive client of the collector's interface.

mod agent;
mod collector;
mod https;

pub use agent::Agent;
pub use collector::{Collector, Setting};
pub use https::Https;

use std::process::Child;
use std::time::{Duration, Instant};

/// Ends a child: by its own signal handler first, by force after `patience`.
pub(crate) fn end(child: &mut Child, patience: Duration) {
    if let Some(pid) = rustix::process::Pid::from_raw(child.id().cast_signed()) {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
    let began = Instant::now();
    while began.elapsed() < patience {
        if matches!(child.try_wait(), Ok(Some(_))) {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// Memory that a running child holds, bytes (proc(5), `VmRSS` of `/proc/PID/status`): the program's own pages and a mapped capture
/// ring with it.
#[must_use]
pub fn resident_bytes(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    let kibibytes = line.split_ascii_whitespace().next().and_then(|word| word.parse::<u64>().ok());
    kibibytes.unwrap_or(0) << 10
}

/// The unit of processor times in `/proc`: `USER_HZ`, which is 100 wherever Linux tells it to programs.
const TICKS_A_SECOND: f64 = 100.0;

/// Processor time that a running child has used so far, user and system, seconds (proc(5), `/proc/PID/stat`).
#[must_use]
pub fn cpu_seconds(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name in brackets may hold blanks; what follows it does not.
    let rest = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let mut fields = rest.split_ascii_whitespace().skip(11).map_while(|field| field.parse::<u64>().ok());
    let ticks = fields.next().unwrap_or(0) + fields.next().unwrap_or(0);
    ticks as f64 / TICKS_A_SECOND
}
