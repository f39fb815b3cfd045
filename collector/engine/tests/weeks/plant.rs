//! A small site of generated weeks: workstations, servers, a control room and two controllers, from a seed.

use picket_engine::{Config, Engine, Finding, Findings, SiteConfig, Zone};
use picket_event::body::{Alert, App, Asset, Flow, Ics, Score};
use picket_event::{
    AgentId, Body, Both, Endpoints, Envelope, Event, FlowEnd, FlowId, FlowRef, FlowState, MessageKind, Operation,
    Protocol, Reason, Site, Source, Timestamp, Transport, Unit, Verdict,
};
use std::net::{IpAddr, Ipv4Addr};

/// Days generated.
pub const DAYS: i64 = 21;
/// Monday 2026-03-02T00:00:00Z.
pub const START: i64 = 1_772_409_600;
/// The site.
pub const SITE: &str = "north";

/// A deterministic stream of numbers (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    /// Below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n.max(1)
    }
}

/// An address of the site.
pub fn host(zone: u8, number: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, zone, number))
}

/// Seconds of a day, hour and second.
pub fn at(day: i64, hour: i64, second: i64) -> i64 {
    START + day * 86_400 + hour * 3600 + second
}

fn endpoints(src: IpAddr, dest: IpAddr, dest_port: u16) -> Endpoints {
    Endpoints::Ip { src, src_port: 50_000, dest, dest_port, transport: Transport::TCP }
}

fn event(seconds: i64, ends: Option<Endpoints>, body: Body) -> Event {
    Event {
        time: Timestamp::from_parts(seconds, 0),
        source: Source::Agent,
        vlan: Vec::new(),
        flow: ends.map(|endpoints| FlowRef { id: FlowId(1), endpoints }),
        redacted: Vec::new(),
        body,
    }
}

/// One conversation.
pub fn flow(seconds: i64, src: IpAddr, dest: IpAddr, protocol: &Protocol, answered: bool) -> Event {
    let body = Flow {
        start: Timestamp::from_parts(seconds - 1, 0),
        end: Timestamp::from_parts(seconds, 0),
        packets: Both { to_server: 10, to_client: 10 },
        bytes: Both { to_server: 2000, to_client: 9000 },
        tcp_flags: Both::default(),
        state: if answered { FlowState::Closed } else { FlowState::New },
        reason: FlowEnd::Finished,
        app: App { protocol: protocol.clone(), confidence: Unit::ONE, method: None },
        count: 1,
        gap: None,
        payload: None,
        tunnel: None,
        detail: None,
        tls_records: Vec::new(),
        score: None,
    };
    event(seconds, Some(endpoints(src, dest, 443)), Body::Flow(Box::new(body)))
}

/// One conversation that the sensor judged.
pub fn judged(seconds: i64, src: IpAddr, dest: IpAddr, verdict: Verdict) -> Event {
    let mut event = flow(seconds, src, dest, &Protocol::TLS, true);
    if let Body::Flow(flow) = &mut event.body {
        let reasons = vec![Reason::plain(Reason::SELF_SIGNED)];
        flow.score = Some(Score { verdict, value: Unit::new(0.97), votes: Vec::new(), reasons, digest: None });
    }
    event
}

/// Plant messages.
pub fn ics(seconds: i64, src: IpAddr, dest: IpAddr, operation: Operation, count: u32) -> Event {
    let body = Ics {
        protocol: Protocol::MODBUS,
        operation,
        previous: None,
        kind: MessageKind::Request,
        function: 3,
        function_name: String::new().into(),
        unit: None,
        object: None,
        range: None,
        value: None,
        count,
    };
    event(seconds, Some(endpoints(src, dest, 502)), Body::Ics(Box::new(body)))
}

/// What a sensor tells of one message.
pub fn told(seconds: i64, src: IpAddr, dest: IpAddr, kind: &str, severity: u8) -> Event {
    let reasons = vec![Reason::literal("a controller's program is started or stopped")];
    let alert = Alert { kind: kind.to_owned(), severity, techniques: vec!["T0858".to_owned()], reasons };
    event(seconds, Some(endpoints(src, dest, 502)), Body::Alert(Box::new(alert)))
}

/// A name.
pub fn asset(seconds: i64, ip: IpAddr, name: &str) -> Event {
    let body = Asset { ip: Some(ip), hostname: Some(name.to_owned()), source: "dhcp".to_owned(), ..Asset::default() };
    event(seconds, None, Body::Asset(Box::new(body)))
}

/// An ordinary day of everybody.
fn day(day: i64, dice: &mut Dice, out: &mut Vec<Event>) {
    let free = day % 7 >= 5;
    for station in 1..=8u8 {
        let me = host(10, station);
        for hour in 8..18 {
            let talks = if free { 0 } else { 2 + dice.below(6) };
            for _ in 0..talks {
                let second = dice.below(3500) as i64;
                let (dest, protocol) = match dice.below(4) {
                    0 => (host(20, 2), Protocol::SMB),
                    1 => (host(20, 1), Protocol::DNS),
                    _ => (IpAddr::V4(Ipv4Addr::new(203, 0, 113, dice.below(12) as u8)), Protocol::TLS),
                };
                out.push(flow(at(day, hour, second), me, dest, &protocol, true));
            }
        }
    }
    for hour in 0..24 {
        for controller in 1..=2u8 {
            let reads = 3590 + dice.below(20) as u32;
            out.push(ics(at(day, hour, 3590), host(100, 1), host(101, controller), Operation::Read, reads));
            if dice.below(3) == 0 {
                out.push(ics(at(day, hour, 1800), host(100, 1), host(101, controller), Operation::Write, 1));
            }
        }
    }
}

/// Three weeks in order of time, without incident.
pub fn weeks(seed: u64) -> Vec<Event> {
    let mut dice = Dice(seed);
    let mut events = vec![asset(at(0, 0, 0), host(100, 1), "hmi-01")];
    for station in 1..=8u8 {
        events.push(asset(at(0, 0, 1), host(10, station), &format!("ws-{station:02}")));
    }
    for d in 0..DAYS {
        day(d, &mut dice, &mut events);
    }
    events
}

/// Events as they arrive: in order of time, numbered.
pub fn envelopes(mut events: Vec<Event>) -> Vec<Envelope> {
    events.sort_by_key(|e| e.time);
    let (agent, site) = (AgentId::new("north-1"), Site::new(SITE));
    let number =
        |(i, event)| Envelope { agent: agent.clone(), site: site.clone(), epoch: 1, sequence: i as u64 + 1, event };
    events.into_iter().enumerate().map(number).collect()
}

/// The site's settings.
pub fn config() -> Config {
    let zone = |name: &str, number: u8, level: u8| Zone {
        name: name.to_owned(),
        network: host(number, 0),
        prefix: 24,
        level: Some(level),
    };
    let zones = vec![zone("office", 10, 4), zone("servers", 20, 4), zone("control", 100, 3), zone("cell", 101, 1)];
    Config { sites: vec![SiteConfig { zones, ..SiteConfig::named(SITE) }], ..Config::default() }
}

/// Judges events in batches of a size.
pub fn judge(config: Config, events: &[Envelope], batch: usize) -> (Engine, Vec<Finding>) {
    let mut engine = Engine::new(config);
    let mut findings = Findings::new();
    for part in events.chunks(batch.max(1)) {
        engine.apply(part, &mut findings);
    }
    engine.finish(&mut findings);
    let found = findings.take();
    (engine, found)
}
