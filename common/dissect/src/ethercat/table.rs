//! Commands of datagrams, kinds of mailboxes, and what these carry.

use crate::codes::{Code, code};
use picket_event::Operation;

/// Highest command of a datagram (FRMW).
pub(crate) const COMMAND_MAX: u8 = 14;
/// Reads and writes of a mailbox address one slave: by place or by station.
pub(crate) const READS: [u8; 2] = [1, 4];
/// Likewise writes.
pub(crate) const WRITES: [u8; 2] = [2, 5];

/// Kinds of mailboxes (ETG.1000.4 clause 5.6).
pub(crate) const COE: u8 = 3;
pub(crate) const FOE: u8 = 4;
pub(crate) const SOE: u8 = 5;

/// CoE: an emergency; SDO requests by their command, and answers (ETG.1000.6 clause 5.6).
pub(crate) const EMERGENCY: Code = code(0x0301, "CoE Emergency", Operation::Alarm);
pub(crate) const UPLOAD: Code = code(0x0302, "SDO Upload", Operation::Read);
pub(crate) const DOWNLOAD: Code = code(0x0303, "SDO Download", Operation::Write);
pub(crate) const UPLOAD_SEGMENT: Code = code(0x0304, "SDO Upload Segment", Operation::Read);
pub(crate) const DOWNLOAD_SEGMENT: Code = code(0x0305, "SDO Download Segment", Operation::Write);
pub(crate) const ABORT: Code = code(0x0306, "SDO Abort", Operation::Other);
pub(crate) const INFORMATION: Code = code(0x0308, "SDO Information", Operation::Browse);
pub(crate) const OTHER: Code = code(0x0300, "", Operation::Other);

/// FoE operations (ETG.1000.6 clause 5.8).
pub(crate) const FILES: &[Code] = &[
    code(1, "FoE Read", Operation::File),
    code(2, "FoE Write", Operation::File),
    code(3, "FoE Data", Operation::File),
    code(4, "FoE Acknowledge", Operation::File),
    code(5, "FoE Error", Operation::File),
    code(6, "FoE Busy", Operation::File),
];

/// SoE operations (ETG.1000.6 clause 5.7).
pub(crate) const DRIVES: &[Code] = &[
    code(1, "SoE Read", Operation::Read),
    code(2, "SoE Read", Operation::Read),
    code(3, "SoE Write", Operation::Write),
    code(4, "SoE Write", Operation::Write),
    code(5, "SoE Notification", Operation::Report),
    code(6, "SoE Emergency", Operation::Alarm),
];
