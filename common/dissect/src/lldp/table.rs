//! Elements and capabilities (IEEE 802.1AB-2016 section 8.4, 8.5; ANSI/TIA-1057 section 10.2).

pub(super) const END: u8 = 0;
pub(super) const CHASSIS: u8 = 1;
pub(super) const PORT_DESCRIPTION: u8 = 4;
pub(super) const SYSTEM_NAME: u8 = 5;
pub(super) const SYSTEM_DESCRIPTION: u8 = 6;
pub(super) const CAPABILITIES: u8 = 7;
pub(super) const MANAGEMENT: u8 = 8;
pub(super) const ORGANISATION: u8 = 127;

/// Subtypes of the chassis: a MAC address, a network address, a name of the maker's choice.
pub(super) const CHASSIS_MAC: u8 = 4;
pub(super) const CHASSIS_NETWORK: u8 = 5;
pub(super) const CHASSIS_LOCAL: u8 = 7;

/// TIA's number, before its elements.
pub(super) const TIA: [u8; 3] = [0x00, 0x12, 0xbb];
pub(super) const MED_FIRMWARE: u8 = 6;
pub(super) const MED_SOFTWARE: u8 = 7;
pub(super) const MED_MAKER: u8 = 9;
pub(super) const MED_MODEL: u8 = 10;

/// Capabilities that are roles, by their bits.
pub(super) const ROLES: &[(u16, &str)] = &[
    (1 << 1, "repeater"),
    (1 << 2, "switch"),
    (1 << 3, "access-point"),
    (1 << 4, "router"),
    (1 << 5, "phone"),
    (1 << 6, "docsis"),
    (1 << 7, "station"),
];
