//! A certificate of our own, its parts, and hostile ones.

#![allow(clippy::disallowed_methods, reason = "time is measured, and goes into no output")]

use super::*;
use proptest::prelude::*;

/// Made by `openssl req -x509 -newkey ed25519 -set_serial 4660 -subj '/C=CH/O=A+OU=B/CN= x,#y'`
/// with two alternative names.
const CERTIFICATE: &str = "\
    3082018530820137a00302010202021234300506032b65703033310b300906035504061302434831143008060355040a0c01 \
    413008060355040b0c0142310e300c06035504030c0520782c2379301e170d3236313132323032323830375a170d33363131 \
    31393032323830375a3033310b300906035504061302434831143008060355040a0c01413008060355040b0c0142310e300c \
    06035504030c0520782c2379302a300506032b65700321005a6fae22e418e3cd40973ef31786993fa5bf6cd757ec5df443cf \
    474e0798a6c3a36f306d301d0603551d0e0416041422e7f4fbff66e6390b9ea1b18eec6959045bffbc301f0603551d230418 \
    3016801422e7f4fbff66e6390b9ea1b18eec6959045bffbc300f0603551d130101ff040530030101ff301a0603551d110413 \
    30118209612e6578616d706c658704c0000201300506032b6570034100f425558cc8b658493baee0e7c28084de4455d6f0b4 \
    9753149af743f6d938e1a9ce4c10d56e9090683b9c763975c2f3a5ff9f2802844103fc30c8e86fd948c00c";

fn der() -> Vec<u8> {
    let digits: Vec<u8> = CERTIFICATE.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// A Certificate message with these certificates.
fn message(chain: &[Vec<u8>]) -> Vec<u8> {
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_be_bytes()[1..].to_vec();
    let entries: Vec<u8> = chain.iter().flat_map(|der| [length(der), der.clone()].concat()).collect();
    [length(&entries), entries].concat()
}

#[test]
fn a_certificate_is_read_completely() {
    let facts = chain(&message(&[der(), der()])).unwrap().unwrap();
    assert_eq!(facts.leaf.subject, "CN=\\ x\\,#y,O=A+OU=B,C=CH");
    assert_eq!(facts.leaf.issuer, facts.leaf.subject);
    assert!(facts.leaf.self_signed);
    assert_eq!(facts.leaf.serial, [0x12, 0x34]);
    assert_eq!(facts.leaf.names, ["a.example", "192.0.2.1"]);
    assert_eq!(facts.leaf.not_after.since(facts.leaf.not_before).as_secs(), 3650 * 86_400);
    assert_eq!((facts.version, facts.key, facts.key_bits), (3, KeyKind::Ed25519, 256));
    assert_eq!((facts.signature, facts.chain_length), (SignatureKind::Ed25519, 2));
    assert_eq!(facts.chain_bytes as usize, 2 * (der().len() + 3));
    assert_eq!(facts.length as usize, der().len());
    assert!(facts.extensions >= 3);
    assert_eq!(facts.leaf.fingerprint, "crt1:3:C-O+OU-CN:=:ed25519:ed25519:14-35-19!-17:10y");
}

#[test]
fn an_empty_list_has_no_leaf() {
    assert_eq!(chain(&message(&[])), Ok(None));
}

#[test]
fn times_of_both_forms() {
    let of = |tag, text: &str| name::time(tag, text.as_bytes()).map(|t| t.to_string());
    assert_eq!(of(der::UTC_TIME, "491231235959Z").unwrap(), "2049-12-31T23:59:59.000000+0000");
    assert_eq!(of(der::UTC_TIME, "500101000000Z").unwrap(), "1950-01-01T00:00:00.000000+0000");
    assert_eq!(of(der::GENERALIZED_TIME, "99991231235959Z"), Ok(Timestamp::MAX.to_string()));
    for wrong in ["", "Z", "20260101000000", "26010100000Z", "26010100000aZ", "261301000000Z"] {
        assert!(of(der::UTC_TIME, wrong).is_err(), "{wrong}");
    }
}

/// Nesting costs nothing, because nothing descends but to known depths.
#[test]
fn f33_nested_asn1_is_refused_at_once() {
    let mut nested = Vec::new();
    for _ in 0..15_000 {
        let length = u32::try_from(nested.len()).unwrap().to_be_bytes();
        nested.splice(0..0, [&[0x30, 0x83], &length[1..]].concat());
    }
    let begin = std::time::Instant::now();
    assert!(chain(&message(&[nested])).is_err());
    assert!(begin.elapsed().as_millis() < 50);
}

#[test]
fn f32_every_cut_of_a_certificate_is_refused() {
    let whole = der();
    for cut in 0..whole.len() {
        assert!(chain(&message(&[whole[..cut].to_vec()])).is_err(), "cut at {cut}");
    }
}

proptest! {
    #[test]
    fn f32_a_damaged_certificate_does_no_harm(at in 0usize..400, value: u8) {
        let mut damaged = der();
        let length = damaged.len();
        damaged[at % length] = value;
        let _ = chain(&message(&[damaged]));
    }

    #[test]
    fn f32_any_bytes_as_a_chain(bytes: Vec<u8>) {
        let _ = chain(&bytes);
    }
}
