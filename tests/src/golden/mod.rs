//! The makers of the golden captures, one module a protocol, and the way from a capture to its expected lines.

mod automation;
mod codesys;
mod described;
mod dnp3;
mod dns;
mod dtls;
mod hosts;
mod http;
mod iec104;
mod iso;
mod mms;
mod modbus;
mod plant;
mod proxy;
mod quic;
mod rtp;
mod rtu;
mod s7comm;
mod s7comm_plus;
mod socks;
mod ssh;
mod starttls;
mod substation;
mod tds;
mod telecontrol;
mod tls;
mod umas;

use crate::make::Capture;
use crate::place::repository;
use picket_agent::capture::{FileSource, Filled, FrameBatch, FrameSource};
use picket_agent::sensor::{Sensor, Settings, Sink};
use picket_event::{Event, Kind, Ledger, eve};
use picket_packet::{Frame, WireLen};
use std::path::{Path, PathBuf};

/// A capture that is made: its protocol's folder, its name, its frames.
pub type Made = (&'static str, &'static str, Capture);

/// Every capture that is made by program. Captures of real programs are made by `tests/make/*.sh`.
#[must_use]
pub fn all() -> Vec<Made> {
    let mut all = Vec::new();
    all.extend(modbus::captures().into_iter().map(|(name, capture)| ("modbus", name, capture)));
    all.extend(dns::captures().into_iter().map(|(name, capture)| ("dns", name, capture)));
    all.extend(hosts::captures());
    all.extend(automation::captures());
    all.extend(quic::captures().into_iter().map(|(name, capture)| ("quic", name, capture)));
    all.extend(dtls::captures().into_iter().map(|(name, capture)| ("dtls", name, capture)));
    all.extend(tls::captures().into_iter().map(|(name, capture)| ("tls", name, capture)));
    all.extend(ssh::captures().into_iter().map(|(name, capture)| ("ssh", name, capture)));
    all.extend(rtp::captures().into_iter().map(|(name, capture)| ("rtp", name, capture)));
    all.extend(http::captures().into_iter().map(|(name, capture)| ("http", name, capture)));
    all.extend(socks::captures().into_iter().map(|(name, capture)| ("socks", name, capture)));
    all.extend(proxy::captures().into_iter().map(|(name, capture)| ("proxy", name, capture)));
    all.extend(tds::captures().into_iter().map(|(name, capture)| ("tds", name, capture)));
    all.extend(starttls::captures().into_iter().map(|(name, capture)| ("starttls", name, capture)));
    all.extend(iec104::captures().into_iter().map(|(name, capture)| ("iec104", name, capture)));
    all.extend(substation::captures());
    all.extend(telecontrol::captures());
    all.extend(dnp3::captures().into_iter().map(|(name, capture)| ("dnp3", name, capture)));
    all.extend(s7comm::captures().into_iter().map(|(name, capture)| ("s7comm", name, capture)));
    all.extend(s7comm_plus::captures().into_iter().map(|(name, capture)| ("s7comm_plus", name, capture)));
    all.extend(codesys::captures().into_iter().map(|(name, capture)| ("codesys", name, capture)));
    all.extend(mms::captures().into_iter().map(|(name, capture)| ("mms", name, capture)));
    all.extend(plant::captures());
    all.extend(described::captures());
    all
}

/// The golden folder of a protocol.
#[must_use]
pub fn folder(protocol: &str) -> PathBuf {
    repository().join("common/dissect/src").join(protocol).join("golden")
}

/// What the sensor says of a capture, without the ledger and without what it sums up over hosts and pairs: that
/// has tests of its own, and no dissector says it.
///
/// # Panics
/// When the file cannot be read.
#[must_use]
pub fn events(path: &Path) -> Vec<Event> {
    let base = path.file_name().and_then(|name| name.to_str()).unwrap_or("capture");
    let mut events: Vec<Event> = Vec::new();
    read(path, &Settings::file(base), &mut events);
    events.retain(|event| !matches!(event.kind(), Kind::Stats | Kind::Host | Kind::Pair));
    events
}

/// Reads a capture with a sensor of these settings; answers its books.
///
/// # Panics
/// When the capture cannot be read.
pub fn read(path: &Path, settings: &Settings, sink: &mut impl Sink) -> Ledger {
    let mut sensor = Sensor::new(settings);
    let mut source = FileSource::open(path).unwrap_or_else(|error| panic!("{error}"));
    let mut batch = FrameBatch::new();
    loop {
        match source.fill(&mut batch) {
            Ok(Filled::Frames) => {}
            Ok(_) => break,
            Err(error) => panic!("{}: {error}", path.display()),
        }
        for frame in batch.frames() {
            let frame = Frame {
                time_ns: frame.time.nanos(),
                link_type: frame.link_type,
                wire_len: WireLen(frame.wire),
                data: frame.bytes,
            };
            sensor.frame(frame, sink);
        }
    }
    sensor.finish(sink);
    sensor.ledger()
}

/// The lines of events.
///
/// # Panics
/// When a line is not UTF-8, which JSON always is.
#[must_use]
pub fn lines(events: &[Event]) -> String {
    let mut out = Vec::new();
    for event in events {
        eve::write_line(&mut out, event, None, None);
    }
    String::from_utf8(out).unwrap_or_else(|error| panic!("a line is not UTF-8: {error}"))
}
