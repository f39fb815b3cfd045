//! Options (RFC 2132 and IANA, "BOOTP Vendor Extensions and DHCP Options") and what vendor classes say.

pub(super) const PAD: u8 = 0;
pub(super) const ROUTER: u8 = 3;
pub(super) const NAME_SERVER: u8 = 6;
pub(super) const HOST_NAME: u8 = 12;
pub(super) const MESSAGE_TYPE: u8 = 53;
pub(super) const SERVER: u8 = 54;
pub(super) const PARAMETERS: u8 = 55;
pub(super) const VENDOR_CLASS: u8 = 60;
pub(super) const FQDN: u8 = 81;
pub(super) const END: u8 = 255;

/// Types of messages (RFC 2132 section 9.6).
pub(super) const OFFER: u8 = 2;
pub(super) const ACK: u8 = 5;

/// What a vendor class (option 60) says of the system, by how it begins. Each is the documented class of its
/// client: Microsoft's, Android's, dhcpcd's (which names the kernel itself), BusyBox's.
pub(super) const SYSTEMS: &[(&str, &str)] =
    &[("MSFT 5.0", "Windows"), ("MSFT 98", "Windows 98"), ("android-dhcp", "Android"), ("udhcp", "Linux (BusyBox)")];
