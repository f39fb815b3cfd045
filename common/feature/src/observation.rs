//! Everything known of a flow when it is scored.

use crate::detail::FlowDetail;
use crate::flow_stats::FlowStats;
use crate::handshake::Handshake;
use crate::pair::PairHistory;
use crate::polling::Polling;
use picket_dissect::tls::Records;
use picket_event::{Protocol, Timestamp, Transport};

/// One flow as the classifiers see it: borrowed from the sensor for the time of one scoring.
///
/// It holds no address, client port, TTL, IP id, MAC or capture length: what names the capture and not the
/// behaviour never reaches a model. The start time serves only to tell the age of a certificate.
#[derive(Clone, Copy, Debug)]
pub struct Observation<'a> {
    /// Statistics of the packets.
    pub stats: &'a FlowStats,
    /// What `flow/2` and `sequence/2` need beside; `None` where it was not kept.
    pub detail: Option<&'a FlowDetail>,
    /// The first TLS records, where the conversation is under TLS or went over to it.
    pub records: Option<&'a Records>,
    /// What `polling/2` is made of; `None` where the conversation was recognised, or none of its payload was kept.
    pub polling: Option<&'a Polling>,
    /// The transport.
    pub transport: Transport,
    /// The server's port.
    pub server_port: u16,
    /// The protocol as identified.
    pub app: &'a Protocol,
    /// The handshake in clear, its certificate completed by [`crate::CertificateMemory`].
    pub handshake: Option<&'a Handshake>,
    /// What is remembered of the pair, this flow included.
    pub pair: Option<PairHistory>,
    /// When the flow began.
    pub start: Timestamp,
}

/// Why a feature has no value. In a vector it stands as `NaN`, never as 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// No client hello was seen.
    NoHello,
    /// No server hello was seen.
    NoServerHello,
    /// No certificate is known.
    NoCertificate,
    /// The pair has too few flows.
    FewFlows,
    /// The flow has too few packets of that direction.
    FewPackets,
    /// The client named no server.
    NoServerName,
}

impl Absent {
    /// The words of it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoHello => "no_hello",
            Self::NoServerHello => "no_server_hello",
            Self::NoCertificate => "no_certificate",
            Self::FewFlows => "few_flows",
            Self::FewPackets => "few_packets",
            Self::NoServerName => "no_server_name",
        }
    }
}
