//! Devices that tell of themselves all day are told once an hour.

use crate::Output;
use picket_event::body::Asset;
use picket_event::{Body, Timestamp};

/// Devices of one conversation that are remembered: several stand behind one address where a router does.
const TOLD_MAX: usize = 8;
/// An equal device is told again after so long, nanoseconds.
const AGAIN_NANOS: i64 = 3_600_000_000_000;

/// What was told in one conversation, and when.
#[derive(Debug, Default)]
pub(crate) struct Repeats(Vec<(Asset, Timestamp)>);

impl Repeats {
    /// The most it holds beside itself, bytes.
    pub(crate) const LIMIT: usize = TOLD_MAX * (size_of::<(Asset, Timestamp)>() + 1024);

    /// Takes back those devices, of what was put out from place `from` on, that were told like this within the hour.
    pub(crate) fn thin(&mut self, output: &mut Output, from: usize, now: Timestamp) {
        let mut at = from;
        while let Some(event) = output.events.get(at) {
            match event {
                Body::Asset(asset) if !self.is_news(asset, now) => drop(output.events.remove(at)),
                _ => at += 1,
            }
        }
    }

    fn is_news(&mut self, asset: &Asset, now: Timestamp) -> bool {
        let fresh = |told: Timestamp| (0..AGAIN_NANOS).contains(&now.nanos().saturating_sub(told.nanos()));
        match self.0.iter_mut().find(|(known, _)| known == asset) {
            Some((_, told)) if fresh(*told) => return false,
            Some((_, told)) => *told = now,
            None => {
                if self.0.len() >= TOLD_MAX {
                    self.0.remove(0);
                }
                // Mostly there is one.
                self.0.reserve_exact(1);
                self.0.push((asset.clone(), now));
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_behind_one_address_are_told_once_an_hour() {
        let device = |model: &str| {
            let ip = Some([192, 0, 2, 1].into());
            Asset { ip, model: Some(model.to_owned()), ..Asset::default() }
        };
        let (mut repeats, mut output) = (Repeats::default(), Output::default());
        let mut said = |model: &str, minute: i64| {
            let from = output.events.len();
            output.asset(device(model));
            repeats.thin(&mut output, from, Timestamp::from_nanos(minute * 60_000_000_000));
            output.events.len() - from
        };
        assert_eq!([said("a", 0), said("b", 1), said("a", 2), said("b", 59)], [1, 1, 0, 0]);
        assert_eq!([said("a", 60), said("b", 60), said("a", 61), said("b", 61)], [1, 0, 0, 1]);
        // A ninth puts the first out.
        (0..8).for_each(|number| assert_eq!(said(&number.to_string(), 62), 1));
        assert_eq!(said("b", 62), 1);
    }
}
