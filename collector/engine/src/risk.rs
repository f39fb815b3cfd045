//! The risk of a threat on an asset (ALGORITHMS section 6): four terms, their weights, decay, roll-up.

/// Weights of severity, asset value, impact scope, exploitability.
pub const WEIGHTS: [f64; 4] = [0.3, 0.25, 0.25, 0.2];

/// What a threat does; it scales the severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Threat {
    /// Data leaves.
    DataExfiltration,
    /// A system obeys another master.
    SystemCompromise,
    /// Somebody gains rights.
    PrivilegeEscalation,
    /// Something stops serving.
    DenialOfService,
    /// Somebody looks around.
    Reconnaissance,
    /// None of these.
    Other,
}

impl Threat {
    /// Factor of the severity.
    #[must_use]
    pub const fn factor(self) -> f64 {
        match self {
            Self::DataExfiltration => 1.5,
            Self::SystemCompromise => 2.0,
            Self::PrivilegeEscalation => 1.8,
            Self::DenialOfService => 1.3,
            Self::Reconnaissance | Self::Other => 1.0,
        }
    }

    /// The name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DataExfiltration => "data_exfiltration",
            Self::SystemCompromise => "system_compromise",
            Self::PrivilegeEscalation => "privilege_escalation",
            Self::DenialOfService => "denial_of_service",
            Self::Reconnaissance => "reconnaissance",
            Self::Other => "other",
        }
    }
}

/// How closely an asset's data is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sensitivity {
    /// Anybody may know.
    Public,
    /// The organisation's own.
    Internal,
    /// Few may know.
    Confidential,
    /// Named people alone.
    Restricted,
}

impl Sensitivity {
    /// Factor of the importance.
    #[must_use]
    pub const fn factor(self) -> f64 {
        match self {
            Self::Public => 1.0,
            Self::Internal => 1.5,
            Self::Confidential => 2.0,
            Self::Restricted => 3.0,
        }
    }
}

/// Base of the severity, importance of an asset and value of an unknown asset, where nothing else is known.
pub const DEFAULT: f64 = 5.0;

/// The four terms of a risk.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Terms {
    /// Base x type x frequency factor.
    pub severity: f64,
    /// Importance x sensitivity.
    pub asset_value: f64,
    /// How much is reachable, 1 to 10.
    pub impact_scope: f64,
    /// How easily it is taken, 1 to 10.
    pub exploitability: f64,
}

impl Terms {
    /// The unclamped risk: what ranks.
    #[must_use]
    pub fn risk(&self) -> f64 {
        let terms = [self.severity, self.asset_value, self.impact_scope, self.exploitability];
        WEIGHTS.iter().zip(terms).map(|(w, t)| w * t).sum()
    }
}

/// Base x type x (min(frequency, 10) / 10 + 0.5).
#[must_use]
pub fn severity(base: f64, threat: Threat, frequency: u32) -> f64 {
    base * threat.factor() * (f64::from(frequency.min(10)) / 10.0 + 0.5)
}

/// Importance x sensitivity; an asset of which nothing is known is worth 5.
#[must_use]
pub fn asset_value(importance: Option<f64>, sensitivity: Option<Sensitivity>) -> f64 {
    match (importance, sensitivity) {
        (None, None) => DEFAULT,
        (importance, sensitivity) => importance.unwrap_or(DEFAULT) * sensitivity.map_or(1.0, Sensitivity::factor),
    }
}

/// What is reported: 1 to 10.
#[must_use]
pub fn clamped(risk: f64) -> f64 {
    if risk.is_finite() { risk.clamp(1.0, 10.0) } else { 1.0 }
}

/// `risk` after `days` with this half-life.
#[must_use]
pub fn decayed(risk: f64, days: f64, half_life_days: f64) -> f64 {
    risk * (-days.max(0.0) / half_life_days.max(1e-3)).exp2()
}

/// Importance of an asset by Purdue level and role: what moves the process is worth most.
#[must_use]
pub fn importance(level: Option<u8>, role: crate::Role) -> f64 {
    use crate::Role;
    let by_level: f64 = match level {
        Some(0 | 1) => 8.0,
        Some(2) => 7.0,
        Some(3) => 6.0,
        _ => DEFAULT,
    };
    let by_role: f64 = match role {
        Role::Controller => 8.0,
        Role::Supervision => 7.0,
        Role::Server => 6.0,
        Role::Workstation | Role::Agent => DEFAULT,
        Role::Appliance => 3.0,
    };
    match level {
        Some(_) => by_level.max(by_role).min(if role == Role::Appliance { 4.0 } else { 10.0 }),
        None => by_role,
    }
}

