//! Functions.

use crate::codes::{Code, code};
use picket_event::Operation;

/// Functions that are known; others are data.
pub(crate) const FUNCTIONS: &[Code] = &[
    code(MODEL, "Model", Operation::Identify),
    code(MANUFACTURER, "Manufacturer", Operation::Identify),
    code(0, "", Operation::Other),
];

pub(crate) const MODEL: u32 = 0x012a;
pub(crate) const MANUFACTURER: u32 = 0x012b;

/// What stands behind the function in the two questions.
pub(crate) const ASKED: &[(u32, [u8; 2])] = &[(MODEL, [0x1a, 0]), (MANUFACTURER, [0x1b, 0])];
