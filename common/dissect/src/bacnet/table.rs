//! Services, network messages, objects, properties, errors, reasons, makers (ASHRAE 135-2020 clauses 20, 21).

use picket_event::{MessageKind, Operation};

/// Confirmed services by number (clause 21, BACnetConfirmedServiceChoice).
pub(crate) const CONFIRMED: &[(&str, Operation)] = &[
    ("acknowledgeAlarm", Operation::Alarm),
    ("confirmedCOVNotification", Operation::Report),
    ("confirmedEventNotification", Operation::Report),
    ("getAlarmSummary", Operation::Alarm),
    ("getEnrollmentSummary", Operation::Alarm),
    ("subscribeCOV", Operation::Subscribe),
    ("atomicReadFile", Operation::File),
    ("atomicWriteFile", Operation::File),
    ("addListElement", Operation::Write),
    ("removeListElement", Operation::Write),
    ("createObject", Operation::Write),
    ("deleteObject", Operation::Write),
    ("readProperty", Operation::Read),
    ("readPropertyConditional", Operation::Read),
    ("readPropertyMultiple", Operation::Read),
    ("writeProperty", Operation::Write),
    ("writePropertyMultiple", Operation::Write),
    ("deviceCommunicationControl", Operation::Mode),
    ("confirmedPrivateTransfer", Operation::Other),
    ("confirmedTextMessage", Operation::Other),
    ("reinitializeDevice", Operation::Restart),
    ("vtOpen", Operation::Session),
    ("vtClose", Operation::Session),
    ("vtData", Operation::Session),
    ("authenticate", Operation::Session),
    ("requestKey", Operation::Session),
    ("readRange", Operation::Read),
    ("lifeSafetyOperation", Operation::Alarm),
    ("subscribeCOVProperty", Operation::Subscribe),
    ("getEventInformation", Operation::Alarm),
    ("subscribeCOVPropertyMultiple", Operation::Subscribe),
    ("confirmedCOVNotificationMultiple", Operation::Report),
];

pub(crate) const COV: u8 = 1;
pub(crate) const READ_PROPERTY: u8 = 12;
pub(crate) const READ_MULTIPLE: u8 = 14;
pub(crate) const WRITE_PROPERTY: u8 = 15;
pub(crate) const WRITE_MULTIPLE: u8 = 16;
pub(crate) const COMMUNICATION: u8 = 17;
pub(crate) const REINITIALIZE: u8 = 20;

/// Unconfirmed services by number (BACnetUnconfirmedServiceChoice).
pub(crate) const UNCONFIRMED: &[(&str, Operation, MessageKind)] = &[
    ("i-Am", Operation::Identify, MessageKind::Unsolicited),
    ("i-Have", Operation::Browse, MessageKind::Unsolicited),
    ("unconfirmedCOVNotification", Operation::Report, MessageKind::Unsolicited),
    ("unconfirmedEventNotification", Operation::Report, MessageKind::Unsolicited),
    ("unconfirmedPrivateTransfer", Operation::Other, MessageKind::Request),
    ("unconfirmedTextMessage", Operation::Other, MessageKind::Request),
    ("timeSynchronization", Operation::Time, MessageKind::Request),
    ("who-Has", Operation::Browse, MessageKind::Request),
    ("who-Is", Operation::Identify, MessageKind::Request),
    ("utcTimeSynchronization", Operation::Time, MessageKind::Request),
    ("writeGroup", Operation::Write, MessageKind::Request),
    ("unconfirmedCOVNotificationMultiple", Operation::Report, MessageKind::Unsolicited),
    ("unconfirmedAuditNotification", Operation::Other, MessageKind::Request),
    ("who-Am-I", Operation::Other, MessageKind::Request),
    ("you-Are", Operation::Other, MessageKind::Request),
];

pub(crate) const I_AM: u8 = 0;
pub(crate) const I_HAVE: u8 = 1;
pub(crate) const UNCONFIRMED_COV: u8 = 2;

/// Network messages by number (clause 6.4).
pub(crate) const NETWORK: &[(&str, MessageKind)] = &[
    ("Who-Is-Router-To-Network", MessageKind::Request),
    ("I-Am-Router-To-Network", MessageKind::Unsolicited),
    ("I-Could-Be-Router-To-Network", MessageKind::Request),
    ("Reject-Message-To-Network", MessageKind::Exception),
    ("Router-Busy-To-Network", MessageKind::Unsolicited),
    ("Router-Available-To-Network", MessageKind::Unsolicited),
    ("Initialize-Routing-Table", MessageKind::Request),
    ("Initialize-Routing-Table-Ack", MessageKind::Response),
    ("Establish-Connection-To-Network", MessageKind::Request),
    ("Disconnect-Connection-To-Network", MessageKind::Request),
];

/// States a device is asked to go to (reinitializeDevice, clause 16.4).
pub(crate) const STATES: &[&str] = &[
    "coldstart",
    "warmstart",
    "start backup",
    "end backup",
    "start restore",
    "end restore",
    "abort restore",
    "activate changes",
];

/// What deviceCommunicationControl asks for (clause 16.1).
pub(crate) const COMMUNICATIONS: &[&str] = &["enable", "disable", "disable initiation"];

