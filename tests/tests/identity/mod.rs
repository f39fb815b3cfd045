//! Who is let in: enrolment, certificates, the authority's change, identities used twice, the fall-back over TCP, policy.

mod authority;
mod bundles;
mod certificates;
mod enrolment;
mod fallback;
mod policy;
mod twins;
mod unruly;

use picket_agent::forward::Forward;
use picket_collector::identity::TokenRequest;
use picket_collector::store::Store as _;
use picket_event::Site;
use picket_tests::transport::{AgentAt, CollectorAt, Generator, Mix};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

const DAY: Duration = Duration::from_secs(86_400);
const PATIENCE: Duration = Duration::from_secs(25);

fn events(seed: u64) -> Generator {
    Generator::new(seed, 1_772_409_600_000_000_000, 500, Mix::Mixed)
}

fn until(what: &str, mut is: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is() {
        assert!(begin.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn drained(forward: &Forward) {
    assert!(forward.drain(PATIENCE), "not drained: {:?}", forward.status());
}

/// A collector and one agent enrolled at it.
fn pair(place: &Path) -> (CollectorAt, AgentAt) {
    let collector = CollectorAt::start(&place.join("collector")).unwrap();
    let agent = AgentAt::enrol(&collector.token("", 1, DAY).unwrap(), "sensor-1", place).unwrap();
    (collector, agent)
}

/// Events 1 to `count` of an agent, each stored once.
fn stored_once(collector: &CollectorAt, agent: &str, count: u64) {
    let all = collector.stored().unwrap();
    let mine: Vec<u64> = all.iter().filter(|(who, _)| who == agent).map(|(_, sequence)| *sequence).collect();
    assert_eq!(mine.len() as u64, count, "events of {agent} stored");
    assert_eq!(mine.iter().copied().collect::<BTreeSet<_>>(), (1..=count).collect(), "each once");
}

/// Waits until the agent says this of its connection.
fn says(forward: &Forward, words: &str) {
    until(&format!("it says `{words}`: {:?}", forward.status().state), || forward.status().state.contains(words));
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

fn by_person() -> TokenRequest {
    let (site, group) = (Site::new("plant"), "press".to_owned());
    TokenRequest { site, group, by_person: true, lifetime: DAY, uses: 5, addresses: Vec::new() }
}

fn free() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}
