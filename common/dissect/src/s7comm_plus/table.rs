//! Functions, with their operations.

use picket_event::Operation;

/// One function code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Function {
    pub(crate) code: u16,
    pub(crate) name: &'static str,
    pub(crate) operation: Operation,
}

const fn f(code: u16, name: &'static str, operation: Operation) -> Function {
    Function { code, name, operation }
}

/// Makes an object: a session, when it is asked of the server.
pub(crate) const CREATE_OBJECT: u16 = 0x04ca;

/// Functions of requests and answers.
pub(crate) const FUNCTIONS: &[Function] = &[
    f(0x04bb, "Explore", Operation::Browse),
    f(CREATE_OBJECT, "CreateObject", Operation::Session),
    f(0x04d4, "DeleteObject", Operation::Session),
    f(0x04f2, "SetVariable", Operation::Write),
    f(0x04fc, "GetVariable", Operation::Read),
    f(0x0524, "AddLink", Operation::Other),
    f(0x051a, "RemoveLink", Operation::Other),
    f(0x0542, "SetMultiVariables", Operation::Write),
    f(0x054c, "GetMultiVariables", Operation::Read),
    f(0x0556, "BeginSequence", Operation::Session),
    f(0x0560, "EndSequence", Operation::Session),
    f(0x056b, "Invoke", Operation::Control),
    f(0x057c, "SetVarSubStreamed", Operation::Other),
    f(0x0586, "GetVarSubStreamed", Operation::Read),
    f(0x0590, "GetVariablesAddress", Operation::Other),
    f(0x059a, "Abort", Operation::Other),
    f(0x05a9, "Error", Operation::Other),
    f(0x05b3, "InitSsl", Operation::Other),
];

/// What a function is; an unknown one has no name and does something else.
pub(crate) fn function(code: u16) -> Function {
    FUNCTIONS.iter().find(|known| known.code == code).copied().unwrap_or(f(code, "", Operation::Other))
}

/// What a notification is.
pub(crate) const NOTIFICATION: Function = f(0, "Notification", Operation::Report);
