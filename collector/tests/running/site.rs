//! A plant with three weeks of calm and one bad night, as events in a collector's log; and the collector over it.

use crate::https::Https;
use picket_collector::config::Config;
use picket_collector::serve::Running;
use picket_collector::store::{AcceptedFrame, Applicant, Position, Sqlite, Store, TokenRecord, postings};
use picket_event::body::{App, Asset, Flow, Ics, Score};
use picket_event::wire::{BatchWriter, Class, Held};
use picket_event::{
    AgentId, Body, Both, Endpoints, Event, FlowEnd, FlowId, FlowRef, FlowState, Ledger, MessageKind, Method, Operation,
    Protocol, Reason, Site as SiteName, Source, Timestamp, Transport, Unit, Verdict,
};
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

/// A host name no browser may run and no terminal may obey.
pub const HOSTILE: &str = "<script>alert(1)</script>\u{1b}[31m";

/// 2026-03-02, a Monday.
const MONDAY: i64 = 1_772_409_600;

/// A collector that runs in this process.
pub struct Site {
    /// The collector.
    pub running: Running,
    /// How to talk to it.
    pub https: Https,
    _state: tempfile::TempDir,
}

impl Site {
    /// Fills a store and starts a collector over it.
    pub async fn start(events: &[Event]) -> Self {
        let state = tempfile::tempdir().unwrap();
        fill(state.path(), events);
        let mut config = Config::default();
        config.state.directory = state.path().to_path_buf();
        let free = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        (config.listen.ingest, config.listen.https, config.listen.metrics) = (free, free, free);
        config.access.login_attempts = 40;
        // The plant's days lie in the past.
        config.retention.events = "3650d".parse().unwrap();
        config.retention.findings = "3650d".parse().unwrap();
        let running = Running::start(config).await.unwrap();
        let https = Https::new(running.run.https, state.path());
        Self { running, https, _state: state }
    }

    /// Uses the setup link up; answers the administrator's token.
    pub fn administrator(&self) -> String {
        let link = self.running.setup_link.clone().unwrap();
        let key = link.split_once("key=").unwrap().1.to_owned();
        let body = format!("key={key}&name=admin&password=a+long+enough+secret");
        let page = self.https.form("/setup", &self.https.origin(), "", &body);
        assert_eq!(page.status, 200, "{}", page.body);
        let at = page.body.find("picket_").unwrap();
        page.body[at..].split(['<', '\n']).next().unwrap().to_owned()
    }

    /// Logs in; answers the cookie.
    pub fn log_in(&self) -> String {
        let body = "name=admin&password=a+long+enough+secret";
        let page = self.https.form("/login", &self.https.origin(), "", body);
        assert_eq!(page.status, 303, "{}", page.body);
        page.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
    }

