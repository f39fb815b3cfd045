//! What the collector has: frames go, and with the last of a segment its file.

use super::{Action, DELIVERED, Gap, Machine, Stored};
use picket_event::wire::Held;

impl Machine {
    /// The collector has these sequences for good.
    pub fn acknowledge(&mut self, held: &Held) -> Vec<Action> {
        if let Some(from) = self.fresh.take().filter(|from| *from <= held.highest()) {
            self.overtaken(from, held);
        }
        let mut actions = self.complete(held.all());
        for (first, last) in held.ahead() {
            self.delivered((*first).max(self.acknowledged + 1), (*last).min(self.next - 1), &mut actions);
        }
        actions
    }

    /// Everything up to `sequence` is done.
    fn complete(&mut self, sequence: u64) -> Vec<Action> {
        if sequence <= self.acknowledged {
            return Vec::new();
        }
        self.split(sequence + 1);
        let gaps = self.gaps.split_off(&(sequence + 1));
        for (first, gap) in std::mem::replace(&mut self.gaps, gaps) {
            if gap.declared {
                *self.lost.entry(gap.reason).or_default() += gap.last - first + 1;
            }
        }
        let frames = self.frames.split_off(&(sequence + 1));
        let done = std::mem::replace(&mut self.frames, frames);
        self.acknowledged = sequence;
        done.into_values().filter_map(|frame| self.release(&frame)).collect()
    }

    /// The collector has this range, which lies ahead of what is done. Gaps that it was not told of had been sent before.
    fn delivered(&mut self, first: u64, last: u64, actions: &mut Vec<Action>) {
        if first > last {
            return;
        }
        self.split(first);
        self.split(last + 1);
        let frames: Vec<u64> = self.frames.range(first..=last).map(|(first, _)| *first).collect();
        for frame in frames.iter().filter_map(|first| self.frames.remove(first)).collect::<Vec<_>>() {
            actions.extend(self.release(&frame));
        }
        let inside: Vec<(u64, u64, bool)> =
            self.gaps.range(first..=last).map(|(n, g)| (*n, g.last, g.declared)).collect();
        let mut at = first;
        for (first, last, declared) in inside.into_iter().chain([(last + 1, last, true)]) {
            if !declared {
                self.gaps.remove(&first);
                continue;
            }
            if at < first {
                self.gaps.insert(at, Gap { last: first - 1, reason: DELIVERED.to_owned(), declared: false });
            }
            at = last + 1;
        }
    }

    /// A frame is not needed any more, and perhaps its segment with it.
    fn release(&mut self, frame: &Stored) -> Option<Action> {
        let segment = self.segments.get_mut(&frame.segment)?;
        segment.live -= 1;
        let is_dead = segment.live == 0 && !self.open.contains(&Some(frame.segment));
        if is_dead { self.delete(frame.segment) } else { None }
    }

    /// The collector knows sequences that were given since the start, and nothing of these has been sent: they were given
    /// before, and forgotten here (the files were put back from a copy, or the last ones became unreadable). What was stored there
    /// under a number counts as delivered; what is here under the same number is lost, without a number of its own.
    fn overtaken(&mut self, from: u64, held: &Held) {
        for (first, last) in held.runs() {
            self.clash(first.max(from), last.min(self.next - 1));
        }
        if held.highest() < self.next {
            return;
        }
        // What was given before, is forgotten here, and never came there either.
        let mut at = self.next;
        for (first, last) in held.runs() {
            if at < first {
                self.lose(at, first - 1, "missing");
            }
            at = at.max(last + 1);
        }
        self.next = at;
        self.durable = at - 1;
    }

    fn clash(&mut self, from: u64, last: u64) {
        if from > last {
            return;
        }
        let frames: Vec<u64> = self.frames.range(from..=last).map(|(first, _)| *first).collect();
        for first in frames {
            self.failed(first, "sequence_clash");
        }
        self.split(from);
        self.split(last + 1);
        let gaps: Vec<(u64, Gap)> = self.gaps.range(from..=last).map(|(first, gap)| (*first, gap.clone())).collect();
        for (first, gap) in gaps {
            self.gaps.remove(&first);
            self.refuse(&gap.reason, gap.last - first + 1);
        }
    }
}
