//! The sites file: time zones, working days, zones and planned work, as an operator writes them.

use anyhow::{Context, bail};
use picket_engine::{PlannedWork, SiteConfig, Zone};
use picket_event::Timestamp;
use serde::Deserialize;
use std::path::Path;

#[derive(Deserialize)]
struct File {
    sites: Vec<SiteRow>,
}

#[derive(Deserialize)]
struct SiteRow {
    site: String,
    #[serde(default)]
    offsets: Vec<Offset>,
    #[serde(default = "working_week")]
    workdays: Vec<u8>,
    #[serde(default)]
    holidays: Vec<String>,
    #[serde(default)]
    zones: Vec<ZoneRow>,
    #[serde(default)]
    maintenance: Vec<Maintenance>,
}

#[derive(Deserialize)]
struct Offset {
    from: String,
    seconds: i32,
}

#[derive(Deserialize)]
struct ZoneRow {
    name: String,
    prefix: ipnet::IpNet,
    level: Option<u8>,
}

#[derive(Deserialize)]
struct Maintenance {
    #[serde(default)]
    zone: String,
    start: String,
    end: String,
    #[serde(default)]
    what: String,
}

fn working_week() -> Vec<u8> {
    vec![0, 1, 2, 3, 4]
}

fn instant(text: &str) -> anyhow::Result<Timestamp> {
    Timestamp::parse(text).map_err(|error| anyhow::anyhow!("\"{text}\" is {error}"))
}

/// A date as days since 1970-01-01.
fn date(text: &str) -> anyhow::Result<i64> {
    let day = text.get(..10).unwrap_or(text);
    Ok(instant(&format!("{day}T00:00:00Z"))?.seconds() / 86_400)
}

fn site(row: SiteRow) -> anyhow::Result<SiteConfig> {
    let mut config = SiteConfig::named(&row.site);
    for offset in row.offsets {
        config.offsets.push((instant(&offset.from)?, offset.seconds));
    }
    config.offsets.sort_unstable();
    if let Some(day) = row.workdays.iter().find(|d| **d > 6) {
        bail!("workday {day} is not 0 (Monday) to 6 (Sunday)");
    }
    config.workdays = row.workdays;
    config.holidays = row.holidays.iter().map(|text| date(text)).collect::<anyhow::Result<_>>()?;
    config.zones = row
        .zones
        .into_iter()
        .map(|z| Zone { name: z.name, network: z.prefix.network(), prefix: z.prefix.prefix_len(), level: z.level })
        .collect();
    for work in row.maintenance {
        let (start, end) = (instant(&work.start)?, instant(&work.end)?);
        config.planned.push(PlannedWork { zone: work.zone, start, end, what: work.what });
    }
    Ok(config)
}

/// Reads the file.
///
/// # Errors
/// When it cannot be read, is not of this form, or names no instant where one is due.
pub fn read(path: &Path) -> anyhow::Result<Vec<SiteConfig>> {
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {name}; check the path"))?;
    let file: File = serde_json::from_str(&text).with_context(|| format!("{name} is not a sites file"))?;
    file.sites
        .into_iter()
        .map(|row| {
            let label = row.site.clone();
            site(row).with_context(|| format!("{name}: site {label}"))
        })
        .collect()
}
