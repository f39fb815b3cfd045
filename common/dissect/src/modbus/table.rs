//! Function codes, exception codes, sub-functions and UMAS codes, with their operations.

use crate::codes::{Code, code, find};
use picket_event::Operation;

/// Modbus Application Protocol 1.1b3 section 6, and the older codes of the Modicon reference guide PI-MBUS-300.
pub(crate) const FUNCTIONS: &[Code<u8>] = &[
    code(1, "Read Coils", Operation::Read),
    code(2, "Read Discrete Inputs", Operation::Read),
    code(3, "Read Holding Registers", Operation::Read),
    code(4, "Read Input Registers", Operation::Read),
    code(5, "Write Single Coil", Operation::Write),
    code(6, "Write Single Register", Operation::Write),
    code(7, "Read Exception Status", Operation::Diagnose),
    code(8, "Diagnostics", Operation::Diagnose),
    code(9, "Program (484)", Operation::ProgramWrite),
    code(10, "Poll (484)", Operation::ProgramWrite),
    code(11, "Get Comm Event Counter", Operation::Diagnose),
    code(12, "Get Comm Event Log", Operation::Diagnose),
    code(13, "Program Controller", Operation::ProgramWrite),
    code(14, "Poll (584)", Operation::ProgramWrite),
    code(15, "Write Multiple Coils", Operation::Write),
    code(16, "Write Multiple Registers", Operation::Write),
    code(17, "Report Server ID", Operation::Identify),
    code(20, "Read File Record", Operation::File),
    code(21, "Write File Record", Operation::File),
    code(22, "Mask Write Register", Operation::Write),
    code(23, "Read/Write Multiple Registers", Operation::Write),
    code(24, "Read FIFO Queue", Operation::Read),
    code(43, "Encapsulated Interface Transport", Operation::Identify),
    code(90, "UMAS", Operation::Other),
    code(125, "Firmware Replacement", Operation::Firmware),
    code(126, "Program (584/984)", Operation::ProgramWrite),
];

/// Diagnostics sub-functions (section 6.8), with the one that restarts.
pub(crate) const RESTART_COMMUNICATIONS: u16 = 1;

/// Names of the diagnostics sub-functions.
pub(crate) const DIAGNOSTICS: &[(u16, &str)] = &[
    (0, "return query data"),
    (RESTART_COMMUNICATIONS, "restart communications option"),
    (2, "return diagnostic register"),
    (3, "change ascii input delimiter"),
    (4, "force listen only mode"),
    (10, "clear counters and diagnostic register"),
    (11, "return bus message count"),
    (12, "return bus communication error count"),
    (13, "return bus exception error count"),
    (14, "return server message count"),
    (15, "return server no response count"),
    (16, "return server nak count"),
    (17, "return server busy count"),
    (18, "return bus character overrun count"),
    (20, "clear overrun counter and flag"),
    (21, "get or clear modbus plus statistics"),
];

/// Exception codes (section 7).
pub(crate) const EXCEPTIONS: &[(u8, &str)] = &[
    (1, "illegal function"),
    (2, "illegal data address"),
    (3, "illegal data value"),
    (4, "server device failure"),
    (5, "acknowledge"),
    (6, "server device busy"),
    (7, "negative acknowledge"),
    (8, "memory parity error"),
    (10, "gateway path unavailable"),
    (11, "gateway target device failed to respond"),
];

/// MEI types of function 43 (section 6.19).
pub(crate) const MEI_CANOPEN: u8 = 13;
/// Read Device Identification (section 6.21).
pub(crate) const MEI_DEVICE_ID: u8 = 14;

/// The function that carries UMAS.
pub(crate) const UMAS: u8 = 90;
/// Reads a block of its memory.
pub(crate) const UMAS_READ_MEMORY: u16 = 0x20;
/// UMAS answers.
pub(crate) const UMAS_POSITIVE: u8 = 0xfe;
/// A negative one.
pub(crate) const UMAS_NEGATIVE: u8 = 0xfd;

/// UMAS functions. Not published by their maker; known from public analyses.
pub(crate) const UMAS_FUNCTIONS: &[Code<u8>] = &[
    code(0x01, "Init communication", Operation::Session),
    code(0x02, "Read id", Operation::Identify),
    code(0x03, "Read project info", Operation::Identify),
    code(0x04, "Read PLC info", Operation::Diagnose),
    code(0x06, "Read card info", Operation::Identify),
    code(0x0a, "Repeat", Operation::Diagnose),
    code(0x10, "Take reservation", Operation::Session),
    code(0x11, "Release reservation", Operation::Session),
    code(0x12, "Keep alive", Operation::Session),
    code(0x20, "Read memory block", Operation::Read),
    code(0x22, "Read variables", Operation::Read),
    code(0x23, "Write variables", Operation::Write),
    code(0x24, "Read coils and registers", Operation::Read),
    code(0x25, "Write coils and registers", Operation::Write),
    code(0x30, "Initialise transfer to the PLC", Operation::ProgramWrite),
    code(0x31, "Transfer block to the PLC", Operation::ProgramWrite),
    code(0x32, "End transfer to the PLC", Operation::ProgramWrite),
    code(0x33, "Initialise transfer from the PLC", Operation::ProgramRead),
    code(0x34, "Transfer block from the PLC", Operation::ProgramRead),
    code(0x35, "End transfer from the PLC", Operation::ProgramRead),
    code(0x39, "Read Ethernet master data", Operation::Read),
    code(0x40, "Start PLC", Operation::Start),
    code(0x41, "Stop PLC", Operation::Stop),
    code(0x50, "Monitor PLC", Operation::Read),
    code(0x58, "Check PLC", Operation::Diagnose),
    code(0x70, "Read I/O object", Operation::Read),
    code(0x71, "Write I/O object", Operation::Write),
    code(0x73, "Get module status", Operation::Diagnose),
    code(UMAS_POSITIVE, "Positive answer", Operation::Other),
    code(UMAS_NEGATIVE, "Negative answer", Operation::Other),
];

/// What a code is; an unknown one has no name and does something else.
pub(crate) fn function(code: u8) -> Code<u8> {
    find(FUNCTIONS, code)
}

/// What a UMAS code is.
pub(crate) fn umas(code: u8) -> Code<u8> {
    find(UMAS_FUNCTIONS, code)
}

/// The name of an exception code.
pub(crate) fn exception(code: u8) -> &'static str {
    EXCEPTIONS.iter().find(|(known, _)| *known == code).map_or("", |(_, name)| name)
}

/// The name of a diagnostics sub-function.
pub(crate) fn diagnostic(code: u16) -> &'static str {
    DIAGNOSTICS.iter().find(|(known, _)| *known == code).map_or("", |(_, name)| name)
}
