//! Many agents at one collector, and an agent that has nothing to do: what they cost. The short form is fifty agents;
//! `PICKET_FULL_SCALE=1` is a thousand.

use picket_agent::forward::Forward;
use picket_agent::uplink::Choice;
use picket_tests::namespace::{cable, ip, run_inside};
use picket_tests::programs::{Agent, Collector, Setting, cpu_seconds, resident_bytes};
use picket_tests::transport::{AgentAt, CollectorAt, Generator, Mix};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

const DAY: Duration = Duration::from_secs(86_400);
/// Memory of the collector for one idle agent, at most.
const IDLE_AGENT_BYTES: u64 = 96 << 10;
/// Time until all are back.
const BACK: Duration = Duration::from_secs(60);

fn agents() -> usize {
    if std::env::var_os("PICKET_FULL_SCALE").is_some() { 1_000 } else { 50 }
}

/// So many agents, enrolled at a collector whose state lies under `place`, which is stopped again.
pub(crate) fn enrolled(place: &Path, count: usize) -> Vec<AgentAt> {
    let collector = CollectorAt::start(&place.join("collector")).unwrap();
    let token = collector.token("plant", u32::try_from(count).unwrap(), DAY).unwrap();
    let enrol = |number: usize| AgentAt::enrol(&token, &format!("sensor-{number:04}"), place).unwrap();
    let agents = std::thread::scope(|scope| {
        let quarter = |part: usize| scope.spawn(move || (part..count).step_by(4).map(enrol).collect::<Vec<_>>());
        (0..4).map(quarter).collect::<Vec<_>>().into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    collector.stop();
    agents
}

/// Waits until all are connected; how long that took.
fn all_connected(agents: &[Forward], patience: Duration) -> Duration {
    let begin = Instant::now();
    loop {
        let away = agents.iter().filter(|agent| !agent.is_connected()).count();
        if away == 0 {
            return begin.elapsed();
        }
        assert!(begin.elapsed() < patience, "{away} of {} are away", agents.len());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn f26_agents_that_all_come_at_once_are_back_within_a_minute_and_cost_little() {
    let place = tempfile::tempdir().unwrap();
    let count = agents();
    let mut agents = enrolled(place.path(), count);
    let collector = Collector::start(place.path(), &Setting::default()).unwrap();
    let address = collector.address("ingest").unwrap();
    agents.iter_mut().for_each(|agent| agent.identity.collectors = vec![address.to_string()]);
    let empty = resident_bytes(collector.pid());
    let begin = Instant::now();
    let running: Vec<Forward> = agents.iter().map(|agent| agent.start().unwrap()).collect();
    all_connected(&running, BACK);
    println!("{count} agents connected after {:.1} s", begin.elapsed().as_secs_f64());
    std::thread::sleep(Duration::from_secs(3));
    let each = resident_bytes(collector.pid()).saturating_sub(empty) / count as u64;
    println!(
        "memory of the collector: {} KiB without agents, {:.1} KiB for each idle one",
        empty >> 10,
        each as f64 / 1024.0
    );

    let mut generator = Generator::new(26, 1_772_409_600_000_000_000, 500, Mix::Mixed);
    let mut send = |running: &[Forward]| running.iter().for_each(|agent| agent.send(generator.take(10)));
    send(&running);
    // A killed one says no goodbye: the next one tells agents by a reset of the connection.
    let collector = if count < 1_000 { collector.restart() } else { collector.kill_and_restart() }.unwrap();
    let begin = Instant::now();
    send(&running);
    while connected(&collector) < count {
        assert!(begin.elapsed() < BACK, "{} of {count} are back", connected(&collector));
        std::thread::sleep(Duration::from_millis(200));
    }
    println!("all back {:.1} s after the restart", begin.elapsed().as_secs_f64());
    for agent in &running {
        assert!(agent.drain(BACK), "{:?}", agent.status());
    }
    let acknowledged: Vec<u64> = running.iter().map(|agent| agent.status().acknowledged).collect();
    ended(running);
    collector.stop();
    assert!(acknowledged.iter().all(|count| *count == 20), "every event is acknowledged");
    stored(place.path(), count);
    // What a process takes for itself is spread over too few in the short form.
    let allowed = if count < 1_000 { 2 * IDLE_AGENT_BYTES } else { IDLE_AGENT_BYTES };
    assert!(each <= allowed, "{each} bytes of memory for each idle agent");
}

/// A collector that is killed says no goodbye. The next one answers what still comes over the old connections with their
/// reset tokens, so that nobody waits until the idle time-out of 30 s has passed.
#[test]
fn f26_agents_are_back_within_seconds_of_a_kill() {
    let place = tempfile::tempdir().unwrap();
    let mut agents = enrolled(place.path(), 3);
    let collector = Collector::start(place.path(), &Setting::default()).unwrap();
    let address = collector.address("ingest").unwrap();
    for agent in &mut agents {
        agent.identity.collectors = vec![address.to_string()];
        agent.transport = Choice::Quic;
    }
    let running: Vec<Forward> = agents.iter().map(|agent| agent.start().unwrap()).collect();
    all_connected(&running, BACK);
    let mut generator = Generator::new(26, 1_772_409_600_000_000_000, 500, Mix::Mixed);
    let collector = collector.kill_and_restart().unwrap();
    let begin = Instant::now();
    for agent in &running {
        agent.send(generator.take(10));
        agent.flush();
    }
    for agent in &running {
        assert!(agent.drain(Duration::from_secs(8)), "{:?}", agent.status());
    }
    println!("all events are acknowledged {:.1} s after the restart", begin.elapsed().as_secs_f64());
    ended(running);
    drop(collector);
}

/// The collector's metrics, as text.
pub(crate) fn metrics(collector: &Collector) -> String {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(collector.address("metrics").unwrap()).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

/// How many agents the collector says are connected.
fn connected(collector: &Collector) -> usize {
    collector.list("agents").unwrap().iter().filter(|agent| agent["connected"] == true).count()
}

/// Ends all of them side by side: each waits a moment for its last words to arrive.
fn ended(running: Vec<Forward>) {
    let mut shares: Vec<Vec<Forward>> = (0..32).map(|_| Vec::new()).collect();
    running.into_iter().enumerate().for_each(|(number, agent)| shares[number % 32].push(agent));
    std::thread::scope(|scope| shares.into_iter().for_each(|share| drop(scope.spawn(move || drop(share)))));
}

/// Every event of every agent is stored, once.
fn stored(place: &Path, count: usize) {
    let collector = CollectorAt::start(&place.join("collector")).unwrap();
    let mut of_agent = BTreeMap::<String, Vec<u64>>::new();
    for (agent, sequence) in collector.stored().unwrap() {
        of_agent.entry(agent).or_default().push(sequence);
    }
    collector.stop();
    assert_eq!(of_agent.len(), count);
    for (agent, mut sequences) in of_agent {
        sequences.sort_unstable();
        assert_eq!(sequences, (1..=20).collect::<Vec<_>>(), "{agent}");
    }
}

/// Bytes that passed over loopback so far, as `/proc/net/dev` counts them.
fn loopback_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/net/dev").unwrap();
    let line = text.lines().find_map(|line| line.trim().strip_prefix("lo:")).unwrap();
    line.split_ascii_whitespace().next().unwrap().parse().unwrap()
}

/// Both programs in a namespace of their own, so that every byte on loopback, either way and with every header, is theirs.
#[test]
fn an_idle_agent_costs_next_to_nothing() {
    run_inside("fleet::an_idle_agent_costs_next_to_nothing", || {
        ip("link set lo up");
        cable();
        let place = tempfile::tempdir().unwrap();
        let collector = Collector::start(place.path(), &Setting::default()).unwrap();
        collector.enrol("sensor-1", &collector.token("plant").unwrap()).unwrap();
        let state = collector.agent_state("sensor-1");
        let agent = Agent::start(&state, "[capture]\nbuffer = \"16MiB\"\n", &["-i", "far"]).unwrap();
        let up = |s: &picket_agent::status::Snapshot| s.uplink.as_ref().is_some_and(|uplink| uplink.connected);
        agent.wait_for("connected", Duration::from_secs(20), up).unwrap();
        std::thread::sleep(Duration::from_secs(2));
        let seconds = if std::env::var_os("PICKET_FULL_SCALE").is_some() { 60.0 } else { 11.0 };
        let (cpu, wire, begin) = (cpu_seconds(agent.pid()), loopback_bytes(), Instant::now());
        std::thread::sleep(Duration::from_secs_f64(seconds));
        let passed = begin.elapsed().as_secs_f64();
        let share = (cpu_seconds(agent.pid()) - cpu) / passed * 100.0;
        let rate = (loopback_bytes() - wire) as f64 * 8.0 / passed / 1_000.0;
        let resident = resident_bytes(agent.pid()).saturating_sub(16 << 20);
        println!(
            "idle agent: {share:.2} % of a core, {:.1} MiB beside the ring, {rate:.2} kbit/s",
            resident as f64 / 1_048_576.0
        );
        drop(agent);
        assert!(share <= 1.0, "{share} % of a core");
        assert!(resident <= 40 << 20, "{resident} bytes beside the capture ring");
        assert!(rate <= 2.0, "{rate} kbit/s");
    });
}
