//! What conversations and events show of their ends: services, roles, systems.

use super::super::report::Row;
use super::system::{system_of_agent, system_of_banner};
use picket_event::body::{App, SshEnd};
use picket_event::{Body, Endpoints, Method, Protocol, Transport};
use std::net::IpAddr;

const SYN: u8 = 0x02;
/// From this port on, a port may be any client's.
const EPHEMERAL: u16 = 32_768;

/// What is seen of one end of a conversation.
#[derive(Debug)]
pub(crate) struct End<'a> {
    pub(super) ip: IpAddr,
    pub(super) source: &'static str,
    pub(super) roles: [Option<&'static str>; 2],
    pub(super) service: Option<Service<'a>>,
    pub(super) level: Option<u8>,
    pub(super) os: Option<&'static str>,
}

/// What a server offers.
#[derive(Debug)]
pub(super) struct Service<'a> {
    transport: &'static str,
    port: u16,
    name: &'a str,
}

impl Service<'_> {
    /// As assets list it: `tcp/502 modbus`.
    pub(super) fn text(&self) -> String {
        format!("{}/{} {}", self.transport, self.port, self.name)
    }

    /// Whether a text is this service's.
    pub(super) fn is(&self, text: &str) -> bool {
        let port = text
            .strip_suffix(self.name)
            .and_then(|text| text.strip_suffix(' '))
            .and_then(|text| text.strip_prefix(self.transport))
            .and_then(|text| text.strip_prefix('/'));
        port.is_some_and(|port| port.parse() == Ok(self.port))
    }
}

/// The client and server of a conversation in which both have spoken.
pub(crate) fn of_row(row: &Row) -> Option<[Option<End<'_>>; 2]> {
    let Endpoints::Ip { src, dest, dest_port, transport, .. } = row.flow.endpoints else { return None };
    if row.packets.to_server == 0 || row.packets.to_client == 0 || !transport.has_ports() {
        return None;
    }
    if [src, dest].into_iter().any(|ip| ip.is_multicast() || ip.is_unspecified() || ip.is_loopback()) {
        return None;
    }
    let known = row.app.method == Some(Method::Fingerprint);
    let accepted = transport == Transport::TCP && row.tcp_flags.to_client & SYN != 0;
    // Without its beginning the direction is a guess; only what speaks like a server then is one.
    if !(known || (accepted && dest_port < EPHEMERAL)) {
        return None;
    }
    let end = |ip, role| End { ip, source: "flow", roles: [Some(role), None], service: None, level: None, os: None };
    let (mut client, mut server) = (end(src, "client"), end(dest, "server"));
    let name = if known { row.app.protocol.name() } else { "unknown" };
    let transport = if transport == Transport::TCP { "tcp" } else { "udp" };
    server.service = Some(Service { transport, port: dest_port, name });
    server.roles[1] = role(&row.app);
    (client.level, server.level) = levels(&row.app);
    Some([Some(client), Some(server)])
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

/// A guess at the Purdue levels of client and server: what serves the process is at 1, what asks it at 2.
fn levels(app: &App) -> (Option<u8>, Option<u8>) {
    let controls = matches!(role(app), Some("plc" | "rtu")) && app.method == Some(Method::Fingerprint);
    if controls { (Some(2), Some(1)) } else { (None, None) }
}

/// What an event says of the programs at its ends.
pub(crate) fn of_event(body: &Body, ends: Option<Endpoints>) -> Option<[Option<End<'static>>; 2]> {
    let (client, server, source) = match body {
        Body::Http(http) => (http.user_agent.as_deref().and_then(system_of_agent), None, "http"),
        Body::Ssh(ssh) => {
            let banner = |end: &Option<SshEnd>| end.as_ref().and_then(|end| system_of_banner(&end.software));
            (banner(&ssh.client), banner(&ssh.server), "ssh")
        }
        _ => return None,
    };
    let Endpoints::Ip { src, dest, .. } = ends? else { return None };
    let guess = |ip: IpAddr, os: Option<&'static str>| {
        os.map(|os| End { ip, source, roles: [None, None], service: None, level: None, os: Some(os) })
    };
    Some([guess(src, client), guess(dest, server)])
}
