//! `picket-collector model train`.

use super::rows::{self, Rows};
use super::show;
use anyhow::{Context as _, Result, bail};
use picket_score::bundle::{hex, seal};
use picket_score::{Bundle, Trust};
use picket_train::{Conversations, Settings, TrainError, Trained, behaviour, train};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use std::io::{Write as _, stdout};
use std::path::{Path, PathBuf};

/// Train a bundle from feature rows
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Feature rows as `picket-agent features` writes them, plain, .gz or .zst
    #[arg(value_name = "FEATURES")]
    pub rows: PathBuf,
    /// Rows are of kind polling: the bundle is this one, with the model that names conversations by their behaviour anew
    #[arg(long, value_name = "BUNDLE")]
    pub onto: Option<PathBuf>,
    /// Rows of kind polling of conversations that were made, not captured: learnt from beside the others, never held out or measured
    #[arg(long, value_name = "FEATURES", requires = "onto")]
    pub made: Option<PathBuf>,
    /// Where to write the bundle
    #[arg(long, value_name = "FILE", required_unless_present = "folds")]
    pub out: Option<PathBuf>,
    /// Leave this group of sources out; may be repeated
    #[arg(long = "fold", value_name = "GROUP")]
    pub fold: Vec<String>,
    /// Write one bundle for each group of the rows, trained without it, as DIR/GROUP.bundle ("/" written "__")
    #[arg(long, value_name = "DIR", conflicts_with_all = ["out", "fold"])]
    pub folds: Option<PathBuf>,
    /// Signing key: Ed25519, PKCS#8 DER. Without it a key is made, used once and forgotten
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Name of the bundle
    #[arg(long, default_value = "default")]
    pub name: String,
    /// What it is trained on, in words, for its card
    #[arg(long, default_value = "feature rows without a description")]
    pub describe: String,
    /// Trust counter; sensors refuse bundles with a lower one than the last they took
    #[arg(long, default_value_t = 1)]
    pub trust_counter: u64,
    /// Seed of every chance
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Trees of the forest
    #[arg(long, default_value_t = 100)]
    pub trees: usize,
}

/// Trains and writes.
pub(super) fn run(args: &Args) -> Result<()> {
    let source = match &args.onto {
        None => Source::Flows(rows::read(&args.rows)?),
        Some(bundle) => {
            let (mut data, mut sha256) = rows::conversations(&args.rows)?;
            if let Some(made) = &args.made {
                let (made, of_made) = rows::conversations(made)?;
                data = data.beside(made);
                sha256 = format!("{sha256} {of_made}");
            }
            Source::Conversations { data, sha256, onto: Box::new(show::parts(bundle)?) }
        }
    };
    let Some(directory) = &args.folds else {
        let out = args.out.as_deref().context("no --out: say where to write the bundle")?;
        return one(args, &source, &args.fold, out);
    };
    std::fs::create_dir_all(directory).with_context(|| format!("create {}", directory.display()))?;
    for group in source.groups() {
        let out = directory.join(format!("{}.bundle", group.replace('/', "__")));
        one(args, &source, &[group], &out)?;
    }
    Ok(())
}

/// What is trained on.
enum Source {
    /// Rows for the vote.
    Flows(Rows),
    /// Rows of polling, and the bundle that their model is put into.
    Conversations { data: Conversations, sha256: String, onto: Box<Trained> },
}

impl Source {
    fn groups(&self) -> Vec<String> {
        match self {
            Self::Flows(rows) => rows.data.groups(),
            Self::Conversations { data, .. } => data.groups(),
        }
    }

    fn train(&self, settings: Settings) -> Result<Trained, TrainError> {
        let mut say = |what: &str| eprintln!("{what}");
        match self {
            Self::Flows(Rows { data, sha256 }) => {
                let mut kept = data.clone();
                kept.samples.retain(|sample| !settings.left_out.contains(&sample.group));
                train(&kept, &Settings { data_sha256: sha256.clone(), ..settings }, &mut say)
            }
            Self::Conversations { data, sha256, onto } => {
                let settings = Settings { data_sha256: sha256.clone(), ..settings };
                behaviour::add(Trained::clone(onto), &data.without(&settings.left_out), &settings, &mut say)
            }
        }
    }
}

fn one(args: &Args, source: &Source, left_out: &[String], out: &Path) -> Result<()> {
    let known = source.groups();
    if let Some(unknown) = left_out.iter().find(|group| !known.contains(group)) {
        bail!("no group {unknown} in {}; there are {}", args.rows.display(), known.join(", "));
    }
    let mut settings = Settings {
        name: args.name.clone(),
        trust_counter: args.trust_counter,
        trained_on: args.describe.clone(),
        left_out: left_out.to_vec(),
        ..Settings::default()
    };
    settings.forest.seed = args.seed;
    settings.boosting.seed = args.seed;
    settings.voting.seed = args.seed;
    settings.forest.trees = args.trees;
    let trained = source.train(settings).with_context(|| format!("train {}", out.display()))?;
    write(&trained, args.key.as_deref(), out)
}

/// Signs, checks as a sensor would, and puts the file in place in one step.
fn write(trained: &Trained, key: Option<&Path>, out: &Path) -> Result<()> {
    let key = signing_key(key)?;
    let bytes = seal(&trained.manifest, &trained.tensors, &key)?;
    let signer: [u8; 32] = key.public_key().as_ref().try_into().context("public key is not 32 bytes")?;
    let bundle = Bundle::load(&bytes, &Trust { keys: vec![signer], ..Trust::default() })?;
    let told = || format!("write {}", out.display());
    let directory = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let partial = directory.join(format!(".{}.partial", out.file_name().unwrap_or_default().to_string_lossy()));
    let mut file = std::fs::File::create(&partial).with_context(told)?;
    file.write_all(&bytes).and_then(|()| file.sync_all()).with_context(told)?;
    std::fs::rename(&partial, out).with_context(told)?;
    let mut said = stdout().lock();
    writeln!(said, "bundle    {} ({} bytes)", out.display(), bytes.len())?;
    writeln!(said, "sha256    {}", hex(bundle.sha256()))?;
    writeln!(said, "signer    {}", hex(&signer))?;
    for (name, value) in &trained.manifest.card.sources_left_out {
        writeln!(said, "{name:24}  {value:.4}  (sources left out)")?;
    }
    for (name, value) in trained.manifest.behaviour.iter().flat_map(|behaviour| &behaviour.card.sources_left_out) {
        writeln!(said, "behaviour: {name}  {value:.4}  (sources left out)")?;
    }
    Ok(())
}

fn signing_key(path: Option<&Path>) -> Result<Ed25519KeyPair> {
    let der = match path {
        Some(path) => std::fs::read(path).with_context(|| format!("read signing key {}", path.display()))?,
        None => {
            let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
            made.ok().context("the system gives no random numbers for a signing key")?.as_ref().to_vec()
        }
    };
    let rejected = |error| anyhow::anyhow!("signing key: {error}; it must be an Ed25519 key as PKCS#8 DER");
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).map_err(rejected)
}
