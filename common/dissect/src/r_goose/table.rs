//! Identifiers of session units and of what they carry (IEC 61850-90-5 clause 8.2).

use picket_event::Operation;

/// A session's unit of tunnelled frames.
pub(crate) const TUNNELLED: u8 = 0xa0;
/// A unit of sampled values.
pub(crate) const SAMPLED_VALUES: u8 = 0xa2;
/// The last kind of unit: management.
pub(crate) const MANAGEMENT: u8 = 0xa3;

/// What a unit carries that is GOOSE.
pub(crate) const GOOSE: u8 = 0x81;
/// What such a message does where it cannot be read.
pub(crate) const UNREADABLE: Operation = Operation::Report;
