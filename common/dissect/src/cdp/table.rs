//! Elements and capabilities.

pub(super) const DEVICE: u16 = 1;
pub(super) const ADDRESSES: u16 = 2;
pub(super) const CAPABILITIES: u16 = 4;
pub(super) const SOFTWARE: u16 = 5;
pub(super) const PLATFORM: u16 = 6;

/// Capabilities that are roles, by their bits.
pub(super) const ROLES: &[(u32, &str)] = &[
    (0x01, "router"),
    (0x02, "switch"),
    (0x04, "switch"),
    (0x08, "switch"),
    (0x10, "station"),
    (0x40, "repeater"),
    (0x80, "phone"),
];
