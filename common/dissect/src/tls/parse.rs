//! Hello messages, bytes to values (RFC 8446 section 4.1, RFC 5246 section 7.4.1, RFC 6066).

use super::fingerprint;
use super::table::{RETRY_RANDOM, extension, is_grease, is_grease_mode};
use crate::digits::escaped;
use crate::fact::{ClientHello, ServerHello};
use crate::teller::{OFFSET, mix};
use picket_reader::{Fault, Reader};

/// Longest server name that is kept, bytes; a DNS name has no more than 253.
const SNI_LIMIT: usize = 255;

/// Room for the extensions of most hellos.
const EXTENSIONS: usize = 20;

/// What carries the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// TLS over TCP.
    Tcp,
    /// QUIC CRYPTO frames.
    Quic,
    /// DTLS.
    Dtls,
}

impl Carrier {
    /// The letter it has in fingerprints.
    pub(crate) const fn letter(self) -> char {
        match self {
            Self::Tcp => 't',
            Self::Quic => 'q',
            Self::Dtls => 'd',
        }
    }
}

/// A ClientHello with its fingerprints, and whether an extension inside it was malformed.
/// `body` is the message without its four-byte header.
///
/// # Errors
/// [`Fault`] when the fixed parts or the list of extensions cannot be read.
pub fn client_hello(body: &[u8], carrier: Carrier) -> Result<(ClientHello, bool), Fault> {
    let mut r = Reader::new(body);
    let mut hello = ClientHello {
        legacy_version: r.u16("legacy_version")?,
        length: u32::try_from(body.len()).unwrap_or(u32::MAX).saturating_add(4),
        ..ClientHello::default()
    };
    r.skip(32, "random")?;
    hello.session_id_length = u8::try_from(r.vec8("legacy_session_id")?.remaining()).unwrap_or(u8::MAX);
    if carrier == Carrier::Dtls {
        r.vec8("cookie")?;
    }
    hello.ciphers = list16(r.vec16("cipher_suites")?)?;
    hello.compression = r.vec8("legacy_compression_methods")?.rest().to_vec();
    let mut damaged = false;
    if !r.is_empty() {
        let mut extensions = r.vec16("extensions")?;
        hello.extensions.reserve(EXTENSIONS.min(extensions.remaining() / 4));
        while !extensions.is_empty() {
            let kind = extensions.u16("extension type")?;
            let data = extensions.vec16("extension data")?;
            hello.extensions.push(kind);
            damaged |= client_extension(&mut hello, kind, data).is_err();
        }
    }
    note_grease(&mut hello);
    hello.ja3 = fingerprint::ja3(&hello);
    hello.ja4 = fingerprint::ja4(&hello, carrier);
    Ok((hello, damaged))
}

fn client_extension(hello: &mut ClientHello, kind: u16, mut data: Reader<'_>) -> Result<(), Fault> {
    match kind {
        extension::SERVER_NAME => hello.sni = server_name(data)?,
        extension::SUPPORTED_GROUPS => hello.groups = list16(data.vec16("groups")?)?,
        extension::EC_POINT_FORMATS => hello.point_formats = data.vec8("point formats")?.rest().to_vec(),
        extension::SIGNATURE_ALGORITHMS => hello.signature_schemes = list16(data.vec16("signature schemes")?)?,
        extension::ALPN => {
            let mut names = data.vec16("alpn")?;
            while !names.is_empty() {
                hello.alpn.push(names.vec8("alpn name")?.rest().into());
            }
        }
        extension::PADDING => hello.padding_length = length(&data),
        extension::SESSION_TICKET => hello.ticket_length = Some(length(&data)),
        extension::PRE_SHARED_KEY => hello.psk = true,
        extension::EARLY_DATA => hello.early_data = true,
        extension::SUPPORTED_VERSIONS => hello.versions = list16(data.vec8("versions")?)?,
        extension::PSK_MODES => hello.psk_modes = data.vec8("psk modes")?.rest().to_vec(),
        extension::KEY_SHARE => {
            let mut shares = data.vec16("key shares")?;
            while !shares.is_empty() {
                let group = shares.u16("key share group")?;
                hello.key_shares.push((group, length(&shares.vec16("key share")?)));
            }
        }
        extension::ENCRYPTED_CLIENT_HELLO => {
            let hash = data.peek().iter().fold(OFFSET, mix);
            hello.ech = data.u8("ech type")? == 0;
            if hello.ech {
                data.skip(5, "ech suite and configuration")?;
                hello.ech_outer = Some((length(&data.vec16("ech key")?), hash));
            }
        }
        _ => {}
    }
    Ok(())
}

