//! `picket-collector model publish`, `published` and `withdraw`: bundles that policies name.

use crate::api::models::BundleView;
use crate::cli::{Client, Remote, table};
use anyhow::{Context as _, Result};
use hyper::Method;
use picket_score::bundle::MAX_BYTES;
use std::io::{Read as _, Write as _, stdout};
use std::path::{Path, PathBuf};

/// Give a bundle to the collector, which signs it and hands it to agents whose policy names it
#[derive(Debug, clap::Args)]
pub struct PublishArgs {
    /// The bundle; who publishes it vouches for it
    #[arg(value_name = "BUNDLE")]
    pub bundle: PathBuf,
    #[command(flatten)]
    remote: Remote,
}

/// The bundles that agents may fetch
#[derive(Debug, clap::Args)]
pub struct PublishedArgs {
    #[command(flatten)]
    remote: Remote,
}

/// Remove a bundle from those that agents may fetch; agents that have it keep it
#[derive(Debug, clap::Args)]
pub struct WithdrawArgs {
    /// Its SHA-256
    #[arg(value_name = "SHA256")]
    pub sha256: String,
    #[command(flatten)]
    remote: Remote,
}

pub(super) fn publish(args: &PublishArgs, config: Option<&Path>) -> Result<()> {
    let client = Client::new(&args.remote, config)?;
    let mut bytes = Vec::new();
    let told = || format!("read {}", args.bundle.display());
    let file = std::fs::File::open(&args.bundle).with_context(told)?;
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).with_context(told)?;
    let made: BundleView = client.upload("/bundles", bytes)?;
    let mut out = stdout().lock();
    if args.remote.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&made)?)?;
        return Ok(());
    }
    writeln!(
        out,
        "{} is published; a policy takes it with\n[score]\ndigest = \"{}\"",
        table::harmless(&made.name),
        made.sha256
    )?;
    Ok(())
}

pub(super) fn published(args: &PublishedArgs, config: Option<&Path>) -> Result<()> {
    let all: Vec<BundleView> = Client::new(&args.remote, config)?.get("/bundles")?;
    let mut out = stdout().lock();
    if args.remote.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&all)?)?;
        return Ok(());
    }
    let row = |b: &BundleView| {
        let name = table::harmless(&b.name);
        vec![
            b.sha256.clone(),
            name,
            b.bytes.to_string(),
            table::moment(&b.published_at),
            table::harmless(&b.published_by),
        ]
    };
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    Ok(table::write(&mut out, &["sha256", "name", "bytes", "published (UTC)", "by"], &rows)?)
}

pub(super) fn withdraw(args: &WithdrawArgs, config: Option<&Path>) -> Result<()> {
    let client = Client::new(&args.remote, config)?;
    client.change(
        Method::DELETE,
        &format!("/bundles/{}", crate::page::encoded(&args.sha256)),
        &serde_json::json!({}),
    )?;
    writeln!(stdout().lock(), "the bundle is withdrawn; agents that have it keep it")?;
    Ok(())
}
