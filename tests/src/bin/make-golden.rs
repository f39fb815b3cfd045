//! Writes the golden captures that are made by program. Deterministic: a second run changes nothing.

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
