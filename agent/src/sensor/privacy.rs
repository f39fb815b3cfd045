//! Privacy switches: what an event may say of people's names, on the way out.
//!
//! Each group of fields is kept, replaced by a keyed hash, or left out. Classifiers have seen the fields by
//! then, so judgements do not change; what they say in words goes through the same switch. An event lists
//! the fields concerned in `redacted`, by their EVE names.

use picket_event::body::{Asset, Certificate, Dns, Http, Score};
use picket_event::{Body, Event, Reason, ReasonArg};
use ring::hmac;
use serde::{Deserialize, Serialize};

/// What happens to a group of fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Treatment {
    /// As seen.
    #[default]
    Keep,
    /// A keyed hash in its place: equal values stay equal within a site.
    Hash,
    /// Left out.
    Drop,
}

/// The treatment of every group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Treatments {
    /// Server names of TLS and QUIC handshakes.
    pub server_names: Treatment,
    /// Names asked for and answered in DNS.
    pub queries: Treatment,
    /// Host, target and programs of HTTP heads.
    pub http_heads: Treatment,
    /// Subjects, issuers and names of certificates, and what finds them in public logs: digest and serial number.
    pub certificates: Treatment,
    /// Names of hosts, as they announce them and as others call them.
    pub host_names: Treatment,
}

impl Treatments {
    fn all(self) -> [Treatment; 5] {
        [self.server_names, self.queries, self.http_heads, self.certificates, self.host_names]
    }

    /// Whether any group is hashed, so that a key is needed.
    #[must_use]
    pub fn needs_key(self) -> bool {
        self.all().contains(&Treatment::Hash)
    }

    /// Whether nothing is changed.
    #[must_use]
    pub fn keeps_all(self) -> bool {
        self.all() == [Treatment::Keep; 5]
    }
}

/// The switches with the site's key.
#[derive(Clone, Debug)]
pub struct Privacy {
    treatments: Treatments,
    key: hmac::Key,
}

/// Bytes of a hash in a serial number's place.
const SERIAL_BYTES: usize = 8;

/// The hash of a text, as it stands in an event: `h:` and 64 bits in hexadecimal.
fn hash(key: &hmac::Key, text: &str) -> String {
    let tag = hmac::sign(key, text.as_bytes());
    let digits = tag.as_ref().iter().take(8).map(|byte| format!("{byte:02x}"));
    std::iter::once("h:".to_owned()).chain(digits).collect()
}

/// The host's name in what `uname -a` prints (POSIX: system, node, release...), which many systems give as their description.
/// A release has its place where there is no name: it begins with a digit.
fn node_name(description: &str) -> Option<&str> {
    const SYSTEMS: [&str; 9] =
        ["Linux", "FreeBSD", "OpenBSD", "NetBSD", "DragonFly", "Darwin", "SunOS", "AIX", "HP-UX"];
    let mut words = description.split_ascii_whitespace();
    let system = words.next()?;
    let name = words.next().filter(|name| !name.starts_with(|first: char| first.is_ascii_digit()))?;
    (SYSTEMS.contains(&system) && words.next().is_some() && !name.starts_with("h:")).then_some(name)
}

/// One event's redaction under way: what to do, and what was done.
struct Hand<'a> {
    key: &'a hmac::Key,
    treatment: Treatment,
    redacted: &'a mut Vec<String>,
}

impl Privacy {
    /// Switches with the key that hashes are made with; the same key at every sensor of a site keeps equal names equal.
    #[must_use]
    pub fn new(treatments: Treatments, key: &[u8]) -> Self {
        Self { treatments, key: hmac::Key::new(hmac::HMAC_SHA256, key) }
    }

    /// How a host's name is told in words; `None` where it is left out.
    #[must_use]
    pub fn host_name(&self, name: &str) -> Option<String> {
        match self.treatments.host_names {
            Treatment::Keep => Some(name.to_owned()),
            Treatment::Hash => Some(hash(&self.key, name)),
            Treatment::Drop => None,
        }
    }

    /// Applies the switches to an event.
    pub fn apply(&self, event: &mut Event) {
        let Treatments { server_names, queries, http_heads, certificates, host_names } = self.treatments;
        let Event { body, redacted, .. } = event;
        let mut hand = Hand { key: &self.key, treatment: Treatment::Keep, redacted };
        match body {
            Body::Tls(tls) => {
                hand.doing(server_names).optional(&mut tls.sni, "tls.sni");
                if let Some(certificate) = &mut tls.certificate {
                    hand.doing(certificates).certificate(certificate);
                }
            }
            Body::Quic(quic) => hand.doing(server_names).optional(&mut quic.sni, "quic.sni"),
            Body::Dns(dns) => hand.doing(queries).dns(dns),
            Body::Http(http) => hand.doing(http_heads).http(http),
            Body::Asset(asset) => hand.doing(host_names).asset(asset),
            Body::Flow(flow) => {
                if let Some(detail) = &mut flow.detail {
                    hand.doing(host_names).list(&mut detail.addresses, "flow.app.addresses");
                    hand.doing(host_names).list(&mut detail.realms, "flow.app.realms");
                }
                if let Some(score) = &mut flow.score {
                    hand.doing(server_names).reasons(score);
                }
            }
            _ => {}
        }
    }
}

