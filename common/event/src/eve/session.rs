//! QUIC, SSH and HTTP bodies to rows and back.

use super::parse::{list, owned, some, unhex};
use super::row;
use super::write::{hex, optional, text, texts};
use crate::body::{Hellos, Http, Quic, Ssh, SshEnd};
use crate::tls_alert::{alert_name, alert_number};
use crate::{Ech, FlowId, SshBehaviour, TlsAlert};
use std::borrow::Cow;

/// Versions with names: RFC 9000, RFC 9369, and the drafts as people call them.
fn quic_version(version: u32) -> Option<Cow<'static, str>> {
    Some(match version {
        0 => return None,
        1 => Cow::Borrowed("1"),
        0x6b33_43cf => Cow::Borrowed("2"),
        0xff00_0001..=0xff00_00ff => Cow::Owned(format!("draft-{}", version & 0xff)),
        other => Cow::Owned(format!("0x{other:08x}")),
    })
}

fn quic_version_number(text: &str) -> u32 {
    match text {
        "1" => 1,
        "2" => 0x6b33_43cf,
        other => match (other.strip_prefix("draft-"), other.strip_prefix("0x")) {
            (Some(draft), _) => draft.parse::<u8>().map_or(0, |draft| 0xff00_0000 | u32::from(draft)),
            (None, Some(number)) => u32::from_str_radix(number, 16).unwrap_or(0),
            (None, None) => 0,
        },
    }
}

fn hash_row(hash: Option<[u8; 16]>) -> Option<row::Hash<'static>> {
    hash.map(|hash| row::Hash { hash: Some(hex(&hash)), ..Default::default() })
}

fn hash(row: Option<&row::Hash<'_>>) -> Option<[u8; 16]> {
    row.and_then(|row| row.hash.as_deref()).and_then(unhex::<16>)
}

/// The fields that lines of TLS and QUIC share.
pub(super) struct Said<'a> {
    pub(super) ech: Option<&'a str>,
    pub(super) grease: Option<bool>,
    pub(super) alpns: Option<&'a Vec<Cow<'a, str>>>,
    pub(super) fingerprint: Option<&'a Cow<'a, str>>,
    pub(super) alert: Option<&'a row::TlsAlert<'a>>,
}

pub(super) fn hellos(said: &Said<'_>) -> Hellos {
    let alert = said.alert.and_then(|alert| {
        Some(TlsAlert {
            fatal: alert.level.as_deref() != Some("warning"),
            description: alert_number(alert.description.as_deref()?)?,
            from_server: alert.from.as_deref() == Some("server"),
        })
    });
    Hellos {
        ech: said.ech.and_then(Ech::from_name),
        grease: said.grease.unwrap_or(false),
        server_alpn: list(said.alpns).into_iter().next(),
        server_fingerprint: some(said.fingerprint),
        alert,
    }
}

pub(super) fn server_alpns(hellos: &Hellos) -> Option<Vec<Cow<'_, str>>> {
    hellos.server_alpn.as_deref().map(|name| vec![Cow::Borrowed(name)])
}

pub(super) fn ech(hellos: &Hellos) -> Option<Cow<'static, str>> {
    hellos.ech.map(|ech| Cow::Borrowed(ech.name()))
}

pub(super) fn alert_row(hellos: &Hellos) -> Option<row::TlsAlert<'static>> {
    hellos.alert.map(|alert| row::TlsAlert {
        level: Some(Cow::Borrowed(if alert.fatal { "fatal" } else { "warning" })),
        description: Some(alert_name(alert.description)),
        from: Some(Cow::Borrowed(if alert.from_server { "server" } else { "client" })),
        ..Default::default()
    })
}

