//! Record types that name an address.

pub(super) const A: u16 = 1;
pub(super) const AAAA: u16 = 28;
