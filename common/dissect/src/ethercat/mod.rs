//! EtherCAT (IEC 61158-4-12 and -6-12; ETG.1000), below IP and over UDP.
//!
//! Read: mailboxes inside datagrams: CoE (SDO uploads and downloads, emergencies), SoE, FoE; which slave, which object. Datagrams of
//! process data are recognised and are no events. Of registers: who a slave is, and what no start of a network needs. A datagram passes
//! every slave and comes back: what is written is told on its way out, what is read on its way back, as the working counter shows.
//! Not read: segments of long SDOs, object dictionaries, Ethernet over EtherCAT, AoE, network variables.

mod parse;
mod registers;
mod session;
mod table;
#[cfg(test)]
mod tests;

use crate::dissector::UDP;
use crate::framed::framed;
use crate::link;

framed! {
    /// The dissector.
    EtherCat: ETHERCAT {
        framing: session::EtherCat,
        probe: |head: &crate::Head<'_>| {
            let judge = if head.transport == picket_event::Transport::UDP { parse::probe_datagram } else { parse::probe };
            link::ask(judge, head)
        },
        transports: UDP, ether_types: &[0x88a4], ports: &[34_980],
    }
}
