//! PROFINET's cyclic data and alarms (IEC 61158-6-10, "RT-PDU" and "RTA-PDU").
//!
//! Read: alarms, with what rang and where. Cyclic data are recognised by their counter and status and are no events.
//! Not read: what an alarm carries beyond its place, process data, frames of RT class 3 without a status.

mod parse;
mod table;
#[cfg(test)]
mod tests;

use crate::dialogue::{Say, speaker};
use crate::link;
use crate::profinet_dcp::session::Profinet;
use crate::teller::LINK;
use picket_reader::Fault;

speaker! {
    /// The dissector.
    ProfinetRt: PROFINET_RT {
        transports: LINK, ports: &[], ether_types: &[0x8892],
        probe: |head| link::ask(parse::probe, head), dialect: Profinet, remembers: (),
    }
}

/// Reads an alarm frame.
pub(crate) fn alarm(bytes: &[u8], say: &mut Say<'_>) -> Result<(), Fault> {
    parse::alarm(bytes, say)
}