/// The host name of a server_name extension (RFC 6066 section 3).
fn server_name(mut data: Reader<'_>) -> Result<Option<String>, Fault> {
    if data.is_empty() {
        return Ok(None);
    }
    let mut list = data.vec16("server names")?;
    while !list.is_empty() {
        let kind = list.u8("name type")?;
        let name = list.vec16("server name")?.rest();
        if kind == 0 {
            return Ok(Some(printable(name, SNI_LIMIT)));
        }
    }
    Ok(None)
}

/// Lower case, what is not printable escaped, cut at a bound.
pub(crate) fn printable(bytes: &[u8], limit: usize) -> String {
    let mut text = escaped(bytes.get(..limit).unwrap_or(bytes), usize::MAX);
    text.make_ascii_lowercase();
    text
}

fn length(reader: &Reader<'_>) -> u16 {
    u16::try_from(reader.remaining()).unwrap_or(u16::MAX)
}

fn list16(mut list: Reader<'_>) -> Result<Vec<u16>, Fault> {
    let mut values = Vec::with_capacity(list.remaining() / 2);
    while !list.is_empty() {
        values.push(list.u16("list of two-byte values")?);
    }
    Ok(values)
}

fn note_grease(hello: &mut ClientHello) {
    let any = |values: &[u16]| values.iter().any(|v| is_grease(*v));
    hello.grease.ciphers = any(&hello.ciphers);
    hello.grease.extensions = any(&hello.extensions);
    hello.grease.groups = any(&hello.groups);
    hello.grease.versions = any(&hello.versions);
    hello.grease.signature_schemes = any(&hello.signature_schemes);
    hello.grease.key_shares = hello.key_shares.iter().any(|(group, _)| is_grease(*group));
    hello.grease.psk_modes = hello.psk_modes.iter().any(|mode| is_grease_mode(*mode));
    hello.grease.alpn = hello.alpn.iter().any(|name| match name.as_ref() {
        [high, low] => is_grease(u16::from_be_bytes([*high, *low])),
        _ => false,
    });
}

/// What a ServerHello message turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub enum ServerFlight {
    /// The server chose.
    Hello(Box<ServerHello>),
    /// The server asks for another hello.
    Retry,
}

/// A ServerHello with its fingerprint; `body` is the message without its header.
///
/// # Errors
/// [`Fault`] when the message cannot be read.
pub fn server_hello(body: &[u8]) -> Result<ServerFlight, Fault> {
    let mut r = Reader::new(body);
    let mut hello = ServerHello { legacy_version: r.u16("legacy_version")?, ..ServerHello::default() };
    hello.version = hello.legacy_version;
    let random = r.array::<32>("random")?;
    hello.session_id_length = u8::try_from(r.vec8("session_id")?.remaining()).unwrap_or(u8::MAX);
    hello.cipher = r.u16("cipher_suite")?;
    r.u8("compression_method")?;
    if !r.is_empty() {
        let mut extensions = r.vec16("extensions")?;
        while !extensions.is_empty() {
            let kind = extensions.u16("extension type")?;
            let mut data = extensions.vec16("extension data")?;
            hello.extensions.push(kind);
            match kind {
                extension::SUPPORTED_VERSIONS => hello.version = data.u16("selected version")?,
                extension::KEY_SHARE => hello.key_share_group = Some(data.u16("key share group")?),
                extension::PRE_SHARED_KEY => hello.psk = true,
                extension::ALPN => {
                    let mut names = data.vec16("alpn")?;
                    hello.alpn = Some(names.vec8("alpn name")?.rest().into());
                }
                _ => {}
            }
        }
    }
    if random == RETRY_RANDOM {
        return Ok(ServerFlight::Retry);
    }
    hello.ja3s = fingerprint::ja3s(&hello);
    Ok(ServerFlight::Hello(Box::new(hello)))
}
