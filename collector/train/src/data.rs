//! Feature rows in memory.

use picket_score::row::{FORMAT, Header, Row};
use std::collections::BTreeMap;
use std::fmt;

/// Rows of one data set at most.
pub const MAX_ROWS: usize = 20_000_000;

/// What became of a labelled flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// Malicious.
    Malicious,
    /// Benign.
    Benign,
    /// Known good traffic of an infected host.
    Background,
}

impl Label {
    /// The label of a name; `None` for `unsure` and unlabelled rows, which nothing is learnt from.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "malicious" => Some(Self::Malicious),
            "benign" => Some(Self::Benign),
            "background" => Some(Self::Background),
            _ => None,
        }
    }

    /// The name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malicious => "malicious",
            Self::Benign => "benign",
            Self::Background => "background",
        }
    }
}

/// One labelled flow.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Its label.
    pub label: Label,
    /// Malware family or application.
    pub family: String,
    /// Unit that is left out as a whole.
    pub group: String,
    /// The features, absent ones as `NaN`.
    pub vector: Vec<f32>,
    /// Token buckets, sorted and distinct.
    pub tokens: Vec<u32>,
}

impl Sample {
    /// Whether it is malicious.
    #[must_use]
    pub fn malicious(&self) -> bool {
        self.label == Label::Malicious
    }
}

/// A data set.
#[derive(Clone, Debug)]
pub struct Data {
    /// Ids of the schemas, in the vector's order.
    pub schemas: Vec<String>,
    /// Names of the features.
    pub names: Vec<String>,
    /// The flows.
    pub samples: Vec<Sample>,
}

/// Why rows could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub detail: String,
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "feature rows, line {}: {}; write them anew with picket-agent features", self.line, self.detail)
    }
}

impl std::error::Error for DataError {}

impl Data {
    /// Reads rows as `picket-agent features` writes them; rows without a label that can be learnt from are left out.
    ///
    /// # Errors
    /// [`DataError`] for another format, schemas of another release, or a row of the wrong width.
    pub fn parse<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Self, DataError> {
        let mut lines = lines.enumerate().filter(|(_, line)| !line.trim().is_empty());
        let error = |line: usize, detail: String| DataError { line: line + 1, detail };
        let (at, first) = lines.next().ok_or_else(|| error(0, "there is none".to_owned()))?;
        let header: Header = serde_json::from_str(first).map_err(|e| error(at, e.to_string()))?;
        let known = Header::of_release();
        if header.picket_features != FORMAT || header.names != known.names {
            return Err(error(at, format!("schemas {:?}, this release reads {:?}", header.schemas, known.schemas)));
        }
        let mut samples = Vec::new();
        for (at, line) in lines {
            let row: Row = serde_json::from_str(line).map_err(|e| error(at, e.to_string()))?;
            if row.x.len() != header.names.len() {
                return Err(error(at, format!("{} values, {} were announced", row.x.len(), header.names.len())));
            }
            if samples.len() >= MAX_ROWS {
                return Err(error(at, format!("more than {MAX_ROWS} rows")));
            }
            let Some(label) = Label::from_name(&row.label) else { continue };
            let vector = row.x.iter().map(|value| value.unwrap_or(f32::NAN)).collect();
            samples.push(Sample { label, family: row.family, group: row.group, vector, tokens: row.t });
        }
        Ok(Self { schemas: header.schemas, names: header.names, samples })
    }

    /// The groups, sorted.
    #[must_use]
    pub fn groups(&self) -> Vec<String> {
        let mut groups: Vec<String> = self.samples.iter().map(|sample| sample.group.clone()).collect();
        groups.sort();
        groups.dedup();
        groups
    }

    /// The place of a feature.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    /// How many rows carry each label.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, u32> {
        let mut counts = BTreeMap::new();
        for sample in &self.samples {
            *counts.entry(sample.label.name().to_owned()).or_default() += 1;
        }
        counts
    }

    /// Weights of training rows: every malware family, and every group of good traffic, counts by the square root
    /// of its size, and both classes count the same. So one talkative tool does not decide alone.
    #[must_use]
    pub fn weights(&self, rows: &[usize]) -> Vec<f32> {
        let unit = |row: usize| {
            self.samples.get(row).map(|s| {
                let of = if s.malicious() { &s.family } else { &s.group };
                (s.label, of.as_str())
            })
        };
        let mut sizes: BTreeMap<_, f64> = BTreeMap::new();
        for row in rows {
            *sizes.entry(unit(*row)).or_default() += 1.0;
        }
        let raw: Vec<f64> =
            rows.iter().map(|row| 1.0 / sizes.get(&unit(*row)).copied().unwrap_or(1.0).sqrt()).collect();
        let malicious = |row: usize| self.samples.get(row).is_some_and(Sample::malicious);
        let mut totals = [0.0f64; 2];
        for (row, weight) in rows.iter().zip(&raw) {
            if let Some(total) = totals.get_mut(usize::from(malicious(*row))) {
                *total += weight;
            }
        }
        let half = rows.len() as f64 / 2.0;
        let scaled = rows.iter().zip(raw).map(|(row, weight)| {
            let total = totals.get(usize::from(malicious(*row))).copied().unwrap_or(1.0);
            (weight * half / total.max(f64::MIN_POSITIVE)) as f32
        });
        scaled.collect()
    }
}
