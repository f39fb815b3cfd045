//! Tunnels that go on between other addresses: a client of WireGuard that roams, IKE that moves (RFC 4555).
//!
//! What joins two conversations is a number that one end has chosen for the tunnel ([`AppDetail::identifiers`]) and that the other
//! goes on sending to it. The end that has chosen it stays at its address and port; both ends at once do not move.

use picket_event::{AppDetail, Endpoints, FlowId, FlowRef};
use picket_feature::Lru;
use std::net::SocketAddr;

/// Numbers remembered, and conversations that continue another.
const NUMBERS_MAX: usize = 8_192;

/// The memory of tunnels.
#[derive(Debug)]
pub(crate) struct Tunnels {
    numbers: Lru<(SocketAddr, u64), Known>,
    continued: Lru<FlowId, FlowId>,
}

/// Where a number was met last.
#[derive(Clone, Copy, Debug)]
struct Known {
    flow: FlowId,
    other: SocketAddr,
}

impl Tunnels {
    pub(crate) fn new(seed: u64) -> Self {
        Self { numbers: Lru::new(NUMBERS_MAX, seed), continued: Lru::new(NUMBERS_MAX, seed) }
    }

    /// Takes what messages of a conversation say; the ends of a number are told by its first word.
    pub(crate) fn hear(&mut self, flow: &FlowRef, said: &AppDetail) {
        let Endpoints::Ip { src, src_port, dest, dest_port, .. } = flow.endpoints else { return };
        let (client, server) = (SocketAddr::new(src, src_port), SocketAddr::new(dest, dest_port));
        for text in &said.identifiers {
            let Some((whose, number)) = text.split_once(' ') else { continue };
            let (owner, other) = match whose {
                "client" | "initiator" => (client, server),
                "server" | "responder" => (server, client),
                _ => continue,
            };
            let Ok(number) = u64::from_str_radix(number, 16) else { continue };
            let now = Known { flow: flow.id, other };
            let known = self.numbers.entry((owner, number), || now);
            if known.other != other && known.flow != flow.id {
                let before = known.flow;
                *self.continued.entry(flow.id, || before) = before;
            }
            *known = now;
        }
    }

    /// The conversation that a flow continues.
    pub(crate) fn continues(&self, flow: FlowId) -> Option<FlowId> {
        self.continued.peek(&flow).copied()
    }

    /// Numbers forgotten for want of room.
    pub(crate) const fn forgotten(&self) -> u64 {
        self.numbers.evicted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use picket_event::Transport;
    use std::net::IpAddr;

    fn flow(number: u64, client: &str, port: u16) -> FlowRef {
        let (src, dest): (IpAddr, IpAddr) = (client.parse().unwrap(), "198.51.100.4".parse().unwrap());
        let endpoints = Endpoints::Ip { src, src_port: port, dest, dest_port: 51_820, transport: Transport::UDP };
        FlowRef { id: FlowId(number), endpoints }
    }

    fn said(identifiers: &[&str]) -> AppDetail {
        AppDetail { identifiers: identifiers.iter().map(|text| (*text).to_owned()).collect(), ..AppDetail::default() }
    }

    #[test]
    fn a_tunnel_is_followed_from_address_to_address() {
        let mut tunnels = Tunnels::new(0);
        tunnels.hear(&flow(1, "192.0.2.1", 5), &said(&["client 00000007", "server 00000009"]));
        tunnels.hear(&flow(2, "192.0.2.1", 5), &said(&["server 00000009"]));
        assert_eq!(tunnels.continues(FlowId(2)), None, "between the same ends: another row");
        tunnels.hear(&flow(3, "203.0.113.8", 5), &said(&["server 00000009"]));
        tunnels.hear(&flow(4, "203.0.113.8", 6), &said(&["server 00000009", "client 0000000a"]));
        tunnels.hear(&flow(5, "203.0.113.9", 6), &said(&["server 0000000b"]));
        let followed = [3, 4, 5].map(|number| tunnels.continues(FlowId(number)).map(|flow| flow.0));
        assert_eq!(followed, [Some(2), Some(3), None]);
    }

    #[test]
    fn memory_is_bounded() {
        let mut tunnels = Tunnels::new(0);
        for number in 0..NUMBERS_MAX as u64 + 5 {
            tunnels.hear(&flow(number, "192.0.2.1", 5), &said(&[&format!("server {number:08x}")]));
        }
        assert_eq!(tunnels.forgotten(), 5);
    }
}
