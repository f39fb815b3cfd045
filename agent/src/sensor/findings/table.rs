//! What is told of an operation, whatever the protocol, and of single functions that mean more than their operation.
//!
//! Techniques are ATT&CK for ICS v19.1, best first.

use picket_event::body::{Alert, Ics};
use picket_event::{MessageKind, Operation, Protocol, Reason};

/// One kind of finding.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Its name (`alert.kind`).
    pub(crate) kind: &'static str,
    /// 1 to 10.
    pub(crate) severity: u8,
    pub(crate) techniques: &'static [&'static str],
    /// What it means, in words.
    pub(crate) words: &'static str,
}

impl Finding {
    /// The event: what it means, and what it rests on.
    pub(crate) fn alert(&self, evidence: Reason) -> Alert {
        Alert {
            kind: self.kind.to_owned(),
            severity: self.severity,
            techniques: self.techniques.iter().map(|id| (*id).to_owned()).collect(),
            reasons: vec![Reason::literal(self.words), evidence],
        }
    }
}

macro_rules! findings {
    ($($name:ident = $kind:literal, $severity:literal, [$($technique:literal),+], $words:literal;)*) => {
        $(pub(crate) static $name: Finding =
            Finding { kind: $kind, severity: $severity, techniques: &[$($technique),+], words: $words };)*

        /// Every kind of finding.
        #[cfg(test)]
        pub(crate) static ALL: &[&Finding] = &[$(&$name),*];
    };
}

findings! {
    FIRMWARE = "firmware_transfer", 9, ["T1693.002", "T1693.001"], "firmware of a device is being replaced";
    FIRMWARE_MODE = "firmware_mode", 8, ["T0800", "T0858"], "a device is put into the mode in which its firmware is replaced";
    STORED = "stored_identity", 8, ["T1693.002", "T0836"], "the memory is overwritten from which a device takes its identity when it starts";
    PROGRAM_WRITE = "program_download", 8, ["T0843", "T0889"], "a program is being written into a controller";
    STATE = "controller_state", 8, ["T0858", "T0816"], "a controller's program is started or stopped";
    RESTART = "device_restart", 8, ["T0816"], "a device is told to restart";
    MODE = "operating_mode", 7, ["T0858"], "a controller's operating mode is changed";
    FORCE = "forced_output", 7, ["T0835", "T0806"], "inputs or outputs are forced past the program";
    TRUST = "trust_added", 8, ["T1694.001", "T0859"], "a route is added, which lets another station command this one";
    BROADCAST = "broadcast_write", 7, ["T1692.001", "T0836"], "one command is sent to every device at once";
    PROGRAM_READ = "program_upload", 5, ["T0845"], "a controller's program is being read out";
    CLOCK = "clock_set", 4, ["T0836"], "a controller's clock is set";
    UNIT_SCAN = "unit_scan", 5, ["T0846", "T0888"], "many units behind one device are asked in a short time";
    FUNCTION_SCAN = "function_scan", 5, ["T0888", "T0861"], "many functions that a device does not have are tried";
    RANGE_SCAN = "range_scan", 4, ["T0861", "T0802"], "many different addresses of a device are asked in a short time";
    EXCEPTIONS = "exception_storm", 5, ["T0861", "T0814"], "a device refuses many requests in a short time";
    PUBLISHER = "publisher_conflict", 8, ["T1692.002", "T0830"], "two stations publish the same control block";
    STATE_NUMBER = "state_number_back", 7, ["T1692.002", "T1692.001"], "a state number goes back, as when a recorded message is sent again";
    IDENTITY = "identity_conflict", 7, ["T0830", "T1692.002"], "another station claims the address or name of a device";
    MALFORMED = "malformed_messages", 5, ["T0866", "T0814"], "messages contradict themselves, as none that a device sends do";
    INTERROGATION = "device_interrogation", 2, ["T0888"], "a device is asked who it is";
}

