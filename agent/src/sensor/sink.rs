//! Where events go.

use picket_event::Event;

/// Takes events in their total order.
pub trait Sink {
    /// Takes the next event.
    fn event(&mut self, event: Event);
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
