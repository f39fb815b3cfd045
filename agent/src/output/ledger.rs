//! The ledger for people and for scripts.

use picket_event::{Body, Event, Ledger, Source, Timestamp, eve};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The ledger in words, a line a balance. `with_events` adds the books of the spool.
#[must_use]
pub fn ledger_text(ledger: &Ledger, with_events: bool) -> String {
    let mut text = String::new();
    let undecodable: u64 = ledger.undecodable.values().sum();
    let _ = writeln!(
        text,
        "frames    {} ({} bytes): {} decoded, {undecodable} undecodable{}",
        ledger.frames,
        ledger.bytes,
        ledger.decoded,
        list(&ledger.undecodable),
    );
    let _ = writeln!(
        text,
        "dropped   {} by the kernel, {} by the interface; {} of the agent's own left out",
        ledger.kernel_drops, ledger.interface_drops, ledger.own_traffic,
    );
    let _ = writeln!(
        text,
        "flows     {} opened: {} closed, {} evicted, {} open; {} packets found no place",
        ledger.flows_opened, ledger.flows_closed, ledger.flows_evicted, ledger.flows_open, ledger.flows_refused,
    );
    if with_events {
        let lost: u64 = ledger.events_lost.values().sum();
        let _ = writeln!(
            text,
            "events    {}: {} acknowledged, {} spooled, {lost} lost{}; {} bytes sent",
            ledger.events,
            ledger.events_acknowledged,
            ledger.events_spooled,
            list(&ledger.events_lost),
            ledger.wire_bytes,
        );
    } else {
        let _ = writeln!(text, "events    {}", ledger.events);
    }
    if ledger.frames_cut > 0 || ledger.unread_bytes.values().any(|bytes| *bytes > 0) {
        let bytes: u64 = ledger.unread_bytes.values().sum();
        let (cut, reasons) = (ledger.frames_cut, list(&ledger.unread_bytes));
        let _ = writeln!(text, "unread    {bytes} bytes{reasons}; {cut} frames cut by their capture");
    }
    let maps = [
        ("capped", &ledger.capped),
        ("malformed", &ledger.malformed),
        ("abstained", &ledger.abstained),
        ("uploaded", &ledger.detail_uploaded),
    ];
    for (name, map) in maps {
        if !map.is_empty() {
            let _ = writeln!(text, "{name:<9}{}", list(map));
        }
    }
    let events = if with_events { ledger.event_imbalance() } else { None };
    if let Some(imbalance) = ledger.imbalance().or(events) {
        let _ = writeln!(text, "THE BOOKS DO NOT BALANCE: {imbalance}");
    }
    text
}

/// ` (a 1, b 2)`, or nothing.
fn list(map: &BTreeMap<String, u64>) -> String {
    let items: Vec<String> = map.iter().filter(|(_, n)| **n > 0).map(|(name, n)| format!("{name} {n}")).collect();
    if items.is_empty() { String::new() } else { format!(" ({})", items.join(", ")) }
}

/// The ledger as the `stats` object of EVE.
#[must_use]
pub fn ledger_json(ledger: &Ledger) -> serde_json::Value {
    let body = Body::Stats(Box::new(ledger.clone()));
    let event = Event {
        time: Timestamp::EPOCH,
        source: Source::Agent,
        vlan: Vec::new(),
        flow: None,
        redacted: Vec::new(),
        body,
    };
    let mut line = Vec::new();
    eve::write_line(&mut line, &event, None, None);
    let row: serde_json::Value = serde_json::from_slice(&line).unwrap_or_default();
    row.get("stats").cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_json_carry_the_counters() {
        let mut ledger =
            Ledger { frames: 5, decoded: 3, flows_opened: 1, flows_open: 1, events: 4, ..Ledger::default() };
        ledger.undecodable.insert("link_type".into(), 2);
        ledger.unread_bytes = [("link_type".to_owned(), 120), ("not_captured".to_owned(), 30)].into();
        ledger.frames_cut = 1;
        let text = ledger_text(&ledger, false);
        assert!(text.contains("frames    5 (0 bytes): 3 decoded, 2 undecodable (link_type 2)"), "{text}");
        let unread = "unread    150 bytes (link_type 120, not_captured 30); 1 frames cut by their capture";
        assert!(text.contains(unread) && !text.contains("BALANCE"), "{text}");
        assert!(ledger_text(&ledger, true).contains("THE BOOKS DO NOT BALANCE: events 4"));
        assert_eq!(ledger_json(&ledger).get("frames"), Some(&5.into()));
    }
}
