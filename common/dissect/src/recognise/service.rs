//! Files, talk and management: protocols of lines and of small headers.

use super::text::{contains, line};
use super::{Guess, anything, begins, begins_any, either, read, spoken, when, whole};
use crate::{Head, Probe};
use picket_event::Transport;
use picket_reader::{Fault, Reader};

/// Git's own transport (gitprotocol-pack): a line behind its length in four hexadecimal digits.
pub(super) fn git(head: &Head<'_>) -> Probe {
    let client = |bytes: &[u8]| {
        let (Some(length), Some(rest)) = (bytes.get(..4), bytes.get(4..)) else { return Guess::Open };
        if !length.iter().all(u8::is_ascii_hexdigit) {
            return Guess::No;
        }
        begins_any(rest, &[b"git-upload-pack ", b"git-receive-pack ", b"git-upload-archive "], 0.98)
    };
    spoken(head, client, anything)
}

/// rsync's daemon: both sides say its version.
pub(super) fn rsync(head: &Head<'_>) -> Probe {
    either(head, |bytes| begins(bytes, b"@RSYNCD: ", 0.98))
}

/// IRC (RFC 2812 section 3.1): a client that names itself, a server whose lines begin with its name.
pub(super) fn irc(head: &Head<'_>) -> Probe {
    let client = |bytes: &[u8]| {
        let known: &[&[u8]] = &[b"NICK ", b"PASS ", b"CAP LS", b"USER "];
        match begins_any(bytes, known, 0.3) {
            Guess::Yes(_) => {
                let first = bytes.get(..512).unwrap_or(bytes);
                // USER has four words, the last behind a colon: FTP's and POP3's have one.
                let user = first.split(|byte| *byte == b'\n').any(|line| {
                    let words = line.split(|byte| *byte == b' ').count();
                    line.starts_with(b"USER ") && words >= 5 && contains(line, b" :")
                });
                if user || first.starts_with(b"CAP LS") { Guess::Yes(0.9) } else { Guess::Open }
            }
            other => other,
        }
    };
    let server = |bytes: &[u8]| {
        let (first, _) = line(bytes);
        let mut words = first.split(|byte| *byte == b' ');
        let named = words.next().is_some_and(|name| name.starts_with(b":") && name.len() > 3);
        let command = words.next().unwrap_or_default();
        let numeric = command.len() == 3 && command.iter().all(u8::is_ascii_digit);
        if named && (numeric || matches!(command, b"NOTICE" | b"CAP" | b"PING")) {
            Guess::Yes(0.85)
        } else {
            begins_any(bytes, &[b"NOTICE AUTH :", b"PING :", b"ERROR :"], 0.6)
        }
    };
    spoken(head, client, server)
}

/// Diameter (RFC 6733 section 3): version 1, a length of words, a command that exists.
pub(super) fn diameter(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        read(|| {
            let mut r = Reader::new(bytes);
            let (version, length, flags, command) =
                (r.u8("version")?, r.u24("length")?, r.u8("flags")?, r.u24("command")?);
            let application = r.u32("application")?;
            let known = matches!(command, 257 | 258 | 265 | 268 | 271..=275 | 280 | 282 | 300..=305 | 316..=324);
            let fits = version == 1 && (20..=65_536).contains(&length) && length % 4 == 0 && flags & 0x0f == 0;
            Ok(when(fits && known && (application <= 16 || application >= 0x0100_0000), 0.95))
        })
    })
}

/// NFS: a call of its program over ONC RPC (RFC 1813, RFC 7530).
pub(super) fn nfs(head: &Head<'_>) -> Probe {
    fn call(r: &mut Reader<'_>) -> Result<Guess, Fault> {
        r.u32("xid")?;
        let kind = r.u64("kind and version")?;
        let (program, version) = (r.u32("program")?, r.u32("version")?);
        Ok(when(kind == 2 && program == 100_003 && (2..=4).contains(&version), 0.98))
    }
    if head.transport == Transport::TCP {
        let client = |bytes: &[u8]| {
            read(|| {
                let mut r = Reader::new(bytes);
                if r.u32("record mark")? & 0x8000_0000 == 0 {
                    return Ok(Guess::No);
                }
                call(&mut r)
            })
        };
        return spoken(head, client, anything);
    }
    spoken(head, |bytes| whole(|| call(&mut Reader::new(bytes))), anything)
}