    /// Waits until the engine has the log and the bad night was judged.
    pub fn judged(&self, token: &str) {
        for _ in 0..600 {
            let page = self.https.api("GET", "/alerts", token, "").json();
            let findings = page["findings"].as_array().unwrap().clone();
            if findings.iter().any(|f| f["kind"] == "verdict")
                && self.https.api("GET", "/entities", token, "").json()["total"] != 0
            {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("no verdict became an alert");
    }
}

fn fill(state: &Path, events: &[Event]) {
    let store = Sqlite::open(state).unwrap();
    let agent = enrolled(&store);
    let received = Timestamp::from_parts(jiff::Timestamp::now().as_second(), 0);
    let mut sequence = 1;
    // Frames hold one class each, and classes travel side by side.
    let parts = events.chunks(300).flat_map(|part| Class::ALL.map(|class| (part, class)));
    for (part, class) in parts {
        let mine: Vec<&Event> = part.iter().filter(|event| Class::of(event) == class).collect();
        if mine.is_empty() {
            continue;
        }
        let mut writer = BatchWriter::new(class).unwrap();
        mine.iter().for_each(|event| writer.push(event).unwrap());
        let frame = writer.finish(sequence).unwrap();
        let count = u32::try_from(mine.len()).unwrap();
        let accepted = AcceptedFrame {
            agent: agent.clone(),
            epoch: 1,
            first: sequence,
            count,
            class,
            received,
            bytes: frame.bytes,
            postings: postings(mine.iter().copied()),
        };
        sequence += u64::from(count);
        let position = Position { agent: agent.clone(), epoch: 1, held: Held::new(sequence - 1, &[]) };
        store.commit(&[accepted], &[position]).unwrap();
    }
}

/// An agent, entered as enrolment enters it.
fn enrolled(store: &Sqlite) -> AgentId {
    let agent = AgentId::new("sensor-1");
    let token = TokenRecord {
        id: "t".into(),
        digest: vec![1; 32],
        site: SiteName::new("plant"),
        group: String::new(),
        by_person: false,
        created_at: 0,
        expires_at: i64::MAX,
        uses_left: 1,
    };
    store.add_token(&token).unwrap();
    let applicant = Applicant { agent: &agent, key: &[2; 32], address: "", certificate_until: i64::MAX, now: 1 };
    store.use_token("t", &|_| true, &applicant).unwrap();
    let ledger = Ledger {
        frames: 91_000,
        decoded: 91_000,
        flows_opened: 4200,
        flows_closed: 4200,
        wire_bytes: 310_000,
        ..Ledger::default()
    };
    store.put_ledger(&agent, 1, &ledger).unwrap();
    agent
}

fn ends(src: [u8; 4], dest: [u8; 4], port: u16) -> Endpoints {
    Endpoints::Ip {
        src: IpAddr::from(src),
        src_port: 40_000,
        dest: IpAddr::from(dest),
        dest_port: port,
        transport: Transport::TCP,
    }
}

fn event(seconds: i64, endpoints: Endpoints, body: Body) -> Event {
    let flow = FlowRef { id: FlowId(seconds.unsigned_abs()), endpoints };
    let source = Source::File("plant.pcap".into());
    Event {
        time: Timestamp::from_parts(seconds, 0),
        source,
        vlan: Vec::new(),
        flow: Some(flow),
        redacted: Vec::new(),
        body,
    }
}

fn flow(seconds: i64, src: [u8; 4], dest: [u8; 4], (port, protocol): (u16, Protocol), score: Option<Score>) -> Event {
    let body = Flow {
        start: Timestamp::from_parts(seconds - 2, 0),
        end: Timestamp::from_parts(seconds, 0),
        packets: Both { to_server: 10, to_client: 12 },
        bytes: Both { to_server: 1500, to_client: 9000 },
        tcp_flags: Both { to_server: 0x1b, to_client: 0x1b },
        state: FlowState::Closed,
        reason: FlowEnd::Finished,
        app: App { protocol, confidence: Unit::ONE, method: Some(Method::Fingerprint) },
        count: 1,
        gap: None,
        payload: None,
        tunnel: None,
        detail: None,
        tls_records: Vec::new(),
        score,
    };
    event(seconds, ends(src, dest, port), Body::Flow(Box::new(body)))
}

fn modbus(seconds: i64, src: [u8; 4], dest: [u8; 4], operation: Operation, count: u32) -> Event {
    let write = operation == Operation::Write;
    let body = Ics {
        protocol: Protocol::MODBUS,
        operation,
        previous: None,
        kind: MessageKind::Request,
        function: if write { 16 } else { 3 },
        function_name: if write { "Write Multiple Registers" } else { "Read Holding Registers" }.into(),
        unit: Some(1),
        object: Some("holding_register".into()),
        range: Some((0, 9)),
        value: None,
        count,
    };
    event(seconds, ends(src, dest, 502), Body::Ics(Box::new(body)))
}

const HMI: [u8; 4] = [10, 1, 2, 10];
const PLC: [u8; 4] = [10, 1, 1, 5];
const OFFICE: [u8; 4] = [10, 1, 9, 20];
const SERVER: [u8; 4] = [10, 1, 9, 5];

/// Three calm weeks, then a night in which the office writes to the controller and a flow is malicious.
pub fn plant() -> Vec<Event> {
    let mut events = Vec::new();
    for day in 0..22 {
        // The bad day is not over yet.
        for hour in 0..if day == 21 { 6 } else { 24 } {
            let at = MONDAY + day * 86_400 + hour * 3600;
            for minute in (0..60).step_by(10) {
                events.push(modbus(at + minute * 60, HMI, PLC, Operation::Read, 60));
            }
            if day % 7 < 5 && (8..18).contains(&hour) {
                for visit in 0..6 + (day + hour) % 3 {
                    events.push(flow(at + visit * 300 + 7, OFFICE, SERVER, (443, Protocol::TLS), None));
                }
            }
        }
    }
    let night = MONDAY + 21 * 86_400 + 3 * 3600;
    for write in 0..40 {
        events.push(modbus(night + write * 20, OFFICE, PLC, Operation::Write, 1));
    }
    let score = Score {
        verdict: Verdict::Malicious,
        value: Unit::new(0.98),
        votes: Vec::new(),
        reasons: vec![Reason::literal("hello is that of <b onmouseover=alert(1)>a tool</b>")],
        digest: None,
    };
    events.push(flow(night + 1800, OFFICE, [198, 51, 100, 7], (443, Protocol::TLS), Some(score)));
    let asset = Asset {
        ip: Some(IpAddr::from(OFFICE)),
        hostname: Some(HOSTILE.into()),
        source: "dhcp".into(),
        ..Asset::default()
    };
    let mut named = event(MONDAY, ends(OFFICE, SERVER, 443), Body::Asset(Box::new(asset)));
    named.flow = None;
    events.insert(0, named);
    events.sort_by_key(|event| event.time);
    events
}
