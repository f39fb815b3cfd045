//! Writes the golden captures that are made by program. Deterministic: a second run changes nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test or bench that cannot go on ends")]
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a program does I/O")]

use picket_tests::golden;

fn main() -> std::process::ExitCode {
    for (protocol, name, capture) in golden::all() {
        let path = golden::folder(protocol).join(name).with_extension("pcap");
        if let Err(error) = capture.write(&path) {
            eprintln!("{} could not be written: {error}. Is the checkout writable?", path.display());
            return std::process::ExitCode::FAILURE;
        }
    }
    std::process::ExitCode::SUCCESS
}
