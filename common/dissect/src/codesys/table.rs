//! Messages of the layers and commands of the components, with their operations.

use picket_event::Operation;

/// One command of a component; without a code it stands for the rest of its component.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Command {
    group: u8,
    code: Option<u16>,
    pub(crate) name: &'static str,
    pub(crate) operation: Operation,
}

const fn c(group: u8, code: u16, name: &'static str, operation: Operation) -> Command {
    Command { group, code: Some(code), name, operation }
}

const fn rest(group: u8, name: &'static str, operation: Operation) -> Command {
    Command { group, code: None, name, operation }
}

/// Commands by component.
pub(crate) const COMMANDS: &[Command] = &[
    c(0x01, 0x01, "CmpDevice GetTargetIdent", Operation::Identify),
    c(0x01, 0x02, "CmpDevice Login", Operation::Session),
    c(0x01, 0x03, "CmpDevice Logout", Operation::Session),
    c(0x01, 0x04, "CmpDevice ResetOrigin", Operation::Restart),
    c(0x01, 0x05, "CmpDevice EchoService", Operation::Diagnose),
    c(0x01, 0x06, "CmpDevice SetOperatingMode", Operation::Mode),
    c(0x01, 0x07, "CmpDevice GetOperatingMode", Operation::Diagnose),
    c(0x01, 0x08, "CmpDevice InteractiveLogin", Operation::Session),
    c(0x01, 0x09, "CmpDevice RenameNode", Operation::Write),
    c(0x01, 0x0a, "CmpDevice SessionCreate", Operation::Session),
    rest(0x01, "CmpDevice", Operation::Other),
    c(0x02, 0x01, "CmpApp Login", Operation::Session),
    c(0x02, 0x02, "CmpApp Logout", Operation::Session),
    c(0x02, 0x03, "CmpApp CreateApp", Operation::ProgramWrite),
    c(0x02, 0x04, "CmpApp DeleteApp", Operation::ProgramWrite),
    c(0x02, 0x05, "CmpApp Download", Operation::ProgramWrite),
    c(0x02, 0x06, "CmpApp OnlineChange", Operation::ProgramWrite),
    c(0x02, 0x07, "CmpApp DeviceDownload", Operation::ProgramWrite),
    c(0x02, 0x08, "CmpApp CreateDevApp", Operation::ProgramWrite),
    c(0x02, 0x10, "CmpApp Start", Operation::Start),
    c(0x02, 0x11, "CmpApp Stop", Operation::Stop),
    c(0x02, 0x12, "CmpApp Reset", Operation::Restart),
    c(0x02, 0x13, "CmpApp SetBP", Operation::Control),
    c(0x02, 0x14, "CmpApp ReadStatus", Operation::Diagnose),
    c(0x02, 0x15, "CmpApp DeleteBP", Operation::Control),
    c(0x02, 0x16, "CmpApp ReadCallStack", Operation::Diagnose),
    c(0x02, 0x18, "CmpApp ReadAppList", Operation::Browse),
    c(0x02, 0x19, "CmpApp SetNextStatement", Operation::Control),
    c(0x02, 0x20, "CmpApp ReleaseForceList", Operation::Control),
    c(0x02, 0x22, "CmpApp SingleCycle", Operation::Control),
    c(0x02, 0x23, "CmpApp CreateBootProject", Operation::ProgramWrite),
    c(0x02, 0x24, "CmpApp ReInitApp", Operation::Restart),
    c(0x02, 0x25, "CmpApp ReadAppStateList", Operation::Diagnose),
    c(0x02, 0x26, "CmpApp LoadBootApp", Operation::ProgramWrite),
    c(0x02, 0x27, "CmpApp RegisterBootApp", Operation::ProgramWrite),
    c(0x02, 0x29, "CmpApp ReadAppInfo", Operation::Identify),
    c(0x02, 0x30, "CmpApp DownloadCompact", Operation::ProgramWrite),
    c(0x02, 0x31, "CmpApp ReadProjectInfo", Operation::Identify),
    c(0x02, 0x34, "CmpApp DownloadEncrypted", Operation::ProgramWrite),
    c(0x02, 0x35, "CmpApp ReadAppContent", Operation::ProgramRead),
    c(0x02, 0x36, "CmpApp SaveRetains", Operation::Write),
    c(0x02, 0x37, "CmpApp RestoreRetains", Operation::Write),
    rest(0x02, "CmpApp", Operation::Other),
    rest(0x03, "CmpMonitor", Operation::Read),
    rest(0x04, "CmpVisuServer", Operation::Other),
    rest(0x05, "CmpLog", Operation::Diagnose),
    rest(0x06, "CmpSettings", Operation::Other),
    rest(0x07, "SysEthernet", Operation::Other),
    rest(0x08, "CmpFileTransfer", Operation::File),
    c(0x09, 0x01, "CmpIecVarAccess RegisterVarList", Operation::Subscribe),
    c(0x09, 0x02, "CmpIecVarAccess UnRegisterVarList", Operation::Subscribe),
    c(0x09, 0x03, "CmpIecVarAccess ReadVarList", Operation::Read),
    c(0x09, 0x04, "CmpIecVarAccess WriteVarList", Operation::Write),
    c(0x09, 0x05, "CmpIecVarAccess ReadVars", Operation::Read),
    c(0x09, 0x06, "CmpIecVarAccess WriteVars", Operation::Write),
    rest(0x09, "CmpIecVarAccess", Operation::Browse),
    rest(0x0b, "CmpIoMgr", Operation::Other),
    rest(0x0c, "CmpUserMgr", Operation::Session),
    rest(0x0f, "CmpTraceMgr", Operation::Diagnose),
    rest(0x11, "PlcShell", Operation::Other),
    rest(0x12, "CmpAppBP", Operation::Control),
    rest(0x13, "CmpAppForce", Operation::Control),
    rest(0x18, "CmpAlarmManager", Operation::Alarm),
    c(0x1b, 0x01, "CmpMonitor2 Read", Operation::Read),
    c(0x1b, 0x02, "CmpMonitor2 Write", Operation::Write),
    rest(0x1b, "CmpMonitor2", Operation::Other),
    rest(0x1d, "CmpCodeMeter", Operation::Other),
    rest(0x1f, "CmpCoreDump", Operation::Diagnose),
    rest(0x22, "CmpOpenSSL", Operation::Session),
];

