//! The shapes the API answers with. The page and the command line read the same ones.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Whether the collector works.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `ok` or `degraded`.
    pub status: String,
    /// What is wrong, in words; empty when nothing is.
    pub problems: Vec<String>,
}

/// Makes the view of the ledger from the one list of its counters.
macro_rules! ledger_view {
    ([$({$name:ident {$($kind:tt)*} $doc:tt})*]) => {
        /// A sensor's books: the totals since its start, and whether they balance.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
        pub struct LedgerView {
            $(#[doc = $doc] pub $name: $($kind)*,)*
            /// Whether received = decoded + undecodable, and opened = closed + evicted + open, exactly.
            pub balanced: bool,
            /// The first balance that does not hold, in words.
            pub imbalance: Option<String>,
        }

        impl From<&picket_event::Ledger> for LedgerView {
            fn from(ledger: &picket_event::Ledger) -> Self {
                let imbalance = ledger.imbalance().or_else(|| ledger.event_imbalance());
                let ledger = ledger.clone();
                Self { $($name: ledger.$name,)* balanced: imbalance.is_none(), imbalance }
            }
        }
    };
    ([$($done:tt)*] {$kind:ident kept $name:ident $doc:tt} $($rest:tt)*) => {
        ledger_view! { [$($done)*] $($rest)* }
    };
    ([$($done:tt)*] {Count shown $name:ident $doc:tt} $($rest:tt)*) => {
        ledger_view! { [$($done)* {$name {u64} $doc}] $($rest)* }
    };
    ([$($done:tt)*] {Counts shown $name:ident $doc:tt} $($rest:tt)*) => {
        ledger_view! { [$($done)* {$name {BTreeMap<String, u64>} $doc}] $($rest)* }
    };
}

picket_event::ledger_fields!(ledger_view []);

/// One agent.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AgentView {
    /// Its name.
    pub name: String,
    /// Its site.
    pub site: String,
    /// Its group, whose policy it gets; empty where it has none.
    pub group: String,
    /// `active`, `pending` until a person approves, `revoked`, `rejected` or `left`.
    pub status: String,
    /// Whether it is connected now.
    pub connected: bool,
    /// How it connects, or did last: `quic`, or `tcp` where UDP does not pass.
    pub transport: String,
    /// Where it connected from last; where it enrolled from, before.
    pub address: String,
    /// The name of its host, as it says.
    pub host: String,
    /// Keyed hash of its host's machine id.
    pub machine: String,
    /// Keyed hash of its host's boot id.
    pub boot: String,
    /// SHA-256 of its public key.
    pub key: String,
    /// Its clock minus the collector's at the last hello, seconds.
    pub clock_offset: f64,
    /// When it was enrolled, RFC 3339.
    pub enrolled: String,
    /// The release it runs, where it said.
    pub release: String,
    /// The model bundle it runs, where it said.
    pub bundle: String,
    /// End of its certificate, RFC 3339.
    pub certificate_until: String,
    /// When it was last heard, RFC 3339.
    pub last_seen: Option<String>,
    /// Version of the policy it answered last, 0 for none.
    pub policy_version: u64,
    /// What it answered.
    pub policy_state: String,
    /// That its identity was seen twice, until somebody settles it.
    pub doubles: Vec<DoubleView>,
    /// Events of it that are stored for good, since it was enrolled.
    pub events: u64,
    /// Bytes it sent, as its transport counts them; those of its stored frames where it has not told yet.
    pub wire_bytes: u64,
    /// Its books, as it last told them.
    pub ledger: Option<LedgerView>,
}

impl AgentView {
    /// Its state in a word or two.
    #[must_use]
    pub fn state(&self) -> String {
        let state = match (self.connected, self.status.as_str(), self.transport.as_str()) {
            (true, _, "tcp") => "connected over TCP".to_owned(),
            (true, ..) => "connected".to_owned(),
            (false, "active", _) => "active, away".to_owned(),
            (false, "pending", _) => "waits for approval".to_owned(),
            (false, status, _) => status.to_owned(),
        };
        if self.doubles.is_empty() { state } else { format!("{state}, identity seen twice") }
    }

    /// Whether its rows deserve a second look.
    #[must_use]
    pub fn is_odd(&self) -> bool {
        !self.doubles.is_empty()
    }

    /// Whether it waits for a person.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.status == "pending"
    }
}

/// An identity that was seen twice.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DoubleView {
    /// `identity_twice`: the key is in use in two places; `identity_moved`: it is on another machine than before.
    pub kind: String,
    /// When first, RFC 3339.
    pub first_seen: String,
    /// When last, RFC 3339.
    pub last_seen: String,
    /// How often.
    pub count: u64,
    /// The side that connected.
    pub one: String,
    /// The other side.
    pub other: String,
}

