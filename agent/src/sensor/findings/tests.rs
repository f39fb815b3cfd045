//! Findings by hand.

use super::super::report::Said;
use super::table::{ALL, Finding};
use super::*;
use picket_event::{FlowId, FlowRef, Operation, Protocol, Transport};
use picket_packet::VlanIds;
use std::borrow::Cow;

fn message(operation: Operation, kind: MessageKind, function: u32) -> Ics {
    Ics {
        protocol: Protocol::S7COMM,
        operation,
        previous: None,
        kind,
        function,
        function_name: Cow::Borrowed("name"),
        unit: None,
        object: None,
        range: None,
        value: None,
        count: 1,
    }
}

fn said(seconds: i64, ics: Ics) -> Said {
    let endpoints = Endpoints::Ip {
        src: "192.0.2.1".parse().unwrap(),
        src_port: 40_000,
        dest: "192.0.2.2".parse().unwrap(),
        dest_port: 102,
        transport: Transport::TCP,
    };
    let time = Timestamp::from_parts(seconds, 0);
    Said { time, vlan: VlanIds::NONE, flow: Some(FlowRef { id: FlowId(1), endpoints }), body: Body::Ics(Box::new(ics)) }
}

fn kinds(findings: &mut Findings, seconds: i64, ics: Ics) -> Vec<String> {
    findings.hear(&said(seconds, ics)).into_iter().map(|alert| alert.kind).collect()
}

#[test]
fn a_stop_is_told_once_an_hour() {
    let mut findings = Findings::new(0);
    let stop = || message(Operation::Stop, MessageKind::Request, 0x29);
    assert_eq!(kinds(&mut findings, 0, stop()), ["controller_state"]);
    assert!(kinds(&mut findings, 1, message(Operation::Stop, MessageKind::Response, 0x29)).is_empty());
    assert!(kinds(&mut findings, 3_599, stop()).is_empty());
    assert_eq!(kinds(&mut findings, 3_600, stop()), ["controller_state"]);
    assert_eq!(
        kinds(&mut findings, 3_601, message(Operation::ProgramWrite, MessageKind::Request, 0x1a)),
        ["program_download"]
    );
}

/// A device that announces itself was not asked.
#[test]
fn who_answers_was_asked_who_it_is() {
    for (kind, told) in [(MessageKind::Request, 1), (MessageKind::Response, 1), (MessageKind::Unsolicited, 0)] {
        assert_eq!(kinds(&mut Findings::new(0), 0, message(Operation::Identify, kind, 0)).len(), told, "{kind:?}");
    }
}

#[test]
fn what_plants_do_all_day_is_no_finding() {
    let mut findings = Findings::new(0);
    for operation in [Operation::Read, Operation::Write, Operation::Control, Operation::Report, Operation::Session] {
        assert!(kinds(&mut findings, 0, message(operation, MessageKind::Request, 1)).is_empty(), "{operation}");
    }
    let mut clock = message(Operation::Time, MessageKind::Request, 103);
    clock.protocol = Protocol::IEC104;
    assert!(kinds(&mut findings, 0, clock).is_empty());
    let mut clock = message(Operation::Time, MessageKind::Request, 7);
    clock.function_name = Cow::Borrowed("Read clock");
    assert!(kinds(&mut findings, 0, clock).is_empty());
    assert_eq!(kinds(&mut findings, 0, message(Operation::Time, MessageKind::Request, 7)), ["clock_set"]);
}

#[test]
fn a_function_may_say_more_than_its_operation() {
    let mut findings = Findings::new(0);
    let mut write = message(Operation::Write, MessageKind::Request, 4);
    (write.protocol, write.object) = (Protocol::ENIP, Some(Cow::Borrowed("wall clock time instance 1")));
    assert_eq!(kinds(&mut findings, 0, write.clone()), ["clock_set"]);
    write.object = Some(Cow::Borrowed("assembly instance 1"));
    assert!(kinds(&mut findings, 0, write.clone()).is_empty());
    (write.protocol, write.function) = (Protocol::ADS, 6);
    assert_eq!(kinds(&mut findings, 0, write.clone()), ["trust_added"]);
    (write.protocol, write.function) = (Protocol::ETHERCAT, 0x0102);
    assert_eq!(kinds(&mut findings, 0, write.clone()), ["stored_identity"]);
    (write.operation, write.function) = (Operation::Mode, 0x0101);
    assert_eq!(kinds(&mut findings, 0, write), ["firmware_mode"]);
}

#[test]
fn a_refused_start_is_no_start() {
    let mut findings = Findings::new(0);
    assert!(kinds(&mut findings, 0, message(Operation::Start, MessageKind::Exception, 0x28)).is_empty());
}

#[test]
fn a_write_to_all_stations_is_told() {
    let mut findings = Findings::new(0);
    let mut write = message(Operation::Control, MessageKind::Request, 5);
    (write.protocol, write.unit) = (Protocol::DNP3, Some(0xffff));
    assert_eq!(kinds(&mut findings, 0, write.clone()), ["broadcast_write"]);
    write.unit = Some(10);
    assert!(kinds(&mut findings, 9_999, write).is_empty());
}

