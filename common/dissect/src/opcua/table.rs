//! Services by the type of their request (OPC 10000-6 annex A.3, identifiers of the binary encodings).

use picket_event::Operation;

/// One service. Its answer has a type of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Service {
    pub(crate) request: u32,
    pub(crate) response: u32,
    pub(crate) name: &'static str,
    pub(crate) operation: Operation,
}

/// Most answers are numbered three behind their request.
const fn s(request: u32, name: &'static str, operation: Operation) -> Service {
    Service { request, response: request + 3, name, operation }
}

/// Newer ones one behind.
const fn n(request: u32, name: &'static str, operation: Operation) -> Service {
    Service { request, response: request + 1, name, operation }
}

/// Every service.
pub(crate) const SERVICES: &[Service] = &[
    s(FIND_SERVERS, "FindServers", Operation::Identify),
    s(GET_ENDPOINTS, "GetEndpoints", Operation::Identify),
    s(437, "RegisterServer", Operation::Session),
    s(OPEN, "OpenSecureChannel", Operation::Session),
    s(CLOSE, "CloseSecureChannel", Operation::Session),
    s(CREATE_SESSION, "CreateSession", Operation::Session),
    s(467, "ActivateSession", Operation::Session),
    s(473, "CloseSession", Operation::Session),
    s(479, "Cancel", Operation::Session),
    s(488, "AddNodes", Operation::Write),
    s(494, "AddReferences", Operation::Write),
    s(500, "DeleteNodes", Operation::Write),
    s(506, "DeleteReferences", Operation::Write),
    s(BROWSE, "Browse", Operation::Browse),
    s(533, "BrowseNext", Operation::Browse),
    s(554, "TranslateBrowsePathsToNodeIds", Operation::Browse),
    s(560, "RegisterNodes", Operation::Browse),
    s(566, "UnregisterNodes", Operation::Browse),
    s(615, "QueryFirst", Operation::Browse),
    s(621, "QueryNext", Operation::Browse),
    s(READ, "Read", Operation::Read),
    s(664, "HistoryRead", Operation::Read),
    s(WRITE, "Write", Operation::Write),
    s(700, "HistoryUpdate", Operation::Write),
    s(CALL, "Call", Operation::Control),
    s(751, "CreateMonitoredItems", Operation::Subscribe),
    s(763, "ModifyMonitoredItems", Operation::Subscribe),
    s(769, "SetMonitoringMode", Operation::Subscribe),
    s(775, "SetTriggering", Operation::Subscribe),
    s(781, "DeleteMonitoredItems", Operation::Subscribe),
    s(787, "CreateSubscription", Operation::Subscribe),
    s(793, "ModifySubscription", Operation::Subscribe),
    s(799, "SetPublishingMode", Operation::Subscribe),
    s(826, "Publish", Operation::Report),
    s(832, "Republish", Operation::Report),
    s(841, "TransferSubscriptions", Operation::Subscribe),
    s(847, "DeleteSubscriptions", Operation::Subscribe),
    n(12_208, "FindServersOnNetwork", Operation::Identify),
    n(12_211, "RegisterServer2", Operation::Session),
];

pub(crate) const FIND_SERVERS: u32 = 422;
pub(crate) const GET_ENDPOINTS: u32 = 428;
pub(crate) const OPEN: u32 = 446;
pub(crate) const CLOSE: u32 = 452;
pub(crate) const CREATE_SESSION: u32 = 461;
pub(crate) const BROWSE: u32 = 527;
pub(crate) const READ: u32 = 631;
pub(crate) const WRITE: u32 = 673;
pub(crate) const CALL: u32 = 712;
/// The answer of every service that failed.
pub(crate) const FAULT: u32 = 397;

/// A type nobody knows.
pub(crate) const UNKNOWN: Service = Service { request: 0, response: 0, name: "", operation: Operation::Other };

/// Messages of the connection itself (OPC 10000-6 clause 7.1.2): their operation.
pub(crate) const CONNECTION: Operation = Operation::Session;

/// The service of a type, and whether the type is its answer's.
pub(crate) fn service(kind: u32) -> Option<(Service, bool)> {
    let found = SERVICES.iter().find(|known| known.request == kind || known.response == kind);
    found.map(|known| (*known, known.response == kind))
}

/// The service of a request's type.
pub(crate) fn request(kind: u32) -> Service {
    SERVICES.iter().find(|known| known.request == kind).copied().unwrap_or(UNKNOWN)
}

/// Status codes of connections and services that are met most (OPC 10000-6 annex A.2).
pub(crate) const STATUS: &[(u32, &str)] = &[
    (0x8001, "unexpected error"),
    (0x8002, "internal error"),
    (0x8003, "out of memory"),
    (0x8008, "encoding limits exceeded"),
    (0x800a, "timeout"),
    (0x800b, "service unsupported"),
    (0x800c, "shutdown"),
    (0x800d, "server not connected"),
    (0x800f, "nothing to do"),
    (0x8010, "too many operations"),
    (0x8012, "certificate invalid"),
    (0x8013, "security checks failed"),
    (0x801f, "user access denied"),
    (0x8020, "identity token invalid"),
    (0x8021, "identity token rejected"),
    (0x8022, "secure channel id invalid"),
    (0x8025, "session id invalid"),
    (0x8026, "session closed"),
    (0x8027, "session not activated"),
    (0x8028, "subscription id invalid"),
    (0x8055, "security policy rejected"),
    (0x8056, "too many sessions"),
    (0x8079, "no subscription"),
    (0x807d, "server uri invalid"),
    (0x807e, "tcp server too busy"),
    (0x807f, "tcp message type invalid"),
    (0x8080, "tcp message too large"),
    (0x8083, "tcp endpoint url invalid"),
    (0x8087, "secure channel token unknown"),
    (0x80ac, "connection rejected"),
];

/// The name of a status code.
pub(crate) fn status(code: u32) -> &'static str {
    STATUS.iter().find(|(known, _)| *known == code >> 16).map_or("", |(_, name)| name)
}
