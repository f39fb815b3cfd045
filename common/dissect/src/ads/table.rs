//! Commands, services of routers, states, well-known index groups.

use crate::codes::{Code, code};
use picket_event::Operation;

/// ADS commands ("AMS header", command id).
pub(crate) const COMMANDS: &[Code] = &[
    code(DEVICE_INFO, "ReadDeviceInfo", Operation::Identify),
    code(READ, "Read", Operation::Read),
    code(WRITE, "Write", Operation::Write),
    code(4, "ReadState", Operation::Diagnose),
    code(WRITE_CONTROL, "WriteControl", Operation::Mode),
    code(6, "AddDeviceNotification", Operation::Subscribe),
    code(7, "DeleteDeviceNotification", Operation::Subscribe),
    code(NOTIFICATION, "DeviceNotification", Operation::Report),
    code(READ_WRITE, "ReadWrite", Operation::Read),
];

pub(crate) const DEVICE_INFO: u32 = 1;
pub(crate) const READ: u32 = 2;
pub(crate) const WRITE: u32 = 3;
pub(crate) const WRITE_CONTROL: u32 = 5;
pub(crate) const NOTIFICATION: u32 = 8;
pub(crate) const READ_WRITE: u32 = 9;

/// Services of routers.
pub(crate) const SERVICES: &[Code] = &[
    code(1, "Server Info", Operation::Identify),
    code(ADD_ROUTE, "Add Route", Operation::Write),
    code(7, "Delete Route", Operation::Other),
];

/// Lets another router in.
pub(crate) const ADD_ROUTE: u32 = 6;

/// States that a device is asked to take ("ADS states").
pub(crate) const STATES: &[(u32, &str)] = &[
    (0, "invalid"),
    (1, "idle"),
    (2, "reset"),
    (3, "init"),
    (4, "start"),
    (5, "run"),
    (6, "stop"),
    (7, "save configuration"),
    (8, "load configuration"),
    (9, "power failure"),
    (10, "power good"),
    (11, "error"),
    (12, "shutdown"),
    (13, "suspend"),
    (14, "resume"),
    (15, "config"),
    (16, "reconfig"),
];

/// Index groups ("ADS reserved index groups"), with the first of each thousand's kin.
pub(crate) const GROUPS: &[(u32, &str)] = &[
    (0x4020, "memory"),
    (0x4021, "memory bits"),
    (0x4030, "retained memory"),
    (0x4040, "data"),
    (0xf000, "symbol table"),
    (0xf002, "symbol names"),
    (0xf003, "symbol handle by name"),
    (0xf004, "symbol value by name"),
    (0xf005, "symbol value by handle"),
    (0xf006, "symbol handle release"),
    (0xf007, "symbol information by name"),
    (0xf009, "symbol information by name, extended"),
    (0xf00b, "symbol upload"),
    (0xf00c, "symbol upload information"),
    (0xf020, "inputs"),
    (0xf021, "input bits"),
    (0xf030, "outputs"),
    (0xf031, "output bits"),
    (0xf040, "clear inputs"),
    (0xf050, "clear outputs"),
    (0xf060, "sum of reads"),
    (0xf061, "sum of writes"),
    (0xf062, "sum of commands"),
    (0xf080, "sum of reads"),
    (0xf081, "sum of writes"),
    (0xf082, "sum of commands"),
    (0xf083, "sum of reads"),
];
