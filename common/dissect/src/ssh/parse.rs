//! Banners (RFC 4253 section 4.2) and KEXINIT (section 7.1): bytes to values.

use super::shape::Shape;
use super::table;
use crate::digits::{escaped, is_printable};
use md5::{Digest, Md5};
use picket_event::body::SshEnd;
use picket_reader::{Fault, Reader};

/// Longest software version with comment that is kept, bytes. A banner line has at most 255 (RFC 4253 section 4.2).
const SOFTWARE_LIMIT: usize = 255;
/// Longest protocol version that is believed, bytes (`1.99`).
const VERSION_LIMIT: usize = 8;

/// The beginning of a banner.
pub(crate) const MAGIC: &[u8] = b"SSH-";

/// A banner's line, without its end: `SSH-protoversion-softwareversion SP comments`.
pub(crate) fn banner(line: &[u8]) -> Option<SshEnd> {
    let rest = line.trim_ascii_end().strip_prefix(MAGIC)?;
    let dash = rest.iter().position(|byte| *byte == b'-')?;
    let (version, software) = (rest.get(..dash)?, rest.get(dash.saturating_add(1)..)?);
    let numeric = version.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    if version.is_empty() || version.len() > VERSION_LIMIT || !numeric {
        return None;
    }
    let software = software.get(..SOFTWARE_LIMIT).unwrap_or(software);
    Some(SshEnd { version: text(version), software: text(software), hassh: None })
}

/// Whether a side with this version speaks SSH-2: `2.0`, or `1.99` that speaks both (RFC 4253 section 5.1).
pub(crate) fn speaks_two(version: &str) -> bool {
    version.starts_with('2') || version == "1.99"
}

/// Printable text of bytes from the wire.
fn text(bytes: &[u8]) -> String {
    if is_printable(bytes) { String::from_utf8_lossy(bytes).into_owned() } else { escaped(bytes, SOFTWARE_LIMIT) }
}

/// What one side offers: the name-lists of its KEXINIT that frame packets, and both its fingerprints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Offer {
    /// HASSH, were this side the client.
    pub(crate) hassh: [u8; 16],
    /// HASSH-server, were this side the server.
    pub(crate) hassh_server: [u8; 16],
    /// Whether it says of itself that it is the client; `None` where it says nothing of its role.
    pub(crate) client: Option<bool>,
    /// Encryption, MAC and compression, each from client to server and then from server to client.
    lists: [Box<[u8]>; 6],
}

/// Reads a KEXINIT behind its message number.
///
/// # Errors
/// [`Fault::Incomplete`] where a list is longer than the message.
pub(crate) fn kexinit(body: &[u8]) -> Result<Offer, Fault> {
    let mut r = Reader::new(body);
    r.skip(16, "cookie")?;
    let mut lists: [&[u8]; 10] = [&[]; 10];
    for list in &mut lists {
        let length = r.u32("name-list length")?;
        *list = r.take(usize::try_from(length).unwrap_or(usize::MAX), "name-list")?;
    }
    let [kex, _, cipher_up, cipher_down, mac_up, mac_down, zip_up, zip_down, ..] = lists;
    Ok(Offer {
        hassh: fingerprint([kex, cipher_up, mac_up, zip_up]),
        hassh_server: fingerprint([kex, cipher_down, mac_down, zip_down]),
        client: role(kex),
        lists: [cipher_up, cipher_down, mac_up, mac_down, zip_up, zip_down].map(Into::into),
    })
}

/// Names among the key exchanges that only a client or only a server sends (RFC 8308 section 2.1; OpenSSH PROTOCOL, 1.10).
fn role(kex: &[u8]) -> Option<bool> {
    let has = |wanted: &[&[u8]]| kex.split(|byte| *byte == b',').any(|name| wanted.contains(&name));
    let client = has(&[b"ext-info-c", b"kex-strict-c-v00@openssh.com"]);
    let server = has(&[b"ext-info-s", b"kex-strict-s-v00@openssh.com"]);
    (client != server).then_some(client)
}

/// HASSH and HASSH-server (salesforce/hassh): MD5 of the lists as sent, joined by semicolons.
fn fingerprint([kex, cipher, mac, compression]: [&[u8]; 4]) -> [u8; 16] {
    let mut hasher = Md5::new();
    for (at, list) in [kex, cipher, mac, compression].into_iter().enumerate() {
        if at > 0 {
            hasher.update(b";");
        }
        hasher.update(list);
    }
    hasher.finalize().into()
}

/// How packets of both directions are framed once keys are taken (RFC 4253 section 7.1): the first name of the
/// client's list that the server has too. `None` for a direction whose algorithms are not known here.
pub(crate) fn negotiate(client: &Offer, server: &Offer) -> [Option<Shape>; 2] {
    let chosen = |at: usize| -> &[u8] {
        let (Some(wanted), Some(offered)) = (client.lists.get(at), server.lists.get(at)) else { return &[] };
        let has = |name: &&[u8]| offered.split(|byte| *byte == b',').any(|other| other == *name);
        wanted.split(|byte| *byte == b',').find(has).unwrap_or(&[])
    };
    [0, 1].map(|direction| {
        let (cipher, mac, compression) = (chosen(direction), chosen(direction + 2), chosen(direction + 4));
        // `zlib` compresses from the first packet on; `zlib@openssh.com` waits until somebody is logged in.
        if compression == b"zlib" { None } else { Shape::of(table::cipher(cipher)?, table::mac(mac)) }
    })
}
