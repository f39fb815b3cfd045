//! Functions, and how long their requests are.

use crate::codes::{Code, code};
use picket_event::Operation;

/// Functions, as requests name them.
pub(crate) const FUNCTIONS: &[Code] = &[
    code(0x0101, "Open", Operation::Session),
    code(0x0105, "Connect to Service", Operation::Session),
    code(IDENTIFY, "Identify", Operation::Identify),
    code(0x0107, "", Operation::Other),
];

/// Its answer holds the controller's type and firmware.
pub(crate) const IDENTIFY: u32 = 0x0106;

/// Length of the requests that a conversation begins with.
pub(crate) const REQUESTS: &[(u32, usize)] = &[(0x0101, 26), (0x0105, 22), (IDENTIFY, 14)];
