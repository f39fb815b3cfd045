//! What a child process cost: processor time of its whole tree and its peak memory, by `wait4`.

use anyhow::{Context as _, Result, bail};
use std::process::{Command, Stdio};

/// The cost of one run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// User and system time, seconds.
    pub cpu_seconds: f64,
    /// Wall-clock time, seconds.
    pub wall_seconds: f64,
    /// Peak resident memory of the largest process, MiB.
    pub peak_mib: f64,
}

/// Runs a command to its end with its output thrown away.
///
/// # Errors
/// When the command cannot be started or fails.
pub fn run(command: &mut Command) -> Result<Cost> {
    let name = format!("{command:?}");
    let began = std::time::Instant::now();
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| name.clone())?;
    let (success, usage) = wait4(child.id()).with_context(|| format!("wait for {name}"))?;
    if !success {
        bail!("{name} failed; run it by hand to see why");
    }
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    Ok(Cost {
        cpu_seconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
        wall_seconds: began.elapsed().as_secs_f64(),
        peak_mib: usage.ru_maxrss as f64 / 1024.0,
    })
}

/// Waits for a child; whether it succeeded, and what it used. Neither the standard library nor rustix
/// gives the usage of one child.
#[allow(unsafe_code, reason = "wait4 has no safe form")]
fn wait4(pid: u32) -> std::io::Result<(bool, libc::rusage)> {
    let mut status = 0;
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both pointers are to live locals of the right type; all-zero is a valid rusage.
    let (answer, usage) = unsafe {
        let answer = libc::wait4(pid.cast_signed(), &raw mut status, 0, usage.as_mut_ptr());
        (answer, usage.assume_init())
    };
    if answer < 0 {
        return Err(std::io::Error::last_os_error());
    }
    Ok((libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, usage))
}

/// The median of a few values.
#[must_use]
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
