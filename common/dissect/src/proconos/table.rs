//! Kinds of messages, services and what their calls do.

use crate::codes::{Code, code};
use picket_event::Operation;

/// Kinds of messages.
pub(crate) const REGISTER: u16 = 0;
pub(crate) const REGISTERED: u16 = 1;
pub(crate) const CALL: u16 = 2;
pub(crate) const RETURN: u16 = 3;

/// What a service is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Service {
    /// Starts and stops the controller.
    Control,
    /// Tells its state.
    Info,
    Files,
    #[default]
    Other,
}

/// Services by a part of their names.
pub(crate) const SERVICES: &[(&str, Service)] =
    &[("ControlService", Service::Control), ("DeviceInfo", Service::Info), ("FileAccess", Service::Files)];

/// A service is asked for.
pub(crate) const REGISTRATION: Code = code(0x1_0000, "Register Service", Operation::Session);

/// What a call of a service does.
pub(crate) fn call(service: Service, number: u16) -> Code {
    let number = u32::from(number);
    match (service, number) {
        (Service::Control, 6) => code(number, "Start", Operation::Start),
        (Service::Control, 7) => code(number, "Stop", Operation::Stop),
        (Service::Info, _) => code(number, "Device State", Operation::Diagnose),
        (Service::Files, _) => code(number, "File Access", Operation::File),
        _ => code(number, "", Operation::Other),
    }
}
