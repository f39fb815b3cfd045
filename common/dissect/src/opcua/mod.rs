//! OPC UA binary over TCP (OPC 10000-6 clauses 5.2, 6.7, 7.1; services of OPC 10000-4).
//!
//! Read: hellos, acknowledgements and errors of the connection; opens and closes of secure channels, encrypted or not;
//! every service by its type, out of chunks; faults as exceptions of their request; the first node a service names; what
//! servers and clients say of their application. Of encrypted channels only opens and closes can be read; signed ones
//! are read like open ones.
//! Not read: values, the inside of methods, PubSub, OPC UA over HTTPS and WebSockets.

mod binary;
mod parse;
mod probe;
mod session;
mod table;
#[cfg(test)]
mod tests;

use crate::dissector::TCP;
use crate::framed::framed;

framed! {
    /// The dissector.
    OpcUa: OPCUA {
        framing: session::OpcUa, probe: probe::probe,
        transports: TCP, ether_types: &[], ports: &[4840],
    }
}
