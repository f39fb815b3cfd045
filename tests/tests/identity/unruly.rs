//! F20, F25: an enrolled agent that does not keep to the rules is put out with the reason, and nobody else is.

use super::certificates::resuming;
use super::*;
use picket_collector::ingest::Config;
use picket_event::wire::{
    ALPN, BatchWriter, Class, Control, HEADER_BYTES, Hello, MAX_FRAME_BYTES, RefusalCode, SERVER_NAME, VERSION,
    encode_control,
};

/// A header of an event frame that says it holds so many bytes and events.
fn header(length: u32, first: u64, count: u32) -> [u8; HEADER_BYTES] {
    let mut bytes = [0; HEADER_BYTES];
    let good = encode_control(&hello()).unwrap().bytes;
    // Magic and version as they are, the kind that of events.
    bytes.copy_from_slice(&good[..HEADER_BYTES]);
    bytes[5..8].copy_from_slice(&[1, 1, 0]);
    bytes[8..12].copy_from_slice(&length.to_le_bytes());
    bytes[12..20].copy_from_slice(&first.to_le_bytes());
    bytes[20..24].copy_from_slice(&count.to_le_bytes());
    bytes
}

fn hello() -> Control {
    let (agent, release, bundle) = ("sensor-1".to_owned(), String::new(), String::new());
    Control::Hello(Hello { oldest: VERSION, newest: VERSION, agent, release, bundle, clock: 0, epoch: 5, next: 1 })
}

#[test]
fn f20_a_frame_that_is_too_large_or_lies_ends_its_connection_with_the_reason() {
    assert_eq!(ALPN, b"picket/1");
    let place = tempfile::tempdir().unwrap();
    let (collector, unruly) = pair(place.path());
    let other = AgentAt::enrol(&collector.token("", 1, DAY).unwrap(), "sensor-2", place.path()).unwrap();
    let forward = other.start().unwrap();
    forward.send(events(1).take(100));
    drained(&forward);
    let (config, to) = (resuming(&unruly), collector.ingest.address());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut body = header(64, 1, 1).to_vec();
    body.extend([0x5a; 64]);
    for bytes in [
        header(u32::MAX, 1, 1).to_vec(),
        header(MAX_FRAME_BYTES as u32, 1, 1).to_vec(),
        header(64, 1, 0).to_vec(),
        header(64, 1, u32::MAX).to_vec(),
        header(64, u64::MAX, 1).to_vec(),
        body,
    ] {
        let ended = runtime.block_on(async {
            let endpoint = quinn::Endpoint::client(free()).unwrap();
            let connection = endpoint.connect_with(config.clone(), to, SERVER_NAME).unwrap().await.unwrap();
            let (mut control, _answers) = connection.open_bi().await.unwrap();
            control.write_all(&encode_control(&hello()).unwrap().bytes).await.unwrap();
            let mut stream = connection.open_uni().await.unwrap();
            stream.write_all(&bytes).await.unwrap();
            tokio::time::timeout(Duration::from_secs(5), connection.closed()).await.unwrap()
        });
        let quinn::ConnectionError::ApplicationClosed(close) = &ended else { panic!("{ended}") };
        assert_eq!(RefusalCode::from_number(close.error_code.into_inner()), Some(RefusalCode::Frame), "{bytes:02x?}");
    }
    assert!(forward.status().connected);
    forward.send(events(2).take(100));
    drained(&forward);
    stored_once(&collector, "sensor-2", 200);
    stored_once(&collector, "sensor-1", 0);
    forward.stop();
    collector.stop();
}

/// A frame of one event.
fn frame(batch: &mut BatchWriter, first: u64) -> Vec<u8> {
    batch.push(&events(first).take(1)[0]).unwrap();
    batch.finish(first).unwrap().bytes
}

/// A peer that keeps its connection up, sends, and reads nothing gets no more than the window that it gave, and is put out.
#[test]
fn f25_who_does_not_read_is_put_out_and_nobody_waits_for_it() {
    let place = tempfile::tempdir().unwrap();
    let idle = Duration::from_secs(2);
    let config = Config { listen: free(), idle, ..Config::default() };
    let collector = CollectorAt::start_with(&place.path().join("collector"), config, now()).unwrap();
    let enrol = |name| AgentAt::enrol(&collector.token("", 1, DAY).unwrap(), name, place.path()).unwrap();
    let (deaf, other) = (enrol("sensor-1"), enrol("sensor-2"));
    let forward = other.start().unwrap();
    let mut config = resuming(&deaf);
    let mut transport = quinn::TransportConfig::default();
    transport.stream_receive_window(1_024u32.into());
    // Its packets go on: no idle time-out ends it.
    transport.keep_alive_interval(Some(Duration::from_millis(200)));
    config.transport_config(std::sync::Arc::new(transport));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let begin = Instant::now();
    let (ended, sent) = runtime.block_on(async {
        let endpoint = quinn::Endpoint::client(free()).unwrap();
        let connection = endpoint.connect_with(config, collector.ingest.address(), SERVER_NAME).unwrap().await.unwrap();
        let (mut control, _never_read) = connection.open_bi().await.unwrap();
        control.write_all(&encode_control(&hello()).unwrap().bytes).await.unwrap();
        let mut stream = connection.open_uni().await.unwrap();
        let (mut batch, mut sent) = (BatchWriter::new(Class::Flow).unwrap(), 0);
        while stream.write_all(&frame(&mut batch, sent + 1)).await.is_ok() && begin.elapsed() < PATIENCE {
            sent += 1;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        (tokio::time::timeout(Duration::from_secs(5), connection.closed()).await.unwrap(), sent)
    });
    let quinn::ConnectionError::ApplicationClosed(close) = &ended else { panic!("{ended}") };
    assert_eq!(RefusalCode::from_number(close.error_code.into_inner()), Some(RefusalCode::Protocol));
    assert!(close.reason.starts_with(b"nothing was read for 2 s"), "{ended}");
    assert!(begin.elapsed() < idle * 4, "it took {:?}", begin.elapsed());
    assert!(collector.ingest.health().refused.contains_key("protocol"), "{:?}", collector.ingest.health());
    forward.send(events(3).take(100));
    drained(&forward);
    stored_once(&collector, "sensor-2", 100);
    let stored = collector.stored().unwrap().into_iter().filter(|(who, _)| who == "sensor-1").count();
    assert!(stored > 0 && stored as u64 <= sent, "what came in time is kept: {stored} of {sent}");
    forward.stop();
    collector.stop();
}
