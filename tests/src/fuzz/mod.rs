//! What is fuzzed: one function for each door that bytes of strangers come in by. A target that panics, or breaks a law that
//! it states, has found a fault.
//!
//! The same functions are run by libFuzzer (`tests/fuzz`, whose library is this file, so that it uses nothing else of this
//! crate) and by the daily tests (`tests/tests/fuzz.rs`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a target that cannot go on has found a fault"
)]
#![allow(missing_docs, reason = "one word says it")]

mod capture;
mod dissector;
mod frames;
mod reassembly;
mod texts;
mod wire;

/// A name, and what is done with the bytes.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// As `cargo fuzz run` takes it.
    pub name: &'static str,
    /// Takes any bytes and comes back.
    pub run: fn(&[u8]),
}

/// Every target; each has a program of its name in `tests/fuzz/fuzz_targets`.
pub const ALL: &[Target] = &[
    Target { name: "capture", run: capture::run },
    Target { name: "frames", run: frames::run },
    Target { name: "reassembly", run: reassembly::run },
    Target { name: "dissector", run: dissector::run },
    Target { name: "description", run: texts::description },
    Target { name: "bundle", run: texts::bundle },
    Target { name: "wire", run: wire::run },
];

/// Runs the target of a name.
///
/// # Panics
/// Where there is none, or where the bytes found a fault.
pub fn run(name: &str, data: &[u8]) {
    let target = ALL.iter().find(|target| target.name == name).expect("a target of this name");
    (target.run)(data);
}

/// Takes `[low, high, bytes...]` off the front: so many bytes, or what is left.
fn take<'a>(data: &mut &'a [u8]) -> Option<&'a [u8]> {
    let ([low, high], rest) = data.split_first_chunk::<2>()?;
    let (piece, rest) = rest.split_at(usize::from(u16::from_le_bytes([*low, *high])).min(rest.len()));
    *data = rest;
    Some(piece)
}
