//! DLMS/COSEM meter messages (IEC 62056-5-3) over the wrapper (IEC 62056-4-7) or HDLC (IEC 62056-46) in TCP and UDP.
//!
//! Read: associations, get, set, action, notifications, reading and writing of short names; refusals; the object and
//! attribute of single requests, whose answers repeat it. Frames of HDLC are verified; what is spread over several is
//! one message. Ciphered services are told by their tag. Not read: values, lists, blocks' content, keys.

mod parse;
mod session;
mod table;
#[cfg(test)]
mod tests;

crate::framed::framed! {
    /// The dissector.
    Dlms: DLMS {
        framing: session::Dlms, probe: crate::sides::probe::<session::Dlms>,
        transports: crate::dissector::BOTH, ether_types: &[], ports: &[4059],
    }
}