/// IPMI over RMCP (IPMI 2.0 section 13.1.3): version, reserved zero, class; then a session or an answer to presence.
pub(super) fn ipmi(head: &Head<'_>) -> Probe {
    either(head, |bytes| match bytes {
        // Authentication kinds that exist (section 13.6).
        [6, 0, 0xff, 7, 0 | 1 | 2 | 4 | 5 | 6, ..] if bytes.len() >= 14 => Guess::Yes(0.93),
        // Alerting Standard Forum with its enterprise number 4542.
        [6, 0, _, 6, 0, 0, 0x11, 0xbe, ..] => Guess::Yes(0.97),
        // Acknowledgements are headers alone.
        [6, 0, _, 0x86 | 0x87] => Guess::Open,
        _ => Guess::No,
    })
}

/// WS-Discovery (OASIS 1.1, and the member submission of 2005): an envelope with its namespace.
pub(super) fn wsd(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        let first = bytes.get(..1024).unwrap_or(bytes);
        let xml = bytes.starts_with(b"<");
        let named = xml
            && (contains(first, b"schemas.xmlsoap.org/ws/2005/04/discovery")
                || contains(first, b"docs.oasis-open.org/ws-dd/ns/discovery"));
        when(named, 0.97)
    })
}

/// BitTorrent: peers (BEP 3), the distributed table (BEP 5), local peers (BEP 14), trackers over UDP (BEP 15) and peers
/// over UDP (BEP 29).
pub(super) fn bittorrent(head: &Head<'_>) -> Probe {
    if head.transport == Transport::TCP {
        return spoken(head, |bytes| begins(bytes, b"\x13BitTorrent protocol", 0.99), anything);
    }
    // An answer to a SYN has its connection and acknowledges its number.
    if let (Some(asked), Some(answer)) = (utp(head.to_server), utp(head.to_client)) {
        return match (asked.kind, answer.kind) {
            (4, 2) if asked.connection == answer.connection && answer.acknowledged == asked.number => {
                super::yes(0.97, false)
            }
            (2, 4) if asked.connection == answer.connection && asked.acknowledged == answer.number => {
                super::yes(0.97, true)
            }
            _ => Probe::No,
        };
    }
    either(head, |bytes| {
        let table = bytes.starts_with(b"d1:") && (contains(bytes, b"1:y1:q") || contains(bytes, b"1:y1:r"));
        let tracker = bytes.starts_with(&[0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80, 0, 0, 0, 0]);
        let local = bytes.starts_with(b"BT-SEARCH * HTTP/1.1\r\n");
        // The first SYN of a connection has number 1 and has seen no time of the other side's.
        let syn =
            utp(bytes).is_some_and(|utp| utp.kind == 4 && utp.number == 1 && utp.acknowledged == 0 && utp.delay == 0);
        if syn { Guess::Yes(0.82) } else { when(table || tracker || local, 0.95) }
    })
}

/// A header of BEP 29 without extensions behind it that it does not name.
struct Utp {
    kind: u8,
    connection: u16,
    delay: u32,
    number: u16,
    acknowledged: u16,
}

fn utp(bytes: &[u8]) -> Option<Utp> {
    let mut r = Reader::new(bytes);
    let (first, extension, connection) = (r.u8("kind").ok()?, r.u8("extension").ok()?, r.u16("connection").ok()?);
    r.u32("time").ok()?;
    let delay = r.u32("delay").ok()?;
    r.u32("window").ok()?;
    let (number, acknowledged) = (r.u16("number").ok()?, r.u16("acknowledged").ok()?);
    let fits = first & 0x0f == 1 && first >> 4 <= 4 && extension <= 2;
    fits.then_some(Utp { kind: first >> 4, connection, delay, number, acknowledged })
}

/// Gnutella (0.6 section 1): how a connection is asked for.
pub(super) fn gnutella(head: &Head<'_>) -> Probe {
    spoken(head, |bytes| begins(bytes, b"GNUTELLA CONNECT/", 0.98), |bytes| begins(bytes, b"GNUTELLA/", 0.9))
}

/// NATS: the server's description of itself.
pub(super) fn nats(head: &Head<'_>) -> Probe {
    spoken(head, anything, |bytes| begins(bytes, b"INFO {\"server_id\":", 0.97))
}
