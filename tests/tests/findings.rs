//! Findings of the sensor on whole frames: what is told of forged publishers, claimed identities and damaged messages.

use crate::hostile::{Owned, frames_of};
use picket_agent::sensor::privacy::{Privacy, Treatment, Treatments};
use picket_agent::sensor::{Sensor, Settings};
use picket_event::{Body, Event};
use picket_tests::place::repository;
use std::sync::Arc;

const SECOND: i64 = 1_000_000_000;

/// The frames of a golden capture.
fn golden(name: &str) -> Vec<Owned> {
    let frames = frames_of(&repository().join("common/dissect/src").join(name));
    assert!(!frames.is_empty(), "{name}");
    frames
}

/// The frames so many seconds later, as another station sends them.
fn by_another(frames: &[Owned], seconds: i64) -> Vec<Owned> {
    let mut later = frames.to_vec();
    for frame in &mut later {
        frame.time_ns += seconds * SECOND;
        frame.data[6..12].copy_from_slice(&[0, 0x1b, 0x1b, 9, 9, 9]);
    }
    later
}

/// The kinds of the alerts and anomalies that frames give, in their order.
fn told(frames: &[Owned]) -> Vec<String> {
    let mut sensor = Sensor::new(&Settings::file("x"));
    let mut events: Vec<Event> = Vec::new();
    frames.iter().for_each(|frame| sensor.frame(frame.borrow(), &mut events));
    sensor.finish(&mut events);
    let kinds = events.into_iter().filter_map(|event| match event.body {
        Body::Alert(alert) => Some(alert.kind),
        Body::Anomaly(anomaly) => Some(anomaly.kind),
        _ => None,
    });
    kinds.collect()
}

#[test]
fn a_second_publisher_of_a_control_block_is_told() {
    // Another station is in it already.
    let both = golden("goose/golden/publisher.pcap");
    let station = both[0].data[6..12].to_vec();
    let first: Vec<Owned> = both.into_iter().filter(|frame| frame.data[6..12] == station).collect();
    let conflict = "publisher_conflict".to_owned();
    assert!(!told(&first).contains(&conflict));
    let both = [first.clone(), by_another(&first, 5)].concat();
    assert!(told(&both).contains(&conflict), "{:?}", told(&both));
}

/// A network of EtherCAT starts in silence; what no start needs is told, each for what it is.
#[test]
fn what_no_start_of_ethercat_needs_is_told() {
    let frames = golden("ethercat/golden/registers.pcap");
    // Sixteen datagrams, out and back, up to the state OP of both slaves.
    assert_eq!(told(&frames[..32]), [""; 0]);
    assert_eq!(told(&frames), ["firmware_mode", "stored_identity", "device_restart"]);
}

#[test]
fn a_second_station_of_a_name_is_told() {
    let first = golden("profinet_dcp/golden/functions.pcap");
    let wanted = ["name_conflict", "identity_conflict"];
    assert!(told(&first).iter().all(|kind| !wanted.contains(&kind.as_str())), "{:?}", told(&first));
    let both = [first.clone(), by_another(&first, 5)].concat();
    let told = told(&both);
    assert!(wanted.iter().all(|kind| told.iter().any(|said| said == kind)), "{told:?}");
}

#[test]
fn a_hidden_host_name_stands_in_no_conflict() {
    let first = golden("profinet_dcp/golden/functions.pcap");
    let both = [first.clone(), by_another(&first, 5)].concat();
    for host_names in [Treatment::Keep, Treatment::Hash, Treatment::Drop] {
        let privacy = Privacy::new(Treatments { host_names, ..Treatments::default() }, b"0123456789abcdef");
        let mut sensor = Sensor::new(&Settings { privacy: Some(Arc::new(privacy)), ..Settings::file("x") });
        let mut events: Vec<Event> = Vec::new();
        both.iter().for_each(|frame| sensor.frame(frame.borrow(), &mut events));
        sensor.finish(&mut events);
        let mut lines = Vec::new();
        events.iter().for_each(|event| picket_event::eve::write_line(&mut lines, event, None, None));
        let lines = String::from_utf8(lines).unwrap();
        assert_eq!(lines.contains("press-4"), host_names == Treatment::Keep, "{lines}");
        for field in ["anomaly.detail", "alert.reasons"] {
            assert_eq!(lines.contains(&format!("\"{field}\"")), host_names != Treatment::Keep, "{field}: {lines}");
        }
    }
}

/// An ARP answer: `address` is at the station whose last byte is `station`.
fn claim(time_ns: i64, address: [u8; 4], station: u8) -> Owned {
    let mac = [0, 0x1b, 0x1b, 0, 0, station];
    let to = [0, 0x1b, 0x1b, 0, 0, 200];
    let mut data = [to, mac].concat();
    data.extend([8, 6, 0, 1, 8, 0, 6, 4, 0, 2]);
    data.extend(mac);
    data.extend(address);
    data.extend(to);
    data.extend([192, 0, 2, 10]);
    Owned { time_ns, link_type: 1, wire_len: 42, data }
}

#[test]
fn a_claimed_address_of_a_controller_is_an_alert_and_of_others_an_anomaly() {
    let talk = golden("modbus/golden/functions.pcap");
    let (start, end) = (talk[0].time_ns, talk[talk.len() - 1].time_ns);
    let around = |controller: [u8; 4]| {
        let before = vec![claim(start - SECOND, controller, 1)];
        // Long enough for the conversation's row, short enough for the address to be in use.
        let after = vec![claim(end + 100 * SECOND, controller, 1), claim(end + 101 * SECOND, controller, 2)];
        told(&[before, talk.clone(), after].concat())
    };
    let kinds = around([192, 0, 2, 20]);
    assert!(kinds.iter().any(|kind| kind == "address_conflict"), "{kinds:?}");
    assert!(kinds.iter().any(|kind| kind == "identity_conflict"), "{kinds:?}");
    let kinds = around([192, 0, 2, 77]);
    assert!(kinds.iter().any(|kind| kind == "address_conflict"), "{kinds:?}");
    assert!(kinds.iter().all(|kind| kind != "identity_conflict"), "{kinds:?}");
}

#[test]
fn a_run_of_damaged_messages_is_told() {
    let once = golden("modbus/golden/malformed.pcap");
    let malformed = "malformed_messages".to_owned();
    let again = (0..6u8).flat_map(|number| {
        let mut frames = once.clone();
        for frame in &mut frames {
            frame.time_ns += i64::from(number) * SECOND;
            // Another port of the client, which is the source of what goes to port 502.
            let to_server = frame.data[36..38] == 502u16.to_be_bytes();
            let port = if to_server { 35 } else { 37 };
            frame.data[port] = frame.data[port].wrapping_add(number);
        }
        frames
    });
    assert!(told(&again.collect::<Vec<_>>()).contains(&malformed));
    assert!(!told(&golden("modbus/golden/functions.pcap")).contains(&malformed));
}
