//! Kinds of frames and commands (IEEE C37.118.2-2011 tables 2 and 15).

use picket_event::{MessageKind, Operation};

/// Data, which are no event.
pub(crate) const DATA: u8 = 0;
/// The first of the older configurations.
pub(crate) const CONFIGURATION_1: u8 = 2;
/// What is configured now.
pub(crate) const CONFIGURATION_2: u8 = 3;
/// A command.
pub(crate) const COMMAND: u8 = 4;
/// A configuration whose names are of any length.
pub(crate) const CONFIGURATION_3: u8 = 5;

/// Code, name and operation.
type Row = (u16, &'static str, Operation);

/// Frames that answer a command, by the number of their kind.
const FRAMES: &[Row] = &[
    (1, "Header", Operation::Read),
    (CONFIGURATION_1 as u16, "Configuration 1", Operation::Read),
    (CONFIGURATION_2 as u16, "Configuration 2", Operation::Read),
    (CONFIGURATION_3 as u16, "Configuration 3", Operation::Read),
];

/// Commands.
const COMMANDS: &[Row] = &[
    (1, "Turn off transmission", Operation::Subscribe),
    (2, "Turn on transmission", Operation::Subscribe),
    (3, "Send header", Operation::Read),
    (4, "Send configuration 1", Operation::Read),
    (5, "Send configuration 2", Operation::Read),
    (6, "Send configuration 3", Operation::Read),
    (8, "Extended frame", Operation::Other),
];

/// What a frame of this kind, or a command of this code, does; unknown ones have no name and do something else.
pub(crate) fn meaning(kind: u8, command: Option<u16>) -> (Row, MessageKind) {
    let (table, code, part) = match command {
        Some(code) => (COMMANDS, code, MessageKind::Request),
        None => (FRAMES, u16::from(kind), MessageKind::Response),
    };
    let row = table.iter().find(|(known, _, _)| *known == code).copied();
    (row.unwrap_or((code, "", Operation::Other)), part)
}
