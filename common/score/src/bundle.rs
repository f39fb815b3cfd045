//! The bundle file: header, manifest, tensors, one signature over all of it.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `PKTBUN01` |
//! | 4 | length of the manifest, little-endian |
//! | 4 | length of the tensors, little-endian |
//! | 32 | the signer's Ed25519 public key |
//! | 64 | Ed25519 signature of everything else, in order |
//! | ... | manifest (JSON), tensors (little-endian, addressed by the manifest) |
//!
//! Sizes are checked first, then the signature and whom it is from, and only then is anything parsed.

use crate::behaviour::Behaviour;
use crate::linear::Linear;
use crate::manifest::{self, Manifest, Span};
use crate::refusal::Refusal;
use crate::trees::{Combine, Trees};
use picket_event::{Classifier, Protocol, Unit};
use picket_feature::{Observation, Schema};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use sha2::{Digest as _, Sha256};

const MAGIC: &[u8; 8] = b"PKTBUN01";
const KEY_AT: usize = 16;
const SIGNATURE_AT: usize = 48;
const HEADER: usize = 112;
/// Bytes of a bundle at most.
pub const MAX_BYTES: usize = 8 << 20;
/// Bytes of a manifest at most.
pub const MAX_MANIFEST: usize = 256 << 10;
/// Classifiers at most.
const MAX_MEMBERS: usize = 16;
/// Rules at most.
const MAX_RULES: usize = 64;
/// How far a self-test value may be off: sums of floats in one order on every machine.
const SELF_TEST_TOLERANCE: f32 = 1e-4;

/// Whom a sensor believes.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// SHA-256 of whole bundles that are pinned (the default one).
    pub pinned: Vec<[u8; 32]>,
    /// Public keys of signers (the collector's, learnt at enrolment).
    pub keys: Vec<[u8; 32]>,
    /// Least trust counter; pinned bundles are exempt.
    pub least_counter: u64,
}

/// Models, calibration and thresholds: checked, immutable.
#[derive(Debug)]
pub struct Bundle {
    pub(crate) manifest: Manifest,
    pub(crate) schemas: Vec<Schema>,
    pub(crate) names: Vec<String>,
    pub(crate) members: Vec<Ready>,
    pub(crate) rules: Vec<ReadyRule>,
    pub(crate) certificate_column: Option<usize>,
    behaviour: Option<Behaviour>,
    sha256: [u8; 32],
    signer: [u8; 32],
}

/// A member with its numbers.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) classifier: Classifier,
    pub(crate) model: ReadyModel,
    pub(crate) needs: Vec<usize>,
    /// Lowest and highest value of each feature.
    pub(crate) range: Option<(Vec<f32>, Vec<f32>)>,
    /// Mean leaf below each node, for reasons.
    pub(crate) means: Vec<f32>,
}

#[derive(Debug)]
pub(crate) enum ReadyModel {
    Trees(Trees),
    Tokens(Linear),
    Feature(usize),
}

#[derive(Debug)]
pub(crate) struct ReadyRule {
    pub(crate) conditions: Vec<(usize, f32, f32)>,
    pub(crate) decides: bool,
}

impl Bundle {
    /// Checks and reads a bundle, in this order: size, signature, signer, counter, manifest, schemas, models,
    /// self-test. Memory stays within a small multiple of [`MAX_BYTES`].
    ///
    /// # Errors
    /// The first [`Refusal`] met.
    pub fn load(bytes: &[u8], trust: &Trust) -> Result<Self, Refusal> {
        let parts = Parts::split(bytes)?;
        let sha256: [u8; 32] = Sha256::digest(bytes).into();
        let signed = [parts.lengths, parts.key, parts.body].concat();
        UnparsedPublicKey::new(&ED25519, parts.key).verify(&signed, parts.signature).map_err(|_| Refusal::Signature)?;
        let signer: [u8; 32] = parts.key.try_into().map_err(|_| Refusal::Signature)?;
        let pinned = trust.pinned.contains(&sha256);
        if !pinned && !trust.keys.contains(&signer) {
            return Err(Refusal::Stranger(hex(&signer)));
        }
        let manifest: Manifest =
            serde_json::from_slice(parts.manifest).map_err(|error| Refusal::Manifest(error.to_string()))?;
        if !pinned && manifest.trust_counter < trust.least_counter {
            return Err(Refusal::Older { counter: manifest.trust_counter, least: trust.least_counter });
        }
        let bundle = Self::ready(manifest, parts.tensors, sha256, signer)?;
        bundle.self_test(parts.tensors)?;
        Ok(bundle)
    }

