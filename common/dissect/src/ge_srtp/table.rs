//! Service requests and memory areas.

use crate::codes::{Code, code};
use picket_event::Operation;

/// Service requests.
pub(crate) const SERVICES: &[Code] = &[
    code(0x00, "PLC Short Status", Operation::Diagnose),
    code(0x03, "Return Control Program Names", Operation::Identify),
    code(READ_SYSTEM, "Read System Memory", Operation::Read),
    code(0x05, "Read Task Memory", Operation::Read),
    code(0x06, "Read Program Block Memory", Operation::ProgramRead),
    code(WRITE_SYSTEM, "Write System Memory", Operation::Write),
    code(0x08, "Write Task Memory", Operation::Write),
    code(0x09, "Write Program Block Memory", Operation::ProgramWrite),
    code(0x20, "Programmer Logon", Operation::Session),
    code(0x21, "Change Privilege Level", Operation::Session),
    code(0x22, "Set CPU ID", Operation::Write),
    code(0x23, "Set PLC State", Operation::Mode),
    code(0x24, "Set PLC Time and Date", Operation::Time),
    code(0x25, "Return PLC Time and Date", Operation::Time),
    code(0x38, "Return Fault Table", Operation::Alarm),
    code(0x39, "Clear Fault Table", Operation::Alarm),
    code(0x3f, "Program Store", Operation::ProgramRead),
    code(0x40, "Program Load", Operation::ProgramWrite),
    code(0x43, "Return Controller Type and ID", Operation::Identify),
    code(0x44, "Toggle Force System Memory", Operation::Control),
];

pub(crate) const READ_SYSTEM: u32 = 0x04;
pub(crate) const WRITE_SYSTEM: u32 = 0x07;

/// A connection begins with a header of zeros.
pub(crate) const INITIATION: Code = code(0x100, "Connection Initiation", Operation::Session);

/// An answer whose request was not seen names no service.
pub(crate) const UNKNOWN: Code = code(0x1ff, "", Operation::Other);

/// Kinds of messages inside.
pub(crate) const SHORT_REQUEST: u8 = 0xc0;
pub(crate) const LONG_REQUEST: u8 = 0x80;
pub(crate) const ACK: u8 = 0xd4;
pub(crate) const ACK_WITH_TEXT: u8 = 0x94;
pub(crate) const REFUSAL: u8 = 0xd1;

/// Memory areas by selector: words, bytes, bits.
pub(crate) const AREAS: &[(u32, &str)] = &[
    (0x08, "%R words"),
    (0x0a, "%AI words"),
    (0x0c, "%AQ words"),
    (0x10, "%I bytes"),
    (0x12, "%Q bytes"),
    (0x14, "%T bytes"),
    (0x16, "%M bytes"),
    (0x18, "%SA bytes"),
    (0x1a, "%SB bytes"),
    (0x1c, "%SC bytes"),
    (0x1e, "%S bytes"),
    (0x38, "%G bytes"),
    (0x46, "%I bits"),
    (0x48, "%Q bits"),
    (0x4a, "%T bits"),
    (0x4c, "%M bits"),
    (0x4e, "%SA bits"),
    (0x50, "%SB bits"),
    (0x52, "%SC bits"),
    (0x54, "%S bits"),
    (0x56, "%G bits"),
];
