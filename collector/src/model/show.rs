//! `picket-collector model show` and `verify`.

use crate::cli::Refused;
use anyhow::{Context as _, Result, bail};
use picket_score::bundle::{MAX_BYTES, hex, tensors};
use picket_score::{Bundle, Trust};
use picket_train::Trained;
use sha2::{Digest as _, Sha256};
use std::io::{Read as _, Write as _, stdout};
use std::path::{Path, PathBuf};

/// Show what a bundle says of itself
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The bundle
    #[arg(value_name = "BUNDLE")]
    pub bundle: PathBuf,
    /// As JSON: the whole manifest
    #[arg(long)]
    pub json: bool,
}

/// Check a bundle as a sensor does
#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    /// The bundle
    #[arg(value_name = "BUNDLE")]
    pub bundle: PathBuf,
    /// Public key that must have signed it, hexadecimal
    #[arg(long, value_name = "HEX", required_unless_present = "sha256")]
    pub signer: Option<String>,
    /// SHA-256 it must have, hexadecimal
    #[arg(long, value_name = "HEX")]
    pub sha256: Option<String>,
    /// Least trust counter
    #[arg(long, default_value_t = 0)]
    pub least_counter: u64,
}

/// Shows a bundle, whoever signed it; it is checked all the same.
pub(super) fn run(args: &Args) -> Result<()> {
    let bytes = read(&args.bundle)?;
    let pinned = vec![Sha256::digest(&bytes).into()];
    let bundle = load(&args.bundle, &bytes, &Trust { pinned, ..Trust::default() })?;
    let manifest = bundle.manifest();
    let mut out = stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(manifest)?)?;
        return Ok(());
    }
    let card = &manifest.card;
    writeln!(out, "name      {} (trust counter {})", manifest.name, manifest.trust_counter)?;
    writeln!(out, "size      {} bytes", bytes.len())?;
    writeln!(out, "sha256    {}", hex(bundle.sha256()))?;
    writeln!(out, "signer    {}", hex(bundle.signer()))?;
    writeln!(out, "purpose   {}", card.purpose)?;
    writeln!(out, "trained   {}", card.trained_on)?;
    writeln!(out, "data      sha256 {}, rows {:?}", card.data_sha256, card.rows)?;
    writeln!(out, "schemas   {}", manifest.schemas.join(", "))?;
    writeln!(
        out,
        "verdicts  suspicious from {:.4}, malicious from {:.4}",
        manifest.vote.suspicious, manifest.vote.malicious
    )?;
    writeln!(out, "figures, sources left out")?;
    for (name, value) in &card.sources_left_out {
        writeln!(out, "  {name:24}  {value:.4}")?;
    }
    for member in &manifest.members {
        writeln!(out, "classifier {}: weights {:?}", member.classifier, member.weights)?;
        for (name, value) in &member.figures {
            writeln!(out, "  {name:24}  {value:.4}")?;
        }
    }
    if let Some(behaviour) = &manifest.behaviour {
        writeln!(out, "behaviour: {} classes, {} trees", behaviour.classes.len(), behaviour.trees)?;
        let from = behaviour.with_bytes.from.iter().zip(&behaviour.without_bytes.from);
        let classes = behaviour.classes.iter().zip(&behaviour.sources).zip(from).skip(1);
        for ((class, sources), (with, without)) in classes {
            writeln!(
                out,
                "  {class:14}  {sources} sources, named from {with:.2} of the votes, without bytes {without:.2}"
            )?;
        }
        for (name, value) in &behaviour.card.sources_left_out {
            writeln!(out, "  {name:34}  {value:.4}")?;
        }
        for limit in &behaviour.card.limits {
            writeln!(out, "  limit  {limit}")?;
        }
    }
    for rule in &manifest.rules {
        let part = if rule.may_decide() { "decides alone" } else { "votes only" };
        let bound = rule.precision_lower_bound();
        let (right, hits, sources) = (rule.right, rule.hits, rule.sources);
        writeln!(
            out,
            "rule {:?}: {right} of {hits} hits right, {sources} sources, lower bound {bound:.3}: {part}",
            rule.name
        )?;
    }
    for (name, value) in &card.leakage {
        writeln!(out, "leakage   {name} {value:.4}")?;
    }
    for limit in &card.limits {
        writeln!(out, "limit     {limit}")?;
    }
    Ok(())
}

/// Checks a bundle against a signer or a hash.
pub(super) fn verify(args: &VerifyArgs) -> Result<()> {
    let bytes = read(&args.bundle)?;
    let trust = Trust {
        pinned: args.sha256.as_deref().map(key).transpose()?.into_iter().collect(),
        keys: args.signer.as_deref().map(key).transpose()?.into_iter().collect(),
        least_counter: args.least_counter,
    };
    let bundle = load(&args.bundle, &bytes, &trust)?;
    writeln!(
        stdout().lock(),
        "good: {} (trust counter {}), sha256 {}",
        bundle.manifest().name,
        bundle.manifest().trust_counter,
        hex(bundle.sha256())
    )?;
    Ok(())
}

/// The parts of a bundle, whoever signed it; it is checked all the same.
pub(super) fn parts(path: &Path) -> Result<Trained> {
    let bytes = read(path)?;
    let pinned = vec![Sha256::digest(&bytes).into()];
    let bundle = load(path, &bytes, &Trust { pinned, ..Trust::default() })?;
    Ok(Trained { manifest: bundle.manifest().clone(), tensors: tensors(&bytes).to_vec() })
}

fn load(path: &Path, bytes: &[u8], trust: &Trust) -> Result<Bundle> {
    Bundle::load(bytes, trust).map_err(|refusal| Refused(format!("{}: {refusal}", path.display())).into())
}

/// Reads no more than a bundle can have, and one byte to see that it has more.
fn read(path: &Path) -> Result<Vec<u8>> {
    let told = || format!("read bundle {}", path.display());
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).with_context(told)?;
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).with_context(told)?;
    Ok(bytes)
}

fn key(text: &str) -> Result<[u8; 32]> {
    let digits = text.as_bytes();
    let mut key = [0u8; 32];
    if digits.len() != 64 {
        bail!("{text}: 64 hexadecimal digits are needed");
    }
    for (slot, two) in key.iter_mut().zip(digits.chunks_exact(2)) {
        let two = std::str::from_utf8(two).context("not hexadecimal")?;
        *slot = u8::from_str_radix(two, 16).with_context(|| format!("{text}: not hexadecimal"))?;
    }
    Ok(key)
}
