//! IEC 60870-5-104 telecontrol: the data units of IEC 60870-5-101 over TCP.
//!
//! Read: frames of all three formats; every type of the standard as an operation, its cause of transmission (as the
//! object: it says why a message was sent, or why a command was refused), common address, addresses of the
//! information objects, the value of a single one, the select bit of commands. Supervisory frames are no events.
//! A stream with a gap, or begun in the middle, is taken up again at the next frame that fits.
//! Not read: time tags, quality bits, the content of files, private types (they are events without a name), secure
//! authentication (IEC 62351-5), IEC 60870-5-101 over serial lines.

mod parse;
mod session;
mod table;
#[cfg(test)]
mod tests;

crate::framed::framed! {
    /// The dissector.
    Iec104: IEC104 {
        framing: session::Iec104, probe: crate::sides::probe::<session::Iec104>,
        transports: crate::dissector::TCP, ether_types: &[], ports: &[2404],
    }
}
