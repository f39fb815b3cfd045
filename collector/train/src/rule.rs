//! The high-confidence rule, and what it is worth on the data at hand.

use crate::data::{Data, Sample};
use picket_score::manifest::{Condition, Rule};

/// Self-signed certificate, no server name, no application protocol, on a regular pair of four and more flows.
/// Nothing of it is learnt; only its hits are counted.
const CONDITIONS: &[(&str, f32, f32)] = &[
    ("sign_self_signed", 1.0, 1.0),
    ("sign_no_server_name", 1.0, 1.0),
    ("sign_no_alpn", 1.0, 1.0),
    ("sign_four_flows", 1.0, 1.0),
];

/// The rule with its hits among these rows.
pub(crate) fn measured(data: &Data, rows: &[usize]) -> Vec<Rule> {
    let columns: Option<Vec<(usize, f32, f32)>> =
        CONDITIONS.iter().map(|(name, least, most)| Some((data.column(name)?, *least, *most))).collect();
    let Some(columns) = columns else { return Vec::new() };
    let holds = |sample: &Sample| {
        columns.iter().all(|(at, least, most)| sample.vector.get(*at).is_some_and(|v| v >= least && v <= most))
    };
    let hits: Vec<&Sample> = rows.iter().filter_map(|row| data.samples.get(*row)).filter(|s| holds(s)).collect();
    let right: Vec<&Sample> = hits.iter().copied().filter(|sample| sample.malicious()).collect();
    let mut sources: Vec<&str> = right.iter().map(|sample| sample.group.as_str()).collect();
    sources.sort_unstable();
    sources.dedup();
    let conditions = CONDITIONS
        .iter()
        .map(|(name, least, most)| Condition { feature: (*name).to_owned(), least: *least, most: *most })
        .collect();
    vec![Rule {
        name: "repeated connections to a self-signed server, without server name and application protocol".to_owned(),
        conditions,
        hits: hits.len() as u32,
        right: right.len() as u32,
        sources: sources.len() as u32,
    }]
}
