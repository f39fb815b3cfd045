//! Methods, response codes and options (RFC 7252 section 12, RFC 7641, RFC 7959, RFC 8132, RFC 8613, RFC 9175), and signals of
//! streams (RFC 8323 section 5).

use picket_event::{MessageKind, Operation};

/// Methods by code.
pub(crate) const METHODS: &[(u8, &str, Operation)] = &[
    (GET, "GET", Operation::Read),
    (2, "POST", Operation::Write),
    (3, "PUT", Operation::Write),
    (4, "DELETE", Operation::Write),
    (5, "FETCH", Operation::Read),
    (6, "PATCH", Operation::Write),
    (7, "iPATCH", Operation::Write),
];

pub(crate) const GET: u8 = 1;
/// GET that goes on.
pub(crate) const OBSERVE: Operation = Operation::Subscribe;
/// What an observed resource sends.
pub(crate) const NOTIFY: Operation = Operation::Report;
/// An empty message that wants an answer, and what a connection says of itself.
pub(crate) const PING: Operation = Operation::Session;
/// Answers whose request was not seen.
pub(crate) const UNKNOWN: Operation = Operation::Other;

/// Response codes: class and detail.
pub(crate) const RESPONSES: &[(u8, &str)] = &[
    (0x41, "2.01 Created"),
    (0x42, "2.02 Deleted"),
    (0x43, "2.03 Valid"),
    (0x44, "2.04 Changed"),
    (0x45, "2.05 Content"),
    (0x5f, "2.31 Continue"),
    (0x80, "4.00 Bad Request"),
    (0x81, "4.01 Unauthorized"),
    (0x82, "4.02 Bad Option"),
    (0x83, "4.03 Forbidden"),
    (0x84, "4.04 Not Found"),
    (0x85, "4.05 Method Not Allowed"),
    (0x86, "4.06 Not Acceptable"),
    (0x88, "4.08 Request Entity Incomplete"),
    (0x89, "4.09 Conflict"),
    (0x8c, "4.12 Precondition Failed"),
    (0x8d, "4.13 Request Entity Too Large"),
    (0x8f, "4.15 Unsupported Content-Format"),
    (0x96, "4.22 Unprocessable Entity"),
    (0x9d, "4.29 Too Many Requests"),
    (0xa0, "5.00 Internal Server Error"),
    (0xa1, "5.01 Not Implemented"),
    (0xa2, "5.02 Bad Gateway"),
    (0xa3, "5.03 Service Unavailable"),
    (0xa4, "5.04 Gateway Timeout"),
    (0xa5, "5.05 Proxying Not Supported"),
    (0xa8, "5.08 Hop Limit Reached"),
];

/// What a connection says of itself, by code: its name, how it is said, and the options it may have. None is answered but a ping.
pub(super) const SIGNALS: &[(u8, &str, MessageKind, &[Bounds])] = &[
    (CAPABILITIES, "7.01 CSM", MessageKind::Unsolicited, &[(2, 0, 4, false), (4, 0, 0, false)]),
    (0xe2, "7.02 Ping", MessageKind::Request, &[(2, 0, 0, false)]),
    (0xe3, "7.03 Pong", MessageKind::Response, &[(2, 0, 0, false)]),
    (0xe4, "7.04 Release", MessageKind::Unsolicited, &[(2, 1, 255, true), (4, 0, 3, false)]),
    (0xe5, "7.05 Abort", MessageKind::Unsolicited, &[(2, 0, 2, false)]),
];

/// With what each side begins.
pub(super) const CAPABILITIES: u8 = 0xe1;

/// An option: number, least and greatest length, whether it is text.
pub(super) type Bounds = (u16, usize, usize, bool);

/// Options of requests and answers.
pub(crate) const OPTIONS: &[Bounds] = &[
    (1, 0, 8, false),
    (3, 1, 255, true),
    (4, 1, 8, false),
    (5, 0, 0, false),
    (OPTION_OBSERVE, 0, 3, false),
    (7, 0, 2, false),
    (8, 0, 255, true),
    (9, 0, 255, false),
    (URI_PATH, 0, 255, true),
    (12, 0, 2, false),
    (14, 0, 4, false),
    (15, 0, 255, true),
    (16, 1, 1, false),
    (17, 0, 2, false),
    (20, 0, 255, true),
    (23, 0, 3, false),
    (27, 0, 3, false),
    (28, 0, 4, false),
    (35, 1, 1034, true),
    (39, 1, 255, true),
    (60, 0, 4, false),
    (252, 1, 40, false),
    (258, 0, 1, false),
    (292, 0, 8, false),
];

pub(crate) const OPTION_OBSERVE: u16 = 6;
pub(crate) const URI_PATH: u16 = 11;
/// Host, port, path and query, of the resource or through a proxy: no answer has them.
pub(super) const ADDRESS: &[u16] = &[3, 7, URI_PATH, 15, 35, 39];

/// What a method is.
pub(crate) fn method(code: u8) -> Option<(&'static str, Operation)> {
    METHODS.iter().find(|(known, ..)| *known == code).map(|(_, name, operation)| (*name, *operation))
}

/// What a signal is.
pub(super) fn signal(code: u8) -> Option<(&'static str, MessageKind, &'static [Bounds])> {
    SIGNALS.iter().find(|(known, ..)| *known == code).map(|(_, name, kind, options)| (*name, *kind, *options))
}

/// The name of a response code.
pub(crate) fn response(code: u8) -> Option<&'static str> {
    RESPONSES.iter().find(|(known, _)| *known == code).map(|(_, name)| *name)
}
