//! A day of an entity that is not the open one: what a sensor that was away reports of it.

use crate::cells::Counts;
use crate::entity::{Entity, Majority};
use picket_event::Operation;

/// What an entity shows on one day, and what is judged of it; it changes places with the open day to be counted and judged.
#[derive(Clone, Debug, Default)]
pub struct Aside {
    /// Counts, deviations by hour and deviation of the whole, by look.
    looks: Vec<(Counts, [f32; 24], f32)>,
    cube: Counts,
    majority: Vec<Majority>,
    steps: Vec<(u64, Operation)>,
    rows: [u16; 24],
    /// Hours that are neither judged nor learnt.
    excused: u32,
    absent: u32,
    dirty: u32,
    score: f64,
    sums: [f64; 3],
    top: f64,
    /// Alerted, flooded, noted.
    marks: (bool, bool, bool),
    verdicts: (u32, u32),
}

impl Aside {
    /// An entity's open day, taken from it. What its plant conversations did last goes on in both.
    pub fn of(e: &mut Entity) -> Self {
        let mut day = Self::default();
        day.swap(e);
        e.steps.clone_from(&day.steps);
        day
    }

    /// A day that begins with what its plant conversations did last on the one before.
    pub fn after(before: &Self) -> Self {
        Self { steps: before.steps.clone(), ..Self::default() }
    }

    /// Whether there is something that was not judged.
    pub const fn is_new(&self) -> bool {
        self.dirty != 0
    }

    /// Changes places with an entity's open day.
    pub fn swap(&mut self, e: &mut Entity) {
        use std::mem::swap;
        self.looks.resize_with(e.looks.len(), Default::default);
        for ((today, hours, whole), watched) in self.looks.iter_mut().zip(&mut e.looks) {
            swap(today, &mut watched.today);
            swap(hours, &mut watched.hours);
            swap(whole, &mut watched.whole);
        }
        swap(&mut self.cube, &mut e.cube);
        swap(&mut self.majority, &mut e.majority);
        swap(&mut self.steps, &mut e.steps);
        swap(&mut self.rows, &mut e.rows);
        swap(&mut self.excused, &mut e.excused);
        swap(&mut self.absent, &mut e.absent);
        swap(&mut self.dirty, &mut e.dirty);
        swap(&mut self.score, &mut e.score);
        swap(&mut self.sums, &mut e.sums);
        swap(&mut self.top, &mut e.top);
        swap(&mut self.marks.0, &mut e.alerted);
        swap(&mut self.marks.1, &mut e.flooded);
        swap(&mut self.marks.2, &mut e.noted);
        swap(&mut self.verdicts.0, &mut e.verdicts);
        swap(&mut self.verdicts.1, &mut e.suspicious);
    }

    /// Nothing is learnt from it.
    pub const fn flood(&mut self) {
        self.marks.1 = true;
    }
}