/// A function that says more than its operation does.
struct Special {
    protocol: Protocol,
    operation: Operation,
    /// The protocol's own codes.
    functions: &'static [u32],
    /// The beginning of the object it acts on; empty where any will do.
    object: &'static str,
    finding: &'static Finding,
}

macro_rules! special {
    ($($protocol:ident $operation:ident $functions:expr, $object:literal => $finding:ident;)*) => {
        &[$(Special {
            protocol: Protocol::$protocol,
            operation: Operation::$operation,
            functions: &$functions,
            object: $object,
            finding: &$finding,
        }),*]
    };
}

static SPECIAL: &[Special] = special! {
    // Omron W342 section 5-3: forced set and reset, and their cancellation.
    FINS Control [0x2301, 0x2302], "" => FORCE;
    // The system service of a Beckhoff router (UDP 48899): a station that may command this one from now on.
    ADS Write [6], "" => TRUST;
    // CIP volume 1 and Logix: attributes of the wall clock are set.
    ENIP Write [0x02, 0x04, 0x10], "wall clock" => CLOCK;
    // ETG.1000.4: the state BOOT, and the memory that each slave describes itself by.
    ETHERCAT Mode [0x0101], "" => FIRMWARE_MODE;
    ETHERCAT Write [0x0102], "" => STORED;
    // Logix' reading of a project, object by object.
    ENIP Other [0x4b, 0x4c, 0x4f], "program" => PROGRAM_READ;
};

/// Protocols whose masters set clocks as part of their ordinary work.
const KEEPS_TIME: &[Protocol] = &[Protocol::DNP3, Protocol::IEC104, Protocol::DLMS, Protocol::C1222, Protocol::BACNET];

/// Protocols whose master stands for all devices of its network at one address, and asks and sets up each at every start:
/// many units and places are no scan there.
pub(super) const ASKS_ALL: &[Protocol] = &[Protocol::ETHERCAT];

/// What a message means by itself; nothing for what plants do all day.
pub(crate) fn of_message(ics: &Ics) -> Option<&'static Finding> {
    let object = ics.object.as_deref().unwrap_or_default();
    let fits = |s: &&Special| {
        (s.operation, &s.protocol) == (ics.operation, &ics.protocol)
            && s.functions.contains(&ics.function)
            && object.starts_with(s.object)
    };
    if let Some(special) = SPECIAL.iter().find(fits) {
        return Some(special.finding);
    }
    match ics.operation {
        Operation::Firmware => Some(&FIRMWARE),
        Operation::ProgramWrite => Some(&PROGRAM_WRITE),
        Operation::ProgramRead => Some(&PROGRAM_READ),
        // Its managing node starts and checks every node at each beginning.
        Operation::Start | Operation::Stop | Operation::Mode if ics.protocol == Protocol::POWERLINK => None,
        Operation::Start | Operation::Stop => Some(&STATE),
        Operation::Restart => Some(&RESTART),
        Operation::Mode => Some(&MODE),
        Operation::Time if !KEEPS_TIME.contains(&ics.protocol) && !only_reads(ics) => Some(&CLOCK),
        // Who says who it is unasked was not asked.
        Operation::Identify if ics.kind != MessageKind::Unsolicited => Some(&INTERROGATION),
        Operation::Write | Operation::Control if is_broadcast(ics) => Some(&BROADCAST),
        _ => None,
    }
}

/// Whether a function's own name says that it reads: the vocabulary has one operation for both.
fn only_reads(ics: &Ics) -> bool {
    ics.function_name.to_ascii_lowercase().contains("read")
}

/// Whether a message goes to every unit at once. Modbus' unit 0 is no broadcast over TCP, where it often means the device itself.
fn is_broadcast(ics: &Ics) -> bool {
    match ics.protocol {
        // IEEE 1815 section 9.2.5.2.
        Protocol::DNP3 => ics.unit.is_some_and(|unit| (0xfffd..=0xffff).contains(&unit)),
        // IEC 60870-5-101 section 7.2.4: the common address of all stations, in one byte and in two.
        Protocol::IEC104 => ics.unit.is_some_and(|unit| unit == 0xffff),
        _ => false,
    }
}
