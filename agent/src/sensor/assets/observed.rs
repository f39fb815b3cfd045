//! What conversations and events show of their ends: services, roles, systems.

use super::super::report::Row;
use super::system::{system_of_agent, system_of_banner};
use picket_event::body::{App, Asset, Ssh};
use picket_event::{Body, Endpoints, Method, Protocol, Transport};
use std::net::IpAddr;

const SYN: u8 = 0x02;
/// From this port on, a port may be any client's.
const EPHEMERAL: u16 = 32_768;

/// The client and server of a conversation in which both have spoken.
pub(crate) fn of_row(row: &Row) -> [Option<Asset>; 2] {
    let Endpoints::Ip { src, dest, dest_port, transport, .. } = row.flow.endpoints else { return [None, None] };
    if row.packets.to_server == 0 || row.packets.to_client == 0 || !transport.has_ports() {
        return [None, None];
    }
    if [src, dest].into_iter().any(|ip| ip.is_multicast() || ip.is_unspecified() || ip.is_loopback()) {
        return [None, None];
    }
    let known = row.app.method == Some(Method::Fingerprint);
    let accepted = transport == Transport::TCP && row.tcp_flags.to_client & SYN != 0;
    // Without its beginning the direction is a guess; only what speaks like a server then is one.
    if !(known || (accepted && dest_port < EPHEMERAL)) {
        return [None, None];
    }
    let client = Asset { purdue_level: level(&row.app, false), ..piece(src, "client") };
    let mut server = Asset { purdue_level: level(&row.app, true), ..piece(dest, "server") };
    let name = if known { row.app.protocol.name() } else { "unknown" };
    let transport = if transport == Transport::TCP { "tcp" } else { "udp" };
    server.services.push(format!("{transport}/{dest_port} {name}"));
    server.roles.extend(role(&row.app).map(str::to_owned));
    [Some(client), Some(server)]
}

fn piece(ip: IpAddr, role: &str) -> Asset {
    Asset { ip: Some(ip), roles: vec![role.to_owned()], source: "flow".to_owned(), ..Asset::default() }
}

/// The role that a service shows.
fn role(app: &App) -> Option<&'static str> {
    const CONTROLLERS: &[Protocol] = &[
        Protocol::MODBUS,
        Protocol::UMAS,
        Protocol::S7COMM,
        Protocol::S7COMM_PLUS,
        Protocol::ENIP,
        Protocol::FINS,
        Protocol::ADS,
        Protocol::MELSEC,
        Protocol::GE_SRTP,
        Protocol::CODESYS,
        Protocol::PCWORX,
        Protocol::PROCONOS,
        Protocol::CRIMSON,
        Protocol::ETHERSBUS,
    ];
    const STATIONS: &[Protocol] =
        &[Protocol::DNP3, Protocol::IEC104, Protocol::MMS, Protocol::ROC_PLUS, Protocol::BSAP, Protocol::GENISYS];
    match &app.protocol {
        p if CONTROLLERS.contains(p) => Some("plc"),
        p if STATIONS.contains(p) => Some("rtu"),
        p if *p == Protocol::DNS => Some("dns-server"),
        p if *p == Protocol::NTP => Some("time-server"),
        _ => None,
    }
}

/// A guess at the Purdue level: what serves the process is at 1, what asks it at 2.
fn level(app: &App, is_server: bool) -> Option<u8> {
    let controls = matches!(role(app), Some("plc" | "rtu"));
    (controls && app.method == Some(Method::Fingerprint)).then_some(if is_server { 1 } else { 2 })
}

/// What an event says of the programs at its ends.
pub(crate) fn of_event(body: &Body, ends: Option<Endpoints>) -> [Option<Asset>; 2] {
    let Some(Endpoints::Ip { src, dest, .. }) = ends else { return [None, None] };
    let guess = |ip: IpAddr, os: Option<&str>, source: &str| {
        let os = os?.to_owned();
        Some(Asset { ip: Some(ip), os: Some(os), source: source.to_owned(), ..Asset::default() })
    };
    match body {
        Body::Http(http) => [guess(src, http.user_agent.as_deref().and_then(system_of_agent), "http"), None],
        Body::Ssh(ssh) => {
            let Ssh { client, server, .. } = &**ssh;
            let banner =
                |end: &Option<picket_event::body::SshEnd>| end.as_ref().and_then(|end| system_of_banner(&end.software));
            [guess(src, banner(client), "ssh"), guess(dest, banner(server), "ssh")]
        }
        _ => [None, None],
    }
}
