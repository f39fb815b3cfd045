//! Payload types (ISO 13400-2:2019 table 17), lengths they allow, diagnostic services (ISO 14229-1 table 2).

use picket_event::{MessageKind, Operation};

/// One payload type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Payload {
    pub(crate) code: u16,
    pub(crate) name: &'static str,
    pub(crate) operation: Operation,
    /// The part it plays; none where it only acknowledges.
    pub(crate) kind: Option<MessageKind>,
    /// Least and greatest length of what is behind the header.
    pub(crate) lengths: (u32, u32),
}

const fn p(
    code: u16,
    name: &'static str,
    operation: Operation,
    kind: Option<MessageKind>,
    lengths: (u32, u32),
) -> Payload {
    Payload { code, name, operation, kind, lengths }
}

const REQUEST: Option<MessageKind> = Some(MessageKind::Request);
const RESPONSE: Option<MessageKind> = Some(MessageKind::Response);
const EXCEPTION: Option<MessageKind> = Some(MessageKind::Exception);
/// Longest diagnostic message that is believed, bytes.
const DIAGNOSTIC_MAX: u32 = 1 << 20;

/// Every payload type.
pub(crate) const PAYLOADS: &[Payload] = &[
    p(0x0000, "Generic negative acknowledge", Operation::Other, EXCEPTION, (1, 1)),
    p(0x0001, "Vehicle identification request", Operation::Identify, REQUEST, (0, 0)),
    p(0x0002, "Vehicle identification request with EID", Operation::Identify, REQUEST, (6, 6)),
    p(0x0003, "Vehicle identification request with VIN", Operation::Identify, REQUEST, (17, 17)),
    p(ANNOUNCEMENT, "Vehicle announcement", Operation::Identify, RESPONSE, (32, 33)),
    p(0x0005, "Routing activation request", Operation::Session, REQUEST, (7, 11)),
    p(ROUTING_RESPONSE, "Routing activation response", Operation::Session, RESPONSE, (9, 13)),
    p(0x0007, "Alive check request", Operation::Session, REQUEST, (0, 0)),
    p(0x0008, "Alive check response", Operation::Session, RESPONSE, (2, 2)),
    p(0x4001, "Entity status request", Operation::Diagnose, REQUEST, (0, 0)),
    p(0x4002, "Entity status response", Operation::Diagnose, RESPONSE, (3, 7)),
    p(0x4003, "Diagnostic power mode request", Operation::Diagnose, REQUEST, (0, 0)),
    p(0x4004, "Diagnostic power mode response", Operation::Diagnose, RESPONSE, (1, 1)),
    p(DIAGNOSTIC, "Diagnostic message", Operation::Diagnose, REQUEST, (5, DIAGNOSTIC_MAX)),
    p(0x8002, "Diagnostic message acknowledge", Operation::Diagnose, None, (5, DIAGNOSTIC_MAX)),
    p(0x8003, "Diagnostic message negative acknowledge", Operation::Diagnose, EXCEPTION, (5, DIAGNOSTIC_MAX)),
];

pub(crate) const ANNOUNCEMENT: u16 = 0x0004;
pub(crate) const ROUTING_RESPONSE: u16 = 0x0006;
pub(crate) const DIAGNOSTIC: u16 = 0x8001;

/// What a payload type is.
pub(crate) fn payload(code: u16) -> Option<Payload> {
    PAYLOADS.iter().find(|known| known.code == code).copied()
}

/// Diagnostic services by the number of their request; a positive answer has 0x40 more.
pub(crate) const SERVICES: &[(u8, &str)] = &[
    (0x10, "diagnostic session control"),
    (0x11, "ecu reset"),
    (0x14, "clear diagnostic information"),
    (0x19, "read dtc information"),
    (0x22, "read data by identifier"),
    (0x23, "read memory by address"),
    (0x24, "read scaling data by identifier"),
    (0x27, "security access"),
    (0x28, "communication control"),
    (0x29, "authentication"),
    (0x2a, "read data by periodic identifier"),
    (0x2c, "dynamically define data identifier"),
    (0x2e, "write data by identifier"),
    (0x2f, "input output control by identifier"),
    (0x31, "routine control"),
    (0x34, "request download"),
    (0x35, "request upload"),
    (0x36, "transfer data"),
    (0x37, "request transfer exit"),
    (0x38, "request file transfer"),
    (0x3d, "write memory by address"),
    (0x3e, "tester present"),
    (0x84, "secured data transmission"),
    (0x85, "control dtc setting"),
    (0x86, "response on event"),
    (0x87, "link control"),
];

/// The name of a service.
pub(crate) fn service(code: u8) -> &'static str {
    SERVICES.iter().find(|(known, _)| *known == code).map_or("", |(_, name)| name)
}
