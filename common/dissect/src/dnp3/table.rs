//! Function codes and object groups (IEEE 1815-2012 clause 4.4 table 4-2, annex A).

use crate::codes::{Code, code, find};
use picket_event::Operation;

/// Every function code.
pub(crate) const FUNCTIONS: &[Code<u8>] = &[
    code(0, "Confirm", Operation::Session),
    code(1, "Read", Operation::Read),
    code(WRITE, "Write", Operation::Write),
    code(3, "Select", Operation::Select),
    code(4, "Operate", Operation::Control),
    code(5, "Direct Operate", Operation::Control),
    code(6, "Direct Operate No Ack", Operation::Control),
    code(7, "Immediate Freeze", Operation::Other),
    code(8, "Immediate Freeze No Ack", Operation::Other),
    code(9, "Freeze and Clear", Operation::Other),
    code(10, "Freeze and Clear No Ack", Operation::Other),
    code(11, "Freeze with Time", Operation::Other),
    code(12, "Freeze with Time No Ack", Operation::Other),
    code(13, "Cold Restart", Operation::Restart),
    code(14, "Warm Restart", Operation::Restart),
    code(15, "Initialize Data", Operation::Other),
    code(16, "Initialize Application", Operation::Start),
    code(17, "Start Application", Operation::Start),
    code(18, "Stop Application", Operation::Stop),
    code(19, "Save Configuration", Operation::Write),
    code(20, "Enable Unsolicited", Operation::Subscribe),
    code(21, "Disable Unsolicited", Operation::Subscribe),
    code(22, "Assign Class", Operation::Subscribe),
    code(23, "Delay Measurement", Operation::Time),
    code(24, "Record Current Time", Operation::Time),
    code(25, "Open File", Operation::File),
    code(26, "Close File", Operation::File),
    code(27, "Delete File", Operation::File),
    code(28, "Get File Information", Operation::File),
    code(29, "Authenticate File", Operation::File),
    code(30, "Abort File", Operation::File),
    code(31, "Activate Configuration", Operation::Write),
    code(32, "Authentication Request", Operation::Session),
    code(33, "Authentication Request No Ack", Operation::Session),
    code(RESPONSE, "Response", Operation::Other),
    code(UNSOLICITED, "Unsolicited Response", Operation::Report),
    code(AUTHENTICATION, "Authentication Response", Operation::Session),
];

/// A write, which sets the clock where its first object is a time.
pub(crate) const WRITE: u8 = 2;
/// The group of time and date.
pub(crate) const TIME_GROUP: u8 = 50;
/// What such a write does.
pub(crate) const SET_TIME: Operation = Operation::Time;
/// The answer to a request; it takes the request's operation.
pub(crate) const RESPONSE: u8 = 129;
/// An outstation's report.
pub(crate) const UNSOLICITED: u8 = 130;
/// An answer of secure authentication.
pub(crate) const AUTHENTICATION: u8 = 131;

/// Object groups.
const GROUPS: &[(u8, &str)] = &[
    (0, "device attribute"),
    (1, "binary input"),
    (2, "binary input event"),
    (3, "double-bit binary input"),
    (4, "double-bit binary input event"),
    (10, "binary output"),
    (11, "binary output event"),
    (12, "binary output command"),
    (13, "binary output command event"),
    (20, "counter"),
    (21, "frozen counter"),
    (22, "counter event"),
    (23, "frozen counter event"),
    (30, "analog input"),
    (31, "frozen analog input"),
    (32, "analog input event"),
    (33, "frozen analog input event"),
    (34, "analog input deadband"),
    (40, "analog output"),
    (41, "analog output command"),
    (42, "analog output event"),
    (43, "analog output command event"),
    (50, "time and date"),
    (51, "common time of occurrence"),
    (52, "time delay"),
    (60, "class objects"),
    (70, "file control"),
    (80, "internal indications"),
    (81, "storage object"),
    (82, "device profile"),
    (83, "data set registration"),
    (85, "data set prototype"),
    (86, "data set descriptor"),
    (87, "data set"),
    (88, "data set event"),
    (90, "application identifier"),
    (91, "status of requested operation"),
    (101, "binary-coded decimal"),
    (102, "unsigned integer"),
    (110, "octet string"),
    (111, "octet string event"),
    (112, "virtual terminal output"),
    (113, "virtual terminal event"),
    (120, "authentication"),
    (121, "security statistic"),
    (122, "security statistic event"),
];

/// The name of a group; empty where the standard gives none.
pub(crate) fn group(code: u8) -> &'static str {
    GROUPS.iter().find(|(known, _)| *known == code).map_or("", |(_, name)| name)
}

/// Internal indications that say why a request was refused, in the second octet (clause 4.2.2.5), and that the device
/// was restarted, in the first.
pub(crate) fn refused(second: u8) -> Option<&'static str> {
    match second {
        _ if second & 1 != 0 => Some("function not supported"),
        _ if second & 2 != 0 => Some("object unknown"),
        _ if second & 4 != 0 => Some("parameter error"),
        _ => None,
    }
}

/// What a function is; an unknown one has no name and does something else.
pub(crate) fn function(code: u8) -> Code<u8> {
    find(FUNCTIONS, code)
}
