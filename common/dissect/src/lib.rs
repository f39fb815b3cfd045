//! What protocol a conversation speaks, and what was said in it.
//!
//! [`Conversation`] is the door: it identifies, opens a session and feeds it.
//! One folder a protocol, all of one shape: `mod.rs` (what it is, the standard, `impl Dissector`),
//! `parse.rs` (bytes to messages), `table.rs` (codes and names), `golden/` (captures of our own making
//! beside the events they must give). [`registry::ALL`] lists them; fuzz targets, benches and tests are
//! generated from it. Protocols that are named and not read stand in [`recognise`], those below IP in [`link`].
#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod ads;
pub mod arp;
pub mod bacnet;
mod ber;
pub mod bsap;
pub mod c1222;
mod candidates;
pub mod cdp;
mod checksum;
pub mod coap;
mod codes;
pub mod codesys;
mod contract;
mod conversation;
pub mod crimson;
mod describer;
pub mod dhcp;
pub mod dhcpv6;
mod digits;
mod dissector;
pub mod dlms;
pub mod dnp3;
pub mod dns;
pub mod doip;
pub mod dtls;
mod encrypted_dns;
pub mod enip;
pub mod ethercat;
pub mod fact;
pub mod fins;
pub mod fox;
mod framed;
pub mod ge_srtp;
pub mod genisys;
pub mod goose;
pub mod gsse;
mod handover;
pub mod hart_ip;
mod heads;
pub mod http;
mod identify;
pub mod iec104;
pub mod ike;
pub mod infer;
mod inside;
mod iso;
pub mod kerberos;
pub mod knxip;
mod late;
pub mod link;
pub mod lldp;
pub mod llmnr;
pub mod mdns;
pub mod melsec;
pub mod mms;
pub mod modbus;
pub mod mqtt;
pub mod nbns;
pub mod nd;
pub mod netbios;
pub mod ntp;
pub mod opcua;
mod open;
pub mod opening;
pub mod openvpn;
pub mod pcworx;
mod pending;
mod pieces;
pub mod powerlink;
pub mod proconos;
pub mod profinet_cm;
pub mod profinet_dcp;
pub mod profinet_rt;
pub mod proxy;
pub mod quic;
pub mod r_goose;
pub mod recognise;
pub mod registry;
#[cfg(test)]
mod rehearsal;
mod repeats;
pub mod roc_plus;
pub mod rtp;
pub mod s7comm;
pub mod s7comm_plus;
mod sides;
pub mod sip;
pub mod smb;
pub mod snmp;
pub mod socks;
pub mod ssdp;
pub mod ssh;
pub mod standard;
pub mod starttls;
pub mod stun;
pub mod synchrophasor;
pub mod tds;
mod teller;
pub mod tls;
mod tor;
#[cfg(test)]
mod trial;
pub mod wireguard;
mod x509;

pub use contract::{Context, Dissector, Head, Home, Input, Need, Next, Output, Probe, Progress, Session, SessionBox};
pub use conversation::Conversation;
pub use fact::Fact;
pub use identify::by_port;
