//! ANSI C12.22 meter messages over TCP and UDP (ANSI C12.22-2012, IEEE 1703, RFC 6142): services of EPSEM in units of
//! ACSE.
//!
//! Read: every service of a message as an operation, answers by the invocation's number, refusals with their reason,
//! tables by number; maker, model and firmware from the general table of manufacturer identification, as an asset.
//! Messages that are encrypted are events without a name. Not read: tables' content, segmented messages put together.

mod parse;
mod session;
mod table;
#[cfg(test)]
mod tests;

crate::framed::framed! {
    /// The dissector.
    C1222: C1222 {
        framing: session::C1222, probe: crate::sides::probe::<session::C1222>,
        transports: crate::dissector::BOTH, ether_types: &[], ports: &[1153],
    }
}
