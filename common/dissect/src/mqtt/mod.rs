//! MQTT 3.1, 3.1.1 and 5.0 (OASIS), and the topics of Sparkplug B (Eclipse Sparkplug 3.0).
//!
//! Read: every control packet; the client's id, topics and filters; refusals as exceptions; commands to nodes and devices
//! of Sparkplug as writes. Acknowledgements between the halves of a delivery are no messages of their own.
//! Not read: payloads, properties of version 5 beyond their length, MQTT over WebSockets.

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
    Mqtt: MQTT {
        framing: session::Mqtt, probe: probe::probe,
        transports: TCP, ether_types: &[], ports: &[1883],
    }
}
