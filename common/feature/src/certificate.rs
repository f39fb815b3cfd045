//! `certificate/1`: the server's certificate, of this flow or remembered.

use crate::handshake::{attributes, covers};
use crate::observation::Observation;
use crate::schema::{features, flag, log, maybe};
use picket_dissect::fact::{Certificates, KeyKind, SignatureKind};
use picket_event::Timestamp;

features! {
    /// `certificate/1`. Ages and validity in days as `ln(1 + x)`.
    NAMES, extract, |seen| {
        let chain = seen.handshake.and_then(|h| h.certificate.as_deref());
        let of = |part: fn(&Certificates) -> f32| maybe(chain.map(part));
    }
    "certificate_known" => flag(chain.is_some()),
    "certificate_remembered" => maybe(chain.map(|_| flag(seen.handshake.is_some_and(|h| !h.certificate_seen)))),
    "certificate_self_signed" => of(|c| flag(c.leaf.self_signed)),
    "certificate_chain_length" => of(|c| f32::from(c.chain_length)),
    "certificate_names" => of(|c| c.leaf.names.len() as f32),
    "certificate_extensions" => of(|c| f32::from(c.extensions)),
    "certificate_length" => of(|c| c.length as f32),
    "certificate_validity_log" => of(|c| log(validity_days(c))),
    "certificate_age_log" => maybe(chain.map(|c| log(age_days(c, seen.start)))),
    "certificate_expired" => maybe(chain.map(|c| flag(seen.start > c.leaf.not_after))),
    "certificate_early" => maybe(chain.map(|c| flag(seen.start < c.leaf.not_before))),
    "certificate_covers_name" => maybe(covers_name(seen)),
    "certificate_subject_attributes" => of(|c| f32::from(attributes(&c.leaf.subject))),
    "certificate_issuer_attributes" => of(|c| f32::from(attributes(&c.leaf.issuer))),
    "certificate_subject_length" => of(|c| c.leaf.subject.len() as f32),
    "certificate_issuer_length" => of(|c| c.leaf.issuer.len() as f32),
    "certificate_serial_length" => of(|c| c.leaf.serial.len() as f32),
    "certificate_wildcard" => of(|c| flag(c.leaf.names.iter().any(|name| name.starts_with("*.")))),
    "certificate_rsa" => of(|c| flag(c.key == KeyKind::Rsa)),
    "certificate_key_bits" => of(|c| if c.key_bits == 0 { f32::NAN } else { f32::from(c.key_bits) }),
    "certificate_weak_signature" => of(|c| flag(matches!(c.signature,
        SignatureKind::RsaMd5 | SignatureKind::RsaSha1 | SignatureKind::EcdsaSha1))),
    "certificate_version" => of(|c| f32::from(c.version)),
}

const DAY_S: f32 = 86_400.0;

/// Days from the start of validity to its end.
pub(crate) fn validity_days(chain: &Certificates) -> f32 {
    chain.leaf.not_after.since(chain.leaf.not_before).as_secs_f32() / DAY_S
}

/// Days from the start of validity to the flow; 0 before it.
pub(crate) fn age_days(chain: &Certificates, now: Timestamp) -> f32 {
    now.since(chain.leaf.not_before).as_secs_f32() / DAY_S
}

/// 1 where the certificate is good for the name asked for; absent without a certificate or a name.
fn covers_name(seen: &Observation<'_>) -> Option<f32> {
    let handshake = seen.handshake?;
    let name = handshake.client.as_deref()?.sni.as_deref()?;
    handshake.certificate.as_deref().map(|chain| flag(covers(chain, name)))
}
