//! Messages of application protocols, as small as they go.

/// A Modbus/TCP message: MBAP header and PDU.
#[must_use]
pub fn modbus(transaction: u16, unit: u8, pdu: &[u8]) -> Vec<u8> {
    let length = u16::try_from(pdu.len() + 1).unwrap_or(u16::MAX);
    let mut message = Vec::with_capacity(pdu.len() + 7);
    for word in [transaction, 0, length] {
        message.extend(word.to_be_bytes());
    }
    message.push(unit);
    message.extend(pdu);
    message
}

/// A DNS query for one name.
#[must_use]
pub fn dns_query(id: u16, name: &str, record_type: u16) -> Vec<u8> {
    let mut message = Vec::new();
    for word in [id, 0x0100, 1, 0, 0, 0] {
        message.extend(word.to_be_bytes());
    }
    dns_name(&mut message, name);
    message.extend(record_type.to_be_bytes());
    message.extend(1u16.to_be_bytes());
    message
}

/// The answer to [`dns_query`] with one IPv4 address, or none (NXDOMAIN).
#[must_use]
pub fn dns_answer(id: u16, name: &str, address: Option<[u8; 4]>) -> Vec<u8> {
    let mut message = Vec::new();
    let (flags, answers) = if address.is_some() { (0x8180, 1) } else { (0x8183, 0) };
    for word in [id, flags, 1, answers, 0, 0] {
        message.extend(word.to_be_bytes());
    }
    dns_name(&mut message, name);
    message.extend([0, 1, 0, 1]);
    if let Some(address) = address {
        message.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        message.extend(address);
    }
    message
}

fn dns_name(message: &mut Vec<u8>, name: &str) {
    for label in name.split('.').filter(|label| !label.is_empty()) {
        message.push(u8::try_from(label.len()).unwrap_or(63));
        message.extend(label.as_bytes());
    }
    message.push(0);
}

/// What a TLS client offers.
#[derive(Clone, Debug)]
pub struct Hello<'a> {
    /// Server name; none where empty.
    pub sni: &'a str,
    /// Application protocols offered.
    pub alpn: &'a [&'a str],
    /// Cipher suites.
    pub ciphers: &'a [u16],
    /// Supported groups.
    pub groups: &'a [u16],
    /// Signature schemes.
    pub signatures: &'a [u16],
    /// Extensions that are added, in this order: without content, but for `encrypted_client_hello` (0xfe0d).
    pub extra: &'a [u16],
    /// Whether TLS 1.3 is offered.
    pub tls13: bool,
}

/// A hello that captures of proxies carry inside.
pub const CLOUD_HELLO: Hello<'static> = Hello {
    sni: "cloud.vendor.example",
    alpn: &["h2"],
    ciphers: &[0x1301, 0xc02f],
    groups: &[29],
    signatures: &[0x0403],
    extra: &[],
    tls13: true,
};

impl Hello<'_> {
    /// The record with the client hello. `random` fills the random and the key share.
    #[must_use]
    pub fn record(&self, random: u8) -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend([random; 32]);
        body.push(0);
        vector16(&mut body, &words(self.ciphers));
        body.extend([1, 0]);
        let mut extensions = Vec::new();
        if !self.sni.is_empty() {
            let mut name = vec![0];
            vector16(&mut name, self.sni.as_bytes());
            extension(&mut extensions, 0, &with_length16(&name));
        }
        for extra in self.extra {
            // An outer hello: type, cipher suite, configuration, a key of one byte and a payload of eight.
            let outer = [&[0, 0, 1, 0, 1, 7, 0, 1, 9, 0, 8][..], &[random; 8]].concat();
            extension(&mut extensions, *extra, if *extra == 0xfe0d { &outer } else { &[] });
        }
        extension(&mut extensions, 10, &with_length16(&words(self.groups)));
        extension(&mut extensions, 11, &[1, 0]);
        if !self.alpn.is_empty() {
            let protocols: Vec<u8> = self
                .alpn
                .iter()
                .flat_map(|p| [&[u8::try_from(p.len()).unwrap_or(255)], p.as_bytes()].concat())
                .collect();
            extension(&mut extensions, 16, &with_length16(&protocols));
        }
        extension(&mut extensions, 13, &with_length16(&words(self.signatures)));
        if self.tls13 {
            extension(&mut extensions, 43, &[4, 3, 4, 3, 3]);
            let mut share = vec![0, 29];
            vector16(&mut share, &[random; 32]);
            extension(&mut extensions, 51, &with_length16(&share));
        }
        vector16(&mut body, &extensions);
        tls_record(22, &handshake(1, &body))
    }
}

/// The record of a TLS 1.2 server hello that chooses a cipher suite.
#[must_use]
pub fn server_hello(cipher: u16, random: u8) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend([random; 32]);
    body.push(0);
    body.extend(cipher.to_be_bytes());
    body.push(0);
    let mut extensions = Vec::new();
    extension(&mut extensions, 0xff01, &[0]);
    vector16(&mut body, &extensions);
    tls_record(22, &handshake(2, &body))
}

/// The record with a chain of DER certificates.
#[must_use]
pub fn certificates(chain: &[Vec<u8>]) -> Vec<u8> {
    let entries: Vec<u8> = chain.iter().flat_map(|der| with_length24(der)).collect();
    tls_record(22, &handshake(11, &with_length24(&entries)))
}

/// A TLS record.
#[must_use]
pub fn tls_record(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut record = vec![kind, 3, 3];
    vector16(&mut record, payload);
    record
}

pub(super) fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    [vec![kind], with_length24(body)].concat()
}

pub(super) fn extension(out: &mut Vec<u8>, kind: u16, content: &[u8]) {
    out.extend(kind.to_be_bytes());
    vector16(out, content);
}

pub(super) fn words(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

pub(super) fn vector16(out: &mut Vec<u8>, content: &[u8]) {
    out.extend(u16::try_from(content.len()).unwrap_or(u16::MAX).to_be_bytes());
    out.extend(content);
}

pub(super) fn with_length16(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    vector16(&mut out, content);
    out
}

pub(super) fn with_length24(content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap_or(0).to_be_bytes();
    [&length[1..], content].concat()
}
