//! QUIC, SSH and HTTP bodies to rows and back.

use super::parse::{list, owned, some, unhex};
use super::row;
use super::write::{hex, optional, text, texts};
use crate::body::{Http, Quic, Ssh, SshEnd};
use crate::{FlowId, SshBehaviour};
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
