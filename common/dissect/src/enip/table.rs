//! Encapsulation commands, CIP services, classes and status codes, PCCC commands, device types, makers.

use crate::codes::{Code, code, find};
use picket_event::Operation;

/// Encapsulation commands that are more than wrappers (volume 2 section 2-3.2).
pub(crate) const COMMANDS: &[Code<u16>] = &[
    code(0x00, "NOP", Operation::Session),
    // Older than the standard, which keeps the number free: some controllers ask for a list of ways with it.
    code(0x01, "", Operation::Other),
    code(0x04, "ListServices", Operation::Identify),
    code(LIST_IDENTITY, "ListIdentity", Operation::Identify),
    code(0x64, "ListInterfaces", Operation::Identify),
    code(REGISTER_SESSION, "RegisterSession", Operation::Session),
    code(UNREGISTER_SESSION, "UnRegisterSession", Operation::Session),
    code(SEND_RR_DATA, "SendRRData", Operation::Other),
    code(SEND_UNIT_DATA, "SendUnitData", Operation::Other),
    code(0x72, "IndicateStatus", Operation::Diagnose),
    code(0x73, "Cancel", Operation::Session),
];

pub(crate) const LIST_IDENTITY: u16 = 0x63;
pub(crate) const REGISTER_SESSION: u16 = 0x65;
pub(crate) const UNREGISTER_SESSION: u16 = 0x66;
pub(crate) const SEND_RR_DATA: u16 = 0x6f;
pub(crate) const SEND_UNIT_DATA: u16 = 0x70;

/// CIP services (volume 1 appendix A), those of the Connection Manager (volume 1 section 3-5) and of Logix
/// controllers (Rockwell publication 1756-PM020).
pub(crate) const SERVICES: &[Code<u16>] = &[
    code(0x01, "Get_Attributes_All", Operation::Read),
    code(0x02, "Set_Attributes_All", Operation::Write),
    code(0x03, "Get_Attribute_List", Operation::Read),
    code(0x04, "Set_Attribute_List", Operation::Write),
    code(0x05, "Reset", Operation::Restart),
    code(0x06, "Start", Operation::Start),
    code(0x07, "Stop", Operation::Stop),
    code(0x08, "Create", Operation::Other),
    code(0x09, "Delete", Operation::Other),
    code(MULTIPLE_SERVICE, "Multiple_Service_Packet", Operation::Other),
    code(0x0d, "Apply_Attributes", Operation::Other),
    code(0x0e, "Get_Attribute_Single", Operation::Read),
    code(0x10, "Set_Attribute_Single", Operation::Write),
    code(0x11, "Find_Next_Object_Instance", Operation::Browse),
    code(0x15, "Restore", Operation::Other),
    code(0x16, "Save", Operation::Other),
    code(0x17, "No_Operation", Operation::Other),
    code(0x18, "Get_Member", Operation::Read),
    code(0x19, "Set_Member", Operation::Write),
    code(0x4b, "Execute_PCCC", Operation::Other),
    code(READ_TAG, "Read_Tag", Operation::Read),
    code(WRITE_TAG, "Write_Tag", Operation::Write),
    code(0x4e, "Read_Modify_Write_Tag", Operation::Write),
    code(0x52, "Read_Tag_Fragmented", Operation::Read),
    code(0x53, "Write_Tag_Fragmented", Operation::Write),
    code(0x54, "Forward_Open", Operation::Session),
    code(0x55, "Get_Instance_Attribute_List", Operation::Browse),
    code(0x56, "Get_Connection_Data", Operation::Session),
    code(0x5a, "Get_Connection_Owner", Operation::Session),
    code(0x5b, "Large_Forward_Open", Operation::Session),
];

/// What codes mean on one class alone.
pub(crate) const OF_CLASS: &[(u32, Code<u16>)] = &[
    (IDENTITY, code(0x01, "Get_Attributes_All", Operation::Identify)),
    (IDENTITY, code(0x03, "Get_Attribute_List", Operation::Identify)),
    (IDENTITY, code(0x0e, "Get_Attribute_Single", Operation::Identify)),
    (CONNECTION_MANAGER, code(0x4e, "Forward_Close", Operation::Session)),
    (CONNECTION_MANAGER, code(UNCONNECTED_SEND, "Unconnected_Send", Operation::Other)),
    (STORAGE, code(0x4b, "NVS_Update", Operation::Firmware)),
    (STORAGE, code(0x4d, "NVS_Transfer", Operation::Firmware)),
    (STORAGE, code(0x51, "NVS_Identity_Check", Operation::Firmware)),
];

pub(crate) const MULTIPLE_SERVICE: u16 = 0x0a;
pub(crate) const EXECUTE_PCCC: u16 = 0x4b;
pub(crate) const READ_TAG: u16 = 0x4c;
pub(crate) const WRITE_TAG: u16 = 0x4d;
pub(crate) const UNCONNECTED_SEND: u16 = 0x52;

pub(crate) const IDENTITY: u32 = 0x01;
pub(crate) const CONNECTION_MANAGER: u32 = 0x06;
pub(crate) const PCCC: u32 = 0x67;
pub(crate) const STORAGE: u32 = 0xa1;

