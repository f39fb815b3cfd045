//! What this process uses: the thin shell round the governor.

use super::Usage;
use super::limits::Limits;
use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};

/// Measures between two calls.
#[derive(Clone, Debug)]
pub struct Meter {
    limits: Limits,
    cpu: Duration,
    at: Instant,
    dropped: u64,
}

impl Meter {
    /// Begins now.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, cpu: cpu_time(), at: Instant::now(), dropped: 0 }
    }

    /// What was used since the last call. `dropped` is the total of frames the kernel dropped.
    pub fn read(&mut self, dropped: u64) -> Usage {
        let (cpu, now) = (cpu_time(), Instant::now());
        let passed = now.duration_since(self.at).as_secs_f64();
        let used = cpu.saturating_sub(self.cpu).as_secs_f64();
        let usage = Usage {
            cpu: self.limits.cores.filter(|_| passed > 0.0).map(|cores| used / passed / cores),
            memory: self.limits.bytes.and_then(|bytes| Some(own_memory()? as f64 / bytes as f64)),
            dropped: dropped.saturating_sub(self.dropped),
        };
        (self.cpu, self.at, self.dropped) = (cpu, now, dropped);
        usage
    }
}

/// Processor time of this process, all threads.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Memory of this process's own, bytes: not files, and not the ring, which the kernel gives and no unit is charged for.
fn own_memory() -> Option<u64> {
    memory_in(&std::fs::read_to_string("/proc/self/status").ok()?)
}

fn memory_in(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_what_was_given() {
        let mut meter = Meter::new(Limits { cores: Some(1.0), bytes: Some(1 << 40) });
        let began = Instant::now();
        let mut sum = 0u64;
        while began.elapsed() < Duration::from_millis(30) {
            sum = std::hint::black_box(sum + 1);
        }
        let usage = meter.read(5);
        assert!(usage.cpu.is_some_and(|share| share > 0.0), "{usage:?}");
        assert!(usage.memory.is_some_and(|share| share > 0.0 && share < 0.01), "{usage:?}");
        assert_eq!((usage.dropped, meter.read(5).dropped), (5, 0));
        assert_eq!(Meter::new(Limits::default()).read(0), Usage::default());
    }

    #[test]
    fn own_memory_is_what_the_status_says() {
        assert_eq!(memory_in("VmRSS:\t 9 kB\nRssAnon:\t    1024 kB\nRssFile:\t 7 kB\n"), Some(1 << 20));
        assert_eq!(memory_in(""), None);
    }
}
