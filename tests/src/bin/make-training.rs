//! Writes the capture that release programs are laid out by, beside the golden ones (`packaging/release.sh`): the weeks of the
//! demonstration, then large transfers at the same time. Deterministic.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a program does I/O")]

use picket_tests::demo::{Scenario, scenario};
use picket_tests::make::message::{CLOUD_HELLO, server_hello, tls_record};
use picket_tests::make::{Capture, Host, Tcp};

/// Transfers that run at the same time.
const TRANSFERS: u32 = 400;
/// Records of a transfer, 4 KiB each.
const RECORDS: u32 = 25;

fn main() -> std::process::ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("make-training: name the file to write, as in: make-training target/training.pcap");
        return std::process::ExitCode::FAILURE;
    };
    let mut capture = Scenario::full().capture();
    let day = 86_400 * 1_000_000_000;
    transfers(&mut capture, scenario::START_NS + 30 * day);
    match capture.write(path.as_ref()) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("make-training: {}: {error}. Does its folder exist, and may it be written?", path.display());
            std::process::ExitCode::FAILURE
        }
    }
}

/// Downloads over TLS whose packets stand among each other, as on a busy wire.
fn transfers(capture: &mut Capture, start_ns: i64) {
    let server = Host::new(9, "198.51.100.9");
    for number in 0..TRANSFERS {
        let client = Host::new(1_000 + number, &format!("10.30.{}.{}", number / 200, 1 + number % 200));
        let opened = start_ns + i64::from(number) * 1_000_000;
        let mut tcp = Tcp::open(capture, opened, (&client, 50_000), (&server, 443));
        tcp.to_server(&CLOUD_HELLO.record(number as u8));
        tcp.to_client(&server_hello(0x1301, number as u8));
        for record in 0..RECORDS {
            tcp.to_client(&tls_record(23, &vec![record as u8; 4_096]));
        }
        tcp.close();
    }
}
