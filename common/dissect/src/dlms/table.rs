//! Services by their tags (IEC 62056-5-3 clause 8, table of tags of APDUs).

use picket_event::Operation;

/// The part a service plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Request,
    Response,
    Report,
    /// A refusal that names no service.
    Refusal,
    /// Either: whoever sends it.
    Any,
}

/// One service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Service {
    pub(crate) tag: u8,
    pub(crate) name: &'static str,
    pub(crate) operation: Operation,
    pub(crate) part: Part,
}

const fn s(tag: u8, name: &'static str, operation: Operation, part: Part) -> Service {
    Service { tag, name, operation, part }
}

/// Every service.
const SERVICES: &[Service] = &[
    s(0x05, "read request", Operation::Read, Part::Request),
    s(0x06, "write request", Operation::Write, Part::Request),
    s(0x0c, "read response", Operation::Read, Part::Response),
    s(0x0d, "write response", Operation::Write, Part::Response),
    s(0x0e, "confirmed service error", Operation::Other, Part::Refusal),
    s(0x0f, "data notification", Operation::Report, Part::Report),
    s(0x16, "unconfirmed write request", Operation::Write, Part::Request),
    s(0x18, "information report", Operation::Report, Part::Report),
    s(0x60, "association request", Operation::Session, Part::Request),
    s(ASSOCIATED, "association response", Operation::Session, Part::Response),
    s(0x62, "release request", Operation::Session, Part::Request),
    s(0x63, "release response", Operation::Session, Part::Response),
    s(GET_REQUEST, "get request", Operation::Read, Part::Request),
    s(SET_REQUEST, "set request", Operation::Write, Part::Request),
    s(0xc2, "event notification", Operation::Report, Part::Report),
    s(ACTION_REQUEST, "action request", Operation::Control, Part::Request),
    s(GET_RESPONSE, "get response", Operation::Read, Part::Response),
    s(SET_RESPONSE, "set response", Operation::Write, Part::Response),
    s(ACTION_RESPONSE, "action response", Operation::Control, Part::Response),
    s(0xc8, "ciphered get request", Operation::Read, Part::Request),
    s(0xc9, "ciphered set request", Operation::Write, Part::Request),
    s(0xca, "ciphered event notification", Operation::Report, Part::Report),
    s(0xcb, "ciphered action request", Operation::Control, Part::Request),
    s(0xcc, "ciphered get response", Operation::Read, Part::Response),
    s(0xcd, "ciphered set response", Operation::Write, Part::Response),
    s(0xcf, "ciphered action response", Operation::Control, Part::Response),
    s(0xd0, "dedicated ciphered get request", Operation::Read, Part::Request),
    s(0xd1, "dedicated ciphered set request", Operation::Write, Part::Request),
    s(0xd2, "dedicated ciphered event notification", Operation::Report, Part::Report),
    s(0xd3, "dedicated ciphered action request", Operation::Control, Part::Request),
    s(0xd4, "dedicated ciphered get response", Operation::Read, Part::Response),
    s(0xd5, "dedicated ciphered set response", Operation::Write, Part::Response),
    s(0xd7, "dedicated ciphered action response", Operation::Control, Part::Response),
    s(0xd8, "exception response", Operation::Other, Part::Refusal),
    s(0xdb, "general global ciphering", Operation::Other, Part::Any),
    s(0xdc, "general dedicated ciphering", Operation::Other, Part::Any),
    s(0xdd, "general ciphering", Operation::Other, Part::Any),
    s(0xdf, "general signing", Operation::Other, Part::Any),
    s(0xe0, "general block transfer", Operation::Other, Part::Any),
];

/// The answer to an association.
pub(crate) const ASSOCIATED: u8 = 0x61;
/// Reads an attribute.
pub(crate) const GET_REQUEST: u8 = 0xc0;
/// Writes an attribute.
pub(crate) const SET_REQUEST: u8 = 0xc1;
/// Calls a method.
pub(crate) const ACTION_REQUEST: u8 = 0xc3;
/// Answers a get.
pub(crate) const GET_RESPONSE: u8 = 0xc4;
/// Answers a set.
pub(crate) const SET_RESPONSE: u8 = 0xc5;
/// Answers an action.
pub(crate) const ACTION_RESPONSE: u8 = 0xc7;

/// The service of a tag.
pub(crate) fn service(tag: u8) -> Option<Service> {
    SERVICES.iter().find(|known| known.tag == tag).copied()
}
