//! Who a message speaks of.

use super::parse::{read, sent_by};
use crate::Context;
use crate::teller::Message;
use picket_event::body::Asset;
use picket_event::{Direction, Endpoints, Timestamp, Transport};
use proptest::prelude::*;

fn told(direction: Direction, bytes: &[u8]) -> Vec<Asset> {
    let (src, dest) = ("192.0.2.60".parse().unwrap(), "192.0.2.61".parse().unwrap());
    let endpoints = Endpoints::Ip { src, src_port: 5060, dest, dest_port: 5060, transport: Transport::UDP };
    let context = Context { time: Timestamp::EPOCH, endpoints, opener_seen: true };
    let mut told = Vec::new();
    let _ = read(&Message { bytes, direction, context: &context }, &mut told);
    told
}

fn request(via: &str) -> Vec<u8> {
    format!("REGISTER sip:pbx.example SIP/2.0\r\n{via}\r\nCSeq: 1 REGISTER\r\nUser-Agent: Phone/7\r\n\r\n").into_bytes()
}

#[test]
fn a_request_speaks_of_its_sender_where_nobody_has_passed_it_on() {
    let own = told(Direction::ToServer, &request("Via: SIP/2.0/UDP phone-7.plant.example:5060;branch=z9hG4bK1"));
    assert_eq!(own[0].hostname.as_deref(), Some("phone-7"));
    assert_eq!(own[0].model.as_deref(), Some("Phone/7"));
    assert_eq!(own[0].ip, Some("192.0.2.60".parse().unwrap()));
    for two in ["v: SIP/2.0/UDP proxy;branch=a, SIP/2.0/UDP phone", "Via: SIP/2.0/UDP proxy\r\nVia: SIP/2.0/UDP phone"]
    {
        assert_eq!(told(Direction::ToServer, &request(two)), [], "{two}");
    }
}

#[test]
fn an_answer_speaks_of_its_sender_where_it_went_one_hop() {
    let answer = |status: &str, method: &str| {
        let text = format!("SIP/2.0 {status}\r\nVia: SIP/2.0/UDP phone\r\nCSeq: 1 {method}\r\nServer: Pbx/2\r\n\r\n");
        told(Direction::ToClient, text.as_bytes())
    };
    let registrar = answer("401 Unauthorized", "REGISTER");
    assert_eq!(registrar[0].ip, Some("192.0.2.61".parse().unwrap()));
    assert_eq!((registrar[0].model.as_deref(), &registrar[0].hostname), (Some("Pbx/2"), &None));
    assert_eq!(registrar[0].roles, ["sip-server"]);
    assert_eq!(answer("100 Trying", "INVITE")[0].model.as_deref(), Some("Pbx/2"));
    assert_eq!(answer("200 OK", "INVITE"), []);
}

#[test]
fn names_and_no_addresses() {
    assert_eq!(
        sent_by(b" SIP/2.0/UDP erlang.bell-tel.example:5060;branch=z9").as_deref(),
        Some("erlang.bell-tel.example")
    );
    assert_eq!(sent_by(b"SIP / 2.0 / UDP first").as_deref(), Some("/ 2.0 / UDP first"));
    assert_eq!(sent_by(b" SIP/2.0/UDP 192.0.2.9:5060"), None);
    assert_eq!(sent_by(b" SIP/2.0/UDP [2001:db8::9]:5060"), None);
    assert_eq!(sent_by(b" SIP/2.0/UDP"), None);
}

proptest! {
    #[test]
    fn whatever_comes_is_bounded(bytes: Vec<u8>) {
        let mut head = b"OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP ".to_vec();
        head.extend(bytes);
        for asset in told(Direction::ToServer, &head) {
            prop_assert!(asset.names.len() <= 16 && asset.hostname.is_none_or(|name| name.len() <= 128));
        }
    }
}
