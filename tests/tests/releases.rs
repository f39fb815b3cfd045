//! F28: this release and the one before, as programs, against each other. `PICKET_BEFORE` is the folder with `picket-agent` and
//! `picket-collector` of the release before; frames that it wrote are kept in `common/event/src/wire/golden`.

use picket_event::wire::{
    Control, Hello, HelloAnswer, OLDEST_VERSION, RefusalCode, VERSION, decode_control, encode_control,
};
use picket_tests::make::message::{dns_answer, dns_query};
use picket_tests::make::{Capture, Host, udp};
use picket_tests::place::skip;
use picket_tests::programs::{Collector, Setting};
use std::path::{Path, PathBuf};

fn before(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("PICKET_BEFORE").map(PathBuf::from);
    if folder.is_none() {
        skip(test, "PICKET_BEFORE names no folder with the programs of the release before");
    }
    folder
}

fn capture(folder: &Path) -> PathBuf {
    let (resolver, client) = (Host::new(1, "10.9.0.53"), Host::new(2, "10.8.0.1"));
    let mut capture = Capture::default();
    for number in 0..200u16 {
        let time = i64::from(number) * 1_000_000;
        udp(&mut capture, time, (&client, 40_000 + number), (&resolver, 53), &dns_query(number, "host.example.com", 1));
        let answer = dns_answer(number, "host.example.com", Some([198, 51, 100, 10]));
        udp(&mut capture, time + 300_000, (&resolver, 53), (&client, 40_000 + number), &answer);
    }
    let path = folder.join("lookups.pcap");
    capture.write(&path).unwrap();
    path
}

/// Everything that the agent made is acknowledged and listed, and the books balance.
fn everything_arrives(setting: &Setting<'_>) -> u64 {
    let place = tempfile::tempdir().unwrap();
    let capture = capture(place.path());
    let collector = Collector::start(place.path(), setting).unwrap();
    collector.enrol("sensor-1", &collector.token("plant").unwrap()).unwrap();
    collector.run_agent("sensor-1", &[capture]).unwrap();
    let agents = collector.list("agents").unwrap();
    let agent = &agents[0];
    let events = agent["events"].as_u64().unwrap();
    assert!(events >= 200, "{agent}");
    assert_eq!(agent["ledger"]["events_acknowledged"].as_u64(), Some(events), "{agent}");
    assert_eq!(agent["ledger"]["balanced"], true, "{agent}");
    events
}

#[test]
fn f28_the_release_before_and_this_one_work_together() {
    let test = "releases::f28_the_release_before_and_this_one_work_together";
    let Some(before) = before(test) else { return };
    let older_agent = everything_arrives(&Setting { agent: Some(&before), ..Setting::default() });
    let older_collector = everything_arrives(&Setting { collector: Some(&before), ..Setting::default() });
    let this = everything_arrives(&Setting::default());
    println!("events: older agent {older_agent}, older collector {older_collector}, this release {this}");
    assert_eq!(older_collector, this, "an older collector stores what this release's agent makes");
}

/// What the next release could say: a hello that reaches further, and one that has nothing in common with this release.
#[test]
fn f28_a_hello_of_another_version_is_answered_or_refused_with_the_reason() {
    use picket_tests::transport::{AgentAt, CollectorAt};
    let place = tempfile::tempdir().unwrap();
    let collector = CollectorAt::start(&place.path().join("collector")).unwrap();
    let token = collector.token("plant", 1, std::time::Duration::from_secs(86_400)).unwrap();
    let agent = AgentAt::enrol(&token, "sensor-1", place.path()).unwrap();
    let hello = |oldest, newest| Hello {
        oldest,
        newest,
        agent: "sensor-1".to_owned(),
        release: "9.0.0".to_owned(),
        bundle: String::new(),
        clock: 0,
        epoch: 7,
        next: 1,
    };
    let say = |hello: Hello| {
        let answer = picket_tests::transport::say(
            &agent,
            collector.ingest.address(),
            &encode_control(&Control::Hello(hello)).unwrap().bytes,
        );
        // Beside the answer stands that frames are taken ahead of others, which not every release knows.
        let (mut messages, _) = decode_control(&answer.unwrap()).unwrap();
        messages.retain(|message| !matches!(message, Control::Ahead { .. }));
        messages.remove(0)
    };
    let Control::HelloAnswer(HelloAnswer { version, .. }) = say(hello(OLDEST_VERSION, VERSION + 1)) else {
        panic!("a newer agent that still reads this version is let in");
    };
    assert_eq!(version, VERSION, "both speak the newest that both know");
    let Control::Refusal(refusal) = say(hello(VERSION + 1, VERSION + 2)) else { panic!("nothing in common") };
    assert_eq!(refusal.code, RefusalCode::Version);
    assert!(refusal.reason.contains("this collector 1 to 1"), "{}", refusal.reason);
    collector.stop();
}
