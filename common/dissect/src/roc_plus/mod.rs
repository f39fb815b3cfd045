//! ROC Plus, Emerson's protocol of remote operations controllers for oil and gas, over TCP and UDP (Emerson, ROC Plus
//! Protocol Specifications Manual, part D301180X012).
//!
//! Read: every opcode as an operation, the controller's unit number, the range of parameters of a single point; errors
//! take the operation of the request before them. Checksums are verified. Not read: parameters' values, histories,
//! the older ROC protocol's opcodes.

mod parse;
mod session;
mod table;
#[cfg(test)]
mod tests;

crate::framed::framed! {
    /// The dissector.
    RocPlus: ROC_PLUS {
        framing: session::RocPlus, probe: crate::sides::probe::<session::RocPlus>,
        transports: crate::dissector::BOTH, ether_types: &[], ports: &[4000],
    }
}