pub(super) fn quic_row(quic: &Quic) -> row::Quic<'_> {
    row::Quic {
        version: quic_version(quic.version),
        sni: optional(quic.sni.as_ref()),
        client_alpns: texts(&quic.alpn),
        cipher_suite: quic.cipher,
        ja3: hash_row(quic.ja3),
        ja3s: hash_row(quic.ja3s),
        ja4: optional(quic.ja4.as_ref()),
        client: quic.client.as_deref().and_then(text),
        session_resumed: quic.resumed.then_some(true),
        retry: quic.retry.then_some(true),
        continues: quic.continues.map(|flow| flow.0),
        server_alpns: server_alpns(&quic.hellos),
        ech: ech(&quic.hellos),
        grease: quic.hellos.grease.then_some(true),
        server_fingerprint: optional(quic.hellos.server_fingerprint.as_ref()),
        alert: alert_row(&quic.hellos),
        ..Default::default()
    }
}

pub(super) fn quic(row: &row::Quic<'_>) -> Quic {
    Quic {
        version: quic_version_number(row.version.as_deref().unwrap_or_default()),
        sni: some(row.sni.as_ref()),
        alpn: list(row.client_alpns.as_ref()),
        cipher: row.cipher_suite,
        ja3: hash(row.ja3.as_ref()),
        ja3s: hash(row.ja3s.as_ref()),
        ja4: some(row.ja4.as_ref()),
        client: some(row.client.as_ref()).map(Cow::Owned),
        resumed: row.session_resumed.unwrap_or(false),
        retry: row.retry.unwrap_or(false),
        continues: row.continues.map(FlowId),
        hellos: hellos(&Said {
            ech: row.ech.as_deref(),
            grease: row.grease,
            alpns: row.server_alpns.as_ref(),
            fingerprint: row.server_fingerprint.as_ref(),
            alert: row.alert.as_ref(),
        }),
    }
}

fn ssh_end_row(end: &SshEnd) -> row::SshEnd<'_> {
    row::SshEnd {
        proto_version: text(&end.version),
        software_version: text(&end.software),
        hassh: hash_row(end.hassh),
        ..Default::default()
    }
}

fn ssh_end(row: &row::SshEnd<'_>) -> SshEnd {
    SshEnd {
        version: owned(row.proto_version.as_ref()),
        software: owned(row.software_version.as_ref()),
        hassh: hash(row.hassh.as_ref()),
    }
}

pub(super) fn ssh_row(ssh: &Ssh) -> row::Ssh<'_> {
    row::Ssh {
        client: ssh.client.as_ref().map(ssh_end_row),
        server: ssh.server.as_ref().map(ssh_end_row),
        behaviour: ssh.behaviour.map(|behaviour| Cow::Borrowed(behaviour.name())),
        authenticated: ssh.authenticated,
        attempts: (ssh.attempts > 0).then_some(ssh.attempts),
        ..Default::default()
    }
}

pub(super) fn ssh(row: &row::Ssh<'_>) -> Ssh {
    Ssh {
        client: row.client.as_ref().map(ssh_end),
        server: row.server.as_ref().map(ssh_end),
        behaviour: row.behaviour.as_deref().and_then(SshBehaviour::from_name),
        authenticated: row.authenticated,
        attempts: row.attempts.unwrap_or(0),
    }
}

pub(super) fn http_row(http: &Http) -> row::Http<'_> {
    row::Http {
        hostname: optional(http.host.as_ref()),
        url: text(&http.url),
        http_method: text(&http.method),
        protocol: text(&http.version),
        http_user_agent: optional(http.user_agent.as_ref()),
        http_content_type: optional(http.content_type.as_ref()),
        server: optional(http.server.as_ref()),
        status: http.status,
        length: http.status.map(|_| http.response_length),
        request_length: (http.request_length > 0).then_some(http.request_length),
        ..Default::default()
    }
}

pub(super) fn http(row: &row::Http<'_>) -> Http {
    Http {
        method: owned(row.http_method.as_ref()),
        host: some(row.hostname.as_ref()),
        url: owned(row.url.as_ref()),
        version: owned(row.protocol.as_ref()),
        user_agent: some(row.http_user_agent.as_ref()),
        content_type: some(row.http_content_type.as_ref()),
        server: some(row.server.as_ref()),
        status: row.status,
        request_length: row.request_length.unwrap_or(0),
        response_length: row.length.unwrap_or(0),
    }
}