    /// A bundle that nobody has signed: for the trainer, which must know what a bundle says before it is sealed.
    /// Everything but signature and self-test is checked as [`Bundle::load`] does.
    ///
    /// # Errors
    /// The first [`Refusal`] met.
    pub fn unsealed(manifest: Manifest, tensors: &[u8]) -> Result<Self, Refusal> {
        Self::ready(manifest, tensors, [0; 32], [0; 32])
    }

    fn ready(manifest: Manifest, tensors: &[u8], sha256: [u8; 32], signer: [u8; 32]) -> Result<Self, Refusal> {
        let schemas = schemas(&manifest.schemas)?;
        let names: Vec<String> = schemas.iter().flat_map(|schema| schema.names()).collect();
        check_limits(&manifest)?;
        let reader = Resolver { names: &names, tensors };
        let members = manifest.members.iter().map(|member| reader.member(member)).collect::<Result<_, _>>()?;
        let rules = manifest.rules.iter().map(|rule| reader.rule(rule)).collect::<Result<_, _>>()?;
        let certificate_column = names.iter().position(|name| name == "certificate_self_signed");
        let behaviour = manifest.behaviour.as_ref().map(|told| Behaviour::read(told, tensors)).transpose()?;
        Ok(Self { manifest, schemas, names, members, rules, certificate_column, behaviour, sha256, signer })
    }

    fn self_test(&self, tensors: &[u8]) -> Result<(), Refusal> {
        if self.manifest.self_test.is_empty() {
            return Err(Refusal::SelfTest("it carries none".to_owned()));
        }
        for (index, test) in self.manifest.self_test.iter().enumerate() {
            let vector = floats(tensors, test.vector, self.names.len())?;
            let got = crate::vote::judge(self, &vector, &test.tokens);
            let off = |a: Option<f32>, b: Option<f32>| match (a, b) {
                (Some(a), Some(b)) => (a - b).abs() > SELF_TEST_TOLERANCE || a.is_nan() || b.is_nan(),
                (a, b) => a.is_some() != b.is_some(),
            };
            let votes_off = got.votes.len() != test.votes.len()
                || got.votes.iter().zip(&test.votes).any(|(a, b)| off(a.value(), *b));
            if votes_off || off(Some(got.value), Some(test.value)) {
                return Err(Refusal::SelfTest(format!("vector {index} gives {}, not {}", got.value, test.value)));
            }
        }
        Ok(())
    }

    /// Whether it can name conversations that nobody recognised.
    #[must_use]
    pub const fn recognises(&self) -> bool {
        self.behaviour.is_some()
    }

    /// The industrial protocol that a conversation behaves like, and how sure that is; `None` where it is none or not sure.
    #[must_use]
    pub fn recognise(&self, seen: &Observation<'_>) -> Option<(Protocol, Unit)> {
        self.behaviour.as_ref()?.recognise(seen)
    }

    /// What it says of itself.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// SHA-256 of the whole file: its identity.
    #[must_use]
    pub const fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }

    /// The signer's public key.
    #[must_use]
    pub const fn signer(&self) -> &[u8; 32] {
        &self.signer
    }

    /// Names of the vector's features.
    #[must_use]
    pub fn feature_names(&self) -> &[String] {
        &self.names
    }

    /// Schemas of the vector, in order.
    #[must_use]
    pub fn schemas(&self) -> &[Schema] {
        &self.schemas
    }
}

