//! Commands of datagrams, kinds of mailboxes, and what these carry.

use crate::codes::{Code, code};
use picket_event::Operation;

/// Highest command of a datagram (FRMW).
pub(crate) const COMMAND_MAX: u8 = 14;
/// Reads and writes of a mailbox address one slave: by place or by station.
pub(crate) const READS: [u8; 2] = [1, 4];
/// Likewise writes.
pub(crate) const WRITES: [u8; 2] = [2, 5];
/// Writes of registers: to one slave, or to all.
pub(crate) const WRITES_ALL: [u8; 3] = [2, 5, 8];
/// The read and the write of one slave by its station address.
pub(crate) const READ_STATION: u8 = 4;
pub(crate) const WRITE_STATION: u8 = 5;
/// The write of all slaves.
pub(crate) const WRITE_BROADCAST: u8 = 8;

/// Registers (ETG.1000.4 clause 6): reset of the controller, its state machine, its memory.
pub(crate) const ESC_RESET: u16 = 0x0040;
pub(crate) const AL_CONTROL: u16 = 0x0120;
pub(crate) const SII_CONTROL: u16 = 0x0502;
pub(crate) const SII_ADDRESS: u16 = 0x0504;
pub(crate) const SII_DATA: u16 = 0x0508;
/// What is written to the reset register, in three frames.
pub(crate) const RESET_KEYS: &[u8] = b"RES";
/// The state in which firmware is replaced.
pub(crate) const BOOT: u8 = 3;
/// Commands to the memory, and the one that writes a word.
pub(crate) const SII_COMMANDS: u16 = 0x0700;
pub(crate) const SII_WRITE: u16 = 0x0200;
/// Busy, or an error of a command: what stands beside it is no word of the memory.
pub(crate) const SII_UNREADY: u16 = 0xe000;
/// Words of the memory that hold maker, product, revision and serial number (ETG.2010 table 2).
pub(crate) const IDENTITY_WORDS: [u16; 4] = [0x0008, 0x000a, 0x000c, 0x000e];

/// What is told of registers.
pub(crate) const STATE: Code = code(0x0101, "AL Control", Operation::Mode);
pub(crate) const STORE: Code = code(0x0102, "SII Write", Operation::Write);
pub(crate) const RESET: Code = code(0x0103, "ESC Reset", Operation::Restart);

/// Objects that name a device: its name, the versions of its hardware and software; the four parts of its identity
/// (ETG.1000.6 clause 5.6.7.4).
pub(crate) const NAMES: &[(u16, &str)] = &[(0x1008, ""), (0x1009, "hardware "), (0x100a, "software ")];
pub(crate) const IDENTITY: u16 = 0x1018;

/// Makers by the number the EtherCAT Technology Group gave them.
pub(crate) const VENDORS: &[(u32, &str)] = &[
    (0x0002, "Beckhoff"),
    (0x001b, "HMS"),
    (0x001d, "Festo"),
    (0x0021, "WAGO"),
    (0x0024, "Bosch Rexroth"),
    (0x003b, "Lenze"),
    (0x0044, "Hilscher"),
    (0x0059, "SEW-Eurodrive"),
    (0x006a, "Kollmorgen"),
    (0x0083, "Omron"),
    (0x009a, "Elmo"),
    (0x00ab, "Copley"),
    (0x00fb, "maxon"),
    (0x0114, "SMC"),
    (0x01dd, "Delta"),
    (0x066f, "Panasonic"),
];

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

/// FoE operations (ETG.1000.6 clause 5.8), and the one that replaces firmware where a slave is in BOOT.
pub(crate) const FILE_WRITE: u32 = 2;
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