/// The fleet in numbers.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct FleetView {
    /// Agents that may connect.
    pub agents: u64,
    /// Agents connected now.
    pub connected: u64,
    /// Entities known.
    pub entities: u64,
    /// Alerts nobody acknowledged or muted.
    pub open_alerts: u64,
    /// Events stored.
    pub events: u64,
    /// Bytes received from agents.
    pub wire_bytes: u64,
    /// The agents' books added up.
    pub ledger: LedgerView,
    /// Every site, then the fleet.
    pub sites: Vec<SiteRow>,
}

/// One entity in the ranking.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct EntityRow {
    /// Place in the ranking, from 1.
    pub rank: u64,
    /// Its name: a host name, else an address.
    pub entity: String,
    /// Its other names.
    pub aliases: Vec<String>,
    /// Its site.
    pub site: String,
    /// Its zone, or empty.
    pub zone: String,
    /// Its peer group: `controller`, `workstation`, ...
    pub role: String,
    /// Risk, 1 to 10.
    pub risk: f64,
    /// Risk one day ago, 1 to 10.
    pub yesterday: f64,
    /// The terms of the risk: severity, asset value, impact scope, exploitability.
    pub terms: [f64; 4],
    /// Alerts so far.
    pub alerts: u32,
    /// Days behind its baseline.
    pub periods: f64,
    /// The open period's score.
    pub score: f64,
    /// The level from which on the score is abnormal; null while its site is too young to have one.
    pub omega: Option<f64>,
    /// When it was last seen, RFC 3339.
    pub last_seen: String,
    /// Why it stands where it stands; the latest first.
    pub reasons: Vec<String>,
}

/// Risk of a site, or of the fleet.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SiteRow {
    /// The site, or `fleet`.
    pub name: String,
    /// Risk, 1 to 10.
    pub risk: f64,
    /// Risk one day ago.
    pub yesterday: f64,
    /// Entities.
    pub entities: u64,
    /// Entities at risk 5 or more.
    pub high: u64,
    /// Alerts of the last seven days, a day.
    pub alerts_per_day: f64,
    /// Whether the alarm budget holds.
    pub budget_held: bool,
}

/// A page of the ranking.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct EntityPage {
    /// How many entities pass the filter.
    pub total: u64,
    /// This page of them.
    pub entities: Vec<EntityRow>,
}

/// One cell of a matrix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CellView {
    /// Index into the rows.
    pub row: usize,
    /// Index into the columns.
    pub column: usize,
    /// Behaviours counted in this period.
    pub seen: f64,
    /// Behaviours a whole period has on average.
    pub expected: f64,
    /// The cell's deviation.
    pub deviation: f64,
}

/// One of an entity's three matrices; cells that are not listed have seen nothing and expect nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MatrixView {
    /// `time x space`, `time x relation` or `relation x space`.
    pub name: String,
    /// Labels of the rows.
    pub rows: Vec<String>,
    /// Labels of the columns.
    pub columns: Vec<String>,
    /// Cells that hold something.
    pub cells: Vec<CellView>,
    /// Sum of the deviations.
    pub sum: f64,
}

/// An entity on the other side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Partner {
    /// Its name.
    pub entity: String,
    /// Behaviours counted.
    pub behaviours: u64,
}

/// Stored events, in EVE's form.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct EventPage {
    /// The events, latest first, each as EVE JSON.
    pub events: Vec<serde_json::Value>,
}

/// One entity with what the judgement stands on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct EntityView {
    /// Its row of the ranking.
    pub summary: EntityRow,
    /// The three matrices.
    pub matrices: Vec<MatrixView>,
    /// Entities it talked to, the most first.
    pub partners: Vec<Partner>,
    /// Latest findings.
    pub findings: Vec<FindingView>,
}

/// A finding or alert.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct FindingView {
    /// Its id.
    pub id: String,
    /// Time of the data, RFC 3339.
    pub time: String,
    /// The entity.
    pub entity: String,
    /// The other side, or empty.
    pub counterpart: String,
    /// The site.
    pub site: String,
    /// What was found: `baseline`, `verdict`, `agent_silence`, `agent_conduct`, or a sensor's alert as `sensor/controller_state`.
    pub kind: String,
    /// Whether it is an alert.
    pub alert: bool,
    /// How often the case was seen.
    pub count: u32,
    /// How unusual, 0 to 1: the share of calm periods that look as odd.
    pub p_value: f64,
    /// 1 to 10.
    pub risk: f64,
    /// Why, in words.
    pub reasons: Vec<String>,
    /// Everything that recomputes it.
    pub evidence: serde_json::Value,
    /// `open`, `acknowledged` or `muted`.
    pub state: String,
    /// Who acknowledged it.
    pub acknowledged_by: Option<String>,
    /// When, RFC 3339.
    pub acknowledged_at: Option<String>,
    /// What that person said.
    pub note: Option<String>,
    /// Until when equal alerts are muted, RFC 3339.
    pub muted_until: Option<String>,
}

/// A page of findings.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct FindingPage {
    /// How many pass the filter.
    pub total: u64,
    /// This page of them.
    pub findings: Vec<FindingView>,
}
