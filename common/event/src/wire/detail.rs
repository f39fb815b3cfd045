//! Handshakes, names and operations on the wire.

use super::session::WireHellos;
use crate::body::{Certificate, Dns, DnsRecord, Ics, Tls};
use crate::{MessageKind, Operation, Protocol, Timestamp};
use bincode::{Decode, Encode};
use std::borrow::Cow;

#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub(super) struct WireTls {
    version: u16,
    sni: Option<String>,
    alpn: Vec<String>,
    cipher: Option<u16>,
    ja3: Option<[u8; 16]>,
    ja3s: Option<[u8; 16]>,
    ja4: Option<String>,
    resumed: bool,
    certificate: Option<WireCertificate>,
    chain_length: u8,
    client: Option<String>,
    hellos: WireHellos,
}

#[derive(Clone, Debug, PartialEq, Encode, Decode)]
struct WireCertificate {
    sha256: [u8; 32],
    subject: String,
    issuer: String,
    serial: Vec<u8>,
    not_before: i64,
    not_after: i64,
    names: Vec<String>,
    self_signed: bool,
    fingerprint: String,
}

#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub(super) struct WireDns {
    answer: bool,
    id: u16,
    name: String,
    record_type: u16,
    rcode: u8,
    answers: Vec<(String, u16, u32, String)>,
}

#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub(super) struct WireIcs {
    protocol: Protocol,
    operation: u8,
    /// Operation plus one; 0 where there is none.
    previous: u8,
    kind: u8,
    function: u32,
    function_name: String,
    unit: Option<u32>,
    object: Option<String>,
    range: Option<(u32, u32)>,
    value: Option<f64>,
    count: u32,
}

impl From<&Tls> for WireTls {
    fn from(tls: &Tls) -> Self {
        let certificate = tls.certificate.as_ref().map(|c| WireCertificate {
            sha256: c.sha256,
            subject: c.subject.clone(),
            issuer: c.issuer.clone(),
            serial: c.serial.clone(),
            not_before: c.not_before.nanos(),
            not_after: c.not_after.nanos(),
            names: c.names.clone(),
            self_signed: c.self_signed,
            fingerprint: c.fingerprint.clone(),
        });
        Self {
            version: tls.version,
            sni: tls.sni.clone(),
            alpn: tls.alpn.clone(),
            cipher: tls.cipher,
            ja3: tls.ja3,
            ja3s: tls.ja3s,
            ja4: tls.ja4.clone(),
            resumed: tls.resumed,
            certificate,
            chain_length: tls.chain_length,
            client: tls.client.clone().map(Cow::into_owned),
            hellos: WireHellos::from(&tls.hellos),
        }
    }
}

impl WireTls {
    pub(super) fn tls(self) -> Tls {
        let certificate = self.certificate.map(|c| Certificate {
            sha256: c.sha256,
            subject: c.subject,
            issuer: c.issuer,
            serial: c.serial,
            not_before: Timestamp::from_nanos(c.not_before),
            not_after: Timestamp::from_nanos(c.not_after),
            names: c.names,
            self_signed: c.self_signed,
            fingerprint: c.fingerprint,
        });
        Tls {
            version: self.version,
            sni: self.sni,
            alpn: self.alpn,
            cipher: self.cipher,
            ja3: self.ja3,
            ja3s: self.ja3s,
            ja4: self.ja4,
            resumed: self.resumed,
            certificate,
            chain_length: self.chain_length,
            client: self.client.map(Into::into),
            hellos: self.hellos.hellos(),
        }
    }
}

impl From<&Dns> for WireDns {
    fn from(dns: &Dns) -> Self {
        let record = |r: &DnsRecord| (r.name.clone(), r.record_type, r.ttl, r.data.clone());
        Self {
            answer: dns.answer,
            id: dns.id,
            name: dns.name.clone(),
            record_type: dns.record_type,
            rcode: dns.rcode,
            answers: dns.answers.iter().map(record).collect(),
        }
    }
}

impl WireDns {
    pub(super) fn dns(self) -> Dns {
        let record = |(name, record_type, ttl, data)| DnsRecord { name, record_type, ttl, data };
        Dns {
            answer: self.answer,
            id: self.id,
            name: self.name,
            record_type: self.record_type,
            rcode: self.rcode,
            answers: self.answers.into_iter().map(record).collect(),
        }
    }
}

impl From<&Ics> for WireIcs {
    fn from(ics: &Ics) -> Self {
        Self {
            protocol: ics.protocol.clone(),
            operation: ics.operation as u8,
            previous: ics.previous.map_or(0, |operation| operation as u8 + 1),
            kind: ics.kind as u8,
            function: ics.function,
            function_name: ics.function_name.clone().into_owned(),
            unit: ics.unit,
            object: ics.object.clone().map(Cow::into_owned),
            range: ics.range,
            value: ics.value,
            count: ics.count,
        }
    }
}

impl WireIcs {
    pub(super) fn ics(self) -> Option<Ics> {
        let operation = |index: u8| Operation::ALL.get(usize::from(index)).copied();
        Some(Ics {
            protocol: self.protocol,
            operation: operation(self.operation)?,
            previous: match self.previous.checked_sub(1) {
                Some(index) => Some(operation(index)?),
                None => None,
            },
            kind: *MessageKind::ALL.get(usize::from(self.kind))?,
            function: self.function,
            function_name: self.function_name.into(),
            unit: self.unit,
            object: self.object.map(Into::into),
            range: self.range,
            value: self.value,
            count: self.count,
        })
    }
}
