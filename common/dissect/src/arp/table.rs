//! Kinds of hardware and operations (IANA, "Address Resolution Protocol Parameters").

/// Ethernet.
pub(super) const ETHERNET: u16 = 1;
/// IPv4, by its EtherType.
pub(super) const IPV4: u16 = 0x0800;

/// Whether the sender states its own pair of addresses: requests and answers do. In reverse and inverse ARP the
/// fields mean something else.
pub(super) const fn states_sender(operation: u16) -> bool {
    matches!(operation, 1 | 2)
}
