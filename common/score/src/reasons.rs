//! A verdict's reasons: the largest contributions, in words.

use crate::bundle::{Bundle, Ready, ReadyModel};
use crate::trees::Trees;
use crate::vote::Judgement;
use picket_event::{Reason, ReasonArg};
use picket_feature::{Observation, date_reason, sign_reasons, tokens};

/// Reasons of one verdict at most.
const MOST: usize = 5;
/// Of them, from one member at most.
const MOST_OF_MEMBER: usize = 3;

/// Reasons of the members, those with the larger weight and say first; never empty.
pub(crate) fn explain(bundle: &Bundle, seen: &Observation<'_>, vector: &[f32], judgement: &Judgement) -> Vec<Reason> {
    let mut found: Vec<(f32, Reason)> = Vec::new();
    for ((ready, say), weight) in bundle.members.iter().zip(&judgement.votes).zip(&judgement.weights) {
        let Some(value) = say.value().filter(|value| *value >= 0.5) else { continue };
        let strength = weight.max(0.01) * value;
        let of_member = match &ready.model {
            ReadyModel::Trees(trees) => of_trees(bundle, ready, trees, seen, vector),
            ReadyModel::Tokens(linear) => of_tokens(seen, |bucket| linear.weight(bucket)),
            ReadyModel::Feature(_) => sign_reasons(seen),
        };
        let most = of_member.iter().map(|(share, _)| *share).fold(f32::MIN_POSITIVE, f32::max);
        found.extend(of_member.into_iter().take(MOST_OF_MEMBER).map(|(share, r)| (strength * share / most, r)));
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut reasons: Vec<Reason> = Vec::with_capacity(MOST);
    for (_, reason) in found {
        if reasons.len() < MOST && !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    if reasons.is_empty() {
        reasons.push(votes_alone(bundle, judgement));
    }
    reasons
}

/// The strongest vote by name, where no single feature stands out.
fn votes_alone(bundle: &Bundle, judgement: &Judgement) -> Reason {
    let cast = bundle.members.iter().zip(&judgement.votes).filter_map(|(m, say)| Some((m, say.value()?)));
    let strongest = cast.max_by(|a, b| a.1.total_cmp(&b.1));
    strongest.map_or_else(
        || Reason::literal("a rule"),
        |(member, value)| Reason {
            template: Reason::VALUE_OF_CLASSIFIER,
            args: vec![ReasonArg::Text(member.classifier.name().to_owned()), ReasonArg::Number(value)],
        },
    )
}

fn of_trees(
    bundle: &Bundle,
    ready: &Ready,
    trees: &Trees,
    seen: &Observation<'_>,
    vector: &[f32],
) -> Vec<(f32, Reason)> {
    let mut contributions = vec![0.0; bundle.names.len()];
    trees.explain(vector, &ready.means, &mut contributions);
    let mut ranked: Vec<(f32, usize)> =
        contributions.iter().enumerate().filter(|(_, c)| **c > 0.0).map(|(at, c)| (*c, at)).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    ranked
        .into_iter()
        .take(MOST_OF_MEMBER)
        .filter_map(|(share, at)| {
            let value = vector.get(at).copied()?;
            Some((share, of_feature(bundle.names.get(at)?, value, seen)))
        })
        .collect()
}

/// One feature that spoke for malicious, in words.
fn of_feature(name: &str, value: f32, seen: &Observation<'_>) -> Reason {
    if let Some(reason) = date_reason(seen, name) {
        return reason;
    }
    let yes = value >= 0.5;
    match name {
        "certificate_self_signed" | "sign_self_signed" if yes => Reason::plain(Reason::SELF_SIGNED),
        "certificate_names" if !yes => Reason::plain(Reason::CERT_NO_ALT_NAMES),
        "certificate_chain_length" if value == 1.0 => Reason::plain(Reason::CERT_CHAIN_ONE),
        "certificate_extensions" => Reason::number(Reason::CERT_FEW_EXTENSIONS, value),
        "server_name" | "server_name_length" if !yes => Reason::plain(Reason::NO_SERVER_NAME),
        "client_alpn" if !yes => Reason::plain(Reason::NO_ALPN),
        "client_extensions" => Reason::number(Reason::FEW_HELLO_EXTENSIONS, value),
        "server_port_443" | "pair_server_port_443" if !yes => {
            Reason::number(Reason::ODD_PORT, f32::from(seen.server_port))
        }
        _ => named(name, value, yes),
    }
}

/// The general form: what is offered and what is not, or a feature with its value.
fn named(name: &str, value: f32, yes: bool) -> Reason {
    let lists = ["cipher_", "extension_", "group_", "signature_", "alpn_"];
    let readable = name.replace('_', " ");
    if value.is_nan() {
        return Reason::text(Reason::FEATURE_ABSENT, &readable);
    }
    if lists.iter().any(|list| name.starts_with(list)) {
        let template = if yes { Reason::HANDSHAKE_TOKEN_MALICIOUS } else { Reason::HANDSHAKE_TOKEN_MISSING };
        return Reason::text(template, &readable);
    }
    Reason { template: Reason::FEATURE_VALUE, args: vec![ReasonArg::Text(readable), ReasonArg::Number(value)] }
}

fn of_tokens(seen: &Observation<'_>, weight: impl Fn(u32) -> f32) -> Vec<(f32, Reason)> {
    let Some(handshake) = seen.handshake else { return Vec::new() };
    let mut found: Vec<(f32, Reason)> = Vec::new();
    tokens(handshake, |token| {
        let weight = weight(token.bucket());
        // A bounded, sorted list: no more than what is kept.
        if weight > 0.0 && (found.len() < MOST_OF_MEMBER || found.iter().any(|(least, _)| *least < weight)) {
            found.push((weight, Reason::text(Reason::HANDSHAKE_TOKEN_MALICIOUS, &token.words())));
            found.sort_by(|a, b| b.0.total_cmp(&a.0));
            found.truncate(MOST_OF_MEMBER);
        }
    });
    found
}
