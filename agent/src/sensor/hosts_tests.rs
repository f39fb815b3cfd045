//! Windows by hand.

use super::super::report::{Row, Said};
use super::*;
use picket_event::body::{App, Tls};
use picket_event::{Both, FlowEnd, FlowId, FlowRef};
use picket_packet::VlanIds;
use std::collections::BTreeMap;

pub(crate) fn row(src: &str, dest: &str, dest_port: u16, start: i64) -> Row {
    let endpoints = Endpoints::Ip {
        src: src.parse().unwrap(),
        src_port: 40_000,
        dest: dest.parse().unwrap(),
        dest_port,
        transport: Transport::TCP,
    };
    Row {
        flow: FlowRef { id: FlowId(1), endpoints },
        continued: false,
        vlan: VlanIds::NONE,
        start: Timestamp::from_parts(start, 0),
        end: Timestamp::from_parts(start + 1, 0),
        packets: Both { to_server: 5, to_client: 4 },
        bytes: Both { to_server: 500, to_client: 4_000 },
        tcp_flags: Both { to_server: 0x1b, to_client: 0x1b },
        state: FlowState::Closed,
        reason: FlowEnd::Finished,
        app: App { protocol: Protocol::TLS, ..App::unknown() },
        tunnel: None,
        detail: None,
        records: None,
        payload: None,
        evidence: None,
    }
}

fn closed(hosts: &mut Hosts, end: i64) -> BTreeMap<String, HostWindow> {
    hosts.close(Timestamp::from_parts(end, 0)).map(|(ip, window)| (ip.to_string(), window)).collect()
}

#[test]
fn a_window_counts_what_local_hosts_did() {
    let mut hosts = Hosts::new(1);
    hosts.row(&row("10.0.0.1", "192.0.2.9", 443, 0));
    hosts.row(&row("10.0.0.1", "192.0.2.9", 8443, 0));
    hosts.row(&row("10.0.0.1", "10.0.0.2", 22, 0));
    hosts.row(&Row { packets: Both { to_server: 1, to_client: 0 }, ..row("10.0.0.1", "192.0.2.10", 443, 0) });
    let windows = closed(&mut hosts, 600);
    assert_eq!(windows.len(), 2, "the outside has no windows");
    let one = &windows["10.0.0.1"];
    assert_eq!((one.flows, one.failed, one.peers, one.new_peers, one.ports), (4, 1, 3, 3, 3));
    assert_eq!((one.bytes_out, one.bytes_in, one.seconds), (2_000, 16_000, 300));
    assert_eq!((one.mix[Mix::Tls as usize], one.tcp), (4, 4));
    let two = &windows["10.0.0.2"];
    assert_eq!((two.flows, two.flows_in, two.peers, two.bytes_out), (0, 1, 1, 4_000));
    hosts.row(&row("10.0.0.1", "192.0.2.9", 443, 400));
    let again = &closed(&mut hosts, 725)["10.0.0.1"];
    assert_eq!((again.flows, again.peers, again.new_peers, again.seconds), (1, 1, 0, 125));
    assert!(closed(&mut hosts, 900).is_empty(), "no activity, no window");
}

#[test]
fn groups_are_no_peers_and_do_not_fail() {
    let mut hosts = Hosts::new(1);
    for dest in ["224.0.0.251", "255.255.255.255", "10.0.0.255", "ff02::fb"] {
        hosts.row(&Row { packets: Both { to_server: 1, to_client: 0 }, ..row("10.0.0.1", dest, 5_353, 0) });
    }
    let one = &closed(&mut hosts, 300)["10.0.0.1"];
    assert_eq!((one.flows, one.failed, one.peers, one.ports), (4, 0, 0, 1));
}

#[test]
fn later_rows_of_a_conversation_add_bytes_alone() {
    let mut hosts = Hosts::new(1);
    hosts.row(&row("10.0.0.1", "192.0.2.9", 443, 0));
    hosts.row(&Row { continued: true, ..row("10.0.0.1", "192.0.2.9", 443, 0) });
    let one = &closed(&mut hosts, 300)["10.0.0.1"];
    assert_eq!((one.flows, one.bytes_out), (1, 1_000));
}

#[test]
fn refused_is_a_reset_without_a_welcome() {
    let refused = Row { tcp_flags: Both { to_server: 0x02, to_client: 0x14 }, ..row("10.0.0.1", "192.0.2.9", 1, 0) };
    assert!(was_refused(&refused));
    assert!(!was_refused(&row("10.0.0.1", "192.0.2.9", 1, 0)));
}

#[test]
fn names_and_fingerprints_are_told_apart() {
    let mut hosts = Hosts::new(1);
    let flow = row("10.0.0.1", "192.0.2.9", 443, 0);
    for (name, ja4) in [("a.example", "x"), ("b.example", "x"), ("A.example", "y")] {
        let tls = Tls { sni: Some(name.to_owned()), ja4: Some(ja4.to_owned()), ..Tls::default() };
        hosts.said(&Said {
            time: flow.start,
            vlan: VlanIds::NONE,
            flow: Some(flow.flow),
            body: Body::Tls(Box::new(tls)),
        });
    }
    hosts.row(&flow);
    let one = &closed(&mut hosts, 300)["10.0.0.1"];
    assert_eq!((one.names, one.fingerprints), (2, 2));
}

/// A sweep of spoofed hosts costs bounded memory, and what was not counted is.
#[test]
fn caps_are_counted() {
    let mut hosts = Hosts::new(1);
    for i in 0..HOSTS_MAX as u32 + 200 {
        let src = std::net::Ipv4Addr::from(0x0a00_0001 + i).to_string();
        if !src.ends_with(".255") {
            hosts.row(&row(&src, "192.0.2.9", 443, 0));
        }
    }
    assert!(hosts.hosts.len() <= HOSTS_MAX);
    let before = hosts.capped()[0].1;
    hosts.row(&row("172.16.0.1", "192.0.2.9", 443, 0));
    assert_eq!(hosts.capped()[0].1, before + 1);
    for i in 0..DISTINCT_MAX as u32 {
        hosts.row(&row("10.0.0.1", &std::net::Ipv4Addr::from(0x5000_0000 + i * 3).to_string(), 1, 0));
    }
    assert_eq!(hosts.distinct.len(), DISTINCT_MAX);
    assert!(hosts.capped()[1].1 > 0 && hosts.capped()[2].1 > 0, "{:?}", hosts.capped());
}

#[test]
fn the_first_window_is_as_long_as_what_was_seen_of_it() {
    let mut hosts = Hosts::new(1);
    hosts.begin(Timestamp::from_parts(430, 0));
    hosts.row(&row("10.0.0.1", "192.0.2.9", 443, 430));
    assert_eq!(closed(&mut hosts, 600)["10.0.0.1"].seconds, 170);
    hosts.row(&row("10.0.0.1", "192.0.2.9", 443, 700));
    assert_eq!(closed(&mut hosts, 900)["10.0.0.1"].seconds, 300);
    let mut short = Hosts::new(1);
    short.begin(Timestamp::from_parts(430, 500_000_000));
    short.row(&row("10.0.0.1", "192.0.2.9", 443, 430));
    assert_eq!(closed(&mut short, 433)["10.0.0.1"].seconds, 3);
}
