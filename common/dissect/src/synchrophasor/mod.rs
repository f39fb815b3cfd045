//! Synchrophasor data (IEEE C37.118.2-2011, and C37.118-2005) over TCP and UDP.
//!
//! Read: commands, headers and configurations of all three kinds, with the stream's number as the unit; the names of
//! the stations in a configuration, as an asset. Data frames are recognised, their checksums verified, and are no
//! events: they are cyclic. Not read: phasors, channels' names and scales, continued configurations beyond the first.

mod parse;
mod session;
mod table;
#[cfg(test)]
mod tests;

crate::framed::framed! {
    /// The dissector.
    Synchrophasor: SYNCHROPHASOR {
        framing: session::Synchrophasor, probe: crate::sides::probe::<session::Synchrophasor>,
        transports: crate::dissector::BOTH, ether_types: &[], ports: &[4712, 4713],
    }
}
