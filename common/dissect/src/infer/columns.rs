//! What the bytes at one place of many messages are like.

use super::talk::Message;

/// The values at one place.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// Messages long enough.
    pub(crate) count: usize,
    counts: [u16; 256],
    /// A bit for each value met: there are few, and they are asked for often.
    met: [u64; 4],
}

impl Default for Column {
    fn default() -> Self {
        Self { count: 0, counts: [0; 256], met: [0; 4] }
    }
}

impl Column {
    /// Of the messages that reach the place.
    pub(crate) fn of<'a>(messages: impl Iterator<Item = &'a Message<'a>>, at: usize) -> Self {
        Self::from_values(messages.filter_map(|message| message.byte(at)))
    }

    /// Of values.
    pub(crate) fn from_values(values: impl Iterator<Item = u8>) -> Self {
        let mut column = Self::default();
        values.for_each(|value| column.add(value));
        column
    }

    /// Another value.
    pub(crate) fn add(&mut self, value: u8) {
        self.count += 1;
        if let Some(count) = self.counts.get_mut(usize::from(value)) {
            *count = count.saturating_add(1);
        }
        if let Some(met) = self.met.get_mut(usize::from(value >> 6)) {
            *met |= 1 << (value & 63);
        }
    }

    /// Values met, with how often, in ascending order.
    pub(crate) fn values(&self) -> impl Iterator<Item = (u8, usize)> + '_ {
        let values = self.met.into_iter().zip([0u8, 64, 128, 192]).flat_map(|(mut met, base)| {
            std::iter::from_fn(move || {
                let bit = met.trailing_zeros() as u8;
                met &= met.wrapping_sub(1);
                (bit < 64).then(|| base + bit)
            })
        });
        values.map(|value| (value, self.times(value)))
    }

    /// How many different values.
    pub(crate) fn distinct(&self) -> usize {
        self.met.iter().map(|met| met.count_ones() as usize).sum()
    }

    /// How many values make up nearly all.
    pub(crate) fn most(&self) -> usize {
        let mut counts: Vec<usize> = self.values().map(|(_, count)| count).collect();
        counts.sort_unstable_by_key(|count| std::cmp::Reverse(*count));
        let mut left = self.count * 19 / 20;
        counts
            .iter()
            .take_while(|count| {
                let more = left > 0;
                left = left.saturating_sub(**count);
                more
            })
            .count()
    }

    /// How often a value is met.
    pub(crate) fn times(&self, value: u8) -> usize {
        self.counts.get(usize::from(value)).map_or(0, |count| usize::from(*count))
    }

    /// The value met most often (the lowest of several), and how often.
    pub(crate) fn common(&self) -> Option<(u8, usize)> {
        self.values().max_by_key(|(value, count)| (*count, u8::MAX - value))
    }

    /// The value, where nearly all messages have the same.
    pub(crate) fn constant(&self) -> Option<u8> {
        self.common().filter(|(_, count)| *count * 20 >= self.count * 19).map(|(value, _)| value)
    }

    /// Whether it changes about as often as a number that counts does.
    pub(crate) fn moves(&self) -> bool {
        self.distinct() >= 4 && self.distinct() * 2 >= self.count.min(16)
    }

    /// Whether it shows about as many values as a random byte would.
    pub(crate) fn is_random(&self) -> bool {
        let expected = 256.0 * (1.0 - (1.0 - 1.0 / 256.0f64).powi(i32::try_from(self.count).unwrap_or(i32::MAX)));
        self.count >= 4 && self.distinct() as f64 >= 0.75 * expected
    }
}

/// Entropy of counts, bits.
pub(crate) fn entropy(counts: impl Iterator<Item = usize> + Clone) -> f64 {
    let total = counts.clone().sum::<usize>() as f64;
    let share = counts.filter(|count| *count > 0).map(|count| count as f64 / total);
    share.map(|share| -share * share.log2()).sum::<f64>().max(0.0)
}
