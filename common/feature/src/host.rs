//! `host/1`: one local host over a window of five minutes.

use crate::schema::log;

/// Name and version of the schema.
pub const ID: &str = "host/1";

/// Kinds of conversations a host begins, counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // protocols by name
pub enum Mix {
    Tls,
    Quic,
    Dns,
    Http,
    Ssh,
    Industrial,
    Other,
    Unknown,
}

/// How many kinds [`Mix`] has.
pub const MIX: usize = 8;

/// What one host did in one window. Conversations count in the window in which their row was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HostWindow {
    /// Length of the window, seconds; at least 1.
    pub seconds: u32,
    /// Conversations it began.
    pub flows: u32,
    /// Of these, nobody answered; those to groups and to all do not count.
    pub failed: u32,
    /// Of these, TCP that the other side reset before it was established.
    pub refused: u32,
    /// Conversations others began with it.
    pub flows_in: u32,
    /// Distinct other sides, both ways.
    pub peers: u32,
    /// Of these, not known as this host's from before.
    pub new_peers: u32,
    /// Distinct destination ports of the conversations it began.
    pub ports: u32,
    /// Distinct server names it asked for in handshakes.
    pub names: u32,
    /// Distinct names it asked DNS for.
    pub queries: u32,
    /// Distinct fingerprints (JA4) of its hellos.
    pub fingerprints: u32,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Packets sent.
    pub packets_out: u64,
    /// Packets received.
    pub packets_in: u64,
    /// The most bytes it sent in one conversation that it began.
    pub largest_out: u64,
    /// Conversations it began over TCP.
    pub tcp: u32,
    /// Conversations it began over UDP.
    pub udp: u32,
    /// Conversations it began, by kind.
    pub mix: [u32; MIX],
}

/// Names of `host/1` with unit and meaning, in the vector's order.
pub(crate) const COLUMNS: &[(&str, &str, &str)] = &[
    ("host_window_s", "s", "length of the window; 300, or less at the end of a capture"),
    ("host_flows_log", "ln(1+x)", "conversations begun"),
    ("host_flows_in_log", "ln(1+x)", "conversations others began with it"),
    ("host_failed_share", "0..1", "of those begun, nobody answered"),
    ("host_refused_share", "0..1", "of those begun, reset before they were established"),
    ("host_peers_log", "ln(1+x)", "distinct other sides"),
    ("host_new_peers_log", "ln(1+x)", "of these, not known from before"),
    ("host_new_peers_share", "0..1", "the same over all other sides"),
    ("host_ports_log", "ln(1+x)", "distinct destination ports"),
    ("host_peers_per_flow", "0..1", "distinct other sides over conversations"),
    ("host_ports_per_flow", "0..1", "distinct destination ports over conversations begun"),
    ("host_names_log", "ln(1+x)", "distinct server names in handshakes"),
    ("host_queries_log", "ln(1+x)", "distinct names asked of DNS"),
    ("host_fingerprints", "count", "distinct fingerprints (JA4) of its hellos"),
    ("host_bytes_out_log", "ln(1+x)", "bytes sent"),
    ("host_bytes_in_log", "ln(1+x)", "bytes received"),
    ("host_upload_ratio", "0..1", "bytes sent over bytes sent and received"),
    ("host_largest_upload_share", "0..1", "the largest upload of one conversation over bytes sent"),
    ("host_packet_bytes_out", "bytes", "mean packet sent"),
    ("host_packet_bytes_in", "bytes", "mean packet received"),
    ("host_tcp_share", "0..1", "conversations begun over TCP"),
    ("host_udp_share", "0..1", "conversations begun over UDP"),
    ("host_tls_share", "0..1", "conversations begun in TLS"),
    ("host_quic_share", "0..1", "in QUIC"),
    ("host_dns_share", "0..1", "in DNS"),
    ("host_http_share", "0..1", "in HTTP"),
    ("host_ssh_share", "0..1", "in SSH"),
    ("host_industrial_share", "0..1", "in a protocol of plants"),
    ("host_other_share", "0..1", "in another protocol that was recognised"),
    ("host_unknown_share", "0..1", "in none that was recognised"),
];

impl HostWindow {
    /// Whether nothing happened.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        self.flows == 0 && self.flows_in == 0
    }

    /// How many features `host/1` has.
    #[must_use]
    pub const fn len() -> usize {
        COLUMNS.len()
    }

    /// Appends `host/1`. Shares of nothing are absent.
    pub fn extract(&self, into: &mut Vec<f32>) {
        let ratio = |part: u64, whole: u64| if whole == 0 { f32::NAN } else { part as f32 / whole as f32 };
        let begun = |part: u32| ratio(part.into(), self.flows.into());
        let count = |value: u32| log(value as f32);
        let [tls, quic, dns, http, ssh, industrial, other, unknown] = self.mix.map(begun);
        into.extend_from_slice(&[
            self.seconds as f32,
            count(self.flows),
            count(self.flows_in),
            begun(self.failed),
            begun(self.refused),
            count(self.peers),
            count(self.new_peers),
            ratio(self.new_peers.into(), self.peers.into()),
            count(self.ports),
            ratio(self.peers.into(), u64::from(self.flows) + u64::from(self.flows_in)),
            begun(self.ports),
            count(self.names),
            count(self.queries),
            self.fingerprints as f32,
            log(self.bytes_out as f32),
            log(self.bytes_in as f32),
            ratio(self.bytes_out, self.bytes_out.saturating_add(self.bytes_in)),
            ratio(self.largest_out, self.bytes_out),
            ratio(self.bytes_out, self.packets_out),
            ratio(self.bytes_in, self.packets_in),
            begun(self.tcp),
            begun(self.udp),
            tls,
            quic,
            dns,
            http,
            ssh,
            industrial,
            other,
            unknown,
        ]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_by_hand() {
        let window = HostWindow {
            seconds: 300,
            flows: 4,
            failed: 1,
            peers: 2,
            new_peers: 1,
            bytes_out: 300,
            bytes_in: 100,
            packets_out: 3,
            mix: [2, 0, 1, 0, 0, 0, 0, 1],
            ..HostWindow::default()
        };
        let mut vector = Vec::new();
        window.extract(&mut vector);
        assert_eq!(vector.len(), HostWindow::len());
        let named = |name: &str| vector[COLUMNS.iter().position(|(known, _, _)| *known == name).unwrap()];
        assert_eq!((named("host_failed_share"), named("host_upload_ratio")), (0.25, 0.75));
        assert_eq!((named("host_tls_share"), named("host_unknown_share")), (0.5, 0.25));
        assert_eq!((named("host_new_peers_share"), named("host_packet_bytes_out")), (0.5, 100.0));
        assert!(named("host_packet_bytes_in").is_nan());
    }

    #[test]
    fn an_idle_host_has_no_shares() {
        let mut vector = Vec::new();
        HostWindow { seconds: 300, ..HostWindow::default() }.extract(&mut vector);
        assert!(HostWindow::default().is_idle());
        for ((name, _, _), value) in COLUMNS.iter().zip(&vector) {
            assert_eq!(
                value.is_nan(),
                name.ends_with("_share")
                    || name.contains("_per_")
                    || name.contains("ratio")
                    || name.contains("packet_bytes"),
                "{name}"
            );
        }
    }
}
