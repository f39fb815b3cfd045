//! Units, packages, and what an installed program does and may do.

mod manager;
mod packages;
mod takeover;
mod units;

use picket_tests::make::{Capture, Host, udp};

/// Ethernet frames of so many small conversations.
fn datagrams(count: u32) -> Vec<Vec<u8>> {
    let mut capture = Capture::default();
    let server = Host::new(1, "10.9.0.1");
    for number in 0..count {
        let client = Host::new(2 + number % 200, &format!("10.8.0.{}", 1 + number % 200));
        udp(&mut capture, i64::from(number), (&client, 40_000), (&server, 9999), &[7; 200]);
    }
    capture.sorted().into_iter().map(|(_, frame)| frame.clone()).collect()
}
