//! Where Suricata's lines differ from the product's: names of protocols and versions, DNS of versions 2
//! and 3, and `modbus` rows.

use super::EveError;
use super::parse::cut;
use super::row::{self, Row};
use super::write::{RCODES, RECORD_TYPES};
use crate::body::{self, Body};
use crate::{MessageKind, Operation, Protocol};
use serde::Deserialize;
use std::borrow::Cow;

/// The product's protocol for a name of `app_proto`.
pub(super) fn protocol(name: &str) -> Protocol {
    match name {
        "failed" | "template" | "" => Protocol::UNKNOWN,
        "http1" | "http2" => Protocol::HTTP,
        "krb5" => Protocol::KERBEROS,
        "dcerpc_udp" => Protocol::DCERPC,
        "ftp-data" => Protocol::FTP,
        "ikev2" => Protocol::IKE,
        "pgsql" => Protocol::POSTGRESQL,
        other => Protocol::from_name(cut(other)),
    }
}

/// A version's number on the wire; 0 where the text names none.
pub(super) fn tls_version(text: &str) -> u16 {
    match text {
        "SSLv2" => 0x0002,
        "SSLv3" => 0x0300,
        "TLS 1.0" | "TLSv1" => 0x0301,
        "TLS 1.1" => 0x0302,
        "TLS 1.2" => 0x0303,
        "TLS 1.3" => 0x0304,
        "DTLS 1.0" => 0xfeff,
        "DTLS 1.2" => 0xfefd,
        "DTLS 1.3" => 0xfefc,
        other => other.strip_prefix("0x").and_then(|hex| u16::from_str_radix(hex, 16).ok()).unwrap_or(0),
    }
}

/// A DNS body of the product's or Suricata's version 2; `None` where no question stands in it.
pub(super) fn dns(dns: &row::Dns<'_>) -> Option<body::Dns> {
    let answers = dns.answers.iter().flatten().take(64).map(|answer| body::DnsRecord {
        name: text(answer.rrname.as_ref()),
        record_type: record_type(answer.rrtype.as_deref().unwrap_or_default()),
        ttl: answer.ttl.unwrap_or(0),
        data: text(answer.rdata.as_ref()),
    });
    Some(body::Dns {
        answer: matches!(dns.r#type.as_deref(), Some("answer" | "response")),
        id: dns.id.unwrap_or(0),
        name: cut(dns.rrname.as_deref()?).to_owned(),
        record_type: record_type(dns.rrtype.as_deref().unwrap_or_default()),
        rcode: rcode(dns.rcode.as_deref().unwrap_or_default()),
        answers: answers.collect(),
    })
}

fn text(value: Option<&Cow<'_, str>>) -> String {
    value.map(|v| cut(v).to_owned()).unwrap_or_default()
}

fn record_type(name: &str) -> u16 {
    let known = RECORD_TYPES.iter().find(|(_, known)| *known == name).map(|(number, _)| *number);
    known.or_else(|| name.strip_prefix("TYPE").and_then(|n| n.parse().ok())).unwrap_or(0)
}

fn rcode(name: &str) -> u8 {
    let known = RCODES.iter().position(|known| *known == name).and_then(|at| u8::try_from(at).ok());
    known.or_else(|| name.strip_prefix("RCODE").and_then(|n| n.parse().ok())).unwrap_or(0)
}

#[derive(Deserialize)]
struct ModbusRow {
    modbus: Modbus,
}

#[derive(Deserialize)]
struct Modbus {
    request: Option<Message>,
    response: Option<Message>,
}

#[derive(Deserialize)]
struct Message {
    unit_id: Option<u32>,
    function_raw: Option<u32>,
    function_code: Option<String>,
    exception: Option<serde_json::Value>,
}

/// The body of a kind that the product does not have; `None` where it is not read.
pub(super) fn body(row: &Row<'_>, line: &str) -> Result<Option<Body>, EveError> {
    if row.event_type != "modbus" {
        return Ok(None);
    }
    let modbus: ModbusRow = serde_json::from_str(line).map_err(|error| EveError::Json(error.to_string()))?;
    let failed = modbus.modbus.response.as_ref().is_some_and(|response| response.exception.is_some());
    let kind = match (&modbus.modbus.request, failed) {
        (_, true) => MessageKind::Exception,
        (Some(_), false) => MessageKind::Request,
        (None, false) => MessageKind::Response,
    };
    let Some(message) = modbus.modbus.request.or(modbus.modbus.response) else { return Ok(None) };
    let function = message.function_raw.unwrap_or(0) & 0x7f;
    Ok(Some(Body::Ics(Box::new(body::Ics {
        protocol: Protocol::MODBUS,
        operation: modbus_operation(function),
        previous: None,
        kind,
        function,
        function_name: cut(message.function_code.as_deref().unwrap_or_default()).to_owned().into(),
        unit: message.unit_id,
        object: None,
        range: None,
        value: None,
        count: 1,
    }))))
}

/// The operation of a Modbus function code, as the vocabulary has it (the dissector's table knows sub-functions too).
fn modbus_operation(function: u32) -> Operation {
    match function {
        1..=4 | 24 => Operation::Read,
        5 | 6 | 15 | 16 | 22 | 23 => Operation::Write,
        7 | 8 | 11 | 12 => Operation::Diagnose,
        9 | 10 | 13 | 14 | 126 => Operation::ProgramWrite,
        17 | 43 => Operation::Identify,
        20 | 21 => Operation::File,
        125 => Operation::Firmware,
        _ => Operation::Other,
    }
}
