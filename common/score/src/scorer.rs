//! One worker's scoring: observation in, verdict out.

use crate::bundle::{Bundle, ReadyModel, hex};
use crate::vote::{Judgement, Say, judge};
use crate::{DEFAULT_SHA256, reasons};
use picket_event::body::{Score, Vote};
use picket_event::{Classifier, Protocol, Reason, Unit, Verdict};
use picket_feature::{Observation, tokens};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Scores flows by one bundle. One a worker; holds scratch space and counters.
#[derive(Debug)]
pub struct Scorer {
    bundle: Arc<Bundle>,
    reads_tokens: bool,
    vector: Vec<f32>,
    tokens: Vec<u32>,
    /// Its digest, where it is not the built-in one.
    digest: Option<Arc<[u8; 32]>>,
    /// Missing and out-of-range inputs of each member.
    abstained: Vec<[u64; 2]>,
}

impl Scorer {
    /// Scores by `bundle`.
    #[must_use]
    pub fn new(bundle: Arc<Bundle>) -> Self {
        let reads_tokens = bundle.members.iter().any(|member| matches!(member.model, ReadyModel::Tokens(_)));
        let abstained = vec![[0; 2]; bundle.members.len()];
        let built_in = hex(bundle.sha256()) == DEFAULT_SHA256.trim();
        let digest = (!built_in).then(|| Arc::new(*bundle.sha256()));
        Self { bundle, reads_tokens, vector: Vec::new(), tokens: Vec::new(), digest, abstained }
    }

    /// The verdict on a flow that carries TLS or QUIC, or goes on under TLS; `None` for other flows, for which no classifier is made.
    /// Reasons go with verdicts above benign.
    pub fn score(&mut self, seen: &Observation<'_>) -> Option<Score> {
        // A mail or directory service behind STARTTLS keeps its own name.
        let protected = seen.handshake.is_some_and(|handshake| !handshake.is_empty());
        if !protected && *seen.app != Protocol::TLS && *seen.app != Protocol::QUIC {
            return None;
        }
        self.vector.clear();
        for schema in &self.bundle.schemas {
            schema.extract(seen, &mut self.vector);
        }
        self.tokens.clear();
        if let Some(handshake) = seen.handshake.filter(|_| self.reads_tokens) {
            buckets(handshake, &mut self.tokens);
        }
        let judgement = judge(&self.bundle, &self.vector, &self.tokens);
        self.count(&judgement);
        Some(self.finish(seen, &judgement))
    }

    fn count(&mut self, judgement: &Judgement) {
        for (say, [missing, out_of_range]) in judgement.votes.iter().zip(&mut self.abstained) {
            match say {
                Say::Probability(_) => {}
                Say::Missing => *missing += 1,
                Say::OutOfRange => *out_of_range += 1,
            }
        }
    }

    fn finish(&self, seen: &Observation<'_>, judgement: &Judgement) -> Score {
        let limits = &self.bundle.manifest.vote;
        let verdict = match judgement {
            Judgement { rule: Some(_), .. } => Verdict::Malicious,
            Judgement { abstained: true, .. } => Verdict::Abstain,
            Judgement { value, .. } if *value >= limits.malicious => Verdict::Malicious,
            Judgement { value, .. } if *value >= limits.suspicious => Verdict::Suspicious,
            _ => Verdict::Benign,
        };
        let cast = judgement.votes.iter().zip(&judgement.weights).zip(&self.bundle.members);
        let mut votes: Vec<Vote> = cast
            .filter_map(|((say, weight), ready)| {
                let value = Unit::new(say.value()?);
                Some(Vote { classifier: ready.classifier, value, weight: Unit::new(*weight) })
            })
            .collect();
        let mut reasons = Vec::new();
        if let Some(rule) = judgement.rule.and_then(|rule| self.bundle.manifest.rules.get(rule)) {
            votes.push(Vote { classifier: Classifier::HighConfidence, value: Unit::ONE, weight: Unit::ONE });
            reasons.push(Reason::literal(&rule.name));
        }
        if verdict >= Verdict::Suspicious {
            reasons.extend(reasons::explain(&self.bundle, seen, &self.vector, judgement));
        }
        Score { verdict, value: Unit::new(judgement.value), votes, reasons, digest: self.digest.clone() }
    }

    /// How often each classifier abstained, by `classifier:why` (`abstained` in the ledger).
    #[must_use]
    pub fn abstained(&self) -> BTreeMap<String, u64> {
        let of_member = |(ready, [missing, out_of_range]): (&crate::bundle::Ready, &[u64; 2])| {
            let name = ready.classifier.name();
            [(format!("{name}:missing"), *missing), (format!("{name}:out_of_range"), *out_of_range)]
        };
        let all = self.bundle.members.iter().zip(&self.abstained).flat_map(of_member);
        all.filter(|(_, count)| *count > 0).collect()
    }

    /// The bundle in use.
    #[must_use]
    pub const fn bundle(&self) -> &Arc<Bundle> {
        &self.bundle
    }
}

/// The sorted, distinct token buckets of a handshake, appended to `into`.
pub fn buckets(handshake: &picket_feature::Handshake, into: &mut Vec<u32>) {
    tokens(handshake, |token| into.push(token.bucket()));
    into.sort_unstable();
    into.dedup();
}
