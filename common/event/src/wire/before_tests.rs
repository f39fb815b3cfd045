//! F28: frames as an earlier form of the wire wrote them, kept byte for byte, are read as ever.
//!
//! `golden/v1-control.frame` holds one control message of each kind, `golden/v1-events.frame` one event of each kind. They are
//! never written anew: an agent of a release before sends just these bytes. A kind that is added later gets a file of its own.
#![allow(clippy::disallowed_methods, reason = "tests read files")]

use super::tests::{controls, frame_of, one_of_each};
use super::*;
use crate::body::Body;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/wire/golden");

/// The frame of this name; the first time `PICKET_BLESS=1` writes it, and never again.
fn kept(name: &str, now: &Frame) -> Vec<u8> {
    let path = std::path::Path::new(FOLDER).join(name);
    if std::env::var_os("PICKET_BLESS").is_some() && !path.exists() {
        std::fs::create_dir_all(FOLDER).unwrap();
        std::fs::write(&path, &now.bytes).unwrap();
    }
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn f28_control_messages_of_the_first_form_are_read() {
    let expected = controls();
    let frame = kept("v1-control.frame", &encode_controls(&expected).unwrap());
    assert_eq!(decode_control(&frame).unwrap(), (expected, 0));
}

#[test]
fn f28_events_of_the_first_form_are_read() {
    let mut expected = one_of_each();
    for event in &mut expected {
        // Later than that form.
        if let Body::Flow(flow) = &mut event.body {
            flow.detail = None;
        }
    }
    let frame = kept("v1-events.frame", &frame_of(&expected, 1));
    let decoded = Decoder::new().unwrap().events(&frame).unwrap();
    assert_eq!((decoded.unknown, decoded.malformed), (0, 0));
    let sent: Vec<_> = decoded.events.into_iter().map(|(_, event)| event).collect();
    assert_eq!(sent, expected);
}
