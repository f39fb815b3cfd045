//! F13: an agent that was away for days sends what it kept, and what it makes meanwhile does not wait behind it.

use picket_agent::forward::Forward;
use picket_agent::uplink::Choice;
use picket_collector::store::{EntityKey, Store};
use picket_event::body::Anomaly;
use picket_event::{Body, Endpoints, Event, FlowId, FlowRef, Ledger, Source, Timestamp, Transport};
use picket_tests::latency::{Load, measure_behind};
use picket_tests::make::message::{dns_answer, dns_query};
use picket_tests::make::{Capture, Host, udp};
use picket_tests::namespace::{cable, ip, run_inside};
use picket_tests::transport::{AgentAt, CollectorAt, Generator, Line, Mix, Relay, thin};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const START: i64 = 1_772_409_600_000_000_000;
const DAYS: Duration = Duration::from_secs(3 * 86_400);
/// What is made now may take so long until the collector can be asked for it.
const LIMIT: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(120);
/// Whom the live events are about.
const HOST: [u8; 4] = [10, 77, 0, 7];

/// Events of the backlog, and bits a second of the line.
fn scale() -> (usize, u64) {
    if std::env::var_os("PICKET_FULL_SCALE").is_some() { (200_000, 4_000_000) } else { (40_000, 2_000_000) }
}

fn live(number: usize) -> Event {
    let endpoints = Endpoints::Ip {
        src: IpAddr::from(HOST),
        src_port: 1,
        dest: [10, 77, 0, 1].into(),
        dest_port: 502,
        transport: Transport::TCP,
    };
    let time = i64::try_from(DAYS.as_nanos()).unwrap() + number as i64 * 1_000_000;
    Event {
        time: Timestamp::from_nanos(START + time),
        source: Source::interface("eth1"),
        vlan: Vec::new(),
        flow: Some(FlowRef { id: FlowId(number as u64), endpoints }),
        redacted: Vec::new(),
        body: Body::Anomaly(Anomaly { kind: "live".to_owned(), detail: number.to_string() }),
    }
}

/// How many of the live events can be asked for.
fn there(collector: &CollectorAt) -> usize {
    let key = EntityKey::Ip(IpAddr::from(HOST));
    collector.store.events(key, Timestamp::EPOCH, Timestamp::MAX, 100_000).unwrap().len()
}

/// Makes an event now and then while the backlog drains. Answers how long each took until it could be asked for.
fn trickle(
    collector: &CollectorAt,
    forward: &Forward,
    made: &mut usize,
    goes_on: impl Fn(u64) -> bool,
) -> Vec<Duration> {
    let mut took = Vec::new();
    while goes_on(forward.status().spooled) {
        let began = Instant::now();
        forward.send(vec![live(*made)]);
        *made += 1;
        while there(collector) < *made {
            assert!(began.elapsed() < PATIENCE, "a live event does not arrive: {:?}", forward.status());
            std::thread::sleep(Duration::from_millis(5));
        }
        took.push(began.elapsed());
        std::thread::sleep(Duration::from_millis(100));
    }
    took
}

