//! What the model of behaviour is trained on: conversations that were captured, and such as were made.

use crate::DataError;
use crate::voting::Classed;
use picket_event::Protocol;
use picket_feature::{Schema, polling};
use picket_score::behaviour::OTHER;
use picket_score::row::{FORMAT, Header, Row};
use std::collections::{BTreeMap, BTreeSet};

/// Conversations with their classes.
#[derive(Clone, Debug)]
pub struct Conversations {
    captured: Vec<Conversation>,
    /// Made by encoders rather than captured, of classes that captured ones have: learnt from, never held out nor measured.
    made: Vec<Conversation>,
}

/// What one conversation looked like.
#[derive(Clone, Debug)]
pub(crate) struct Conversation {
    pub(crate) class: String,
    pub(crate) group: String,
    pub(crate) vector: Vec<f32>,
}

impl Conversation {
    /// The same where its payload bytes tell nothing.
    pub(crate) fn without_bytes(&self) -> Self {
        let mut hidden = self.clone();
        hidden.vector.iter_mut().skip(polling::BYTES_TELL).for_each(|value| *value = f32::NAN);
        hidden
    }

    pub(crate) fn classed(&self, classes: &[String]) -> Classed<'_> {
        Classed { vector: &self.vector, class: number(classes, &self.class), group: &self.group }
    }
}

impl Conversations {
    /// Reads rows of kind `polling`. The class is the industrial protocol that was recognised, else `other`; what nobody
    /// recognised counts as `other` only where its capture has a label, and is else left out.
    ///
    /// # Errors
    /// [`DataError`] for another format, another schema, or a row of the wrong width.
    pub fn parse<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Self, DataError> {
        let mut lines = lines.enumerate().filter(|(_, line)| !line.trim().is_empty());
        let error = |line: usize, detail: String| DataError { line: line + 1, detail };
        let (at, first) = lines.next().ok_or_else(|| error(0, "there is none".to_owned()))?;
        let header: Header = serde_json::from_str(first).map_err(|e| error(at, e.to_string()))?;
        let known = Header::of(&[Schema::Polling]);
        if header.picket_features != FORMAT || header.names != known.names {
            return Err(error(at, format!("schemas {:?}, {:?} is needed", header.schemas, known.schemas)));
        }
        let mut rows = Vec::new();
        for (at, line) in lines {
            let row: Row = serde_json::from_str(line).map_err(|e| error(at, e.to_string()))?;
            if row.x.len() != header.names.len() {
                return Err(error(at, format!("{} values, {} were announced", row.x.len(), header.names.len())));
            }
            let protocol = Protocol::from_name(&row.app);
            if protocol.is_unknown() && row.label.is_empty() {
                continue;
            }
            let class = if protocol.is_industrial() { row.app } else { OTHER.to_owned() };
            let vector = row.x.iter().map(|value| value.unwrap_or(f32::NAN)).collect();
            rows.push(Conversation { class, group: row.group, vector });
        }
        Ok(Self { captured: rows, made: Vec::new() })
    }

    /// These and other captured ones.
    #[cfg(test)]
    pub(crate) fn and(mut self, others: &Self) -> Self {
        self.captured.extend_from_slice(&others.captured);
        self
    }

    /// The same with conversations that were made beside them. Those of `other`, and of protocols that none of the captured ones
    /// speaks, are left out: nothing could be measured of them.
    #[must_use]
    pub fn beside(mut self, made: Self) -> Self {
        self.made.extend(made.captured);
        self.kept()
    }

    /// Without what was made of classes that no captured conversation has.
    fn kept(mut self) -> Self {
        let classes = self.classes();
        self.made.retain(|row| row.class != OTHER && classes.contains(&row.class));
        self
    }

    /// Those that were captured.
    pub(crate) fn captured(&self) -> &[Conversation] {
        &self.captured
    }

    /// How many were made.
    pub(crate) fn made(&self) -> usize {
        self.made.len()
    }

    /// The captured ones, then the made ones.
    pub(crate) fn learnt_from(&self) -> impl Iterator<Item = &Conversation> {
        self.captured.iter().chain(&self.made)
    }

    /// The sources of the captured ones, sorted.
    #[must_use]
    pub fn groups(&self) -> Vec<String> {
        let groups: BTreeSet<&String> = self.captured.iter().map(|row| &row.group).collect();
        groups.into_iter().cloned().collect()
    }

    /// Those of other sources than these; what was made stays where a captured one has its class.
    #[must_use]
    pub fn without(&self, groups: &[String]) -> Self {
        let captured = self.captured.iter().filter(|row| !groups.contains(&row.group)).cloned().collect();
        Self { captured, made: self.made.clone() }.kept()
    }

    /// How many captured conversations each class has.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, u32> {
        let mut counts = BTreeMap::new();
        for row in &self.captured {
            *counts.entry(row.class.clone()).or_default() += 1;
        }
        counts
    }

    /// From how many sources each class is; whatever was made is one.
    pub(crate) fn sources(&self, classes: &[String]) -> Vec<u32> {
        let sources = |class: &String| {
            let captured: BTreeSet<&str> =
                self.captured.iter().filter(|row| row.class == *class).map(|row| row.group.as_str()).collect();
            captured.len() as u32 + u32::from(self.made.iter().any(|row| row.class == *class))
        };
        classes.iter().map(sources).collect()
    }

    /// `other`, then the protocols in order.
    pub(crate) fn classes(&self) -> Vec<String> {
        let protocols: BTreeSet<&str> =
            self.captured.iter().map(|row| row.class.as_str()).filter(|c| *c != OTHER).collect();
        std::iter::once(OTHER).chain(protocols).map(str::to_owned).collect()
    }
}

/// The number of a class, 0 of one that is none of these.
pub(crate) fn number(classes: &[String], class: &str) -> usize {
    classes.iter().position(|known| known == class).unwrap_or(0)
}
