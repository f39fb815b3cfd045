//! HART commands by what they do (TS20127 universal, TS20151 common practice commands), message ids, makers.

use picket_event::Operation;

/// Commands of one operation, as ranges.
pub(crate) const COMMANDS: &[(&[(u16, u16)], Operation)] = &[
    (&[(0, 0), (11, 13), (16, 16), (20, 21), (74, 75), (84, 84)], Operation::Identify),
    (
        &[
            (1, 3),
            (7, 9),
            (14, 15),
            (33, 33),
            (50, 50),
            (54, 54),
            (57, 57),
            (60, 63),
            (70, 70),
            (76, 76),
            (78, 78),
            (80, 82),
            (86, 86),
            (90, 91),
            (95, 98),
            (101, 101),
            (103, 105),
            (110, 110),
            (114, 115),
        ],
        Operation::Read,
    ),
    (
        &[
            (6, 6),
            (17, 19),
            (22, 22),
            (34, 39),
            (43, 47),
            (49, 49),
            (51, 53),
            (55, 56),
            (58, 59),
            (64, 65),
            (67, 69),
            (83, 83),
            (87, 89),
            (92, 94),
            (99, 100),
            (102, 102),
            (111, 113),
        ],
        Operation::Write,
    ),
    (&[(40, 40), (66, 66), (79, 79)], Operation::Control),
    (&[(41, 41), (48, 48), (73, 73)], Operation::Diagnose),
    (&[(42, 42)], Operation::Restart),
    (&[(71, 72), (106, 106)], Operation::Session),
    (&[(107, 109), (116, 118)], Operation::Subscribe),
];

/// Names of the commands that are met most.
pub(crate) const NAMES: &[(u16, &str)] = &[
    (0, "Read Unique Identifier"),
    (1, "Read Primary Variable"),
    (2, "Read Loop Current And Percent Of Range"),
    (3, "Read Dynamic Variables And Loop Current"),
    (6, "Write Polling Address"),
    (7, "Read Loop Configuration"),
    (8, "Read Dynamic Variable Classifications"),
    (9, "Read Device Variables With Status"),
    (11, "Read Unique Identifier Associated With Tag"),
    (12, "Read Message"),
    (13, "Read Tag, Descriptor, Date"),
    (14, "Read Primary Variable Transducer Information"),
    (15, "Read Device Information"),
    (16, "Read Final Assembly Number"),
    (17, "Write Message"),
    (18, "Write Tag, Descriptor, Date"),
    (19, "Write Final Assembly Number"),
    (20, "Read Long Tag"),
    (21, "Read Unique Identifier Associated With Long Tag"),
    (22, "Write Long Tag"),
    (33, "Read Device Variables"),
    (34, "Write Primary Variable Damping Value"),
    (35, "Write Primary Variable Range Values"),
    (38, "Reset Configuration Changed Flag"),
    (40, "Enter/Exit Fixed Current Mode"),
    (41, "Perform Self Test"),
    (42, "Perform Device Reset"),
    (43, "Set Primary Variable Zero"),
    (44, "Write Primary Variable Units"),
    (45, "Trim Loop Current Zero"),
    (46, "Trim Loop Current Gain"),
    (48, "Read Additional Device Status"),
    (50, "Read Dynamic Variable Assignments"),
    (54, "Read Device Variable Information"),
    (59, "Write Number Of Response Preambles"),
    (66, "Enter/Exit Fixed Analog Channel Mode"),
    (71, "Lock Device"),
    (72, "Squawk"),
    (73, "Find Device"),
    (74, "Read I/O System Capabilities"),
    (75, "Poll Sub-Device"),
    (76, "Read Lock Device State"),
    (77, "Send Command To Sub-Device"),
    (78, "Read Aggregated Commands"),
    (79, "Write Device Variable"),
    (84, "Read Sub-Device Identity Summary"),
    (89, "Set Real-Time Clock"),
    (90, "Read Real-Time Clock"),
    (105, "Read Burst Mode Configuration"),
    (106, "Flush Delayed Responses"),
    (107, "Write Burst Device Variables"),
    (108, "Write Burst Mode Command Number"),
    (109, "Burst Mode Control"),
];

pub(crate) const READ_IDENTITY: u16 = 0;
pub(crate) const READ_LONG_TAG: u16 = 20;

/// Message ids (TS20085): pass-through takes its command's operation.
pub(crate) const SESSION: Operation = Operation::Session;
/// Bursts.
pub(crate) const PUBLISH: Operation = Operation::Report;
/// Commands nobody knows.
const UNKNOWN: Operation = Operation::Other;

/// The names of message ids.
pub(crate) const MESSAGES: &[(u8, &str)] = &[
    (0, "Session Initiate"),
    (1, "Session Close"),
    (2, "Keep Alive"),
    (3, "Pass-Through"),
    (4, "Direct PDU"),
    (5, "Read Audit Log"),
];

/// Makers, by the numbers FieldComm Group gave them.
pub(crate) const VENDORS: &[(u16, &str)] =
    &[(17, "Endress+Hauser"), (23, "Honeywell"), (38, "Rosemount"), (42, "Siemens"), (55, "Yokogawa"), (62, "Vega")];

/// What a command does.
pub(crate) fn operation(command: u16) -> Operation {
    let holds = |ranges: &[(u16, u16)]| ranges.iter().any(|(first, last)| (*first..=*last).contains(&command));
    COMMANDS.iter().find(|(ranges, _)| holds(ranges)).map_or(UNKNOWN, |(_, operation)| *operation)
}

/// A command's name.
pub(crate) fn name(command: u16) -> &'static str {
    NAMES.iter().find(|(known, _)| *known == command).map_or("", |(_, name)| name)
}

/// The name of a message id.
pub(crate) fn message(id: u8) -> &'static str {
    MESSAGES.iter().find(|(known, _)| *known == id).map_or("", |(_, name)| name)
}
