//! Simple service discovery (UPnP Device Architecture 2.0 section 1).
//!
//! Read: what announcements and answers say of the device: operating system and product of `SERVER`, the port of
//! `LOCATION`. Not read: searches, and the description behind the location, which a sensor does not fetch.

mod parse;
mod table;
#[cfg(test)]
mod tests;

crate::teller::teller! {
    /// The dissector.
    Ssdp: SSDP {
        transports: crate::dissector::UDP, ports: &[1900], ether_types: &[], needs_port: false,
        probe: crate::recognise::ssdp, varies: (0, 0),
    }
}
