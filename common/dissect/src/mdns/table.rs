//! Record types and the keys that devices put into their text records.

pub(super) const A: u16 = 1;
pub(super) const HINFO: u16 = 13;
pub(super) const TXT: u16 = 16;
pub(super) const AAAA: u16 = 28;
pub(super) const SRV: u16 = 33;

/// What a key of a text record tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Vendor,
    Model,
    Firmware,
}

/// Keys by convention: `_device-info` (model), printers (`ty`, `usb_MFG`, Bonjour Printing section 9), Google Cast and
/// HomeKit (`md`), AirPlay (`am`, `fv`), and what industrial and home devices use.
pub(super) const KEYS: &[(&str, Told)] = &[
    ("model", Told::Model),
    ("ty", Told::Model),
    ("md", Told::Model),
    ("am", Told::Model),
    ("usb_mdl", Told::Model),
    ("usb_mfg", Told::Vendor),
    ("manufacturer", Told::Vendor),
    ("vendor", Told::Vendor),
    ("fv", Told::Firmware),
    ("fw_version", Told::Firmware),
    ("fw", Told::Firmware),
];
