//! Announcements whole, cut and out of range.

use super::parse::read;
use crate::Context;
use crate::teller::Message;
use picket_event::body::Asset;
use picket_event::{Direction, Endpoints, Timestamp, Transport};
use picket_reader::Fault;
use proptest::prelude::*;

fn told(bytes: &[u8]) -> (Vec<Asset>, Result<(), Fault>) {
    let (src, dest) = ("192.0.2.62".parse().unwrap(), "192.0.2.255".parse().unwrap());
    let endpoints = Endpoints::Ip { src, src_port: 138, dest, dest_port: 138, transport: Transport::UDP };
    let context = Context { time: Timestamp::EPOCH, endpoints, opener_seen: true };
    let mut told = Vec::new();
    let read = read(&Message { bytes, direction: Direction::ToServer, context: &context }, &mut told);
    (told, read)
}

fn name(text: &str, suffix: u8) -> Vec<u8> {
    let mut bytes = [b' '; 16];
    bytes.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
    bytes[15] = suffix;
    let letters = bytes.iter().flat_map(|byte| [b'A' + (byte >> 4), b'A' + (byte & 15)]);
    [32].into_iter().chain(letters).chain([0]).collect()
}

/// A datagram to the browser's mailslot; `at` is where the header says that the data stand.
fn datagram(source: [u8; 4], at: u16, data: &[u8]) -> Vec<u8> {
    let slot = b"\\MAILSLOT\\BROWSE\0";
    let mut smb = [&b"\xffSMB\x25"[..], &[0; 27], &[17], &[0; 22]].concat();
    smb.extend((data.len() as u16).to_le_bytes());
    smb.extend(at.to_le_bytes());
    smb.extend([3, 0, 1, 0, 1, 0, 2, 0]);
    smb.extend(((slot.len() + data.len()) as u16).to_le_bytes());
    smb.extend(slot);
    smb.extend(data);
    let head = [&[0x11, 2, 0, 7][..], &source, &[0, 138, 0, 0, 0, 0]].concat();
    [head, name("ENG-WS-2", 0), name("PLANT", 0x1d), smb].concat()
}

/// Where the data stand: behind header, words, lengths and the slot's name.
const AT: u16 = 86;
const OWN: [u8; 4] = [192, 0, 2, 62];

fn announcement(kinds: u32) -> Vec<u8> {
    let mut data = vec![1, 0, 0x80, 0xfc, 0x0a, 0];
    data.extend(b"ENG-WS-2\0\0\0\0\0\0\0\0");
    data.extend([10, 0]);
    data.extend(kinds.to_le_bytes());
    data.extend([15, 1, 0x55, 0xaa]);
    data.extend(b"Line 2\0");
    data
}

#[test]
fn an_announcement_tells_name_system_and_kinds() {
    let (told, read) = told(&datagram(OWN, AT, &announcement(0x0004_9003)));
    assert_eq!(read, Ok(()));
    let [asset] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(
        (asset.hostname.as_deref(), asset.os.as_deref()),
        (Some("eng-ws-2"), Some("Windows 10 or 11, Server 2016 or newer"))
    );
    assert_eq!(asset.roles, ["file-server", "master-browser"]);
    assert_eq!((&asset.model, &asset.firmware), (&None, &None));
}

#[test]
fn what_runs_on_unix_is_no_windows() {
    let (told, _) = told(&datagram(OWN, AT, &announcement(0x0000_9803)));
    assert_eq!((told[0].os.as_deref(), told[0].hostname.as_deref()), (None, Some("eng-ws-2")));
}

#[test]
fn a_datagram_passed_on_tells_nothing() {
    assert_eq!(told(&datagram([192, 0, 2, 9], AT, &announcement(3))), (vec![], Ok(())));
}

#[test]
fn data_out_of_range_are_damage() {
    let (told, read) = told(&datagram(OWN, 4000, &announcement(3)));
    // The sender has said its name by then.
    assert_eq!(told[0].hostname.as_deref(), Some("eng-ws-2"));
    assert!(matches!(read, Err(Fault::Malformed(_))), "{read:?}");
}

proptest! {
    #[test]
    fn cut_and_damaged_datagrams_break_nothing(cut: usize, at: usize, with: u8) {
        let mut bytes = datagram(OWN, AT, &announcement(0x0004_9003));
        let place = at % bytes.len();
        bytes[place] = with;
        bytes.truncate(cut % (bytes.len() + 1));
        prop_assert!(told(&bytes).0.len() <= 1);
    }
}
