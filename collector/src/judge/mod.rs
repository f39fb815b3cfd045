//! `picket-collector judge`: the engine over EVE files, findings as JSON lines.

mod input;
mod output;
mod sites;

pub use output::line;
pub use sites::read as read_sites;

use anyhow::{Context, bail};
use input::Input;
use picket_engine::{Config, Deviation, Engine, FindingKind, Findings, Shape};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Events handed to the engine at a time.
const BATCH: usize = 512;

/// Judge EVE files offline: events in, findings out, one JSON line each.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// EVE JSON lines, plain, .gz or .zst; `-` is standard input
    #[arg(required = true, value_name = "EVE")]
    pub files: Vec<PathBuf>,
    /// Time zones, calendars, zones and planned work of the sites (JSON)
    #[arg(long, value_name = "FILE")]
    pub sites: Option<PathBuf>,
    /// Site of events that name none
    #[arg(long, value_name = "NAME", default_value = "site")]
    pub site_default: String,
    /// Alerts a site and day at most
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    pub budget: f64,
    /// What the baseline counts: three, time, space, relation, cube
    #[arg(long, value_name = "SHAPE", default_value = "three")]
    pub baseline: String,
    /// Deviation of a cell: plain, standardised, predictive
    #[arg(long, value_name = "NAME", default_value = "predictive")]
    pub deviation: String,
    /// Leave findings of a kind out: baseline, verdict, sensor, agent_silence, agent_conduct
    /// (repeatable)
    #[arg(long, value_name = "KIND")]
    pub without: Vec<String>,
}

/// The engine's settings that the arguments ask for.
fn config(args: &Args) -> anyhow::Result<Config> {
    let mut config = Config { alarm_budget: args.budget, ..Config::default() };
    if !args.budget.is_finite() || args.budget < 0.0 {
        bail!("--budget {} is no number of alerts; give 0 or more", args.budget);
    }
    config.shape = Shape::from_name(&args.baseline)
        .with_context(|| format!("--baseline {}: use three, time, space, relation or cube", args.baseline))?;
    config.deviation = Deviation::from_name(&args.deviation)
        .with_context(|| format!("--deviation {}: use plain, standardised or predictive", args.deviation))?;
    for kind in &args.without {
        match kind.as_str() {
            k if k == FindingKind::Baseline.name() => config.baseline = false,
            k if k == FindingKind::Verdict.name() => config.verdicts = false,
            k if k == FindingKind::Sensor.name() => config.alerts = false,
            k if k == FindingKind::Silence.name() => config.liveness = false,
            k if k == FindingKind::Conduct.name() => config.conduct = false,
            other => bail!("--without {other}: use baseline, verdict, sensor, agent_silence or agent_conduct"),
        }
    }
    if let Some(path) = &args.sites {
        config.sites = sites::read(path)?;
    }
    Ok(config)
}

/// Runs it. Exit status 0 done, 2 usage, 3 done but some lines were bad (the first ones are named).
///
/// # Errors
/// When the sites file cannot be read or standard output is gone.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let config = match config(args) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("picket-collector judge: {error:#}");
            return Ok(ExitCode::from(2));
        }
    };
    let mut input = Input::open(&args.files, &args.site_default);
    let mut engine = Engine::new(config);
    let mut findings = Findings::new();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        batch.clear();
        while batch.len() < BATCH
            && let Some(envelope) = input.next()
        {
            batch.push(envelope);
        }
        if batch.is_empty() {
            break;
        }
        engine.apply(&batch, &mut findings);
        write(&mut findings, &mut out)?;
    }
    engine.finish(&mut findings);
    write(&mut findings, &mut out)?;
    out.flush().context("cannot write to standard output")?;
    for line in &input.bad.first {
        eprintln!("{line}");
    }
    if input.bad.count > 0 {
        eprintln!("picket-collector judge: {} bad line(s) or file(s) left out; the rest was judged", input.bad.count);
        return Ok(ExitCode::from(3));
    }
    Ok(ExitCode::SUCCESS)
}

fn write(findings: &mut Findings, out: &mut impl Write) -> anyhow::Result<()> {
    for finding in findings.take() {
        serde_json::to_writer(&mut *out, &line(&finding)).context("cannot write to standard output")?;
        out.write_all(b"\n").context("cannot write to standard output")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