impl Hand<'_> {
    const fn doing(&mut self, treatment: Treatment) -> &mut Self {
        self.treatment = treatment;
        self
    }

    fn note(&mut self, field: &str) {
        if !self.redacted.iter().any(|known| known == field) {
            self.redacted.push(field.to_owned());
        }
    }

    fn text(&mut self, text: &mut String, field: &str) {
        if text.is_empty() || self.treatment == Treatment::Keep {
            return;
        }
        *text = if self.treatment == Treatment::Hash { hash(self.key, text) } else { String::new() };
        self.note(field);
    }

    fn optional(&mut self, text: &mut Option<String>, field: &str) {
        if let Some(inner) = text {
            self.text(inner, field);
            if inner.is_empty() {
                *text = None;
            }
        }
    }

    fn list(&mut self, texts: &mut Vec<String>, field: &str) {
        texts.iter_mut().for_each(|text| self.text(text, field));
        texts.retain(|text| !text.is_empty());
    }

    fn certificate(&mut self, certificate: &mut Certificate) {
        self.text(&mut certificate.subject, "tls.subject");
        self.text(&mut certificate.issuer, "tls.issuerdn");
        for name in &mut certificate.names {
            self.text(name, "tls.subjectaltname");
        }
        certificate.names.retain(|name| !name.is_empty());
        if self.treatment == Treatment::Keep {
            return;
        }
        let Certificate { sha256, serial, .. } = certificate;
        let (key, treatment) = (self.key, self.treatment);
        let keyed = |bytes: &[u8]| match treatment {
            Treatment::Hash => hmac::sign(key, bytes).as_ref().to_vec(),
            _ => Vec::new(),
        };
        if *sha256 != [0; 32] {
            *sha256 = keyed(sha256.as_slice()).try_into().unwrap_or_default();
            self.note("tls.certificate_sha256");
        }
        if !serial.is_empty() {
            *serial = keyed(serial.as_slice());
            serial.truncate(SERIAL_BYTES);
            self.note("tls.serial");
        }
    }

    fn dns(&mut self, dns: &mut Dns) {
        self.text(&mut dns.name, "dns.rrname");
        if self.treatment == Treatment::Drop && !dns.answers.is_empty() {
            dns.answers.clear();
            self.note("dns.answers");
        }
        for record in &mut dns.answers {
            self.text(&mut record.name, "dns.answers");
            // Addresses name machines, and stand in every flow.
            if record.data.parse::<std::net::IpAddr>().is_err() {
                self.text(&mut record.data, "dns.answers");
            }
        }
    }

    fn http(&mut self, http: &mut Http) {
        self.optional(&mut http.host, "http.hostname");
        self.text(&mut http.url, "http.url");
        self.optional(&mut http.user_agent, "http.http_user_agent");
        self.optional(&mut http.server, "http.server");
    }

    /// The names, and what a device says of itself where that repeats one (`sysDescr` of many systems begins `Linux NAME`).
    fn asset(&mut self, asset: &mut Asset) {
        if self.treatment == Treatment::Keep {
            return;
        }
        let Asset { hostname, names, vendor, model, firmware, os, .. } = asset;
        let known: Vec<String> = hostname.iter().chain(names.iter()).map(|name| name.to_ascii_lowercase()).collect();
        let others = [(vendor, "asset.vendor"), (model, "asset.model"), (firmware, "asset.firmware"), (os, "asset.os")];
        for (text, field) in others {
            let repeats = |text: &String| known.iter().any(|name| text.to_ascii_lowercase().contains(name.as_str()));
            if text.as_ref().is_some_and(repeats) {
                self.optional(text, field);
            }
        }
        if let Some(text) = os
            && let Some(name) = node_name(text)
        {
            let shown = if self.treatment == Treatment::Hash { hash(self.key, name) } else { "...".to_owned() };
            *text = text.replacen(name, &shown, 1);
            self.note("asset.os");
        }
        self.optional(hostname, "asset.hostname");
        for name in names.iter_mut() {
            self.text(name, "asset.names");
        }
        names.retain(|name| !name.is_empty());
    }

    /// Reasons that repeat a server name.
    fn reasons(&mut self, score: &mut Score) {
        for Reason { template, args } in &mut score.reasons {
            if *template != Reason::CERT_NAME_MISMATCH {
                continue;
            }
            for arg in args {
                if let ReasonArg::Text(text) = arg {
                    self.text(text, "score.reasons");
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "privacy_tests.rs"]
mod tests;