/// Classes (volume 1 chapter 5, volume 2 chapter 5; from 0x64 on of Logix controllers).
pub(crate) const CLASSES: &[(u32, &str)] = &[
    (IDENTITY, "identity"),
    (0x02, "message router"),
    (0x03, "devicenet"),
    (0x04, "assembly"),
    (0x05, "connection"),
    (CONNECTION_MANAGER, "connection manager"),
    (0x0f, "parameter"),
    (0x37, "file"),
    (0x64, "device mode"),
    (PCCC, "pccc"),
    (0x68, "program"),
    (0x69, "map"),
    (0x6b, "symbol"),
    (0x6c, "template"),
    (0x6d, "program name"),
    (0x70, "task"),
    (0x8b, "wall clock time"),
    (0x8d, "controller"),
    (0x8e, "controller mode"),
    (STORAGE, "non-volatile storage"),
    (0xac, "change log"),
    (0xf4, "port"),
    (0xf5, "tcp/ip interface"),
    (0xf6, "ethernet link"),
];

/// PCCC commands (Allen-Bradley publication 1770-6.5.16 chapter 7): command, function (none where it has none).
pub(crate) const PCCC_COMMANDS: &[(u8, Option<u8>, &str, Operation)] = &[
    (0x06, None, "Diagnostic", Operation::Diagnose),
    (0x0f, Some(0x3a), "Set processor mode", Operation::Mode),
    (0x0f, Some(0x80), "Change mode", Operation::Mode),
    (0x0f, Some(0x67), "PLC-5 typed write", Operation::Write),
    (0x0f, Some(0x68), "PLC-5 typed read", Operation::Read),
    (0x0f, Some(0xa1), "Protected typed logical read with two address fields", Operation::Read),
    (0x0f, Some(0xa2), "Protected typed logical read with three address fields", Operation::Read),
    (0x0f, Some(0xa9), "Protected typed logical write with two address fields", Operation::Write),
    (0x0f, Some(0xaa), "Protected typed logical write with three address fields", Operation::Write),
    (0x0f, Some(0xab), "Protected typed logical write with mask", Operation::Write),
];

/// General status codes (volume 1 appendix B).
pub(crate) const STATUS: &[(u8, &str)] = &[
    (0x01, "connection failure"),
    (0x02, "resource unavailable"),
    (0x03, "invalid parameter value"),
    (0x04, "path segment error"),
    (0x05, "path destination unknown"),
    (0x07, "connection lost"),
    (0x08, "service not supported"),
    (0x09, "invalid attribute value"),
    (0x0a, "attribute list error"),
    (0x0b, "already in requested mode"),
    (0x0c, "object state conflict"),
    (0x0d, "object already exists"),
    (0x0e, "attribute not settable"),
    (0x0f, "privilege violation"),
    (0x10, "device state conflict"),
    (0x11, "reply data too large"),
    (0x13, "not enough data"),
    (0x14, "attribute not supported"),
    (0x15, "too much data"),
    (0x16, "object does not exist"),
    (0x1a, "routing failure, request too large"),
    (0x1b, "routing failure, response too large"),
    (0x1c, "missing attribute list entry data"),
    (0x1e, "embedded service error"),
    (0x1f, "vendor specific error"),
    (0x20, "invalid parameter"),
    (0x26, "path size invalid"),
    (0xff, "general error"),
];

/// Device types (volume 1 chapter 6) that say what level a device is on.
pub(crate) const DEVICE_TYPES: &[(u16, &str)] =
    &[(0x02, "drive"), (0x07, "io"), (0x0c, "communication adapter"), (0x0e, "plc"), (0x18, "hmi"), (0x2c, "switch")];

/// Makers, by the numbers ODVA gave them.
pub(crate) const VENDORS: &[(u16, &str)] = &[
    (1, "Rockwell Automation/Allen-Bradley"),
    (26, "Festo"),
    (40, "WAGO"),
    (47, "Omron"),
    (48, "Turck"),
    (90, "HMS Industrial Networks"),
    (283, "Hilscher"),
    (678, "Cognex"),
    (808, "SICK"),
];

/// What a command is, where it is known.
pub(crate) fn command(code: u16) -> Option<Code<u16>> {
    COMMANDS.iter().find(|known| known.code == code).copied()
}

/// What a service is on a class; where the class is not known, what it mostly is.
pub(crate) fn service(code: u16, class: Option<u32>) -> Code<u16> {
    let special = OF_CLASS.iter().find(|(on, known)| Some(*on) == class && known.code == code);
    special.map_or_else(|| find(SERVICES, code), |(_, known)| *known)
}

/// What a PCCC command is.
pub(crate) fn pccc(command: u8, function: u8) -> (&'static str, Operation) {
    let found = PCCC_COMMANDS.iter().find(|(c, f, ..)| *c == command & 0x0f && f.is_none_or(|f| f == function));
    found.map_or(("Execute_PCCC", Operation::Other), |(_, _, name, operation)| (*name, *operation))
}

/// The name of a general status.
pub(crate) fn status(code: u8) -> &'static str {
    STATUS.iter().find(|(known, _)| *known == code).map_or("", |(_, name)| name)
}

/// The name of a class.
pub(crate) fn class(code: u32) -> Option<&'static str> {
    CLASSES.iter().find(|(known, _)| *known == code).map(|(_, name)| *name)
}