/// The numbers of a bundle file, unchecked; none where it is no bundle.
#[must_use]
pub fn tensors(bytes: &[u8]) -> &[u8] {
    Parts::split(bytes).map_or(&[], |parts| parts.tensors)
}

/// Makes the file of a manifest and its tensors. The self-test is not run here: load it to be sure.
///
/// # Errors
/// [`Refusal::Size`] where a part is over its cap; [`Refusal::Manifest`] where it cannot be written.
pub fn seal(manifest: &Manifest, tensors: &[u8], key: &Ed25519KeyPair) -> Result<Vec<u8>, Refusal> {
    let text = serde_json::to_vec(manifest).map_err(|error| Refusal::Manifest(error.to_string()))?;
    if text.len() > MAX_MANIFEST || HEADER + text.len() + tensors.len() > MAX_BYTES {
        return Err(Refusal::Size(format!("manifest {} bytes, tensors {} bytes", text.len(), tensors.len())));
    }
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes();
    let head = [MAGIC.as_slice(), &length(&text), &length(tensors)].concat();
    let signed = [&head, key.public_key().as_ref(), &text, tensors].concat();
    let signature = key.sign(&signed);
    Ok([&head, key.public_key().as_ref(), signature.as_ref(), &text, tensors].concat())
}

struct Parts<'a> {
    lengths: &'a [u8],
    key: &'a [u8],
    signature: &'a [u8],
    body: &'a [u8],
    manifest: &'a [u8],
    tensors: &'a [u8],
}

impl<'a> Parts<'a> {
    fn split(bytes: &'a [u8]) -> Result<Self, Refusal> {
        if bytes.len() < HEADER || bytes.len() > MAX_BYTES {
            return Err(Refusal::Size(format!("{} bytes, {HEADER} to {MAX_BYTES} are possible", bytes.len())));
        }
        let (header, body) = bytes.split_at(HEADER);
        if !header.starts_with(MAGIC) {
            return Err(Refusal::Format("it does not begin with PKTBUN01".to_owned()));
        }
        let number = |at: usize| {
            let four = header.get(at..at + 4).and_then(|four| four.try_into().ok()).unwrap_or_default();
            u32::from_le_bytes(four) as usize
        };
        let (manifest, tensors) = (number(8), number(12));
        if manifest > MAX_MANIFEST || manifest.saturating_add(tensors) != body.len() {
            let has = body.len();
            return Err(Refusal::Size(format!("manifest {manifest} and tensors {tensors} bytes, {has} are there")));
        }
        let (text, numbers) = body.split_at(manifest);
        let part = |from: usize, to: usize| header.get(from..to).unwrap_or_default();
        Ok(Self {
            lengths: part(0, KEY_AT),
            key: part(KEY_AT, SIGNATURE_AT),
            signature: part(SIGNATURE_AT, HEADER),
            body,
            manifest: text,
            tensors: numbers,
        })
    }
}

fn schemas(ids: &[String]) -> Result<Vec<Schema>, Refusal> {
    let known = || Schema::ALL.iter().map(|schema| schema.id()).collect::<Vec<_>>().join(", ");
    let mut schemas = Vec::new();
    for id in ids {
        let schema = Schema::from_id(id).filter(|schema| !schemas.contains(schema));
        schemas.push(schema.ok_or_else(|| Refusal::Schema { wanted: id.chars().take(64).collect(), known: known() })?);
    }
    Ok(schemas)
}

