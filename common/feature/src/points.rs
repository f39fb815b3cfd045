//! `points/1`: yes-or-no signs and their sum, weighed without training. A floor that learned models must beat.

use crate::certificate::{age_days, validity_days};
use crate::handshake::{covers, is_grease};
use crate::observation::Observation;
use crate::schema::flag;
use picket_event::Reason;

/// Names of the features, in the vector's order.
pub(crate) const NAMES: &[&str] = &[
    "sign_self_signed",
    "sign_no_alternative_names",
    "sign_chain_of_one",
    "sign_name_not_covered",
    "sign_few_certificate_extensions",
    "sign_no_server_name",
    "sign_no_alpn",
    "sign_few_hello_extensions",
    "sign_port_not_443",
    "sign_four_flows",
    "sign_regular",
    "sign_alike_downloads",
    "sign_slow",
    "points",
];

/// What each sign is worth. The sum of all but the last three is 8 with the pair's.
const WORTH: [f32; 13] = [2.0, 1.0, 1.0, 0.5, 0.5, 1.0, 0.5, 0.5, 0.5, 0.5, 1.0, 0.25, 0.25];
/// Points that count as certainty.
const FULL: f32 = 8.0;

/// `points/1`: each sign 0 or 1, then the sum over 8, clamped to 1. All absent without a client hello.
pub(crate) fn extract(seen: &Observation<'_>, into: &mut Vec<f32>) {
    let Some(signs) = signs(seen) else {
        into.extend(std::iter::repeat_n(f32::NAN, NAMES.len()));
        return;
    };
    into.extend(signs.iter().map(|sign| flag(*sign)));
    into.push(total(&signs));
}

fn total(signs: &[bool; 13]) -> f32 {
    let points: f32 = signs.iter().zip(WORTH).filter(|(sign, _)| **sign).map(|(_, worth)| worth).sum();
    (points / FULL).min(1.0)
}

/// The signs of one flow, in the order of [`NAMES`]; `None` without a client hello.
fn signs(seen: &Observation<'_>) -> Option<[bool; 13]> {
    let handshake = seen.handshake?;
    let client = handshake.client.as_deref()?;
    let chain = handshake.certificate.as_deref();
    let extensions = client.extensions.iter().filter(|value| !is_grease(**value)).count();
    let name = client.sni.as_deref();
    let pair = seen.pair.filter(|pair| pair.flows >= 4);
    let regular = pair.is_some_and(|pair| {
        pair.interval_cv.is_some_and(|cv| cv < 0.5) && pair.interval_median_s.is_some_and(|median| median > 1.0)
    });
    Some([
        chain.is_some_and(|c| c.leaf.self_signed),
        chain.is_some_and(|c| c.leaf.names.is_empty()),
        chain.is_some_and(|c| c.chain_length == 1),
        chain.zip(name).is_some_and(|(c, name)| !covers(c, name)),
        chain.is_some_and(|c| c.extensions <= 3),
        name.is_none(),
        client.alpn.is_empty(),
        extensions < 9,
        seen.server_port != 443,
        pair.is_some(),
        regular,
        regular && pair.and_then(|pair| pair.download_cv).is_some_and(|cv| cv < 0.1),
        regular && pair.and_then(|pair| pair.interval_median_s).is_some_and(|median| median > 10.0),
    ])
}

/// The signs that hold, in words, the weightiest first; with what each is worth.
#[must_use]
pub fn sign_reasons(seen: &Observation<'_>) -> Vec<(f32, Reason)> {
    let Some(signs) = signs(seen) else { return Vec::new() };
    let mut found: Vec<(f32, Reason)> = signs
        .iter()
        .zip(WORTH)
        .enumerate()
        .filter(|(_, (sign, _))| **sign)
        .filter_map(|(index, (_, worth))| Some((worth, words(index, seen)?)))
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found
}

fn words(index: usize, seen: &Observation<'_>) -> Option<Reason> {
    let handshake = seen.handshake?;
    let client = handshake.client.as_deref()?;
    let chain = handshake.certificate.as_deref();
    Some(match index {
        0 => Reason::plain(Reason::SELF_SIGNED),
        1 => Reason::plain(Reason::CERT_NO_ALT_NAMES),
        2 => Reason::plain(Reason::CERT_CHAIN_ONE),
        3 => Reason::text(Reason::CERT_NAME_MISMATCH, client.sni.as_deref().unwrap_or_default()),
        4 => Reason::number(Reason::CERT_FEW_EXTENSIONS, f32::from(chain?.extensions)),
        5 => Reason::plain(Reason::NO_SERVER_NAME),
        6 => Reason::plain(Reason::NO_ALPN),
        7 => Reason::number(Reason::FEW_HELLO_EXTENSIONS, client.extensions.len() as f32),
        8 => Reason::number(Reason::ODD_PORT, f32::from(seen.server_port)),
        9 => Reason::number(Reason::MANY_FLOWS, seen.pair?.flows as f32),
        10 => {
            let pair = seen.pair?;
            let arg = |value: f32| picket_event::ReasonArg::Number(value);
            let args = vec![arg(pair.interval_median_s?), arg((pair.interval_cv? * 100.0).round())];
            Reason { template: Reason::REGULAR_INTERVALS, args }
        }
        11 => Reason::plain(Reason::ALIKE_DOWNLOADS),
        _ => return None,
    })
}

/// Reasons from the certificate's dates, where a model leans on them.
#[must_use]
pub fn date_reason(seen: &Observation<'_>, name: &str) -> Option<Reason> {
    let chain = seen.handshake?.certificate.as_deref()?;
    match name {
        "certificate_age_log" => Some(Reason::number(Reason::CERT_YOUNG, age_days(chain, seen.start).floor())),
        "certificate_validity_log" => Some(Reason::number(Reason::CERT_VALIDITY, validity_days(chain).round())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FlowStats, Handshake};
    use picket_dissect::fact::ClientHello;
    use picket_event::{Protocol, Timestamp, Transport};
    use std::sync::Arc;

    #[test]
    fn points_by_hand() {
        let mut chain = crate::handshake::tests::chain(&[], "CN=x");
        chain.leaf.self_signed = true;
        chain.chain_length = 1;
        chain.extensions = 0;
        let handshake = Handshake {
            client: Some(Box::new(ClientHello { extensions: vec![10, 11, 13], ..ClientHello::default() })),
            server: None,
            certificate: Some(Arc::new(chain)),
            certificate_seen: true,
        };
        let stats = FlowStats::default();
        let seen = Observation {
            stats: &stats,
            detail: None,
            records: None,
            polling: None,
            transport: Transport::TCP,
            server_port: 8080,
            app: &Protocol::TLS,
            handshake: Some(&handshake),
            pair: None,
            start: Timestamp::EPOCH,
        };
        let mut vector = Vec::new();
        extract(&seen, &mut vector);
        assert_eq!(vector.len(), NAMES.len());
        // 2 + 1 + 1 + 0.5 + 1 + 0.5 + 0.5 + 0.5 of 8
        assert_eq!(vector.last().copied(), Some(7.0 / 8.0));
        let reasons = sign_reasons(&seen);
        assert_eq!(reasons[0].1.to_string(), "server certificate is self-signed");
        assert_eq!(reasons.len(), 8);
        let without = Observation { handshake: None, ..seen };
        vector.clear();
        extract(&without, &mut vector);
        assert!(vector.iter().all(|value| value.is_nan()));
    }
}
