//! PROFINET's cyclic data and alarms (IEC 61158-6-10, "RT-PDU" and "RTA-PDU").
//!
//! Read: alarms, with what rang and where. Cyclic data are recognised by their counter and status and are no events.
//! Not read: what an alarm carries beyond its place, process data, frames of RT class 3 without a status.

mod parse;
mod table;
#[cfg(test)]
mod tests;

use crate::Output;
use crate::dissector::LINK;
use crate::framed::framed;
use crate::link;
use crate::profinet_dcp::session::Profinet;
use picket_reader::Fault;

framed! {
    /// The dissector.
    ProfinetRt: PROFINET_RT {
        framing: Profinet, probe: |head| link::ask(parse::probe, head),
        transports: LINK, ether_types: &[0x8892], ports: &[],
    }
}

/// Reads an alarm frame.
pub(crate) fn alarm(bytes: &[u8], output: &mut Output) -> Result<(), Fault> {
    parse::alarm(bytes, output)
}
