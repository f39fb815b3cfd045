//! F27: where UDP does not pass, the same frames go over TLS on TCP, and over QUIC again when it does.

use super::*;
use picket_agent::uplink::Choice;
use picket_event::AgentId;
use picket_tests::namespace::{ip, run_inside};

#[test]
fn f27_everything_arrives_once_over_tcp_and_a_revoked_agent_is_cut_off() {
    let place = tempfile::tempdir().unwrap();
    let (collector, agent) = pair(place.path());
    let agent = AgentAt { transport: Choice::Tcp, ..agent };
    let forward = agent.start().unwrap();
    let mut generator = events(1);
    forward.send(generator.take(3_000));
    drained(&forward);
    let status = forward.status();
    assert_eq!(status.transport, "TCP");
    assert!(status.state.contains("over TCP") && status.wire_bytes > 10_000, "{status:?}");
    assert_eq!(collector.ingest.live()[0].transport, "tcp");
    let (home, port) = (place.path().join("collector"), collector.ingest.address());
    collector.stop();
    until("the loss is noticed", || !forward.status().connected);
    forward.send(generator.take(1_000));
    let collector = CollectorAt::start_on(&home, port).unwrap();
    drained(&forward);
    stored_once(&collector, "sensor-1", 4_000);
    let id = AgentId::new("sensor-1");
    assert!(collector.store.revoke(&id).unwrap());
    let begin = Instant::now();
    collector.ingest.revoke(&id);
    until("the refusal is known", || forward.status().refused);
    println!("revoked: cut off over TCP after {:.3} s", begin.elapsed().as_secs_f64());
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert!(forward.status().state.contains("revoked"), "{:?}", forward.status().state);
    forward.stop();
    collector.stop();
}

#[test]
fn f27_tcp_is_chosen_where_udp_is_blocked_and_quic_when_it_returns() {
    run_inside("identity::fallback::f27_tcp_is_chosen_where_udp_is_blocked_and_quic_when_it_returns", || {
        ip("link set lo up");
        let place = tempfile::tempdir().unwrap();
        let (collector, agent) = pair(place.path());
        // The rule of the own addresses is first by default; behind this one, every datagram is thrown away.
        ip("rule add pref 100 lookup local");
        ip("rule del pref 0");
        ip("rule add pref 5 ipproto udp blackhole");
        let begin = Instant::now();
        let forward = agent.start().unwrap();
        let mut generator = events(1);
        forward.send(generator.take(1_000));
        drained(&forward);
        println!("UDP blocked: all acknowledged over TCP after {:.1} s", begin.elapsed().as_secs_f64());
        assert_eq!(forward.status().transport, "TCP", "{:?}", forward.status());
        assert_eq!(collector.ingest.live()[0].transport, "tcp");
        ip("rule del pref 5");
        let begin = Instant::now();
        until("QUIC is taken again", || forward.status().transport == "QUIC");
        println!("UDP back: QUIC in use after {:.1} s", begin.elapsed().as_secs_f64());
        forward.send(generator.take(1_000));
        drained(&forward);
        stored_once(&collector, "sensor-1", 2_000);
        assert_eq!(collector.ingest.live()[0].transport, "quic");
        forward.stop();
        collector.stop();
    });
}