#[test]
fn scans_are_told_in_their_window_and_slow_ones_are_not() {
    let scan = |step: i64, vary: fn(&mut Ics, u32)| -> Vec<String> {
        let mut findings = Findings::new(0);
        let one = |n: u32| {
            let mut ics = message(Operation::Read, MessageKind::Request, 3);
            vary(&mut ics, n);
            ics
        };
        (0..200).flat_map(|n| kinds(&mut findings, i64::from(n) * step / 4, one(n))).collect()
    };
    assert_eq!(scan(1, |ics, n| ics.unit = Some(n)), ["unit_scan"]);
    assert!(scan(40, |ics, n| ics.unit = Some(n)).is_empty());
    assert_eq!(scan(1, |ics, n| ics.range = Some((n, n))), ["range_scan"]);
    let refused = scan(1, |ics, n| (ics.function, ics.kind) = (n % 20, MessageKind::Exception));
    assert_eq!(refused, ["function_scan"]);
    assert_eq!(scan(1, |ics, _| ics.kind = MessageKind::Exception), ["exception_storm"]);
}

#[test]
fn memory_is_bounded() {
    let mut findings = Findings::new(0);
    for n in 0..u32::try_from(PEERS_MAX).unwrap() + 10 {
        let mut said = said(0, message(Operation::Stop, MessageKind::Request, 1));
        if let Some(FlowRef { endpoints: Endpoints::Ip { src, .. }, .. }) = &mut said.flow {
            *src = std::net::Ipv4Addr::from(n).into();
        }
        assert_eq!(findings.hear(&said).len(), 1);
    }
    assert_eq!(findings.forgotten(), 10);
}

#[test]
fn every_finding_is_whole() {
    let known = |f: &&Finding| f.techniques.iter().all(|t| t.starts_with('T') && t.len() >= 5) && !f.words.is_empty();
    assert!(ALL.iter().all(|finding| known(finding) && (1..=10).contains(&finding.severity)));
    let mut names: Vec<_> = ALL.iter().map(|finding| finding.kind).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), ALL.len());
}

fn published(seconds: f64, station: u8, state: u32) -> Said {
    let mac = |last: u8| Some(picket_event::Mac([0, 0x1b, 0x1b, 0, 0, last]));
    let endpoints = Endpoints::Link { src: mac(station), dest: mac(200), ether_type: Some(0x88b8), link_type: 1 };
    let mut ics = message(Operation::Report, MessageKind::Unsolicited, 1);
    (ics.protocol, ics.value) = (Protocol::GOOSE, Some(state.into()));
    ics.object = Some(Cow::Borrowed("IED1/LLN0$GO$gcb"));
    let time = Timestamp::from_nanos((seconds * 1e9) as i64);
    Said { time, vlan: VlanIds::NONE, flow: Some(FlowRef { id: FlowId(1), endpoints }), body: Body::Ics(Box::new(ics)) }
}

#[test]
fn forged_states_of_goose_are_told() {
    let mut findings = Findings::new(0);
    let mut hear = |seconds: f64, station: u8, state: u32| {
        findings.hear(&published(seconds, station, state)).into_iter().map(|alert| alert.kind).collect::<Vec<_>>()
    };
    let quiet: Vec<String> = Vec::new();
    assert_eq!(hear(0.0, 1, 7), quiet);
    assert_eq!(hear(10.0, 1, 8), quiet, "states go on");
    assert_eq!(hear(9.9, 1, 7), quiet, "repeats that were counted over the minute come late");
    assert_eq!(hear(10.001, 1, 7), quiet, "the copy of the other network");
    assert_eq!(hear(40.0, 1, 7), ["state_number_back"]);
    assert_eq!(hear(50.0, 1, 9), quiet);
    assert_eq!(hear(60.0, 1, 1), quiet, "a restart");
    assert_eq!(hear(61.0, 2, 2), ["publisher_conflict"]);
    assert_eq!(hear(62.0, 1, 2), quiet, "the first one keeps it");
    assert_eq!(hear(500.0, 3, 1), quiet, "it was replaced");
}

#[test]
fn a_run_of_messages_that_contradict_themselves_is_told() {
    let mut findings = Findings::new(0);
    let flow = published(0.0, 1, 1).flow.unwrap();
    let mut damage = |seconds: i64| {
        let time = Timestamp::from_parts(seconds, 0);
        let damage = Damage { time, vlan: VlanIds::NONE, flow, reason: "modbus: count lies" };
        findings.damage(&damage)
    };
    for second in 0..4 {
        assert_eq!(damage(second), None);
    }
    assert_eq!(damage(100), None, "of another minute");
    for second in 101..104 {
        assert_eq!(damage(second), None);
    }
    let alert = damage(104).unwrap();
    assert_eq!(alert.kind, "malformed_messages");
    assert_eq!(alert.reasons[1].to_string(), "modbus: count lies");
    assert_eq!(damage(105), None, "told already");
}

/// At each start a master asks every slave, and sets up hundreds of their objects.
#[test]
fn a_master_that_sets_up_its_network_is_no_scan() {
    let asks = |protocol: Protocol| {
        let mut findings = Findings::new(0);
        let mut told = Vec::new();
        for number in 0..200 {
            let read = message(Operation::Read, MessageKind::Request, 0x0302);
            let ask = Ics { protocol: protocol.clone(), unit: Some(number), range: Some((number, number)), ..read };
            told.extend(kinds(&mut findings, 0, ask));
        }
        told
    };
    assert!(asks(Protocol::ETHERCAT).is_empty());
    assert_eq!(asks(Protocol::MODBUS), ["unit_scan"]);
}
