//! Commands, device codes, and the codes of the older frame.

use crate::codes::{Code, code, find};
use picket_event::Operation;

/// SLMP commands (SLMP specification, part 2 "Commands").
pub(crate) const COMMANDS: &[Code] = &[
    code(0x0101, "Read Type Name", Operation::Identify),
    code(0x0401, "Device Read", Operation::Read),
    code(0x0403, "Device Read Random", Operation::Read),
    code(0x0406, "Device Read Block", Operation::Read),
    code(0x0601, "Extend Unit Read", Operation::Read),
    code(0x0613, "Memory Read", Operation::Read),
    code(0x0619, "Self Test", Operation::Diagnose),
    code(0x0801, "Entry Monitor Device", Operation::Read),
    code(0x0802, "Execute Monitor", Operation::Read),
    code(0x1001, "Remote Run", Operation::Start),
    code(0x1002, "Remote Stop", Operation::Stop),
    code(0x1003, "Remote Pause", Operation::Mode),
    code(0x1005, "Remote Latch Clear", Operation::Control),
    code(0x1006, "Remote Reset", Operation::Restart),
    code(0x1401, "Device Write", Operation::Write),
    code(0x1402, "Device Write Random", Operation::Write),
    code(0x1406, "Device Write Block", Operation::Write),
    code(0x1601, "Extend Unit Write", Operation::Write),
    code(0x1613, "Memory Write", Operation::Write),
    code(0x1617, "Clear Error", Operation::Alarm),
    code(0x1630, "Remote Password Unlock", Operation::Session),
    code(0x1631, "Remote Password Lock", Operation::Session),
    code(0x1810, "Read Directory", Operation::File),
    code(0x1811, "Search Directory", Operation::File),
    code(0x1820, "New File", Operation::File),
    code(0x1822, "Delete File", Operation::File),
    code(0x1824, "Copy File", Operation::File),
    code(0x1825, "Change File State", Operation::File),
    code(0x1826, "Change File Date", Operation::File),
    code(0x1827, "Open File", Operation::File),
    code(0x1828, "Read File", Operation::File),
    code(0x1829, "Write File", Operation::File),
    code(0x182a, "Close File", Operation::File),
    code(ON_DEMAND, "On Demand", Operation::Report),
];

/// Sent by the controller, unasked.
pub(crate) const ON_DEMAND: u32 = 0x2101;
/// Its answer names the processor.
pub(crate) const READ_TYPE_NAME: u32 = 0x0101;

/// What a command is. File commands that the table lacks are file commands all the same.
pub(crate) fn command(wanted: u32) -> Code {
    let found = find(COMMANDS, wanted);
    if found.name.is_empty() && (0x1810..=0x182a).contains(&wanted) {
        return code(wanted, "", Operation::File);
    }
    found
}

/// Frame 1E: the sub-header is the command (MC protocol reference manual, "1E frame").
pub(crate) const OLD: &[Code] = &[
    code(0x00, "Batch Read Bits", Operation::Read),
    code(0x01, "Batch Read Words", Operation::Read),
    code(0x02, "Batch Write Bits", Operation::Write),
    code(0x03, "Batch Write Words", Operation::Write),
    code(0x13, "Remote Run", Operation::Start),
    code(0x14, "Remote Stop", Operation::Stop),
    code(0x15, "PC Type Read", Operation::Identify),
    code(0x16, "Loop-back Test", Operation::Diagnose),
];

/// MELSOFT's commands. Not published; named are those whose answers speak for themselves.
pub(crate) const MELSOFT: &[Code] = &[
    code(0x0101, "Read CPU Type", Operation::Identify),
    code(0x0121, "Read CPU Type", Operation::Identify),
    code(SEARCH, "Search", Operation::Identify),
];

/// A question over UDP that any controller of the network answers, as a command of MELSOFT.
pub(crate) const SEARCH: u32 = 0x5a;

/// A device: its binary code, its name in ASCII, whether its numbers are hexadecimal there.
pub(crate) type Device = (u8, &'static str, bool);

/// Devices (SLMP specification, "Device codes").
pub(crate) const DEVICES: &[Device] = &[
    (0x90, "M", false),
    (0x91, "SM", false),
    (0x92, "L", false),
    (0x93, "F", false),
    (0x94, "V", false),
    (0x98, "S", false),
    (0x9c, "X", true),
    (0x9d, "Y", true),
    (0xa0, "B", true),
    (0xa1, "SB", true),
    (0xa2, "DX", true),
    (0xa3, "DY", true),
    (0xa8, "D", false),
    (0xa9, "SD", false),
    (0xaf, "R", false),
    (0xb0, "ZR", true),
    (0xb4, "W", true),
    (0xb5, "SW", true),
    (0xc0, "TC", false),
    (0xc1, "TS", false),
    (0xc2, "TN", false),
    (0xc3, "CC", false),
    (0xc4, "CS", false),
    (0xc5, "CN", false),
    (0xc6, "SC", false),
    (0xc7, "SS", false),
    (0xc8, "SN", false),
    (0xcc, "Z", false),
];

/// Devices of frame 1E: two letters, the second first (blank where there is one letter).
pub(crate) const OLD_DEVICES: &[([u8; 2], &str)] = &[
    (*b" D", "D"),
    (*b" R", "R"),
    (*b" M", "M"),
    (*b" S", "S"),
    (*b" X", "X"),
    (*b" Y", "Y"),
    (*b" F", "F"),
    (*b" B", "B"),
    (*b" W", "W"),
    (*b"ST", "TS"),
    (*b"CT", "TC"),
    (*b"NT", "TN"),
    (*b"SC", "CS"),
    (*b"CC", "CC"),
    (*b"NC", "CN"),
];
