//! Types, causes of transmission and the functions of unnumbered frames (IEC 60870-5-101 clause 7.2, -104 clause 5).

use picket_event::Operation;

/// One type of data unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Type {
    pub(crate) code: u8,
    pub(crate) name: &'static str,
    pub(crate) operation: Operation,
    /// Bytes of one information element with its time tag; none where they vary.
    pub(crate) element: Option<u8>,
}

const fn t(code: u8, name: &'static str, operation: Operation, element: u8) -> Type {
    Type { code, name, operation, element: Some(element) }
}

/// Every type of the standard.
pub(crate) const TYPES: &[Type] = &[
    t(1, "M_SP_NA_1", Operation::Report, 1),
    t(2, "M_SP_TA_1", Operation::Report, 4),
    t(3, "M_DP_NA_1", Operation::Report, 1),
    t(4, "M_DP_TA_1", Operation::Report, 4),
    t(5, "M_ST_NA_1", Operation::Report, 2),
    t(6, "M_ST_TA_1", Operation::Report, 5),
    t(7, "M_BO_NA_1", Operation::Report, 5),
    t(8, "M_BO_TA_1", Operation::Report, 8),
    t(9, "M_ME_NA_1", Operation::Report, 3),
    t(10, "M_ME_TA_1", Operation::Report, 6),
    t(11, "M_ME_NB_1", Operation::Report, 3),
    t(12, "M_ME_TB_1", Operation::Report, 6),
    t(13, "M_ME_NC_1", Operation::Report, 5),
    t(14, "M_ME_TC_1", Operation::Report, 8),
    t(15, "M_IT_NA_1", Operation::Report, 5),
    t(16, "M_IT_TA_1", Operation::Report, 8),
    t(17, "M_EP_TA_1", Operation::Report, 6),
    t(18, "M_EP_TB_1", Operation::Report, 7),
    t(19, "M_EP_TC_1", Operation::Report, 7),
    t(20, "M_PS_NA_1", Operation::Report, 5),
    t(21, "M_ME_ND_1", Operation::Report, 2),
    t(30, "M_SP_TB_1", Operation::Report, 8),
    t(31, "M_DP_TB_1", Operation::Report, 8),
    t(32, "M_ST_TB_1", Operation::Report, 9),
    t(33, "M_BO_TB_1", Operation::Report, 12),
    t(34, "M_ME_TD_1", Operation::Report, 10),
    t(35, "M_ME_TE_1", Operation::Report, 10),
    t(36, "M_ME_TF_1", Operation::Report, 12),
    t(37, "M_IT_TB_1", Operation::Report, 12),
    t(38, "M_EP_TD_1", Operation::Report, 10),
    t(39, "M_EP_TE_1", Operation::Report, 11),
    t(40, "M_EP_TF_1", Operation::Report, 11),
    t(45, "C_SC_NA_1", Operation::Control, 1),
    t(46, "C_DC_NA_1", Operation::Control, 1),
    t(47, "C_RC_NA_1", Operation::Control, 1),
    t(48, "C_SE_NA_1", Operation::Write, 3),
    t(49, "C_SE_NB_1", Operation::Write, 3),
    t(50, "C_SE_NC_1", Operation::Write, 5),
    t(51, "C_BO_NA_1", Operation::Write, 4),
    t(58, "C_SC_TA_1", Operation::Control, 8),
    t(59, "C_DC_TA_1", Operation::Control, 8),
    t(60, "C_RC_TA_1", Operation::Control, 8),
    t(61, "C_SE_TA_1", Operation::Write, 10),
    t(62, "C_SE_TB_1", Operation::Write, 10),
    t(63, "C_SE_TC_1", Operation::Write, 12),
    t(64, "C_BO_TA_1", Operation::Write, 11),
    t(70, "M_EI_NA_1", Operation::Report, 1),
    t(100, "C_IC_NA_1", Operation::Read, 1),
    t(101, "C_CI_NA_1", Operation::Read, 1),
    t(102, "C_RD_NA_1", Operation::Read, 0),
    t(103, "C_CS_NA_1", Operation::Time, 7),
    t(104, "C_TS_NA_1", Operation::Diagnose, 2),
    t(105, "C_RP_NA_1", Operation::Restart, 1),
    t(106, "C_CD_NA_1", Operation::Time, 2),
    t(107, "C_TS_TA_1", Operation::Diagnose, 9),
    t(110, "P_ME_NA_1", Operation::Write, 3),
    t(111, "P_ME_NB_1", Operation::Write, 3),
    t(112, "P_ME_NC_1", Operation::Write, 5),
    t(113, "P_AC_NA_1", Operation::Write, 1),
    t(120, "F_FR_NA_1", Operation::File, 6),
    t(121, "F_SR_NA_1", Operation::File, 7),
    t(122, "F_SC_NA_1", Operation::File, 4),
    t(123, "F_LS_NA_1", Operation::File, 5),
    t(124, "F_AF_NA_1", Operation::File, 4),
    Type { code: 125, name: "F_SG_NA_1", operation: Operation::File, element: None },
    t(126, "F_DR_TA_1", Operation::File, 13),
    t(127, "F_SC_NB_1", Operation::File, 16),
];

/// End of initialisation: an announcement whatever its cause.
pub(crate) const END_OF_INITIALISATION: u8 = 70;
/// A segment of a file, whose length stands in it.
pub(crate) const SEGMENT: u8 = 125;
/// A directory of files.
pub(crate) const DIRECTORY: u8 = 126;

/// What a command with its select bit set does.
pub(crate) const SELECT: Operation = Operation::Select;
/// What process information does that was asked for.
pub(crate) const ASKED: Operation = Operation::Read;

/// Causes of transmission (IEC 60870-5-101 clause 7.2.3); interrogations of groups follow.
const CAUSES: &[(u8, &str)] = &[
    (1, "periodic"),
    (2, "background scan"),
    (3, "spontaneous"),
    (4, "initialised"),
    (5, "request"),
    (6, "activation"),
    (7, "activation confirmation"),
    (8, "deactivation"),
    (9, "deactivation confirmation"),
    (10, "activation termination"),
    (11, "return information by a remote command"),
    (12, "return information by a local command"),
    (13, "file transfer"),
    (20, "interrogated by station interrogation"),
    (37, "requested by general counter request"),
    (44, "unknown type"),
    (45, "unknown cause"),
    (46, "unknown common address"),
    (47, "unknown object address"),
];

/// The name of a cause; empty where the standard gives none.
pub(crate) fn cause(code: u8) -> &'static str {
    match code {
        21..=36 => "interrogated by group interrogation",
        38..=41 => "requested by group counter request",
        _ => CAUSES.iter().find(|(known, _)| *known == code).map_or("", |(_, name)| name),
    }
}

/// Unnumbered frames: first control octet, name, whether it confirms (IEC 60870-5-104 clause 5.3).
pub(crate) const UNNUMBERED: &[(u8, &str, bool)] = &[
    (0x07, "STARTDT act", false),
    (0x0b, "STARTDT con", true),
    (0x13, "STOPDT act", false),
    (0x23, "STOPDT con", true),
    (0x43, "TESTFR act", false),
    (0x83, "TESTFR con", true),
];

/// What unnumbered frames do.
pub(crate) const LINK: Operation = Operation::Session;

/// What a type is; an unknown one has no name and does something else.
pub(crate) fn kind(code: u8) -> Type {
    let unknown = Type { code, name: "", operation: Operation::Other, element: None };
    TYPES.iter().find(|known| known.code == code).copied().unwrap_or(unknown)
}
