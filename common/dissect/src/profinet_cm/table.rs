//! Operations of the interfaces, kinds of packets, ends of a control.

use crate::codes::{Code, code};
use picket_event::Operation;

/// Operations (IEC 61158-6-10, "RPCOperationNmb").
pub(crate) const OPERATIONS: &[Code] = &[
    code(CONNECT, "Connect", Operation::Session),
    code(1, "Release", Operation::Session),
    code(READ, "Read", Operation::Read),
    code(WRITE, "Write", Operation::Write),
    code(CONTROL, "Control", Operation::Session),
    code(READ_IMPLICIT, "Read Implicit", Operation::Read),
    code(6, "Not supported", Operation::Other),
];

pub(crate) const CONNECT: u32 = 0;
pub(crate) const READ: u32 = 2;
pub(crate) const WRITE: u32 = 3;
pub(crate) const CONTROL: u32 = 4;
pub(crate) const READ_IMPLICIT: u32 = 5;

/// Kinds of packets (C706 section 12.5): of these are events.
pub(crate) const REQUEST: u8 = 0;
pub(crate) const RESPONSE: u8 = 2;
pub(crate) const FAULT: u8 = 3;
pub(crate) const REJECT: u8 = 6;

/// Whether a packet of this kind answers one: also those that are no events (working, no call, acknowledgement of cancel).
pub(crate) const fn is_answer(kind: u8) -> bool {
    matches!(kind, 2..=6 | 10)
}

/// What a control says, by the bits of its command (IEC 61158-6-10, "ControlCommand").
pub(crate) const COMMANDS: &[(u32, &str)] = &[
    (1, "parameter end"),
    (2, "application ready"),
    (4, "release"),
    (8, "done"),
    (16, "ready for companion"),
    (32, "ready for RT class 3"),
    (64, "parameter begin"),
];

/// Indexes of records with a meaning of their own.
pub(crate) const RECORDS: &[(u32, &str)] = &[
    (0x8000, "expected identification"),
    (0x8001, "real identification"),
    (0x800a, "diagnosis"),
    (0x8028, "input data"),
    (0x8029, "output data"),
    (0x802a, "port data real"),
    (0x802b, "port data check"),
    (0xaff0, "I&M 0"),
    (0xaff1, "I&M 1"),
    (0xaff2, "I&M 2"),
    (0xaff3, "I&M 3"),
    (0xaff4, "I&M 4"),
    (0xf830, "log book"),
    (0xf840, "I&M 0 filter"),
    (0xf841, "physical device data real"),
    (0xf842, "physical device data expected"),
    (0xf80c, "device diagnosis"),
];

/// The record of identification.
pub(crate) const IDENTIFICATION: u32 = 0xaff0;
