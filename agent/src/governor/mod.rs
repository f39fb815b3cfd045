//! Keeps the agent within the processor time and memory it was given, by named steps in a stated order.
//!
//! The [`Governor`] is a state machine without clock or I/O: once a second it is told what was used and answers with
//! the level that holds from now on. [`Meter`] measures, [`limits`] says what the agent was given. What each level
//! leaves out is done, and counted, by the sensor ([`Level`]).

pub mod limits;
mod meter;

pub use meter::Meter;

use crate::sensor::Level;
use std::fmt;

/// From this share of its limit on, a resource presses.
const CPU_PRESSES: f64 = 0.95;
const MEMORY_PRESSES: f64 = 0.90;
/// Below this share it is calm.
const CPU_CALM: f64 = 0.70;
const MEMORY_CALM: f64 = 0.80;
/// Observations under pressure before the next step is taken.
const PRESSED: u32 = 3;
/// Calm observations before a step is taken back, at first.
const CALM: u32 = 15;
/// Each time a step has to be taken again soon after it was taken back, twice as many, at most these.
const CALM_MAX: u32 = 240;
/// Soon, in observations.
const SOON: u32 = 60;

/// What was used since the last observation, as shares of what was given (1.0 is all); `None` where nothing limits it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Processor time.
    pub cpu: Option<f64>,
    /// Memory.
    pub memory: Option<f64>,
    /// Frames the kernel dropped because they were not read in time.
    pub dropped: u64,
}

/// Why a step was taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reason {
    /// This share of the processor time was used.
    Cpu(f64),
    /// This share of the memory was used.
    Memory(f64),
    /// So many frames were dropped.
    Dropped(u64),
    /// Nothing presses any more.
    Calm,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu(share) => write!(f, "{:.0} % of its processor time is used", share * 100.0),
            Self::Memory(share) => write!(f, "{:.0} % of its memory is used", share * 100.0),
            Self::Dropped(frames) => write!(f, "{frames} frames were dropped within a second"),
            Self::Calm => f.write_str("nothing presses any more"),
        }
    }
}

/// One step, down or back up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// The level before.
    pub from: Level,
    /// The level from now on.
    pub to: Level,
    /// Why.
    pub reason: Reason,
}

impl Change {
    /// Whether less is done from now on.
    #[must_use]
    pub fn degrades(&self) -> bool {
        self.to > self.from
    }

    /// The step that is taken, or taken back.
    #[must_use]
    pub fn step(&self) -> &'static str {
        self.from.max(self.to).gives_up()
    }
}

/// Decides how much is done. One step at a time, with hysteresis both ways.
#[derive(Clone, Debug)]
pub struct Governor {
    level: Level,
    pressed: u32,
    calm: u32,
    /// Calm observations wanted before a step is taken back.
    patience: u32,
    /// Observations since a step was last taken back.
    since_recovery: u32,
}

impl Default for Governor {
    fn default() -> Self {
        Self { level: Level::Full, pressed: 0, calm: 0, patience: CALM, since_recovery: SOON }
    }
}

impl Governor {
    /// The level in force.
    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }

    /// Takes one second's usage; the step taken because of it, if any.
    pub fn observe(&mut self, usage: &Usage) -> Option<Change> {
        self.since_recovery = self.since_recovery.saturating_add(1);
        if let Some(reason) = pressure(usage) {
            self.calm = 0;
            self.pressed = self.pressed.saturating_add(1);
            return if self.pressed >= PRESSED { self.degrade(reason) } else { None };
        }
        self.pressed = 0;
        if !is_calm(usage) || self.level == Level::Full {
            self.calm = 0;
            return None;
        }
        self.calm = self.calm.saturating_add(1);
        if self.calm >= self.patience { self.recover() } else { None }
    }

    fn degrade(&mut self, reason: Reason) -> Option<Change> {
        self.pressed = 0;
        let from = self.level;
        let to = Level::from_number(from as u8 + 1);
        if to == from {
            return None;
        }
        self.patience = if self.since_recovery < SOON { (self.patience * 2).min(CALM_MAX) } else { CALM };
        self.level = to;
        Some(Change { from, to, reason })
    }

    fn recover(&mut self) -> Option<Change> {
        let from = self.level;
        self.level = Level::from_number((from as u8).checked_sub(1)?);
        (self.calm, self.since_recovery) = (0, 0);
        Some(Change { from, to: self.level, reason: Reason::Calm })
    }
}

/// What presses, the most telling first.
fn pressure(usage: &Usage) -> Option<Reason> {
    if let Some(share) = usage.memory.filter(|share| *share >= MEMORY_PRESSES) {
        return Some(Reason::Memory(share));
    }
    if let Some(share) = usage.cpu.filter(|share| *share >= CPU_PRESSES) {
        return Some(Reason::Cpu(share));
    }
    (usage.dropped > 0).then_some(Reason::Dropped(usage.dropped))
}

fn is_calm(usage: &Usage) -> bool {
    usage.cpu.is_none_or(|share| share < CPU_CALM) && usage.memory.is_none_or(|share| share < MEMORY_CALM)
}

#[cfg(test)]
mod tests;