/// The agent is away for three days of events, then back; the collector goes down in the middle of the drain.
fn away(place: &Path, transport: Choice) {
    let (backlog, bits) = scale();
    let home = place.join("collector");
    let collector = CollectorAt::start(&home).unwrap();
    let port = collector.ingest.address();
    let line = Line { delay: Duration::from_millis(10), bits, ..Line::default() };
    let (quic, tcp) = (Relay::start(port, line).unwrap(), thin(port, bits).unwrap());
    let token = collector.token("plant", 1, Duration::from_secs(86_400)).unwrap();
    let mut agent = AgentAt::enrol(&token, "sensor-1", place).unwrap();
    let reached = if transport == Choice::Quic { quic.address } else { tcp };
    (agent.identity.collectors, agent.transport) = (vec![reached.to_string()], transport);
    collector.stop();

    let forward = agent.start().unwrap();
    let mut events = Generator::new(13, START, 1, Mix::Mixed).take(backlog);
    let step = i64::try_from(DAYS.as_nanos()).unwrap() / backlog as i64;
    events.iter_mut().zip(0..).for_each(|(event, n)| event.time = Timestamp::from_nanos(START + n * step));
    for part in events.chunks(1_000) {
        forward.send(part.to_vec());
        forward.flush();
    }
    assert_eq!(forward.status().spooled, backlog as u64);

    let (mut made, mut took) = (0, Vec::new());
    let collector = CollectorAt::start_on(&home, port).unwrap();
    while !forward.status().connected {
        std::thread::sleep(Duration::from_millis(5));
    }
    let half = backlog as u64 / 2;
    took.extend(trickle(&collector, &forward, &mut made, |spooled| spooled > half));
    let first = took.len();
    // In the middle of it the collector is gone; what it has ahead of the backlog does not come again.
    collector.stop();
    while forward.status().connected {
        std::thread::sleep(Duration::from_millis(5));
    }
    let collector = CollectorAt::start_on(&home, port).unwrap();
    while !forward.status().connected {
        std::thread::sleep(Duration::from_millis(5));
    }
    took.extend(trickle(&collector, &forward, &mut made, |spooled| spooled > 2_000));
    assert!(forward.drain(PATIENCE), "not drained: {:?}", forward.status());

    let worst = took.iter().max().copied().unwrap_or_default();
    println!("{transport:?}: {} live events, {first} before the restart, the slowest took {worst:?}", took.len());
    assert!(took.len() >= 5, "the backlog drained too fast to tell: {took:?}");
    assert!(worst <= LIMIT, "a live event took {worst:?}: {took:?}");
    let (status, mut ledger) = (forward.status(), Ledger::default());
    status.fill(&mut ledger);
    assert_eq!((ledger.event_imbalance(), status.acknowledged), (None, (backlog + made) as u64), "{status:?}");
    let stored: Vec<u64> = collector.stored().unwrap().into_iter().map(|(_, sequence)| sequence).collect();
    let once: BTreeSet<u64> = stored.iter().copied().collect();
    assert_eq!((stored.len(), once), (backlog + made, (1..=(backlog + made) as u64).collect()), "each once");
    let ahead = stored.windows(2).filter(|pair| pair[1] < pair[0]).count();
    assert!(ahead > 0, "nothing went ahead of the backlog");
    assert_eq!(collector.ingest.health().duplicates, 0, "and nothing twice");
    forward.stop();
    collector.stop();
}

#[test]
fn f13_what_is_made_now_does_not_wait_behind_three_days_of_backlog() {
    let place = tempfile::tempdir().unwrap();
    away(place.path(), Choice::Quic);
}

/// Over TCP everything shares one stream.
#[test]
fn f13_nor_where_udp_does_not_pass() {
    let place = tempfile::tempdir().unwrap();
    away(place.path(), Choice::Tcp);
}

/// Name look-ups of 50 clients over the last three days.
fn lookups(folder: &Path, count: u32) -> PathBuf {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let begin = i64::try_from((now - DAYS).as_nanos()).unwrap();
    let step = i64::try_from(DAYS.as_nanos()).unwrap() / i64::from(count);
    let mut capture = Capture::default();
    let resolver = Host::new(1, "10.9.0.53");
    for number in 0..count {
        let client = Host::new(100 + number % 50, &format!("10.8.0.{}", 1 + number % 50));
        let (time, id) = (begin + i64::from(number) * step, number as u16);
        let name = format!("host{}.example.com", number % 300);
        udp(&mut capture, time, (&client, 40_000), (&resolver, 53), &dns_query(id, &name, 1));
        let answer = dns_answer(id, &name, Some([198, 51, 100, 10]));
        udp(&mut capture, time + 300_000, (&resolver, 53), (&client, 40_000), &answer);
    }
    let path = folder.join("days.pcap");
    capture.write(&path).unwrap();
    path
}

/// With both programs, up to the alert that a person sees. The daily form's backlog is soon gone; the whole one has close to two
/// million events.
#[test]
fn f13_an_alert_is_shown_soon_while_a_backlog_drains() {
    run_inside("backlog::f13_an_alert_is_shown_soon_while_a_backlog_drains", || {
        ip("link set lo up");
        cable();
        let full = std::env::var_os("PICKET_FULL_SCALE").is_some();
        let folder = tempfile::tempdir().unwrap();
        let backlog = lookups(folder.path(), if full { 600_000 } else { 30_000 });
        let load = Load { events: 500, alerts: 8, seconds: 6 };
        let measured = measure_behind(load, &backlog, folder.path()).unwrap();
        println!("{measured}");
        assert_eq!(measured.missing, 0, "{measured}");
        assert!(!full || measured.behind >= 4, "{measured}");
        // The event waits a while for others to share a frame with, as without a backlog.
        assert!(measured.within(1.0) <= LIMIT.as_secs_f64() * 1e3 + 1_000.0, "{measured}");
    });
}
