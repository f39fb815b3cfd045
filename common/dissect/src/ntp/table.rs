//! Modes (RFC 5905 figure 10).

pub(super) const CONTROL: u8 = 6;
pub(super) const CLIENT: u8 = 3;

/// The name of a mode.
pub(super) const fn mode(mode: u8) -> &'static str {
    match mode {
        1 => "symmetric_active",
        2 => "symmetric_passive",
        CLIENT => "client",
        4 => "server",
        5 => "broadcast",
        CONTROL => "control",
        7 => "private",
        _ => "reserved",
    }
}
