//! Requests that wait for their answers, whatever the protocol.

use std::collections::VecDeque;

/// Requests waiting for their answers, by a number (or what stands for one) of the protocol's own. The oldest is forgotten
/// when there are too many, so half-open transactions are bounded.
#[derive(Debug)]
pub(crate) struct Pending<K, V> {
    asked: VecDeque<(K, V)>,
}

impl<K, V> Default for Pending<K, V> {
    fn default() -> Self {
        Self { asked: VecDeque::new() }
    }
}

impl<K: PartialEq, V> Pending<K, V> {
    /// Requests it holds at most.
    pub(crate) const MAX: usize = 64;
    /// The most memory its table takes.
    pub(crate) const LIMIT: usize = 2 * Self::MAX * size_of::<(K, V)>();

    /// Remembers a request. Of several with one key the oldest is answered first.
    pub(crate) fn ask(&mut self, key: K, value: V) {
        if self.asked.len() >= Self::MAX {
            self.asked.pop_front();
        }
        self.asked.push_back((key, value));
    }

    /// Remembers a request in place of an older one of its key.
    pub(crate) fn ask_anew(&mut self, key: K, value: V) {
        self.asked.retain(|(asked, _)| *asked != key);
        self.ask(key, value);
    }

    /// The oldest request of a key, which stays.
    pub(crate) fn of(&self, key: &K) -> Option<&V> {
        self.asked.iter().find(|(asked, _)| asked == key).map(|(_, value)| value)
    }

    /// Takes the oldest request of a key.
    pub(crate) fn answer(&mut self, key: &K) -> Option<V> {
        self.answer_if(|asked, _| asked == key)
    }

    /// Takes the oldest request that fits.
    pub(crate) fn answer_if(&mut self, fits: impl Fn(&K, &V) -> bool) -> Option<V> {
        let at = self.asked.iter().position(|(key, value)| fits(key, value))?;
        self.asked.remove(at).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_find_the_oldest_request_and_memory_is_bounded() {
        let mut asked = Pending::default();
        for (number, what) in [(1, 'a'), (2, 'b'), (1, 'c')] {
            asked.ask(number, what);
        }
        assert_eq!(asked.of(&1), Some(&'a'));
        let answers = [asked.answer(&1), asked.answer(&1), asked.answer(&1)];
        assert_eq!(answers, [Some('a'), Some('c'), None]);
        asked.ask_anew(2, 'd');
        assert_eq!((asked.answer(&2), asked.answer(&2)), (Some('d'), None));
        (0..100).for_each(|number| asked.ask(number, 'x'));
        assert_eq!((asked.answer(&35), asked.answer_if(|key, _| *key > 35)), (None, Some('x')));
    }
}
