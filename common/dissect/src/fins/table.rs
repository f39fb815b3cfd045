//! Commands and memory areas.

use crate::codes::{Code, code, find};
use picket_event::Operation;

/// Commands (W227 section 3, W342 section 5): MRC and SRC.
pub(crate) const COMMANDS: &[Code] = &[
    code(MEMORY_READ, "Memory Area Read", Operation::Read),
    code(MEMORY_WRITE, "Memory Area Write", Operation::Write),
    code(MEMORY_FILL, "Memory Area Fill", Operation::Write),
    code(0x0104, "Multiple Memory Area Read", Operation::Read),
    code(0x0105, "Memory Area Transfer", Operation::Write),
    code(0x0201, "Parameter Area Read", Operation::Read),
    code(0x0202, "Parameter Area Write", Operation::Write),
    code(0x0203, "Parameter Area Clear", Operation::Write),
    code(0x0220, "Data Link Table Read", Operation::Identify),
    code(0x0304, "Program Area Protect", Operation::Mode),
    code(0x0305, "Program Area Protect Clear", Operation::Mode),
    code(0x0306, "Program Area Read", Operation::ProgramRead),
    code(0x0307, "Program Area Write", Operation::ProgramWrite),
    code(0x0308, "Program Area Clear", Operation::ProgramWrite),
    code(0x0401, "Run", Operation::Start),
    code(0x0402, "Stop", Operation::Stop),
    code(0x0403, "Reset", Operation::Restart),
    code(CONTROLLER_DATA, "Controller Data Read", Operation::Identify),
    code(0x0502, "Connection Data Read", Operation::Identify),
    code(0x0601, "Controller Status Read", Operation::Diagnose),
    code(0x0602, "Network Status Read", Operation::Diagnose),
    code(0x0603, "Data Link Status Read", Operation::Other),
    code(0x0620, "Cycle Time Read", Operation::Diagnose),
    code(0x0701, "Clock Read", Operation::Time),
    code(0x0702, "Clock Write", Operation::Time),
    code(0x0801, "Loop-back Test", Operation::Diagnose),
    code(0x0802, "Broadcast Test Results Read", Operation::Diagnose),
    code(0x0803, "Broadcast Test Data Send", Operation::Diagnose),
    code(0x0920, "Message Read", Operation::Alarm),
    code(0x0c01, "Access Right Acquire", Operation::Session),
    code(0x0c02, "Access Right Forced Acquire", Operation::Session),
    code(0x0c03, "Access Right Release", Operation::Session),
    code(0x2101, "Error Clear", Operation::Alarm),
    code(0x2102, "Error Log Read", Operation::Alarm),
    code(0x2103, "Error Log Clear", Operation::Alarm),
    code(0x2140, "FINS Write Access Log Read", Operation::Other),
    code(0x2141, "FINS Write Access Log Clear", Operation::Other),
    code(0x2201, "File Names Read", Operation::File),
    code(0x2202, "Single File Read", Operation::File),
    code(0x2203, "Single File Write", Operation::File),
    code(0x2204, "Memory Card Format", Operation::File),
    code(0x2205, "File Delete", Operation::File),
    code(0x2206, "Volume Label Create", Operation::File),
    code(0x2207, "File Copy", Operation::File),
    code(0x2208, "File Name Change", Operation::File),
    code(0x2209, "File Data Check", Operation::File),
    code(0x220a, "Memory Area File Transfer", Operation::File),
    code(0x220b, "Parameter Area File Transfer", Operation::File),
    code(0x220c, "Program Area File Transfer", Operation::File),
    code(0x220f, "File Memory Index Read", Operation::File),
    code(0x2210, "File Memory Read", Operation::File),
    code(0x2211, "File Memory Write", Operation::File),
    code(0x2212, "File Memory Write", Operation::File),
    code(0x2215, "Directory Create or Delete", Operation::File),
    code(0x2220, "Memory Cassette Transfer", Operation::Other),
    code(0x2301, "Forced Set/Reset", Operation::Control),
    code(0x2302, "Forced Set/Reset Cancel", Operation::Control),
    code(0x230a, "Multiple Forced Status Read", Operation::Read),
];

pub(crate) const MEMORY_READ: u32 = 0x0101;
pub(crate) const MEMORY_WRITE: u32 = 0x0102;
pub(crate) const MEMORY_FILL: u32 = 0x0103;
/// Its answer names the controller.
pub(crate) const CONTROLLER_DATA: u32 = 0x0501;

/// Commands whose requests have data of known lengths: least and most.
pub(crate) const LENGTHS: &[(u32, usize, usize)] = &[
    (MEMORY_READ, 6, 6),
    (MEMORY_FILL, 7, 8),
    (0x0105, 10, 10),
    (0x0201, 6, 6),
    (0x0203, 8, 8),
    (0x0220, 2, 2),
    (0x0304, 7, 13),
    (0x0305, 7, 13),
    (0x0306, 8, 8),
    (0x0308, 3, 3),
    (0x0401, 0, 3),
    (0x0402, 0, 2),
    (0x0403, 0, 2),
    (CONTROLLER_DATA, 0, 1),
    (0x0502, 1, 2),
    (0x0601, 0, 0),
    (0x0602, 0, 0),
    (0x0603, 0, 0),
    (0x0620, 1, 1),
    (0x0701, 0, 0),
    (0x0702, 5, 7),
    (0x0802, 0, 0),
    (0x0920, 2, 2),
    (0x0c01, 2, 2),
    (0x0c02, 2, 2),
    (0x0c03, 2, 2),
    (0x2101, 2, 2),
    (0x2102, 4, 4),
    (0x2103, 0, 0),
    (0x2140, 4, 4),
    (0x2141, 0, 0),
    (0x2201, 2, 96),
    (0x2204, 2, 2),
    (0x2302, 0, 0),
    (0x230a, 6, 6),
];

/// What a command is. File commands that the table lacks are file commands all the same.
pub(crate) fn command(wanted: u32) -> Code {
    let found = find(COMMANDS, wanted);
    if found.name.is_empty() && (0x2201..=0x2215).contains(&wanted) {
        return code(wanted, "", Operation::File);
    }
    found
}

/// Node addresses of FINS/TCP (W421 section 7-4).
pub(crate) const NODE_ADDRESS: Code = code(0, "Node Address", Operation::Session);

/// Memory areas by code (W342 section 5-2-2; W227 section 3-5 for the older series): bits, then words.
pub(crate) const AREAS: &[(u32, &str)] = &[
    (0x00, "CIO bits"),
    (0x01, "timer flags"),
    (0x02, "DM bits"),
    (0x06, "task bits"),
    (0x07, "step flags"),
    (0x09, "timer and counter flags"),
    (0x0a, "EM bits"),
    (0x30, "CIO bits"),
    (0x31, "W bits"),
    (0x32, "H bits"),
    (0x33, "A bits"),
    (0x80, "CIO words"),
    (0x81, "timer values"),
    (0x82, "DM words"),
    (0x89, "timer and counter values"),
    (0x98, "EM words"),
    (0x9c, "DR words"),
    (0xb0, "CIO words"),
    (0xb1, "W words"),
    (0xb2, "H words"),
    (0xb3, "A words"),
    (0xbc, "EM bank number"),
    (0xdc, "IR words"),
];
