//! Services (KNX standard 3/8/1 section 4, 3/8/2 to 3/8/9).

use picket_event::{MessageKind, Operation};

/// One service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Service {
    pub(crate) code: u16,
    pub(crate) name: &'static str,
    pub(crate) operation: Operation,
    pub(crate) kind: MessageKind,
}

const fn s(code: u16, name: &'static str, operation: Operation, kind: MessageKind) -> Service {
    Service { code, name, operation, kind }
}

const REQUEST: MessageKind = MessageKind::Request;
const RESPONSE: MessageKind = MessageKind::Response;

/// Every service that has a name.
pub(crate) const SERVICES: &[Service] = &[
    s(0x0201, "SEARCH_REQUEST", Operation::Identify, REQUEST),
    s(SEARCH_RESPONSE, "SEARCH_RESPONSE", Operation::Identify, RESPONSE),
    s(0x0203, "DESCRIPTION_REQUEST", Operation::Identify, REQUEST),
    s(DESCRIPTION_RESPONSE, "DESCRIPTION_RESPONSE", Operation::Identify, RESPONSE),
    s(CONNECT_REQUEST, "CONNECT_REQUEST", Operation::Session, REQUEST),
    s(CONNECT_RESPONSE, "CONNECT_RESPONSE", Operation::Session, RESPONSE),
    s(0x0207, "CONNECTIONSTATE_REQUEST", Operation::Session, REQUEST),
    s(0x0208, "CONNECTIONSTATE_RESPONSE", Operation::Session, RESPONSE),
    s(0x0209, "DISCONNECT_REQUEST", Operation::Session, REQUEST),
    s(0x020a, "DISCONNECT_RESPONSE", Operation::Session, RESPONSE),
    s(0x020b, "SEARCH_REQUEST_EXTENDED", Operation::Identify, REQUEST),
    s(EXTENDED_SEARCH_RESPONSE, "SEARCH_RESPONSE_EXTENDED", Operation::Identify, RESPONSE),
    s(CONFIGURATION_REQUEST, "DEVICE_CONFIGURATION_REQUEST", Operation::Other, REQUEST),
    s(0x0311, "DEVICE_CONFIGURATION_ACK", Operation::Other, RESPONSE),
    s(TUNNELLING_REQUEST, "TUNNELLING_REQUEST", Operation::Other, REQUEST),
    s(0x0421, "TUNNELLING_ACK", Operation::Other, RESPONSE),
    s(0x0422, "TUNNELLING_FEATURE_GET", Operation::Other, REQUEST),
    s(0x0423, "TUNNELLING_FEATURE_RESPONSE", Operation::Other, REQUEST),
    s(0x0424, "TUNNELLING_FEATURE_SET", Operation::Other, REQUEST),
    s(0x0425, "TUNNELLING_FEATURE_INFO", Operation::Other, REQUEST),
    s(ROUTING_INDICATION, "ROUTING_INDICATION", Operation::Report, MessageKind::Unsolicited),
    s(0x0531, "ROUTING_LOST_MESSAGE", Operation::Other, REQUEST),
    s(0x0532, "ROUTING_BUSY", Operation::Other, REQUEST),
    s(0x0533, "ROUTING_SYSTEM_BROADCAST", Operation::Other, REQUEST),
    s(0x0740, "REMOTE_DIAGNOSTIC_REQUEST", Operation::Other, REQUEST),
    s(0x0741, "REMOTE_DIAGNOSTIC_RESPONSE", Operation::Other, REQUEST),
    s(0x0742, "REMOTE_BASIC_CONFIGURATION_REQUEST", Operation::Other, REQUEST),
    s(0x0743, "REMOTE_RESET_REQUEST", Operation::Other, REQUEST),
    s(0x0950, "SECURE_WRAPPER", Operation::Other, REQUEST),
    s(0x0951, "SESSION_REQUEST", Operation::Other, REQUEST),
    s(0x0952, "SESSION_RESPONSE", Operation::Other, REQUEST),
    s(0x0953, "SESSION_AUTHENTICATE", Operation::Other, REQUEST),
    s(0x0954, "SESSION_STATUS", Operation::Other, REQUEST),
    s(0x0955, "TIMER_NOTIFY", Operation::Other, REQUEST),
];

pub(crate) const SEARCH_RESPONSE: u16 = 0x0202;
pub(crate) const DESCRIPTION_RESPONSE: u16 = 0x0204;
pub(crate) const CONNECT_REQUEST: u16 = 0x0205;
pub(crate) const CONNECT_RESPONSE: u16 = 0x0206;
pub(crate) const EXTENDED_SEARCH_RESPONSE: u16 = 0x020c;
pub(crate) const CONFIGURATION_REQUEST: u16 = 0x0310;
pub(crate) const TUNNELLING_REQUEST: u16 = 0x0420;
pub(crate) const ROUTING_INDICATION: u16 = 0x0530;

/// What a service is.
pub(crate) fn service(code: u16) -> Service {
    let known = SERVICES.iter().find(|known| known.code == code);
    known.copied().unwrap_or(s(code, "", Operation::Other, REQUEST))
}