fn check_limits(manifest: &Manifest) -> Result<(), Refusal> {
    let wrong = |what: &str| Err(Refusal::Manifest(what.to_owned()));
    if manifest.members.is_empty() || manifest.members.len() > MAX_MEMBERS || manifest.rules.len() > MAX_RULES {
        return wrong("too many or no members or rules");
    }
    let vote = &manifest.vote;
    if !(0.0 < vote.suspicious && vote.suspicious <= vote.malicious && vote.malicious <= 1.0) {
        return wrong("thresholds must be 0 < suspicious <= malicious <= 1");
    }
    let weights = manifest.members.iter().flat_map(|member| member.weights.values());
    if weights.clone().any(|weight| !(0.0..=1.0).contains(weight)) {
        return wrong("weights must be 0 to 1");
    }
    if manifest.rules.iter().any(|rule| rule.conditions.is_empty() || rule.right > rule.hits) {
        return wrong("a rule has no condition, or was right more often than it fired");
    }
    Ok(())
}

/// Turns names and spans of a manifest into columns and numbers.
struct Resolver<'a> {
    names: &'a [String],
    tensors: &'a [u8],
}

impl Resolver<'_> {
    fn column(&self, name: &str) -> Result<usize, Refusal> {
        let unknown =
            || Refusal::Manifest(format!("no feature {} in its schemas", name.chars().take(64).collect::<String>()));
        self.names.iter().position(|known| known == name).ok_or_else(unknown)
    }

    fn member(&self, member: &manifest::Member) -> Result<Ready, Refusal> {
        let unknown = || Refusal::Manifest(format!("no classifier is called {:.64}", member.classifier));
        let classifier = Classifier::from_name(&member.classifier).ok_or_else(unknown)?;
        member.calibration.check()?;
        let trees = |span: Span, trees: u32, combine, base| {
            Trees::read(bytes(self.tensors, span)?, trees as usize, combine, base, self.names.len())
                .map(ReadyModel::Trees)
        };
        let model = match &member.model {
            manifest::Model::Forest { tensor, trees: count } => trees(*tensor, *count, Combine::Mean, 0.0)?,
            manifest::Model::Boosting { tensor, trees: count, base } => {
                trees(*tensor, *count, Combine::Logistic, *base)?
            }
            manifest::Model::Tokens { tensor, bias } => {
                ReadyModel::Tokens(Linear::read(bytes(self.tensors, *tensor)?, *bias)?)
            }
            manifest::Model::Feature { name } => ReadyModel::Feature(self.column(name)?),
        };
        let needs = member.needs.iter().map(|name| self.column(name)).collect::<Result<_, _>>()?;
        let range = member.range.map(|span| self.range(span)).transpose()?;
        let means = if let ReadyModel::Trees(trees) = &model { trees.means() } else { Vec::new() };
        Ok(Ready { classifier, model, needs, range, means })
    }

    fn range(&self, span: Span) -> Result<(Vec<f32>, Vec<f32>), Refusal> {
        let mut low = floats(self.tensors, span, self.names.len() * 2)?;
        let high = low.split_off(self.names.len());
        Ok((low, high))
    }

    fn rule(&self, rule: &manifest::Rule) -> Result<ReadyRule, Refusal> {
        let conditions = rule
            .conditions
            .iter()
            .map(|c| self.column(&c.feature).map(|column| (column, c.least, c.most)))
            .collect::<Result<_, _>>()?;
        Ok(ReadyRule { conditions, decides: rule.may_decide() })
    }
}

pub(crate) fn bytes(tensors: &[u8], span: Span) -> Result<&[u8], Refusal> {
    let (from, length) = (span.offset as usize, span.length as usize);
    tensors
        .get(from..from.saturating_add(length))
        .ok_or_else(|| Refusal::model("tensors", format!("{length} bytes at {from} of {}", tensors.len())))
}

pub(crate) fn floats(tensors: &[u8], span: Span, count: usize) -> Result<Vec<f32>, Refusal> {
    let bytes = bytes(tensors, span)?;
    if bytes.len() != count * 4 {
        return Err(Refusal::model("tensors", format!("{} bytes are not {count} numbers", bytes.len())));
    }
    Ok(bytes.chunks_exact(4).filter_map(|four| four.try_into().ok().map(f32::from_le_bytes)).collect())
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
