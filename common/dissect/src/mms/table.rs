//! Services and units with their operations, and names of TASE.2.

use crate::codes::{Code, code, find};
use picket_event::Operation;

/// Services that are read closer.
pub(crate) const GET_NAME_LIST: u16 = 1;
/// Who is there.
pub(crate) const IDENTIFY: u16 = 2;
/// Reading of variables.
pub(crate) const READ: u16 = 4;
/// Writing of variables.
pub(crate) const WRITE: u16 = 5;

/// Confirmed services (ISO 9506-2 section 7.2).
pub(crate) const CONFIRMED: &[Code<u16>] = &[
    code(0, "status", Operation::Diagnose),
    code(GET_NAME_LIST, "getNameList", Operation::Browse),
    code(IDENTIFY, "identify", Operation::Identify),
    code(3, "rename", Operation::Other),
    code(READ, "read", Operation::Read),
    code(WRITE, "write", Operation::Write),
    code(6, "getVariableAccessAttributes", Operation::Browse),
    code(7, "defineNamedVariable", Operation::Other),
    code(8, "defineScatteredAccess", Operation::Other),
    code(9, "getScatteredAccessAttributes", Operation::Browse),
    code(10, "deleteVariableAccess", Operation::Other),
    code(11, "defineNamedVariableList", Operation::Write),
    code(12, "getNamedVariableListAttributes", Operation::Browse),
    code(13, "deleteNamedVariableList", Operation::Write),
    code(14, "defineNamedType", Operation::Other),
    code(15, "getNamedTypeAttributes", Operation::Browse),
    code(16, "deleteNamedType", Operation::Other),
    code(17, "input", Operation::Read),
    code(18, "output", Operation::Write),
    code(19, "takeControl", Operation::Control),
    code(20, "relinquishControl", Operation::Control),
    code(21, "defineSemaphore", Operation::Other),
    code(22, "deleteSemaphore", Operation::Other),
    code(23, "reportSemaphoreStatus", Operation::Diagnose),
    code(24, "reportPoolSemaphoreStatus", Operation::Diagnose),
    code(25, "reportSemaphoreEntryStatus", Operation::Browse),
    code(26, "initiateDownloadSequence", Operation::ProgramWrite),
    code(27, "downloadSegment", Operation::ProgramWrite),
    code(28, "terminateDownloadSequence", Operation::ProgramWrite),
    code(29, "initiateUploadSequence", Operation::ProgramRead),
    code(30, "uploadSegment", Operation::ProgramRead),
    code(31, "terminateUploadSequence", Operation::ProgramRead),
    code(32, "requestDomainDownload", Operation::ProgramWrite),
    code(33, "requestDomainUpload", Operation::ProgramRead),
    code(34, "loadDomainContent", Operation::ProgramWrite),
    code(35, "storeDomainContent", Operation::ProgramWrite),
    code(36, "deleteDomain", Operation::ProgramWrite),
    code(37, "getDomainAttributes", Operation::Browse),
    code(38, "createProgramInvocation", Operation::Other),
    code(39, "deleteProgramInvocation", Operation::Other),
    code(40, "start", Operation::Start),
    code(41, "stop", Operation::Stop),
    code(42, "resume", Operation::Start),
    code(43, "reset", Operation::Restart),
    code(44, "kill", Operation::Stop),
    code(45, "getProgramInvocationAttributes", Operation::Browse),
    code(46, "obtainFile", Operation::File),
    code(47, "defineEventCondition", Operation::Alarm),
    code(48, "deleteEventCondition", Operation::Alarm),
    code(49, "getEventConditionAttributes", Operation::Alarm),
    code(50, "reportEventConditionStatus", Operation::Alarm),
    code(51, "alterEventConditionMonitoring", Operation::Alarm),
    code(52, "triggerEvent", Operation::Alarm),
    code(53, "defineEventAction", Operation::Alarm),
    code(54, "deleteEventAction", Operation::Alarm),
    code(55, "getEventActionAttributes", Operation::Alarm),
    code(56, "reportEventActionStatus", Operation::Alarm),
    code(57, "defineEventEnrollment", Operation::Alarm),
    code(58, "deleteEventEnrollment", Operation::Alarm),
    code(59, "alterEventEnrollment", Operation::Alarm),
    code(60, "reportEventEnrollmentStatus", Operation::Alarm),
    code(61, "getEventEnrollmentAttributes", Operation::Alarm),
    code(62, "acknowledgeEventNotification", Operation::Alarm),
    code(63, "getAlarmSummary", Operation::Alarm),
    code(64, "getAlarmEnrollmentSummary", Operation::Alarm),
    code(65, "readJournal", Operation::Read),
    code(66, "writeJournal", Operation::Write),
    code(67, "initializeJournal", Operation::Write),
    code(68, "reportJournalStatus", Operation::Browse),
    code(69, "createJournal", Operation::Other),
    code(70, "deleteJournal", Operation::Other),
    code(71, "getCapabilityList", Operation::Identify),
    code(72, "fileOpen", Operation::File),
    code(73, "fileRead", Operation::File),
    code(74, "fileClose", Operation::File),
    code(75, "fileRename", Operation::File),
    code(76, "fileDelete", Operation::File),
    code(77, "fileDirectory", Operation::File),
    code(78, "additionalService", Operation::Other),
    code(80, "getDataExchangeAttributes", Operation::Other),
    code(81, "exchangeData", Operation::Other),
    code(82, "defineAccessControlList", Operation::Other),
    code(83, "getAccessControlListAttributes", Operation::Other),
    code(84, "reportAccessControlledObjects", Operation::Other),
    code(85, "deleteAccessControlList", Operation::Other),
];

