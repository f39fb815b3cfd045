//! F24: connection attempts under made-up addresses, which nobody answers for. The short form is 15,000; `PICKET_FULL_SCALE=1` is
//! 100,000.

use picket_agent::forward::Forward;
use picket_event::wire::{ALPN, SERVER_NAME};
use picket_tests::make::quic::{Ends, V1, crypto, initial, padded};
use picket_tests::programs::{Collector, Setting, resident_bytes};
use picket_tests::transport::{AgentAt, Generator, Mix};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Attempts a second.
const RATE: u32 = 5_000;
/// What the collector may take for all of them.
const MEMORY: u64 = 32 << 20;
/// The identity of a connection id in each attempt.
const FROM: &[u8; 8] = b"made up!";

fn attempts() -> u32 {
    if std::env::var_os("PICKET_FULL_SCALE").is_some() { 100_000 } else { 15_000 }
}

/// A client's hello that the collector would go on with.
fn hello(agent: &AgentAt) -> Vec<u8> {
    let material = agent.identity.material().unwrap();
    let mut roots = rustls::RootCertStore::empty();
    material.authorities.into_iter().for_each(|authority| roots.add(authority).unwrap());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider);
    let builder = builder.with_protocol_versions(&[&rustls::version::TLS13]).unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![ALPN.to_vec()];
    // RFC 9000 section 18.2: initial_source_connection_id.
    let parameters = [&[0x0f, 8][..], FROM].concat();
    let name = SERVER_NAME.try_into().unwrap();
    let version = rustls::quic::Version::V1;
    let mut client = rustls::quic::ClientConnection::new(Arc::new(config), version, name, parameters).unwrap();
    let mut out = Vec::new();
    client.write_hs(&mut out);
    out
}

/// Sends every attempt from an address of its own and never listens.
fn flood(to: SocketAddr, hello: &[u8]) -> u32 {
    let frames = padded(crypto(0, hello), 1_162);
    let begin = Instant::now();
    for number in 0..attempts() {
        let address = Ipv4Addr::from(0x7f01_0000 + number);
        let id = (u64::from(number) << 20 | 0xf0).to_be_bytes();
        let packet = initial(&Ends { version: V1, key: &id, to: &id, from: FROM, client: true }, &[], 0, &frames);
        // Loopback answers for 127.0.0.0/8, so each is another address for the collector.
        UdpSocket::bind((address, 0)).unwrap().send_to(&packet, to).unwrap();
        let due = Duration::from_secs(1) * number / RATE;
        std::thread::sleep(due.saturating_sub(begin.elapsed()));
    }
    attempts()
}

/// Sends 2,000 events a second until told to stop, and counts them.
fn steady(agent: &Forward, sent: &AtomicU64, stop: &AtomicBool) {
    let mut generator = Generator::new(24, 1_772_409_600_000_000_000, 2_000, Mix::Mixed);
    let (begin, mut rounds) = (Instant::now(), 0u32);
    while !stop.load(Ordering::Relaxed) {
        agent.send(generator.take(100));
        sent.fetch_add(100, Ordering::Relaxed);
        rounds += 1;
        std::thread::sleep((Duration::from_millis(50) * rounds).saturating_sub(begin.elapsed()));
    }
}

/// Which part of what the agent sends while `work` goes on is acknowledged in that time.
fn part_during(agent: &Forward, sent: &AtomicU64, work: impl FnOnce()) -> f64 {
    let before = (agent.status().acknowledged, sent.load(Ordering::Relaxed));
    work();
    (agent.status().acknowledged - before.0) as f64 / (sent.load(Ordering::Relaxed) - before.1) as f64
}

#[test]
fn f24_attempts_from_made_up_addresses_cost_little_and_hinder_nobody() {
    let place = tempfile::tempdir().unwrap();
    let mut agents = super::fleet::enrolled(place.path(), 2);
    let collector = Collector::start(place.path(), &Setting::default()).unwrap();
    let to = collector.address("ingest").unwrap();
    agents.iter_mut().for_each(|agent| agent.identity.collectors = vec![to.to_string()]);
    let agent = agents[0].start().unwrap();
    let hello = hello(&agents[0]);
    let (sent, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| steady(&agent, &sent, &stop));
        std::thread::sleep(Duration::from_secs(1));
        let quiet = part_during(&agent, &sent, || std::thread::sleep(Duration::from_secs(2)));
        let empty = resident_bytes(collector.pid());
        let mut came = None;
        let flooded = part_during(&agent, &sent, || {
            std::thread::scope(|scope| {
                let flood = scope.spawn(|| flood(to, &hello));
                std::thread::sleep(Duration::from_millis(300));
                // Who comes meanwhile proves its address and is let in.
                let (late, begin) = (agents[1].start().unwrap(), Instant::now());
                while !late.is_connected() && begin.elapsed() < Duration::from_secs(10) {
                    std::thread::sleep(Duration::from_millis(10));
                }
                came = late.is_connected().then(|| begin.elapsed());
                flood.join().unwrap();
            });
        });
        let grown = resident_bytes(collector.pid()).saturating_sub(empty);
        stop.store(true, Ordering::Relaxed);
        println!(
            "{} attempts: {flooded:.2} of the events acknowledged, {quiet:.2} without; {} KiB; another agent in after {came:?}",
            attempts(),
            grown >> 10
        );
        assert!(flooded >= 0.9, "{flooded} of the events were acknowledged, {quiet} without the flood");
        assert!(grown <= MEMORY, "{grown} bytes");
        assert!(came.is_some(), "an agent that came during the flood is not in");
    });
    let metrics = super::fleet::metrics(&collector);
    let line = metrics.lines().find(|line| line.contains("address_unproven")).unwrap_or_else(|| panic!("{metrics}"));
    let asked: u32 = line.split_whitespace().last().unwrap().parse().unwrap();
    println!("asked to prove their address: {asked}");
    // Some are lost in the socket's buffer, where nobody can tell them from others.
    assert!(asked >= attempts() / 50, "{line}");
    assert!(agent.drain(Duration::from_secs(20)), "{:?}", agent.status());
    agent.stop();
    drop(collector);
}
