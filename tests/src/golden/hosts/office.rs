//! Telephones that register, and NetBIOS datagrams of the browser.

use super::{datagrams, group};
use crate::golden::Made;
use crate::make::Host;

use super::names::netbios;

/// A message of SIP: its first line and its headers.
fn message(first: &str, headers: &[&str]) -> Vec<u8> {
    format!("{first}\r\n{}\r\nContent-Length: 0\r\n\r\n", headers.join("\r\n")).into_bytes()
}

const FROM: &str = "From: \"Control room\" <sip:4711@pbx.example>;tag=1";
const TO: &str = "To: <sip:4711@pbx.example>";

fn sip() -> Vec<Made> {
    let (phone, exchange) = (Host::new(60, "192.0.2.60"), Host::new(61, "192.0.2.61"));
    let via = "Via: SIP/2.0/UDP phone-7.plant.example:5060;branch=z9hG4bK7";
    let register = message(
        "REGISTER sip:pbx.example SIP/2.0",
        &[via, FROM, TO, "Call-ID: 1", "CSeq: 1 REGISTER", "User-Agent: ExamplePhone T46/28.83"],
    );
    let refused = message(
        "SIP/2.0 401 Unauthorized",
        &[via, FROM, TO, "Call-ID: 1", "CSeq: 1 REGISTER", "Server: Example PBX 2.1"],
    );
    let keep = b"\r\n\r\n".to_vec();
    let registration = datagrams(&[
        ((&phone, 5060), (&exchange, 5060), register),
        ((&exchange, 5060), (&phone, 5060), refused),
        ((&phone, 5060), (&exchange, 5060), keep),
    ]);
    // On another port, by its address, in short forms; the answer comes from behind the next hop.
    let gate = Host::new(62, "192.0.2.62");
    let invite = message(
        "INVITE sip:4712@pbx.example SIP/2.0",
        &["v: SIP/2.0/UDP 192.0.2.62:40160;branch=z9hG4bK8", "f: <sip:4711@pbx.example>;tag=2", TO, "CSeq: 7 INVITE"],
    );
    let ringing = |status: &str, server: &str| {
        message(status, &["v: SIP/2.0/UDP 192.0.2.62:40160;branch=z9hG4bK8", "CSeq: 7 INVITE", server])
    };
    let call = datagrams(&[
        ((&gate, 40_160), (&exchange, 40_060), invite),
        ((&exchange, 40_060), (&gate, 40_160), ringing("SIP/2.0 100 Trying", "Server: Example Proxy 5")),
        ((&exchange, 40_060), (&gate, 40_160), ringing("SIP/2.0 180 Ringing", "Server: SomebodyElsesPhone")),
    ]);
    // Passed on by a proxy: nothing is told of the sender. Then what is no message at all.
    let passed = message(
        "OPTIONS sip:pbx.example SIP/2.0",
        &["Via: SIP/2.0/UDP proxy.example", via, FROM, TO, "CSeq: 9 OPTIONS", "User-Agent: ExamplePhone T46/28.83"],
    );
    let damaged = datagrams(&[
        ((&exchange, 5060), (&gate, 5060), passed),
        ((&exchange, 5060), (&gate, 5060), b"SIP/2.0".to_vec()),
        ((&exchange, 5060), (&gate, 5060), b"OPTIONS sip:pbx.example HTTP/1.1\r\n\r\n".to_vec()),
    ]);
    vec![("sip", "registration", registration), ("sip", "call", call), ("sip", "damaged", damaged)]
}

/// A datagram to a mailslot, in a transaction of SMB.
fn mailslot(from: &Host, name: &str, group: (&str, u8), slot: &str, data: &[u8]) -> Vec<u8> {
    let slot = [slot.as_bytes(), &[0]].concat();
    let mut smb = [&b"\xffSMB\x25"[..], &[0; 27], &[17, 0, 0]].concat();
    smb.extend((data.len() as u16).to_le_bytes());
    smb.extend([0; 18]);
    smb.extend((data.len() as u16).to_le_bytes());
    smb.extend((69 + slot.len() as u16).to_le_bytes());
    smb.extend([3, 0, 1, 0, 1, 0, 2, 0]);
    smb.extend(((slot.len() + data.len()) as u16).to_le_bytes());
    smb.extend(slot);
    smb.extend(data);
    let body = [netbios(name, 0), netbios(group.0, group.1), smb].concat();
    let mut datagram = vec![0x11, 2, 0x80, 1];
    datagram.extend(from.ip_octets());
    datagram.extend([0, 138]);
    datagram.extend((body.len() as u16).to_be_bytes());
    datagram.extend([0, 0]);
    datagram.extend(body);
    datagram
}

/// A frame of the browser: kind, name, version, kinds of server, comment.
fn announcement(frame: u8, name: &str, version: (u8, u8), kinds: u32, comment: &str) -> Vec<u8> {
    let mut own = [0; 16];
    own.iter_mut().zip(name.bytes()).for_each(|(to, from)| *to = from);
    let mut data = vec![frame, 3, 0x80, 0xfc, 0x0a, 0];
    data.extend(own);
    data.extend([version.0, version.1]);
    data.extend(kinds.to_le_bytes());
    data.extend([15, 1, 0x55, 0xaa]);
    data.extend(comment.as_bytes());
    data.push(0);
    data
}

fn browser() -> Vec<Made> {
    let (windows, samba, all) = (Host::new(63, "192.0.2.63"), Host::new(64, "192.0.2.64"), group("255.255.255.255"));
    let browse = "\\MAILSLOT\\BROWSE";
    let own = announcement(1, "ENG-WS-3", (6, 1), 0x0001_1003, "Engineering, hall 3");
    let master = announcement(15, "FILES-2", (6, 1), 0x0084_9a03, "Samba 4.17.12-Debian");
    let domain = announcement(12, "PLANT", (6, 1), 0x8000_1000, "FILES-2");
    let announced = datagrams(&[
        ((&windows, 138), (&all, 138), mailslot(&windows, "ENG-WS-3", ("PLANT", 0x1d), browse, &own)),
        ((&samba, 138), (&all, 138), mailslot(&samba, "FILES-2", ("PLANT", 0x1e), browse, &master)),
        ((&samba, 138), (&all, 138), mailslot(&samba, "FILES-2", ("\u{1}\u{2}__MSBROWSE__\u{2}", 1), browse, &domain)),
    ]);
    // A question for a domain controller has its sender's name; a datagram passed on has another's address.
    let logon = mailslot(&windows, "ENG-WS-3", ("PLANT", 0x1c), "\\MAILSLOT\\NET\\NETLOGON", &[7, 0, 0, 0]);
    let passed = mailslot(&windows, "ENG-WS-3", ("PLANT", 0x1d), browse, &own);
    let relay = Host::new(65, "192.0.2.65");
    let others = datagrams(&[((&windows, 138), (&all, 138), logon), ((&relay, 138), (&all, 138), passed)]);
    let mut far = mailslot(&samba, "FILES-2", ("PLANT", 0x1e), browse, &master);
    far[82 + 58] = 0xff;
    let mut cut = mailslot(&samba, "FILES-2", ("PLANT", 0x1e), browse, &master);
    cut.truncate(60);
    let damaged = datagrams(&[((&samba, 40_138), (&all, 40_138), far), ((&samba, 40_138), (&all, 40_138), cut)]);
    vec![("netbios", "announced", announced), ("netbios", "others", others), ("netbios", "damaged", damaged)]
}

pub(super) fn captures() -> Vec<Made> {
    let mut all = sip();
    all.extend(browser());
    all
}
