//! `engine`: events a CPU-second through the engine alone, and bytes a host, on generated weeks of one site.
//!
//! Events are made before the clock starts; no parsing, no store.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test or bench that cannot go on ends")]
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "benches measure")]

use picket_engine::{Config, Engine, Findings};
use picket_event::body::{App, Flow};
use picket_event::{
    AgentId, Body, Both, Endpoints, Envelope, Event, FlowEnd, FlowId, FlowRef, FlowState, Protocol, Site, Source,
    Timestamp, Transport, Unit,
};
use std::net::{IpAddr, Ipv4Addr};

/// Monday 2026-03-02T00:00:00Z.
const START: i64 = 1_772_409_600;
/// Hosts of the site.
const HOSTS: u64 = 500;
/// Events a day.
const EVENTS: u64 = 100_000;
/// Days.
const DAYS: u64 = 10;

/// A deterministic stream of numbers (SplitMix64).
fn dice(state: &mut u64, n: u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) % n.max(1)
}

fn address(a: u8, n: u64) -> IpAddr {
    let [.., c, d] = n.to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(a, 0, c, d))
}

fn flow(day: u64, second: u64, state: &mut u64) -> Event {
    let client = dice(state, HOSTS);
    let (dest, protocol) = match dice(state, 4) {
        0 => (address(10, 60_000 + client % 5), Protocol::SMB),
        1 => (address(10, 60_010), Protocol::DNS),
        _ => (address(203, (client + dice(state, 30)) % 2000), Protocol::TLS),
    };
    let time = Timestamp::from_parts(START + (day * 86_400 + second) as i64, 0);
    let endpoints =
        Endpoints::Ip { src: address(10, client), src_port: 50_000, dest, dest_port: 443, transport: Transport::TCP };
    let body = Flow {
        start: time,
        end: time,
        packets: Both { to_server: 10, to_client: 12 },
        bytes: Both { to_server: 2000, to_client: 20_000 },
        tcp_flags: Both::default(),
        state: FlowState::Closed,
        reason: FlowEnd::Finished,
        app: App { protocol, confidence: Unit::ONE, method: None },
        count: 1,
        gap: None,
        payload: None,
        tunnel: None,
        detail: None,
        tls_records: Vec::new(),
        score: None,
    };
    let flow = Some(FlowRef { id: FlowId(1), endpoints });
    Event {
        time,
        source: Source::Agent,
        vlan: Vec::new(),
        flow,
        redacted: Vec::new(),
        body: Body::Flow(Box::new(body)),
    }
}

/// CPU seconds of this process.
fn cpu() -> f64 {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
}

fn main() {
    let mut engine = Engine::new(Config::default());
    let mut findings = Findings::new();
    let (agent, site) = (AgentId::new("bench-1"), Site::new("bench"));
    let (mut state, mut sequence, mut spent) = (7, 0, 0.0);
    for day in 0..DAYS {
        let events: Vec<Envelope> = (0..EVENTS)
            .map(|i| {
                sequence += 1;
                let event = flow(day, i * 86_400 / EVENTS, &mut state);
                Envelope { agent: agent.clone(), site: site.clone(), epoch: 1, sequence, event }
            })
            .collect();
        let before = cpu();
        for batch in events.chunks(1000) {
            engine.apply(batch, &mut findings);
        }
        spent += cpu() - before;
    }
    let before = cpu();
    engine.finish(&mut findings);
    spent += cpu() - before;
    let events = (DAYS * EVENTS) as f64;
    println!("engine: {events:.0} events, {HOSTS} hosts, {DAYS} days, {spent:.2} CPU s");
    println!("engine: {:.0} events per CPU-second, {} bytes a host", events / spent, engine.bytes_per_entity());
    println!("engine: {} findings, {:?}", findings.as_slice().len(), engine.counters());
}
