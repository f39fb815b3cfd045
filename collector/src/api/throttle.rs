//! How often something may be tried: one bucket a key, a bounded number of keys.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Keys remembered at once. When full, the ones that are calm again are forgotten; if none is, new keys are refused.
const MAX_KEYS: usize = 10_000;

/// Token buckets that refill over a minute.
#[derive(Debug)]
pub struct Throttle {
    per_minute: u32,
    buckets: HashMap<String, Bucket>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Throttle {
    /// Lets each key do something `per_minute` times a minute, at once or spread.
    #[must_use]
    pub fn new(per_minute: u32) -> Self {
        Self { per_minute, buckets: HashMap::new() }
    }

    /// Whether the key may go on now; counts the try.
    pub fn allow(&mut self, key: &str, now: Instant) -> bool {
        let full = f64::from(self.per_minute);
        if self.buckets.len() >= MAX_KEYS && !self.buckets.contains_key(key) {
            self.buckets.retain(|_, bucket| now.saturating_duration_since(bucket.at) < Duration::from_secs(60));
            if self.buckets.len() >= MAX_KEYS {
                return false;
            }
        }
        let bucket = self.buckets.entry(key.to_owned()).or_insert(Bucket { left: full, at: now });
        let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
        bucket.left = (bucket.left + passed * full / 60.0).min(full);
        bucket.at = now;
        let allowed = bucket.left >= 1.0;
        if allowed {
            bucket.left -= 1.0;
        }
        allowed
    }

    /// Takes a try back, after a success: what is right may come from one address as often as it likes.
    pub fn give_back(&mut self, key: &str) {
        let full = f64::from(self.per_minute);
        if let Some(bucket) = self.buckets.get_mut(key) {
            bucket.left = (bucket.left + 1.0).min(full);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_held_back_and_comes_back() {
        let mut throttle = Throttle::new(3);
        let start = Instant::now();
        let tries: Vec<bool> = (0..5).map(|_| throttle.allow("a", start)).collect();
        assert_eq!(tries, [true, true, true, false, false]);
        assert!(throttle.allow("b", start), "another key is not held back");
        assert!(throttle.allow("a", start + Duration::from_secs(21)));
        assert!(!throttle.allow("a", start + Duration::from_secs(21)));
        throttle.give_back("a");
        assert!(throttle.allow("a", start + Duration::from_secs(21)));
        assert!(!throttle.allow("a", start + Duration::from_secs(21)), "one is given back, no more");
        (0..9).for_each(|_| throttle.give_back("b"));
        assert_eq!((0..9).filter(|_| throttle.allow("b", start)).count(), 3, "there are never more than at the start");
    }

    #[test]
    fn the_number_of_keys_is_bounded() {
        let mut throttle = Throttle::new(1);
        let start = Instant::now();
        for n in 0..MAX_KEYS * 2 {
            throttle.allow(&n.to_string(), start);
        }
        assert_eq!(throttle.buckets.len(), MAX_KEYS);
        assert!(throttle.allow("late", start + Duration::from_secs(61)));
    }
}
