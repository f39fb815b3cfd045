//! Any bytes as frames of any link type, down the whole line of a sensor: links, tunnels, fragments, flows, dissectors,
//! features, scores, privacy, and the lines that are written.
//!
//! Input: a byte of switches, the link type (two bytes), then frames, each with a byte of time and a length before it.

use picket_agent::sensor::privacy::{Privacy, Treatment, Treatments};
use picket_agent::sensor::{Limits, Sensor, Settings, Sink};
use picket_event::{Event, eve};
use picket_packet::{Checksums, Frame, WireLen};
use picket_score::Bundle;
use std::sync::{Arc, LazyLock};

static BUNDLE: LazyLock<Option<Arc<Bundle>>> = LazyLock::new(|| Bundle::built_in().ok().map(Arc::new));

static PRIVACY: LazyLock<Arc<Privacy>> = LazyLock::new(|| {
    let treatments = Treatments {
        server_names: Treatment::Hash,
        queries: Treatment::Hash,
        http_heads: Treatment::Hash,
        certificates: Treatment::Hash,
        host_names: Treatment::Hash,
    };
    Arc::new(Privacy::new(treatments, b"0123456789abcdef"))
});

/// Small caps, so that they are reached.
fn settings(switches: u8) -> Settings {
    let limits = Limits {
        flows: 256,
        reassembly_flow_bytes: 4 << 10,
        reassembly_bytes: 64 << 10,
        fragment_datagrams: 4,
        fragment_bytes: 16 << 10,
        ..Limits::default()
    };
    Settings {
        limits,
        checksums: if switches & 1 == 0 { Checksums::Ignore } else { Checksums::Check },
        bundle: if switches & 2 == 0 { None } else { BUNDLE.clone() },
        privacy: (switches & 4 != 0).then(|| Arc::clone(&PRIVACY)),
        observe: switches & 8 != 0,
        ..Settings::file("fuzz")
    }
}

/// Writes every event as a line and reads it back.
#[derive(Default)]
struct Lines(Vec<u8>);

impl Sink for Lines {
    fn event(&mut self, event: Event) {
        self.0.clear();
        eve::write_line(&mut self.0, &event, None, None);
        let line = std::str::from_utf8(&self.0).expect("lines are text");
        assert!(line.len() > 2 && line.ends_with('\n') && line.matches('\n').count() == 1, "{line:?}");
        assert!(eve::parse_line(line).is_ok(), "{line}");
    }
}

/// Gives the frames to a sensor; its books balance.
pub(super) fn run(data: &[u8]) {
    let Some(([switches, low, high], mut rest)) = data.split_first_chunk::<3>() else { return };
    let link_type = u16::from_le_bytes([*low, *high]);
    let mut sensor = Sensor::new(&settings(*switches));
    let mut lines = Lines::default();
    let mut time_ns = 1_772_409_600_000_000_000i64;
    while let Some((pause, tail)) = rest.split_first() {
        rest = tail;
        let Some(data) = super::take(&mut rest) else { break };
        // Up to 18 minutes; now and then backwards.
        let step = 1i64 << (pause % 41);
        time_ns += if pause & 0xc0 == 0xc0 { -step } else { step };
        let beyond = u32::from(pause & 0x40) * 8;
        let wire_len = WireLen(u32::try_from(data.len()).unwrap_or(u32::MAX).saturating_add(beyond));
        sensor.frame(Frame { time_ns, link_type, wire_len, data }, &mut lines);
    }
    sensor.finish(&mut lines);
    let ledger = sensor.ledger();
    assert_eq!((ledger.imbalance(), ledger.flows_open), (None, 0));
}