/// Reject reasons (clause 18.9).
pub(crate) const REJECTS: &[&str] = &[
    "other",
    "buffer overflow",
    "inconsistent parameters",
    "invalid parameter data type",
    "invalid tag",
    "missing required parameter",
    "parameter out of range",
    "too many arguments",
    "undefined enumeration",
    "unrecognized service",
];

/// Abort reasons (clause 18.10).
pub(crate) const ABORTS: &[&str] = &[
    "other",
    "buffer overflow",
    "invalid apdu in this state",
    "preempted by higher priority task",
    "segmentation not supported",
    "security error",
    "insufficient security",
    "window size out of range",
    "application exceeded reply time",
    "out of resources",
    "tsm timeout",
    "apdu too long",
];

/// Object types by number (BACnetObjectType).
pub(crate) const OBJECTS: &[&str] = &[
    "analog-input",
    "analog-output",
    "analog-value",
    "binary-input",
    "binary-output",
    "binary-value",
    "calendar",
    "command",
    "device",
    "event-enrollment",
    "file",
    "group",
    "loop",
    "multi-state-input",
    "multi-state-output",
    "notification-class",
    "program",
    "schedule",
    "averaging",
    "multi-state-value",
    "trend-log",
    "life-safety-point",
    "life-safety-zone",
    "accumulator",
    "pulse-converter",
];

pub(crate) const DEVICE: u16 = 8;

pub(crate) const DESCRIPTION: u32 = 28;
pub(crate) const APPLICATION_VERSION: u32 = 12;
pub(crate) const FIRMWARE: u32 = 44;
pub(crate) const MODEL: u32 = 70;
pub(crate) const OBJECT_NAME: u32 = 77;
pub(crate) const VENDOR_NAME: u32 = 121;

/// Properties that are met most (BACnetPropertyIdentifier).
pub(crate) const PROPERTIES: &[(u32, &str)] = &[
    (8, "all"),
    (APPLICATION_VERSION, "application-software-version"),
    (DESCRIPTION, "description"),
    (36, "event-state"),
    (FIRMWARE, "firmware-revision"),
    (62, "max-apdu-length-accepted"),
    (MODEL, "model-name"),
    (75, "object-identifier"),
    (76, "object-list"),
    (OBJECT_NAME, "object-name"),
    (79, "object-type"),
    (81, "out-of-service"),
    (85, "present-value"),
    (87, "priority-array"),
    (96, "protocol-object-types-supported"),
    (97, "protocol-services-supported"),
    (98, "protocol-version"),
    (103, "reliability"),
    (104, "relinquish-default"),
    (107, "segmentation-supported"),
    (111, "status-flags"),
    (112, "system-status"),
    (117, "units"),
    (120, "vendor-identifier"),
    (VENDOR_NAME, "vendor-name"),
];

/// Error codes that are met most (BACnetError, clause 18).
pub(crate) const ERRORS: &[(u32, &str)] = &[
    (0, "other"),
    (2, "configuration in progress"),
    (3, "device busy"),
    (9, "invalid data type"),
    (25, "operational problem"),
    (26, "password failure"),
    (27, "read access denied"),
    (29, "service request denied"),
    (31, "unknown object"),
    (32, "unknown property"),
    (37, "value out of range"),
    (40, "write access denied"),
    (42, "invalid array index"),
    (50, "property is not an array"),
];

/// Makers, by the numbers ASHRAE gave them.
pub(crate) const VENDORS: &[(u32, &str)] = &[
    (2, "Trane"),
    (5, "Johnson Controls"),
    (7, "Siemens"),
    (8, "Delta Controls"),
    (9, "Siemens"),
    (10, "Schneider Electric"),
    (14, "Cimetrics"),
    (16, "Carrier"),
    (17, "Honeywell"),
    (18, "Alerton"),
    (24, "Automated Logic"),
    (28, "KMC Controls"),
    (35, "Reliable Controls"),
    (36, "Tridium"),
    (222, "WAGO"),
];

/// What a confirmed service is.
pub(crate) fn confirmed(service: u8) -> (&'static str, Operation) {
    CONFIRMED.get(usize::from(service)).copied().unwrap_or(("", Operation::Other))
}

/// Whether a confirmed service tells of something: of values, events, values of several objects.
pub(crate) const fn notifies(service: u8) -> bool {
    matches!(service, COV | 2 | 31)
}

/// What an unconfirmed service is.
pub(crate) fn unconfirmed(service: u8) -> (&'static str, Operation, MessageKind) {
    UNCONFIRMED.get(usize::from(service)).copied().unwrap_or(("", Operation::Other, MessageKind::Request))
}

/// A network message's operation: all of them look for ways.
pub(crate) const NETWORK_OPERATION: Operation = Operation::Browse;

/// What a network message is.
pub(crate) fn network(kind: u8) -> (&'static str, MessageKind) {
    NETWORK.get(usize::from(kind)).copied().unwrap_or(("", MessageKind::Unsolicited))
}

/// A name of a numbered list.
pub(crate) fn nth(list: &[&'static str], number: u32) -> &'static str {
    usize::try_from(number).ok().and_then(|at| list.get(at)).copied().unwrap_or("")
}

/// The name of a property.
pub(crate) fn property(number: u32) -> &'static str {
    PROPERTIES.iter().find(|(known, _)| *known == number).map_or("", |(_, name)| name)
}

/// The name of an error.
pub(crate) fn error(number: u32) -> &'static str {
    ERRORS.iter().find(|(known, _)| *known == number).map_or("", |(_, name)| name)
}