/// Unconfirmed services (section 7.3); events give their numbers behind [`UNCONFIRMED_BASE`].
pub(crate) const UNCONFIRMED: &[Code<u16>] = &[
    code(0, "informationReport", Operation::Report),
    code(1, "unsolicitedStatus", Operation::Report),
    code(2, "eventNotification", Operation::Report),
];

/// Units of the association by their number (section 7.1); events give them behind [`ASSOCIATION_BASE`].
pub(crate) const ASSOCIATION: &[Code<u16>] = &[
    code(5, "cancel", Operation::Session),
    code(8, "initiate", Operation::Session),
    code(11, "conclude", Operation::Session),
];

/// Where the numbers of unconfirmed services begin: they would be those of confirmed ones.
pub(crate) const UNCONFIRMED_BASE: u32 = 0x100;
/// Where the numbers of units of the association begin.
pub(crate) const ASSOCIATION_BASE: u32 = 0x200;

/// What a confirmed service is; an unknown one has no name and does something else.
pub(crate) fn confirmed(number: u16) -> Code<u16> {
    find(CONFIRMED, number)
}

/// What an unconfirmed service is.
pub(crate) fn unconfirmed(number: u16) -> Code<u16> {
    find(UNCONFIRMED, number)
}

/// What a unit of the association is; requests, answers and errors stand behind each other.
pub(crate) fn association(number: u16) -> Code<u16> {
    find(ASSOCIATION, number.saturating_sub(number.saturating_sub(5) % 3))
}

/// Names that TASE.2 gives to its own objects (IEC 60870-6-503 and -802).
pub(crate) const TASE2: &[&[u8]] = &[
    b"Bilateral_Table_ID",
    b"TASE2_Version",
    b"Supported_Features",
    b"Next_DSTransfer_Set",
    b"DSConditions_Detected",
    b"DSTrans",
    b"Transfer_Set_Name",
    b"Transfer_Set_Time_Stamp",
    b"Transfer_Report_ACK",
    b"Transfer_Report_NACK",
    b"Next_TSTransfer_Set",
    b"Event_Code_Detected",
];

/// The class of domains among objects (ISO 9506-2 section 7.5).
pub(crate) const DOMAINS: u8 = 9;
