//! What the engine says: findings, each with what recomputes it.

use picket_event::Timestamp;

/// What found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// The entity's behaviour left its baseline.
    Baseline,
    /// A sensor's classifiers said so.
    Verdict,
    /// A sensor raised an alert of its own: a single message, or a scan.
    Sensor,
    /// An agent fell silent.
    Silence,
    /// An agent reports far more than it used to, or of others' hosts.
    Conduct,
}

impl FindingKind {
    /// The name: `baseline`, `verdict`, `sensor`, `agent_silence`, `agent_conduct`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Verdict => "verdict",
            Self::Sensor => "sensor",
            Self::Silence => "agent_silence",
            Self::Conduct => "agent_conduct",
        }
    }
}

/// One place of the behaviour that was unusual.
#[derive(Clone, Debug, PartialEq)]
pub struct FindingCell {
    /// Local hour: `workday-03`, `weekend-22`.
    pub time: String,
    /// Zone of the other side, `internet`, or `from A to B` for what others did to the entity.
    pub space: String,
    /// Protocol and operation, with the other side's role.
    pub relation: String,
    /// Behaviours counted.
    pub seen: f64,
    /// Behaviours the baseline expects.
    pub expected: f64,
    /// The cell's deviation (nats for `predictive`).
    pub deviation: f64,
}

/// What recomputes a baseline finding's score: `score = sum weights[k] * sums[k] / usual[k]`, abnormal at `omega`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Sums of the deviations: time x space, time x relation, relation x space.
    pub sums: [f64; 3],
    /// The role's weights.
    pub weights: [f64; 3],
    /// The weighted sum.
    pub score: f64,
    /// The level that was crossed or not, on the scale of `score`.
    pub omega: f64,
    /// What the sums usually are, from the entity's own history and its peers'.
    pub usual: [f64; 3],
    /// Past periods of the entity behind the baseline (exponentially weighted).
    pub periods: f64,
}

/// Something worth knowing about one entity.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Names the case: findings of one entity, day and kind share it, and a later one replaces an earlier.
    pub case: String,
    /// When the behaviour was seen (UTC).
    pub time: Timestamp,
    /// The entity's name, and after ` > ` the counterpart's where there is one.
    pub entity: String,
    /// The entity's number, for [`crate::Engine::entity`].
    pub entity_id: crate::EntityId,
    /// The site.
    pub site: String,
    /// What found it.
    pub kind: FindingKind,
    /// How unusual: the share of entity-days that score as high. 0 to 1.
    pub p_value: f64,
    /// The kind of alert, where a sensor raised it.
    pub subject: Option<String>,
    /// 1 to 10.
    pub risk: f64,
    /// Not clamped: what ranks.
    pub risk_unclamped: f64,
    /// Whether it is an alert within the budget.
    pub alert: bool,
    /// Whether it only raises the count of an earlier finding of the same case.
    pub update: bool,
    /// How often this case was seen so far.
    pub count: u32,
    /// Largest deviation first, at most five.
    pub cells: Vec<FindingCell>,
    /// In words; never empty.
    pub reasons: Vec<String>,
    /// ATT&CK ids.
    pub techniques: Vec<String>,
    /// What recomputes it.
    pub evidence: Evidence,
}

/// Where the engine puts findings; in order of event time within a site.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    items: Vec<Finding>,
}

impl Findings {
    /// Empty.
    #[must_use]
    pub const fn new() -> Self {
        Self { items: Vec::new() }
    }

    /// Adds one.
    pub fn push(&mut self, finding: Finding) {
        self.items.push(finding);
    }

    /// What is there.
    #[must_use]
    pub fn as_slice(&self) -> &[Finding] {
        &self.items
    }

    /// The latest, to be amended.
    pub(crate) fn last_mut(&mut self) -> Option<&mut Finding> {
        self.items.last_mut()
    }

    /// Takes everything out.
    pub fn take(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.items)
    }

    /// Whether nothing is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

impl Finding {
    /// What was found, as far as equal findings are alike: the kind, and of a sensor's alert what it is about
    /// (`sensor/controller_state`). A mute covers one of these.
    #[must_use]
    pub fn label(&self) -> String {
        match &self.subject {
            Some(subject) => format!("{}/{subject}", self.kind.name()),
            None => self.kind.name().to_owned(),
        }
    }
}
