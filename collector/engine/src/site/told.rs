//! Alerts that a sensor raised itself: single messages to industrial devices, and scans.

use super::SiteState;
use super::alarm::Draft;
use crate::config::Config;
use crate::finding::{Evidence, FindingKind};
use crate::risk::Threat;
use crate::{Counters, Findings};
use picket_event::{Body, Envelope, body};

/// Severity from which what a sensor tells is a finding; below it stays an event that can be asked for.
const LEAST: u8 = 4;

impl SiteState {
    /// A sensor's alert: one case a day for the entity, the other side and the alert's kind.
    pub(super) fn told(&mut self, envelope: &Envelope, config: &Config, counters: &mut Counters, out: &mut Findings) {
        let event = &envelope.event;
        let Body::Alert(alert) = &event.body else { return };
        let Some((party, other)) = event.flow.as_ref().and_then(|flow| super::item::parties(&flow.endpoints)) else {
            return;
        };
        if alert.severity < LEAST {
            return;
        }
        let Some(entity) = self.admit(party, u32::MAX, event.time, config) else { return };
        let Some(e) = self.entities.get_mut(entity as usize) else { return };
        e.last_seen = e.last_seen.max(event.time);
        let baseline = e.alerted;
        let (day, _) = crate::calendar::local(&self.site, event.time);
        self.emit(entity, draft(envelope, alert, other.to_string()), true, day, counters, out);
        // What a sensor tells does not silence the judgement of the baseline.
        if let Some(e) = self.entities.get_mut(entity as usize) {
            e.alerted = baseline;
        }
    }
}

fn draft(envelope: &Envelope, alert: &body::Alert, other: String) -> Draft {
    let mut reasons: Vec<String> = alert.reasons.iter().take(4).map(ToString::to_string).collect();
    reasons.insert(0, format!("sensor {} reports {}", envelope.agent, alert.kind.replace('_', " ")));
    Draft {
        kind: FindingKind::Sensor,
        time: envelope.event.time,
        // A rule's certainty, on the scale of p-values: severity 10 is one in a million.
        p_value: 10f64.powf(-0.6 * f64::from(alert.severity.min(10))),
        cells: Vec::new(),
        topic: (alert.kind.clone(), other.clone()),
        counterpart: Some(other),
        reasons,
        techniques: alert.techniques.clone(),
        threat: if alert.severity >= 7 { Threat::SystemCompromise } else { Threat::Reconnaissance },
        evidence: Evidence { score: f64::from(alert.severity), ..Evidence::default() },
    }
}
