//! What is wrong at the moment, for health, page and log.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Named problems, each in a sentence.
#[derive(Debug, Default)]
pub struct Problems(Mutex<BTreeMap<&'static str, String>>);

impl Problems {
    /// States a problem, or takes it back with `None`. Changes are logged once.
    pub fn set(&self, name: &'static str, sentence: Option<String>) {
        let mut problems = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = match &sentence {
            Some(text) => problems.insert(name, text.clone()),
            None => problems.remove(name),
        };
        drop(problems);
        match (before, sentence) {
            (old, Some(new)) if old.as_ref() != Some(&new) => tracing::error!(problem = name, "{new}"),
            (Some(_), None) => tracing::info!(problem = name, "resolved"),
            _ => {}
        }
    }

    /// Every problem, by name.
    #[must_use]
    pub fn list(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_come_and_go() {
        let problems = Problems::default();
        problems.set("disk", Some("full".to_owned()));
        problems.set("disk", Some("still full".to_owned()));
        problems.set("clock", Some("odd".to_owned()));
        assert_eq!(problems.list(), ["odd", "still full"]);
        problems.set("disk", None);
        assert_eq!(problems.list(), ["odd"]);
    }
}
