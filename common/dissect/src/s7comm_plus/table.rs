//! Functions, with their operations.

use crate::codes::{Code, code, find};
use picket_event::Operation;

/// Makes an object: a session, when it is asked of the server.
pub(crate) const CREATE_OBJECT: u16 = 0x04ca;

/// Functions of requests and answers.
pub(crate) const FUNCTIONS: &[Code<u16>] = &[
    code(0x04bb, "Explore", Operation::Browse),
    code(CREATE_OBJECT, "CreateObject", Operation::Session),
    code(0x04d4, "DeleteObject", Operation::Session),
    code(0x04f2, "SetVariable", Operation::Write),
    code(0x04fc, "GetVariable", Operation::Read),
    code(0x0524, "AddLink", Operation::Other),
    code(0x051a, "RemoveLink", Operation::Other),
    code(0x0542, "SetMultiVariables", Operation::Write),
    code(0x054c, "GetMultiVariables", Operation::Read),
    code(0x0556, "BeginSequence", Operation::Session),
    code(0x0560, "EndSequence", Operation::Session),
    code(0x056b, "Invoke", Operation::Control),
    code(0x057c, "SetVarSubStreamed", Operation::Other),
    code(0x0586, "GetVarSubStreamed", Operation::Read),
    code(0x0590, "GetVariablesAddress", Operation::Other),
    code(0x059a, "Abort", Operation::Other),
    code(0x05a9, "Error", Operation::Other),
    code(0x05b3, "InitSsl", Operation::Other),
];

/// What a function is; an unknown one has no name and does something else.
pub(crate) fn function(code: u16) -> Code<u16> {
    find(FUNCTIONS, code)
}

/// What a notification is.
pub(crate) const NOTIFICATION: Code<u16> = code(0, "Notification", Operation::Report);