/// Impact scope, 1 to 10: 1 for nothing reachable, one more for each doubling of reachable entities, and one
/// for each zone and process beyond the own. `entities`, `zones` and `processes` count what is reachable.
#[must_use]
pub fn impact_scope(entities: usize, zones: usize, processes: usize) -> f64 {
    let spread = (entities as f64 + 1.0).log2();
    (1.0 + spread + 0.5 * zones.saturating_sub(1) as f64 + processes as f64).clamp(1.0, 10.0)
}

/// Exploitability, 1 to 10: open services (half a point each, 3 at most), exposure to the outside (2),
/// protocols without authentication (2), credentials in clear (2).
#[must_use]
pub fn exploitability(services: usize, exposed: bool, weak_protocol: bool, clear_credentials: bool) -> f64 {
    let open = (services as f64 * 0.5).min(3.0);
    let flag = |set: bool| if set { 2.0 } else { 0.0 };
    (1.0 + open + flag(exposed) + flag(weak_protocol) + flag(clear_credentials)).clamp(1.0, 10.0)
}

/// Risk of a group: its highest member's, raised by half of what is missing to 10 times the share of the others' mass.
#[must_use]
pub fn roll_up(risks: &[f64]) -> f64 {
    let top = risks.iter().copied().fold(0.0, f64::max);
    let others: f64 = risks.iter().sum::<f64>() - top;
    let share = others / (others + 50.0);
    clamped(top + (10.0 - top).max(0.0) * 0.5 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-9, "{a} is not {b}");
    }

    #[test]
    fn severity_by_hand() {
        near(severity(5.0, Threat::SystemCompromise, 3), 5.0 * 2.0 * 0.8);
        near(severity(5.0, Threat::DataExfiltration, 100), 5.0 * 1.5 * 1.5);
        near(severity(5.0, Threat::Reconnaissance, 0), 2.5);
    }

    #[test]
    fn value_by_hand() {
        near(asset_value(None, None), 5.0);
        near(asset_value(Some(8.0), Some(Sensitivity::Restricted)), 24.0);
        near(asset_value(None, Some(Sensitivity::Internal)), 7.5);
        near(asset_value(Some(3.0), Some(Sensitivity::Public)), 3.0);
    }

    #[test]
    fn risk_by_hand() {
        // 0.3 x 8 + 0.25 x 12 + 0.25 x 4 + 0.2 x 6 = 2.4 + 3 + 1 + 1.2
        let terms = Terms { severity: 8.0, asset_value: 12.0, impact_scope: 4.0, exploitability: 6.0 };
        near(terms.risk(), 7.6);
        near(clamped(terms.risk()), 7.6);
        let worst = Terms { severity: 15.0, asset_value: 30.0, impact_scope: 10.0, exploitability: 10.0 };
        near(worst.risk(), 16.5);
        near(clamped(worst.risk()), 10.0);
        near(clamped(f64::NAN), 1.0);
    }

    #[test]
    fn scope_and_exploitability_stay_in_range() {
        near(impact_scope(0, 0, 0), 1.0);
        near(impact_scope(1, 1, 0), 2.0);
        near(impact_scope(7, 3, 1), 6.0);
        near(impact_scope(usize::MAX, usize::MAX, usize::MAX), 10.0);
        near(exploitability(0, false, false, false), 1.0);
        near(exploitability(2, true, true, false), 6.0);
        near(exploitability(100, true, true, true), 10.0);
    }

    #[test]
    fn decay_and_roll_up() {
        near(decayed(8.0, 3.0, 3.0), 4.0);
        near(roll_up(&[]), 1.0);
        near(roll_up(&[4.0]), 4.0);
        // 50 / (50 + 50) of the others, half of the 2 that are missing to 10
        near(roll_up(&[8.0, 5.0, 5.0, 8.0, 8.0, 8.0, 8.0, 8.0]), 8.0 + 2.0 * 0.5 * 0.5);
    }
}
