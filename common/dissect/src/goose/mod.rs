//! GOOSE (IEC 61850-8-1 clause 18 and annex A), and the management that goes with it.
//!
//! Read: every message as an unsolicited report with its control block's reference (or its data set or identifier
//! where that is missing) as the object, the application's number as the unit and the state number as the value; the
//! logical device a publisher names, as an asset. Messages without a field that the standard demands are malformed.
//! Not read: the data themselves, sequence numbers (a lost message shows in the flow's packets), signatures of
//! IEC 62351-6, the requests and answers inside the management.

pub(crate) mod parse;
mod session;
pub(crate) mod table;
#[cfg(test)]
mod tests;

pub(crate) use session::{Publishers, report};

crate::framed::framed! {
    /// The dissector.
    Goose: GOOSE {
        framing: session::Goose, probe: crate::sides::probe::<session::Goose>,
        transports: crate::dissector::LINK, ether_types: &[0x88b8, 0x88b9], ports: &[],
    }
}
