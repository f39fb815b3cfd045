//! Message types, services, SDO commands, commands of network management.

use crate::codes::{Code, code};
use picket_event::Operation;

/// The type of frames of version 1 of the protocol.
pub(crate) const VERSION_1: u16 = 0x3e3f;

/// Asynchronous sends carry everything that is read.
pub(crate) const ASYNC_SEND: u8 = 6;

/// Nodes: who manages, and everybody.
pub(crate) const MANAGING: u8 = 240;
pub(crate) const EVERYBODY: u8 = 255;

/// Services of asynchronous sends (DS 301 section 4.6.1.1.5).
pub(crate) const IDENT_RESPONSE: u8 = 1;
pub(crate) const NMT_COMMAND: u8 = 4;
pub(crate) const SDO: u8 = 5;

/// SDO commands (DS 301 section 6.3.2.4).
pub(crate) const COMMANDS: &[Code] = &[
    code(0x01, "Write by Index", Operation::Write),
    code(0x02, "Read by Index", Operation::Read),
    code(0x03, "Write All by Index", Operation::Write),
    code(0x04, "Read All by Index", Operation::Read),
    code(0x05, "Write by Name", Operation::Write),
    code(0x06, "Read by Name", Operation::Read),
    code(0x20, "File Write", Operation::File),
    code(0x21, "File Read", Operation::File),
    code(0x31, "Write Multiple by Index", Operation::Write),
    code(0x32, "Read Multiple by Index", Operation::Read),
    code(0x70, "Maximum Segment Size", Operation::Session),
];

/// Commands of network management (DS 301 section 7.3.1.2), behind the number of their service.
pub(crate) const NMT: &[Code] = &[
    code(0x20, "NMT State Command", Operation::Mode),
    code(0x21, "NMTStartNode", Operation::Mode),
    code(0x22, "NMTStopNode", Operation::Mode),
    code(0x23, "NMTEnterPreOperational2", Operation::Mode),
    code(0x24, "NMTEnableReadyToOperate", Operation::Mode),
    code(0x28, "NMTResetNode", Operation::Mode),
    code(0x29, "NMTResetCommunication", Operation::Mode),
    code(0x2a, "NMTResetConfiguration", Operation::Mode),
    code(0x2b, "NMTSwReset", Operation::Mode),
    code(0x41, "NMTStartNodeEx", Operation::Mode),
    code(0x42, "NMTStopNodeEx", Operation::Mode),
    code(0x43, "NMTEnterPreOperational2Ex", Operation::Mode),
    code(0x44, "NMTEnableReadyToOperateEx", Operation::Mode),
    code(0x48, "NMTResetNodeEx", Operation::Mode),
    code(0x49, "NMTResetCommunicationEx", Operation::Mode),
    code(0x62, "NMTNetHostNameSet", Operation::Mode),
    code(0x63, "NMTFlushArpEntry", Operation::Mode),
    code(0x80, "NMTPublishConfiguredNodes", Operation::Mode),
    code(0xb0, "NMTPublishTime", Operation::Mode),
];

/// Vendors by the number that CAN in Automation gave them.
pub(crate) const VENDORS: &[(u32, &str)] = &[(0x0100_006c, "B&R")];
