//! Functions, groups of user data, services of programs, areas and types, with their operations.

use crate::codes::{Code, code, find};
use picket_event::Operation;

/// Starts a service of the program.
pub(crate) const PI_SERVICE: u8 = 0x28;
/// Stops the program.
pub(crate) const PLC_STOP: u8 = 0x29;
/// Reads variables.
pub(crate) const READ_VAR: u8 = 0x04;
/// Writes variables.
pub(crate) const WRITE_VAR: u8 = 0x05;

/// Functions of jobs and their answers.
pub(crate) const FUNCTIONS: &[Code<u8>] = &[
    code(0x00, "CPU services", Operation::Other),
    code(READ_VAR, "Read Var", Operation::Read),
    code(WRITE_VAR, "Write Var", Operation::Write),
    code(0xf0, "Setup communication", Operation::Session),
    code(0x1a, "Request download", Operation::ProgramWrite),
    code(0x1b, "Download block", Operation::ProgramWrite),
    code(0x1c, "Download ended", Operation::ProgramWrite),
    code(0x1d, "Start upload", Operation::ProgramRead),
    code(0x1e, "Upload", Operation::ProgramRead),
    code(0x1f, "End upload", Operation::ProgramRead),
    code(PI_SERVICE, "PI service", Operation::Control),
    code(PLC_STOP, "PLC stop", Operation::Stop),
];

/// What a function is; an unknown one has no name and does something else.
pub(crate) fn function(code: u8) -> Code<u8> {
    find(FUNCTIONS, code)
}

/// What a service of the program does (function 0x28).
pub(crate) fn service(name: &[u8]) -> Operation {
    match name {
        b"P_PROGRAM" => Operation::Start,
        b"_INSE" | b"_DELE" | b"_MODU" | b"_GARB" => Operation::ProgramWrite,
        b"_N_LOGIN_" => Operation::Session,
        _ => Operation::Control,
    }
}

/// One function of user data; without a code it stands for the rest of its group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grouped {
    group: u8,
    code: Option<u8>,
    pub(crate) name: &'static str,
    pub(crate) operation: Operation,
}

const fn g(group: u8, code: u8, name: &'static str, operation: Operation) -> Grouped {
    Grouped { group, code: Some(code), name, operation }
}

const fn rest(group: u8, name: &'static str, operation: Operation) -> Grouped {
    Grouped { group, code: None, name, operation }
}

/// Data that are sent in a rhythm.
pub(crate) const CYCLIC: u8 = 2;
/// Functions of the processor.
pub(crate) const CPU: u8 = 4;
/// Reading of a system status list, in [`CPU`].
pub(crate) const READ_SZL: u8 = 1;

