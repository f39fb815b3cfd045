//! What the ring shared with the kernel gives: tags, large frames, several interfaces and rings, cooked frames.

use super::rig::{Agent, datagrams, sent_by};
use picket_tests::make::{Capture, Host, udp};
use picket_tests::namespace::{cable, ip, near, run_inside};
use serde_json::Value;

fn flows(events: &[Value]) -> Vec<&Value> {
    events.iter().filter(|event| event["event_type"] == "flow").collect()
}

/// A frame with a VLAN tag behind its addresses.
fn tagged(frame: &[u8], tag: [u8; 4]) -> Vec<u8> {
    [&frame[..12], &tag, &frame[12..]].concat()
}

/// The kernel takes the outer tag off before a capture sees the frame; both back ends give the frame as it was sent.
#[test]
fn vlan_tags_that_the_kernel_took_off_are_put_on_again() {
    run_inside("live::ring::vlan_tags_that_the_kernel_took_off_are_put_on_again", || {
        cable();
        let frames = datagrams(3);
        let one = tagged(&frames[0], [0x81, 0, 0x20, 7]);
        let two = tagged(&tagged(&frames[1], [0x81, 0, 0, 9]), [0x88, 0xa8, 0, 8]);
        let mut expected: Option<Vec<Value>> = None;
        for backend in ["libpcap", "ring"] {
            let agent = Agent::start(&format!("[capture]\nbackend = \"{backend}\"\n"));
            let mut near = near();
            for _ in 0..3 {
                near.sendpacket(&one[..]).unwrap();
                near.sendpacket(&two[..]).unwrap();
                near.sendpacket(&frames[2][..]).unwrap();
            }
            let snapshot = agent.wait("receiving", |snapshot| snapshot.inputs.iter().any(|input| input.frames == 9));
            let bytes = 3 * (3 * frames[0].len() + 12) as u64;
            assert_eq!(snapshot.inputs[0].bytes, bytes, "{backend}: tags of four bytes");
            let (received, kernel, interface, events) = agent.stop();
            assert_eq!((received, kernel, interface), (9, 0, 0), "{backend}");
            let mut seen: Vec<Value> = flows(&events).iter().map(|event| event["vlan"].clone()).collect();
            seen.sort_by_key(ToString::to_string);
            assert_eq!(seen.len(), 3, "{backend}: {events:?}");
            assert!(seen.contains(&serde_json::json!([7])) && seen.contains(&Value::Null), "{backend}: {seen:?}");
            assert_eq!(seen, *expected.get_or_insert_with(|| seen.clone()), "{backend}");
        }
    });
}

/// F18: frames of 9,000 and of 65,000 bytes, and a snap length that cuts.
#[test]
fn f18_large_frames_are_whole_and_cut_ones_keep_their_length() {
    run_inside("live::ring::f18_large_frames_are_whole_and_cut_ones_keep_their_length", || {
        cable();
        for end in ["near", "far"] {
            ip(&format!("link set {end} mtu 65535"));
        }
        let mut capture = Capture::default();
        let (client, server) = (Host::new(1, "10.8.0.1"), Host::new(2, "10.9.0.1"));
        for size in [100, 8_958, 65_000] {
            udp(&mut capture, 0, (&client, 40_000), (&server, 9999), &vec![7; size]);
        }
        let frames: Vec<Vec<u8>> = capture.sorted().into_iter().map(|(_, frame)| frame.clone()).collect();
        let whole: u64 = frames.iter().map(|frame| frame.len() as u64).sum();
        for (snap, captured) in [("256KiB", whole), ("128B", 3 * 128)] {
            let agent = Agent::start(&format!("[capture]\nsnap_length = \"{snap}\"\n"));
            let mut near = near();
            frames.iter().for_each(|frame| near.sendpacket(&frame[..]).unwrap());
            let snapshot = agent.wait("receiving", |snapshot| snapshot.inputs.iter().any(|input| input.frames == 3));
            assert_eq!(snapshot.inputs[0].bytes, captured, "snap length {snap}");
            let (.., events) = agent.stop();
            assert_eq!(flows(&events)[0]["flow"]["bytes_toserver"], whole, "snap length {snap}: {events:?}");
        }
    });
}

