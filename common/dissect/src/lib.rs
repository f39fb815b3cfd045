//! What protocol a conversation speaks, and what was said in it.
//!
//! [`Conversation`] is the door: it identifies, opens a session and feeds it.
//! One folder a protocol, all of one shape: `mod.rs` (what it is, the standard, `impl Dissector`),
//! `parse.rs` (bytes to messages), `table.rs` (codes and names), `golden/` (captures of our own making
//! beside the events they must give). [`registry::ALL`] lists them; fuzz targets, benches and tests are
//! generated from it. Protocols that are named and not read stand in [`recognise`], those below IP in [`link`].
#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod arp;
mod ber;
mod candidates;
pub mod cdp;
mod contract;
mod conversation;
pub mod dhcp;
pub mod dhcpv6;
pub mod dns;
pub mod dtls;
pub mod fact;
mod handover;
mod heads;
pub mod http;
mod identify;
mod inside;
pub mod kerberos;
pub mod link;
pub mod lldp;
pub mod llmnr;
pub mod mdns;
pub mod modbus;
pub mod nbns;
pub mod nd;
pub mod netbios;
mod open;
pub mod openvpn;
mod pieces;
pub mod proxy;
pub mod quic;
pub mod recognise;
pub mod registry;
#[cfg(test)]
mod rehearsal;
pub mod rtp;
pub mod sip;
pub mod smb;
pub mod snmp;
pub mod socks;
pub mod ssdp;
pub mod ssh;
pub mod starttls;
pub mod tds;
mod teller;
pub mod tls;
mod tor;
mod x509;

pub use contract::{Context, Dissector, Head, Home, Input, Need, Next, Output, Probe, Progress, Session, SessionBox};
pub use conversation::Conversation;
pub use fact::Fact;
