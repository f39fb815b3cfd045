//! SIP over UDP (RFC 3261), as far as it tells of hosts. Over TCP it is recognised.
//!
//! Read: the program (`User-Agent`, `Server`), the name a client calls itself by (`Via`, section 18.1.1). A message
//! speaks of its sender only where nobody has passed it on: a request with one `Via`, an answer to a registration or
//! a `100`, which goes no further than one hop. `From` names an account and the domain that serves it, not the host, and
//! is not kept, as no number or user is. Not read: sessions and what they negotiate.

mod parse;
mod table;
#[cfg(test)]
mod tests;

crate::teller::teller! {
    /// The dissector.
    Sip: SIP {
        transports: crate::dissector::UDP, ports: &[5060], ether_types: &[], needs_port: false,
        probe: crate::recognise::sip, varies: (0, 0),
    }
}
