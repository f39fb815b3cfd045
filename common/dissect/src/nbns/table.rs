//! Operations, record types, and what the last byte of a name means.

pub(super) const QUERY: u16 = 0;
pub(super) const NAME: u16 = 0x20;
pub(super) const NODE: u16 = 0x21;

/// Whether an operation states the sender's own name: registration, refresh (two numbers are in use) and
/// registration of a host with several addresses.
pub(super) const fn states_own(operation: u16) -> bool {
    matches!(operation, 5 | 8 | 9 | 15)
}

/// Whether a name of this kind names the machine: the workstation's and the file service's.
pub(crate) const fn is_machine(suffix: u8) -> bool {
    matches!(suffix, 0x00 | 0x20)
}

/// The role that a name of this kind shows.
pub(super) const fn role(suffix: u8) -> Option<&'static str> {
    match suffix {
        0x1b | 0x1c => Some("domain-controller"),
        0x1d => Some("master-browser"),
        0x20 => Some("file-server"),
        _ => None,
    }
}
