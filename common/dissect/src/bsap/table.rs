//! Application functions, and functions of the remote data base (D4052 chapters 3 and 4).

use picket_event::Operation;

/// Code, name and operation.
pub(crate) type Row = (u16, &'static str, Operation);

/// The remote data base: a function follows.
pub(crate) const DATA_BASE: u8 = 0xa0;
/// Its extension: a function of two bytes follows.
pub(crate) const EXTENSION: u8 = 0xa1;

/// What a controller reports without being asked.
const REPORT: u16 = 0xa2;
/// An alarm, likewise.
const ALARM: u16 = 0xaa;

/// Whether nobody asked for such a message.
pub(crate) fn is_report((code, _, operation): Row) -> bool {
    matches!((code, operation), (REPORT, Operation::Report) | (ALARM, Operation::Alarm))
}

/// Application functions.
const APPLICATIONS: &[Row] = &[
    (0x03, "PEI", Operation::Other),
    (0x48, "Diagnostics", Operation::Diagnose),
    (0x68, "Flash download", Operation::Firmware),
    (0x6a, "Flash configuration", Operation::Write),
    (0x78, "Download", Operation::ProgramWrite),
    (0x88, "Time synchronisation", Operation::Time),
    (0x89, "Request time synchronisation", Operation::Time),
    (REPORT, "Report by exception", Operation::Report),
    (0xa3, "Report by exception manager", Operation::Subscribe),
    (0xa8, "Alarm acknowledgement", Operation::Alarm),
    (0xa9, "Alarm initialisation", Operation::Alarm),
    (ALARM, "Alarm report", Operation::Alarm),
];

/// Functions of the remote data base.
const FUNCTIONS: &[Row] = &[
    (0x00, "Read signal by address", Operation::Read),
    (0x02, "Read logical by address", Operation::Read),
    (0x04, "Read signal by name", Operation::Read),
    (0x06, "Read logical by name", Operation::Read),
    (0x0c, "Read signal by list start", Operation::Read),
    (0x0d, "Read signal by list continue", Operation::Read),
    (0x0e, "Read logical by list start", Operation::Read),
    (0x0f, "Read logical by list continue", Operation::Read),
    (0x80, "Write signal by address", Operation::Write),
    (0x84, "Write signal by name", Operation::Write),
    (0x8c, "Write signal by list start", Operation::Write),
    (0x8d, "Write signal by list continue", Operation::Write),
];

/// Functions of its extension.
const EXTENSIONS: &[Row] = &[
    (0x0101, "Reset system", Operation::Restart),
    (0x0102, "Reset diagnostics", Operation::Diagnose),
    (0x0201, "Read date and time", Operation::Time),
    (0x0202, "Read date", Operation::Time),
    (0x0203, "Read time", Operation::Time),
    (0x0281, "Write date and time", Operation::Time),
    (0x0400, "Change local node address", Operation::Write),
];

/// A poll, or an acknowledgement that carries nothing.
pub(crate) const POLL: Row = (0, "Poll", Operation::Session);
/// An answer to a request that was not seen.
pub(crate) const ANSWER: Row = (0, "", Operation::Other);

/// What a request does, by its application's function and the function that follows.
pub(crate) fn request(application: u8, function: u16) -> Row {
    let (table, code) = match application {
        DATA_BASE => (FUNCTIONS, function),
        EXTENSION => (EXTENSIONS, function),
        _ => (APPLICATIONS, u16::from(application)),
    };
    table.iter().find(|(known, _, _)| *known == code).copied().unwrap_or((code, "", Operation::Other))
}
