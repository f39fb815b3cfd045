//! `picket-agent bundle`: what a model bundle says of itself, and whether it would be taken.

use super::{Exit, Fault, print};
use clap::{Args, Subcommand};
use picket_score::{Bundle, Trust, bundle};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// What `bundle` takes.
#[derive(Clone, Debug, Args)]
pub struct BundleArgs {
    /// What to do.
    #[command(subcommand)]
    pub verb: BundleVerb,
}

/// What to do with a bundle.
#[derive(Clone, Debug, Subcommand)]
#[allow(missing_docs)] // each variant's help text is its documentation
pub enum BundleVerb {
    /// Print what a bundle says of itself: schemas, classifiers, thresholds, measured figures
    Show {
        /// Bundle file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Print the manifest as JSON
        #[arg(long)]
        json: bool,
    },
    /// Check size, signature, signer, trust counter, dimensions and self-test; status 5 when it is refused
    Verify {
        /// Bundle file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Public key of a signer to believe, 64 hexadecimal digits [default: the one that signed it]
        #[arg(long, value_name = "HEX")]
        key: Vec<String>,
        /// Least trust counter to accept
        #[arg(long, value_name = "N", default_value_t = 0)]
        least_counter: u64,
    },
}

/// Runs the verb.
pub(super) fn bundle(args: &BundleArgs) -> Result<Exit, Fault> {
    match &args.verb {
        BundleVerb::Show { file, json } => {
            let loaded = load(file, &[], 0)?;
            print(&if *json { manifest_json(&loaded)? } else { describe(file, &loaded) })
        }
        BundleVerb::Verify { file, key, least_counter } => {
            let keys = key.iter().map(|text| parse_key(text)).collect::<Result<Vec<_>, _>>()?;
            let loaded = load(file, &keys, *least_counter)?;
            let signer = bundle::hex(loaded.signer());
            let word = if keys.is_empty() { "the signer was not judged" } else { "the signer is believed" };
            print(&format!("{}: good; signed by {signer} ({word}); its self-test holds\n", file.display()))
        }
    }
}

/// Loads a bundle; without keys whoever signed it is believed.
pub(super) fn load(file: &Path, keys: &[[u8; 32]], least_counter: u64) -> Result<Bundle, Fault> {
    let bytes = read(file)?;
    let mut keys = keys.to_vec();
    if keys.is_empty() {
        // The signer's public key stands in the header; a file too short for one is refused by its size.
        keys.extend(bytes.get(16..48).and_then(|key| <[u8; 32]>::try_from(key).ok()));
    }
    Bundle::load(&bytes, &Trust { pinned: Vec::new(), keys, least_counter })
        .map_err(|refusal| Fault::say(Exit::Refused, format!("bundle {}: refused: {refusal}", file.display())))
}

/// Reads a bundle file; longer ones than any bundle are not read.
fn read(file: &Path) -> Result<Vec<u8>, Fault> {
    use std::io::Read;
    let mut bytes = Vec::new();
    let limit = bundle::MAX_BYTES as u64 + 1;
    std::fs::File::open(file).and_then(|open| open.take(limit).read_to_end(&mut bytes)).map_err(|error| {
        let words = format!("read bundle {}: {error}; is the name right, and may it be read?", file.display());
        Fault::say(Exit::Failed, words)
    })?;
    Ok(bytes)
}

fn parse_key(text: &str) -> Result<[u8; 32], Fault> {
    let wrong = || Fault::say(Exit::Usage, format!("--key: \"{text}\" is not 64 hexadecimal digits"));
    if text.len() != 64 || !text.is_ascii() {
        return Err(wrong());
    }
    let mut key = [0u8; 32];
    for (byte, at) in key.iter_mut().zip((0..64).step_by(2)) {
        let digits = text.get(at..at + 2).ok_or_else(wrong)?;
        *byte = u8::from_str_radix(digits, 16).map_err(|_| wrong())?;
    }
    Ok(key)
}

fn manifest_json(loaded: &Bundle) -> Result<String, Fault> {
    let text = serde_json::to_string(loaded.manifest()).map_err(|error| Fault::new(Exit::Failed, error))?;
    Ok(format!("{text}\n"))
}

fn describe(file: &Path, loaded: &Bundle) -> String {
    let manifest = loaded.manifest();
    let mut out = String::new();
    let _ = writeln!(out, "bundle    {} ({})", manifest.name, file.display());
    let _ = writeln!(out, "sha256    {}", bundle::hex(loaded.sha256()));
    let _ = writeln!(out, "signer    {}", bundle::hex(loaded.signer()));
    let _ = writeln!(out, "counter   {}", manifest.trust_counter);
    let _ = writeln!(out, "schemas   {} ({} features)", manifest.schemas.join(", "), loaded.feature_names().len());
    let vote = &manifest.vote;
    let _ = writeln!(
        out,
        "vote      {:?}: suspicious from {}, malicious from {}",
        vote.method, vote.suspicious, vote.malicious
    );
    for member in &manifest.members {
        let figures: Vec<String> = member.figures.iter().map(|(name, value)| format!("{name} {value:.3}")).collect();
        let _ = writeln!(out, "member    {}: {}", member.classifier, figures.join(", "));
    }
    let _ = writeln!(out, "rules     {}", manifest.rules.len());
    out
}