/// What a command is; that of an unknown component has no name and does something else.
pub(crate) fn command(group: u8, code: u16) -> Command {
    let fits = |known: &&Command| known.group == group && known.code.is_none_or(|own| own == code);
    COMMANDS.iter().find(fits).copied().unwrap_or(rest(group, "", Operation::Other))
}

/// Services of the router, by their number.
pub(crate) const ADDRESS_REQUEST: u8 = 1;
/// Answers to it.
pub(crate) const ADDRESS_RESPONSE: u8 = 2;
/// Asks for names.
pub(crate) const NAME_REQUEST: u8 = 3;
/// Answers to it.
pub(crate) const NAME_RESPONSE: u8 = 4;
/// Channels.
pub(crate) const CHANNEL: u8 = 64;

/// Messages of the router and of channels that are events: number, name, operation.
pub(crate) const ADDRESS: (&str, Operation) = ("Address notification", Operation::Session);
/// The name service.
pub(crate) const NAMES: (&str, Operation) = ("Name service", Operation::Identify);
/// What opens, closes and keeps a channel.
pub(crate) const fn channel(kind: u8) -> (&'static str, Operation) {
    match kind {
        0x03 => ("Channel keep alive", Operation::Session),
        0x83 | 0xc3 => ("Open channel", Operation::Session),
        0xc4 => ("Close channel", Operation::Session),
        0xc2 => ("Channel info", Operation::Session),
        _ => ("", Operation::Other),
    }
}
/// Services that are encrypted.
pub(crate) const SECURE: (&str, Operation) = ("Secured service", Operation::Other);

/// One service of CODESYS V2.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Second {
    pub(crate) code: u8,
    pub(crate) name: &'static str,
    pub(crate) operation: Operation,
}

/// Tells product and system.
pub(crate) const SECOND_IDENTIFY: u8 = 1;

/// What a service of V2 is; only the identification is known.
pub(crate) fn second(code: Option<u8>) -> Second {
    match code.unwrap_or(0) {
        SECOND_IDENTIFY => Second { code: SECOND_IDENTIFY, name: "V2 identification", operation: Operation::Identify },
        code => Second { code, name: "", operation: Operation::Other },
    }
}
