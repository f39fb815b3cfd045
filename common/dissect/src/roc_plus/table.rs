//! Opcodes (ROC Plus Protocol Specifications Manual, chapter 2).

use picket_event::Operation;

/// One opcode.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opcode {
    pub(crate) code: u8,
    pub(crate) name: &'static str,
    pub(crate) operation: Operation,
}

const fn o(code: u8, name: &'static str, operation: Operation) -> Opcode {
    Opcode { code, name, operation }
}

/// Writes parameters of a single point.
pub(crate) const SET_PARAMETERS: u8 = 166;
/// Reads parameters of a single point.
pub(crate) const GET_PARAMETERS: u8 = 167;
/// A controller that reports by exception, and asks for nothing.
pub(crate) const REPORT: u8 = 224;
/// The answer to a request that is refused.
pub(crate) const ERROR: u8 = 255;

/// Every opcode.
const OPCODES: &[Opcode] = &[
    o(6, "System configuration", Operation::Identify),
    o(7, "Read real-time clock", Operation::Time),
    o(8, "Set real-time clock", Operation::Time),
    o(10, "Read configurable opcode point data", Operation::Read),
    o(11, "Write configurable opcode point data", Operation::Write),
    o(17, "Login", Operation::Session),
    o(24, "Store and forward", Operation::File),
    o(50, "Request I/O point position", Operation::Read),
    o(100, "Access user-defined information", Operation::File),
    o(105, "Request minimum and maximum values", Operation::Read),
    o(107, "Request history tag", Operation::Read),
    o(108, "Request history tag and periodic index", Operation::Read),
    o(118, "Request alarm data", Operation::Alarm),
    o(119, "Request event data", Operation::Alarm),
    o(120, "Request alarm, event and history pointers", Operation::Alarm),
    o(121, "Request alarms", Operation::Alarm),
    o(122, "Request events", Operation::Alarm),
    o(131, "Request audit log pointers", Operation::Alarm),
    o(132, "Acknowledge audit log", Operation::Alarm),
    o(133, "Request audit log", Operation::Alarm),
    o(135, "Request single history point data", Operation::Read),
    o(136, "Request multiple history point data", Operation::Read),
    o(137, "Request history index", Operation::Read),
    o(138, "Request daily and periodic history", Operation::Read),
    o(139, "History information data", Operation::Read),
    o(165, "Configure history", Operation::Read),
    o(SET_PARAMETERS, "Set single point parameters", Operation::Write),
    o(GET_PARAMETERS, "Request single point parameters", Operation::Read),
    o(180, "Request parameters", Operation::Read),
    o(181, "Write parameters", Operation::Write),
    o(203, "General file transfer", Operation::File),
    o(205, "Peer-to-peer network messages", Operation::Other),
    o(206, "Read transaction history data", Operation::Read),
    o(REPORT, "Report by exception", Operation::Alarm),
    o(225, "Acknowledge report by exception", Operation::Alarm),
    o(ERROR, "Error", Operation::Other),
];

/// What an opcode is; `None` where the manual has none.
pub(crate) fn opcode(code: u8) -> Option<Opcode> {
    OPCODES.iter().find(|known| known.code == code).copied()
}

/// What an opcode nobody knows does.
pub(crate) const fn unknown(code: u8) -> Opcode {
    o(code, "", Operation::Other)
}
