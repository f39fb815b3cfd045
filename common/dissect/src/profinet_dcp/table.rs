//! Services, options, roles and vendors.

use crate::codes::{Code, code};
use picket_event::Operation;

/// Services (IEC 61158-6-10, "Coding of the field ServiceID").
pub(crate) const SERVICES: &[Code] = &[
    code(3, "Get", Operation::Read),
    code(SET, "Set", Operation::Write),
    code(5, "Identify", Operation::Identify),
    code(HELLO, "Hello", Operation::Identify),
];

/// Changes a device.
pub(crate) const SET: u32 = 4;
/// A device announces itself.
pub(crate) const HELLO: u32 = 6;

/// What a Set of the control option does (suboption 3 blinks; 5 and 6 forget what was configured).
pub(crate) const CONTROL: &[(u8, Operation)] =
    &[(3, Operation::Control), (5, Operation::Restart), (6, Operation::Restart)];

/// The option of control.
pub(crate) const OPTION_CONTROL: u8 = 5;

/// Options and suboptions with their names.
pub(crate) const OPTIONS: &[((u8, u8), &str)] = &[
    ((1, 1), "mac_address"),
    ((1, 2), "ip_parameter"),
    ((1, 3), "full_ip_suite"),
    ((2, 1), "manufacturer_specific"),
    ((2, 2), "name_of_station"),
    ((2, 3), "device_id"),
    ((2, 4), "device_role"),
    ((2, 5), "device_options"),
    ((2, 6), "alias_name"),
    ((2, 7), "device_instance"),
    ((2, 8), "oem_device_id"),
    ((2, 10), "rsi_properties"),
    ((3, 255), "dhcp_control"),
    ((5, 1), "start_transaction"),
    ((5, 2), "end_transaction"),
    ((5, 3), "signal"),
    ((5, 4), "response"),
    ((5, 5), "factory_reset"),
    ((5, 6), "reset_to_factory"),
    ((6, 1), "device_initiative"),
    ((255, 255), "all"),
];

/// The name of an option; empty where nobody knows it.
pub(crate) fn option(option: (u8, u8)) -> &'static str {
    OPTIONS.iter().find(|(known, _)| *known == option).map_or("", |(_, name)| name)
}

/// Roles by bit.
pub(crate) const ROLES: &[(u8, &str)] =
    &[(1, "io_device"), (2, "io_controller"), (4, "io_multidevice"), (8, "io_supervisor")];

/// Vendors by the number that PROFIBUS and PROFINET International gave them; others are told by it.
pub(crate) const VENDORS: &[(u16, &str)] =
    &[(0x002a, "Siemens"), (0x00b0, "Phoenix Contact"), (0x011d, "WAGO"), (0x0120, "Beckhoff")];

/// A vendor's name, or its number in words.
pub(crate) fn vendor(number: u16) -> String {
    let known = VENDORS.iter().find(|(known, _)| *known == number);
    known.map_or_else(|| format!("PROFINET vendor 0x{number:04x}"), |(_, name)| (*name).to_owned())
}
