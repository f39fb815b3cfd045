//! Kinds of alarms.

use crate::codes::{Code, code};
use picket_event::Operation;

/// Alarm types (IEC 61158-6-10, "Coding of the field AlarmType").
pub(crate) const ALARMS: &[Code] = &[
    code(0x0001, "Diagnosis", Operation::Alarm),
    code(0x0002, "Process", Operation::Alarm),
    code(0x0003, "Pull", Operation::Alarm),
    code(0x0004, "Plug", Operation::Alarm),
    code(0x0005, "Status", Operation::Alarm),
    code(0x0006, "Update", Operation::Alarm),
    code(0x0007, "Media Redundancy", Operation::Alarm),
    code(0x0008, "Controlled By Supervisor", Operation::Alarm),
    code(0x0009, "Released", Operation::Alarm),
    code(0x000a, "Plug Wrong Submodule", Operation::Alarm),
    code(0x000b, "Return Of Submodule", Operation::Alarm),
    code(0x000c, "Diagnosis Disappears", Operation::Alarm),
    code(0x000d, "Multicast Communication Mismatch", Operation::Alarm),
    code(0x000e, "Port Data Change Notification", Operation::Alarm),
    code(0x000f, "Sync Data Changed Notification", Operation::Alarm),
    code(0x0010, "Isochronous Mode Problem", Operation::Alarm),
    code(0x0011, "Network Component Problem", Operation::Alarm),
    code(0x0012, "Time Data Changed Notification", Operation::Alarm),
    code(0x001e, "Upload And Retrieval", Operation::Alarm),
    code(0x001f, "Pull Module", Operation::Alarm),
];
