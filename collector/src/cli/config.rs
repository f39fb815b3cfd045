//! `config check` and `config show`.

use crate::config;
use anyhow::Context;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// Arguments of `config`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// Validate without starting anything
    Check,
    /// Print the values in force and where each came from
    Show {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// Runs it.
///
/// # Errors
/// When the configuration is refused.
pub fn run(args: &Args, path: Option<&Path>) -> anyhow::Result<ExitCode> {
    let loaded = config::load(path)?;
    let mut out = std::io::stdout().lock();
    match args.action {
        Action::Check => {
            let files: Vec<String> = loaded.files.iter().map(|f| f.display().to_string()).collect();
            let what = if files.is_empty() { "no file, built-in defaults".to_owned() } else { files.join(", ") };
            writeln!(out, "configuration is valid ({what})")?;
        }
        Action::Show { json: true } => {
            let text = serde_json::to_string_pretty(&loaded.config).context("print the configuration")?;
            writeln!(out, "{text}")?;
        }
        Action::Show { json: false } => show(&loaded, &mut out)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn show(loaded: &config::Loaded, out: &mut impl Write) -> anyhow::Result<()> {
    let table = toml::Table::try_from(&loaded.config).context("print the configuration")?;
    for (section, values) in &table {
        writeln!(out, "[{section}]")?;
        for (key, value) in values.as_table().into_iter().flatten() {
            let origin = loaded.origins.get(&format!("{section}.{key}"));
            let origin = origin.map_or_else(|| "default".to_owned(), |path| path.display().to_string());
            writeln!(out, "{:<44} # {origin}", format!("{key} = {value}"))?;
        }
        writeln!(out)?;
    }
    Ok(())
}
