//! Services and units with their operations, and names of TASE.2.

use picket_event::Operation;

/// One service or unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Function {
    pub(crate) number: u16,
    pub(crate) name: &'static str,
    pub(crate) operation: Operation,
}

const fn f(number: u16, name: &'static str, operation: Operation) -> Function {
    Function { number, name, operation }
}

/// Services that are read closer.
pub(crate) const GET_NAME_LIST: u16 = 1;
/// Who is there.
pub(crate) const IDENTIFY: u16 = 2;
/// Reading of variables.
pub(crate) const READ: u16 = 4;
/// Writing of variables.
pub(crate) const WRITE: u16 = 5;

/// Confirmed services (ISO 9506-2 section 7.2).
pub(crate) const CONFIRMED: &[Function] = &[
    f(0, "status", Operation::Diagnose),
    f(GET_NAME_LIST, "getNameList", Operation::Browse),
    f(IDENTIFY, "identify", Operation::Identify),
    f(3, "rename", Operation::Other),
    f(READ, "read", Operation::Read),
    f(WRITE, "write", Operation::Write),
    f(6, "getVariableAccessAttributes", Operation::Browse),
    f(7, "defineNamedVariable", Operation::Other),
    f(8, "defineScatteredAccess", Operation::Other),
    f(9, "getScatteredAccessAttributes", Operation::Browse),
    f(10, "deleteVariableAccess", Operation::Other),
    f(11, "defineNamedVariableList", Operation::Write),
    f(12, "getNamedVariableListAttributes", Operation::Browse),
    f(13, "deleteNamedVariableList", Operation::Write),
    f(14, "defineNamedType", Operation::Other),
    f(15, "getNamedTypeAttributes", Operation::Browse),
    f(16, "deleteNamedType", Operation::Other),
    f(17, "input", Operation::Read),
    f(18, "output", Operation::Write),
    f(19, "takeControl", Operation::Control),
    f(20, "relinquishControl", Operation::Control),
    f(21, "defineSemaphore", Operation::Other),
    f(22, "deleteSemaphore", Operation::Other),
    f(23, "reportSemaphoreStatus", Operation::Diagnose),
    f(24, "reportPoolSemaphoreStatus", Operation::Diagnose),
    f(25, "reportSemaphoreEntryStatus", Operation::Browse),
    f(26, "initiateDownloadSequence", Operation::ProgramWrite),
    f(27, "downloadSegment", Operation::ProgramWrite),
    f(28, "terminateDownloadSequence", Operation::ProgramWrite),
    f(29, "initiateUploadSequence", Operation::ProgramRead),
    f(30, "uploadSegment", Operation::ProgramRead),
    f(31, "terminateUploadSequence", Operation::ProgramRead),
    f(32, "requestDomainDownload", Operation::ProgramWrite),
    f(33, "requestDomainUpload", Operation::ProgramRead),
    f(34, "loadDomainContent", Operation::ProgramWrite),
    f(35, "storeDomainContent", Operation::ProgramWrite),
    f(36, "deleteDomain", Operation::ProgramWrite),
    f(37, "getDomainAttributes", Operation::Browse),
    f(38, "createProgramInvocation", Operation::Other),
    f(39, "deleteProgramInvocation", Operation::Other),
    f(40, "start", Operation::Start),
    f(41, "stop", Operation::Stop),
    f(42, "resume", Operation::Start),
    f(43, "reset", Operation::Restart),
    f(44, "kill", Operation::Stop),
    f(45, "getProgramInvocationAttributes", Operation::Browse),
    f(46, "obtainFile", Operation::File),
    f(47, "defineEventCondition", Operation::Alarm),
    f(48, "deleteEventCondition", Operation::Alarm),
    f(49, "getEventConditionAttributes", Operation::Alarm),
    f(50, "reportEventConditionStatus", Operation::Alarm),
    f(51, "alterEventConditionMonitoring", Operation::Alarm),
    f(52, "triggerEvent", Operation::Alarm),
    f(53, "defineEventAction", Operation::Alarm),
    f(54, "deleteEventAction", Operation::Alarm),
    f(55, "getEventActionAttributes", Operation::Alarm),
    f(56, "reportEventActionStatus", Operation::Alarm),
    f(57, "defineEventEnrollment", Operation::Alarm),
    f(58, "deleteEventEnrollment", Operation::Alarm),
    f(59, "alterEventEnrollment", Operation::Alarm),
    f(60, "reportEventEnrollmentStatus", Operation::Alarm),
    f(61, "getEventEnrollmentAttributes", Operation::Alarm),
    f(62, "acknowledgeEventNotification", Operation::Alarm),
    f(63, "getAlarmSummary", Operation::Alarm),
    f(64, "getAlarmEnrollmentSummary", Operation::Alarm),
    f(65, "readJournal", Operation::Read),
    f(66, "writeJournal", Operation::Write),
    f(67, "initializeJournal", Operation::Write),
    f(68, "reportJournalStatus", Operation::Browse),
    f(69, "createJournal", Operation::Other),
    f(70, "deleteJournal", Operation::Other),
    f(71, "getCapabilityList", Operation::Identify),
    f(72, "fileOpen", Operation::File),
    f(73, "fileRead", Operation::File),
    f(74, "fileClose", Operation::File),
    f(75, "fileRename", Operation::File),
    f(76, "fileDelete", Operation::File),
    f(77, "fileDirectory", Operation::File),
    f(78, "additionalService", Operation::Other),
    f(80, "getDataExchangeAttributes", Operation::Other),
    f(81, "exchangeData", Operation::Other),
    f(82, "defineAccessControlList", Operation::Other),
    f(83, "getAccessControlListAttributes", Operation::Other),
    f(84, "reportAccessControlledObjects", Operation::Other),
    f(85, "deleteAccessControlList", Operation::Other),
];

/// Unconfirmed services (section 7.3); events give their numbers behind [`UNCONFIRMED_BASE`].
pub(crate) const UNCONFIRMED: &[Function] = &[
    f(0, "informationReport", Operation::Report),
    f(1, "unsolicitedStatus", Operation::Report),
    f(2, "eventNotification", Operation::Report),
];

/// Units of the association by their number (section 7.1); events give them behind [`ASSOCIATION_BASE`].
pub(crate) const ASSOCIATION: &[Function] =
    &[f(5, "cancel", Operation::Session), f(8, "initiate", Operation::Session), f(11, "conclude", Operation::Session)];

/// Where the numbers of unconfirmed services begin: they would be those of confirmed ones.
pub(crate) const UNCONFIRMED_BASE: u32 = 0x100;
/// Where the numbers of units of the association begin.
pub(crate) const ASSOCIATION_BASE: u32 = 0x200;

/// What a confirmed service is; an unknown one has no name and does something else.
pub(crate) fn confirmed(number: u16) -> Function {
    find(CONFIRMED, number)
}

/// What an unconfirmed service is.
pub(crate) fn unconfirmed(number: u16) -> Function {
    find(UNCONFIRMED, number)
}

/// What a unit of the association is; requests, answers and errors stand behind each other.
pub(crate) fn association(number: u16) -> Function {
    find(ASSOCIATION, number.saturating_sub(number.saturating_sub(5) % 3))
}

fn find(table: &[Function], number: u16) -> Function {
    table.iter().find(|known| known.number == number).copied().unwrap_or(f(number, "", Operation::Other))
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
