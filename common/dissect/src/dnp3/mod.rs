//! DNP3 (IEEE 1815-2012) over TCP and UDP: link frames, transport segments, application fragments.
//!
//! Read: every function code as an operation, the outstation's address, the kind of the first object, its range of
//! indices, the code of a single control block or the value of a single set-point, internal indications that refuse a
//! request, device attributes (as an asset). Responses take the operation of the request with their sequence number.
//! Checksums are verified; a stream with a gap, or begun in the middle, is taken up again at the next frame that fits.
//! Not read: values of points, event classes beyond the first object header, secure authentication's content, DNP3
//! over TLS.

mod parse;
mod session;
mod table;
#[cfg(test)]
mod tests;

crate::framed::framed! {
    /// The dissector.
    Dnp3: DNP3 {
        framing: session::Dnp3, probe: crate::sides::probe::<session::Dnp3>,
        transports: crate::dissector::BOTH, ether_types: &[], ports: &[20_000],
    }
}