/// Several interfaces at once, each with its own name and tags.
#[test]
fn several_interfaces_have_their_own_names_and_tags() {
    run_inside("live::ring::several_interfaces_have_their_own_names_and_tags", || {
        cable();
        let configuration = "[capture]\nnames = { far = \"span-a\" }\ntags = { far = [\"plant\", \"north\"] }\n";
        let state = tempfile::tempdir().unwrap();
        let agent = Agent::watching(&["far", "near"], &["--no-uplink"], configuration, state);
        let mut near = near();
        datagrams(50).iter().for_each(|frame| near.sendpacket(&frame[..]).unwrap());
        let snapshot = agent.wait("receiving", |snapshot| snapshot.inputs.iter().all(|input| input.frames == 50));
        let mut inputs: Vec<_> =
            snapshot.inputs.iter().map(|input| (input.name.as_str(), input.tags.join(","))).collect();
        inputs.sort_unstable();
        assert_eq!(inputs, [("near", String::new()), ("span-a (far)", "plant,north".to_owned())]);
        let (received, .., events) = agent.stop();
        assert_eq!(received, 100);
        for (name, count) in [("span-a", 50), ("near", 50), ("far", 0)] {
            assert_eq!(flows(&events).iter().filter(|event| event["in_iface"] == name).count(), count, "{name}");
        }
        for event in events.iter().filter(|event| event["in_iface"].is_string()) {
            let tags = if event["in_iface"] == "span-a" { serde_json::json!(["plant", "north"]) } else { Value::Null };
            assert_eq!(event["tags"], tags, "{event}");
        }
    });
}

/// Several rings share out an interface: each frame goes to one, each conversation stays whole, and the sum is exact.
#[test]
fn rings_share_out_the_frames_of_an_interface_exactly() {
    run_inside("live::ring::rings_share_out_the_frames_of_an_interface_exactly", || {
        cable();
        let mut capture = Capture::default();
        let server = Host::new(1, "10.9.0.1");
        for number in 0..6_000i64 {
            let client = Host::new(2, &format!("10.8.0.{}", 1 + number % 200));
            let (from, to) = ((&client, 40_000), (&server, 9999));
            let (from, to) = if number / 200 % 2 == 0 { (from, to) } else { (to, from) };
            udp(&mut capture, number, from, to, &[7; 200]);
        }
        let agent = Agent::start("[capture]\nrings = 3\nbuffer = \"8MiB\"\n");
        let mut near = near();
        capture.sorted().iter().for_each(|(_, frame)| near.sendpacket(&frame[..]).unwrap());
        let sum = |snapshot: &picket_agent::status::Snapshot| snapshot.inputs.iter().map(|i| i.frames).sum::<u64>();
        let snapshot = agent.wait("receiving", |snapshot| sum(snapshot) == 6_000);
        assert_eq!(snapshot.inputs.len(), 3);
        assert!(snapshot.inputs.iter().all(|input| input.frames > 600), "unevenly: {:?}", snapshot.inputs);
        let (received, kernel, interface, events) = agent.stop();
        assert_eq!((received, kernel, interface, sent_by("near")), (6_000, 0, 0, 6_000));
        let flows = flows(&events);
        assert_eq!(flows.len(), 200, "both directions of a conversation go to one ring");
        assert!(flows.iter().all(|flow| flow["flow"]["pkts_toserver"] == 15 && flow["flow"]["pkts_toclient"] == 15));
    });
}

/// All interfaces at once come without link headers; a filter works there too, and loopback shows each frame once.
#[test]
fn all_interfaces_at_once_and_loopback_give_each_frame_once() {
    run_inside("live::ring::all_interfaces_at_once_and_loopback_give_each_frame_once", || {
        cable();
        ip("link set lo up");
        ip("addr add 10.1.1.1/32 dev lo");
        let socket = std::net::UdpSocket::bind("10.1.1.1:7777").unwrap();
        for (interface, link) in [("any", "LINUX_SLL"), ("lo", "ETHERNET")] {
            let state = tempfile::tempdir().unwrap();
            let options = ["--no-uplink", "--filter", "udp dst port 7777 or udp dst port 9999"];
            let agent = Agent::watching(&[interface], &options, "", state);
            for _ in 0..20 {
                socket.send_to(b"hello", "10.1.1.1:7777").unwrap();
                socket.send_to(b"other", "10.1.1.1:7778").unwrap();
            }
            let mut expected = 20;
            if interface == "any" {
                let mut near = near();
                datagrams(10).iter().for_each(|frame| near.sendpacket(&frame[..]).unwrap());
                // Seen as sent on one end, and as received on the other.
                expected += 20;
            }
            let (received, kernel, interface_drops, events) = agent.stop();
            assert_eq!((received, kernel, interface_drops), (expected, 0, 0), "{interface} ({link}): {events:?}");
            assert!(flows(&events).iter().all(|flow| flow["dest_port"] != 7778), "{events:?}");
        }
    });
}
