//! Services and response codes (ANSI C12.22-2012 clause 5.3).

use picket_event::Operation;

/// Code, name and operation.
pub(crate) type Row = (u8, &'static str, Operation);

/// Services that are asked for. Reads and writes by index take the codes behind theirs.
const SERVICES: &[Row] = &[
    (0x20, "Identify", Operation::Identify),
    (0x21, "Terminate", Operation::Session),
    (0x22, "Disconnect", Operation::Session),
    (0x24, "Deregister", Operation::Browse),
    (0x25, "Resolve", Operation::Browse),
    (0x26, "Trace", Operation::Browse),
    (0x27, "Register", Operation::Browse),
    (FULL_READ, "Full read", Operation::Read),
    (0x3e, "Default read", Operation::Read),
    (OFFSET_READ, "Partial read by offset", Operation::Read),
    (FULL_WRITE, "Full write", Operation::Write),
    (OFFSET_WRITE, "Partial write by offset", Operation::Write),
    (0x50, "Logon", Operation::Session),
    (0x51, "Security", Operation::Session),
    (0x52, "Logoff", Operation::Session),
    (0x53, "Authenticate", Operation::Session),
    (0x70, "Wait", Operation::Session),
];

/// Reads a whole table.
pub(crate) const FULL_READ: u8 = 0x30;
/// Reads a part of a table.
pub(crate) const OFFSET_READ: u8 = 0x3f;
/// Writes a whole table.
pub(crate) const FULL_WRITE: u8 = 0x40;
/// Writes a part of a table.
pub(crate) const OFFSET_WRITE: u8 = 0x4f;
/// The table that says who made the meter.
pub(crate) const MANUFACTURER: u16 = 1;

/// The service of a code.
pub(crate) fn service(code: u8) -> Row {
    match code {
        0x31..=0x39 => (code, "Partial read by index", Operation::Read),
        0x41..=0x49 => (code, "Partial write by index", Operation::Write),
        _ => SERVICES.iter().find(|(known, _, _)| *known == code).copied().unwrap_or((code, "", Operation::Other)),
    }
}

/// What cannot be read.
pub(crate) const HIDDEN: Row = (0, "", Operation::Other);

/// Codes of answers that refuse.
const REFUSALS: &[(u8, &str)] = &[
    (0x01, "error"),
    (0x02, "service not supported"),
    (0x03, "insufficient security clearance"),
    (0x04, "operation not possible"),
    (0x05, "inappropriate action requested"),
    (0x06, "device busy"),
    (0x07, "data not ready"),
    (0x08, "data locked"),
    (0x09, "renegotiate request"),
    (0x0a, "invalid service sequence state"),
    (0x0b, "security mechanism error"),
    (0x0c, "unknown application title"),
    (0x0d, "network time-out"),
    (0x0e, "network not reachable"),
    (0x0f, "request too large"),
    (0x10, "response too large"),
    (0x11, "segmentation not possible"),
    (0x12, "segmentation error"),
];

/// Why an answer refuses; empty where nobody knows the code.
pub(crate) fn refusal(code: u8) -> &'static str {
    REFUSALS.iter().find(|(known, _)| *known == code).map_or("", |(_, name)| name)
}