/// User data (ROSCTR 7) by group and function.
pub(crate) const GROUPS: &[Grouped] = &[
    rest(0, "Mode transition", Operation::Mode),
    g(1, 0x01, "Request diagnostic data", Operation::Diagnose),
    g(1, 0x02, "Variable table", Operation::Diagnose),
    g(1, 0x0c, "Erase", Operation::Diagnose),
    g(1, 0x0e, "Read diagnostic data", Operation::Diagnose),
    g(1, 0x0f, "Remove diagnostic data", Operation::Diagnose),
    g(1, 0x10, "Forces", Operation::Diagnose),
    g(1, 0x13, "Request diagnostic data, second kind", Operation::Diagnose),
    rest(1, "Programmer command", Operation::Diagnose),
    g(CYCLIC, 0x01, "Cyclic data", Operation::Subscribe),
    g(CYCLIC, 0x04, "Unsubscribe", Operation::Subscribe),
    g(CYCLIC, 0x05, "Cyclic data on change", Operation::Subscribe),
    rest(CYCLIC, "Cyclic data", Operation::Subscribe),
    g(3, 0x01, "List blocks", Operation::Browse),
    g(3, 0x02, "List blocks of type", Operation::Browse),
    g(3, 0x03, "Get block info", Operation::Browse),
    rest(3, "Block function", Operation::Browse),
    g(CPU, READ_SZL, "Read SZL", Operation::Identify),
    g(CPU, 0x02, "Message service", Operation::Subscribe),
    g(CPU, 0x03, "Diagnostic message", Operation::Alarm),
    g(CPU, 0x05, "ALARM_8 indication", Operation::Alarm),
    g(CPU, 0x06, "NOTIFY indication", Operation::Alarm),
    g(CPU, 0x07, "ALARM_8 lock", Operation::Alarm),
    g(CPU, 0x08, "ALARM_8 unlock", Operation::Alarm),
    g(CPU, 0x0b, "ALARM acknowledge", Operation::Alarm),
    g(CPU, 0x0c, "ALARM acknowledge indication", Operation::Alarm),
    g(CPU, 0x0d, "ALARM lock indication", Operation::Alarm),
    g(CPU, 0x0e, "ALARM unlock indication", Operation::Alarm),
    g(CPU, 0x11, "ALARM_SQ indication", Operation::Alarm),
    g(CPU, 0x12, "ALARM_S indication", Operation::Alarm),
    g(CPU, 0x13, "ALARM query", Operation::Alarm),
    g(CPU, 0x16, "NOTIFY_8 indication", Operation::Alarm),
    rest(CPU, "CPU function", Operation::Alarm),
    g(5, 0x01, "Password", Operation::Session),
    g(5, 0x02, "Clear password", Operation::Session),
    rest(5, "Security", Operation::Session),
    rest(6, "BSEND/BRECV", Operation::Other),
    g(7, 0x01, "Read clock", Operation::Time),
    g(7, 0x02, "Set clock", Operation::Time),
    g(7, 0x03, "Read clock, following", Operation::Time),
    g(7, 0x04, "Set clock, following", Operation::Time),
    rest(7, "Time function", Operation::Time),
    rest(0x0f, "NC programming", Operation::Other),
];

/// What a function of user data is.
pub(crate) fn grouped(group: u8, code: u8) -> Grouped {
    let fits = |known: &&Grouped| known.group == group && known.code.is_none_or(|own| own == code);
    GROUPS.iter().find(fits).copied().unwrap_or(rest(group, "", Operation::Other))
}

/// The area of data blocks.
pub(crate) const DATA_BLOCK: u8 = 0x84;
/// Instance data blocks.
pub(crate) const INSTANCE_BLOCK: u8 = 0x85;
/// Counters and timers are addressed by number, everything else by bit.
pub(crate) const COUNTERS: u8 = 0x1c;
/// Timers.
pub(crate) const TIMERS: u8 = 0x1d;

/// The name of an area; data blocks are named by their number.
pub(crate) const fn area(code: u8) -> &'static str {
    match code {
        0x03 => "system_info",
        0x05 => "system_flags",
        0x06 => "analog_inputs",
        0x07 => "analog_outputs",
        0x80 => "peripherals",
        0x81 => "inputs",
        0x82 => "outputs",
        0x83 => "flags",
        0x86 => "local_data",
        0x87 => "previous_local_data",
        COUNTERS => "counters",
        TIMERS => "timers",
        0x1e => "iec_counters",
        0x1f => "iec_timers",
        _ => "",
    }
}

/// Bytes of one element of a type.
pub(crate) const fn width(kind: u8) -> u32 {
    match kind {
        0x04 | 0x05 | 0x09 | 0x0c | 0x1c | 0x1d => 2,
        0x06 | 0x07 | REAL | 0x0a | 0x0b => 4,
        0x0f => 8,
        _ => 1,
    }
}

/// Numbers with a sign, and with a fraction.
pub(crate) const INT: u8 = 0x05;
/// Of four bytes.
pub(crate) const DINT: u8 = 0x07;
/// Floating point.
pub(crate) const REAL: u8 = 0x08;

/// Types of blocks, as file names of loaded blocks give them.
pub(crate) const fn block(kind: [u8; 2]) -> &'static str {
    match &kind {
        b"08" => "OB",
        b"0A" => "DB",
        b"0B" => "SDB",
        b"0C" => "FC",
        b"0D" => "SFC",
        b"0E" => "FB",
        b"0F" => "SFB",
        _ => "block ",
    }
}
