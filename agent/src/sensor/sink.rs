//! Where events go.

use picket_dissect::infer::Inferred;
use picket_event::body::App;
use picket_event::{Event, FlowRef, Protocol, Timestamp};
use picket_feature::host::HostWindow;
use picket_feature::{Observation, Regularity};
use std::net::IpAddr;

/// Takes events in their total order.
pub trait Sink {
    /// Takes the next event.
    fn event(&mut self, event: Event);

    /// Is shown what is known of a conversation just before its row: for feature rows. Told only where flows are
    /// scored or [`super::Settings::observe`] is set.
    fn observed(&mut self, _flow: &FlowRef, _app: &App, _seen: &Observation<'_>) {}

    /// Is shown a pair just before its event, with [`super::Settings::observe`] only.
    fn pair(&mut self, _ends: &FlowRef, _app: &Protocol, _time: Timestamp, _seen: &Regularity) {}

    /// Is shown a host's window, which ended then, just before its event, with [`super::Settings::observe`] only.
    fn host(&mut self, _ip: IpAddr, _end: Timestamp, _window: &HostWindow) {}

    /// Is given what an inferred format rests on, where the library of [`super::Settings`] says so.
    fn inferred(&mut self, _found: Inferred) {}
}

impl Sink for Vec<Event> {
    fn event(&mut self, event: Event) {
        self.push(event);
    }
}

/// Counts events and drops them (`--output none`).
#[derive(Clone, Copy, Debug, Default)]
pub struct Count(pub u64);

impl Sink for Count {
    fn event(&mut self, _event: Event) {
        self.0 += 1;
    }
}
