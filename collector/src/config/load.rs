//! Reading the configuration: main file, `conf.d/*.toml` in order, and where each value came from.

use super::Config;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file could not be read.
    #[error("cannot read {path}: {source}; name a readable file with --config")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is no TOML, or a value has the wrong type or form.
    #[error("{path}, line {line}: {reason}")]
    Wrong {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A key that does not exist.
    #[error("{path}, line {line}: unknown key `{key}`; {hint}")]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The key, with its tables.
        key: String,
        /// The nearest known key.
        hint: String,
    },
    /// A value that cannot be.
    #[error("{origin}: `{key}` is impossible: {reason}")]
    Impossible {
        /// The key.
        key: &'static str,
        /// Where its value came from.
        origin: String,
        /// Why it cannot be.
        reason: &'static str,
    },
}

/// An effective configuration and where its values came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// `table.key` to the file that set it; keys that are missing have their default.
    pub origins: BTreeMap<String, PathBuf>,
    /// The files read, in order.
    pub files: Vec<PathBuf>,
}

/// Reads `path` and the `conf.d/*.toml` beside it. Without `path`, `/etc/picket/collector.toml` where it exists.
///
/// # Errors
/// [`ConfigError`] naming file, line, key and the nearest known key.
pub fn load(path: Option<&Path>) -> Result<Loaded, ConfigError> {
    let mut files = Vec::new();
    let main = path.map_or_else(|| PathBuf::from(super::DEFAULT_PATH), Path::to_path_buf);
    if path.is_some() || main.exists() {
        files.push(main.clone());
    }
    if let Some(beside) = main.parent() {
        files.extend(fragments(&beside.join("conf.d"))?);
    }
    let mut merged = toml::Table::new();
    let mut origins = BTreeMap::new();
    for file in &files {
        let text = std::fs::read_to_string(file).map_err(|source| ConfigError::Read { path: file.clone(), source })?;
        let table = read_one(file, &text)?;
        for (section, values) in table {
            let toml::Value::Table(values) = values else { continue };
            let Some(known) = merged.entry(section.clone()).or_insert_with(|| toml::Table::new().into()).as_table_mut()
            else {
                continue;
            };
            for (key, value) in values {
                origins.insert(format!("{section}.{key}"), file.clone());
                known.insert(key, value);
            }
        }
    }
    let config: Config = toml::Value::Table(merged).try_into().map_err(|error: toml::de::Error| {
        ConfigError::Wrong { path: main.clone(), line: 1, reason: error.message().to_owned() }
    })?;
    if let Some((key, reason)) = config.impossible() {
        let origin =
            origins.get(key).map_or_else(|| "built-in default".to_owned(), |p: &PathBuf| p.display().to_string());
        return Err(ConfigError::Impossible { key, origin, reason });
    }
    Ok(Loaded { config, origins, files })
}

fn fragments(directory: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(ConfigError::Read { path: directory.to_path_buf(), source }),
    };
    let mut files: Vec<PathBuf> =
        entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "toml")).collect();
    files.sort();
    Ok(files)
}

/// Parses one file, refusing unknown keys and wrong values with their line.
fn read_one(path: &Path, text: &str) -> Result<toml::Table, ConfigError> {
    let line_of = |at: usize| text.get(..at).map_or(1, |before| before.matches('\n').count() + 1);
    let wrong = |error: &toml::de::Error| ConfigError::Wrong {
        path: path.to_path_buf(),
        line: error.span().map_or(1, |span| line_of(span.start)),
        reason: error.message().to_owned(),
    };
    let spanned = DeTable::parse(text).map_err(|e| wrong(&e))?;
    if let Some((at, key, hint)) = unknown_key(spanned.get_ref()) {
        return Err(ConfigError::UnknownKey { path: path.to_path_buf(), line: line_of(at), key, hint });
    }
    toml::from_str::<Config>(text).map_err(|e| wrong(&e))?;
    toml::from_str(text).map_err(|e| wrong(&e))
}

/// Every `table.key` there is.
pub(super) fn known_keys() -> Vec<(&'static str, Vec<&'static str>)> {
    vec![
        ("state", vec!["directory"]),
        ("listen", vec!["ingest", "https", "metrics", "names"]),
        ("retention", vec!["events", "findings", "disk"]),
        ("engine", vec!["alerts_per_site_day", "sites", "ranking_interval", "late_days"]),
        ("access", vec!["session", "setup_link", "api_token", "login_attempts"]),
        ("detail", vec!["approval", "keep"]),
        ("limits", vec!["connections", "request_body", "request_time"]),
    ]
}

/// The first key that does not exist: its offset, its full name, and what may have been meant.
fn unknown_key(table: &DeTable<'_>) -> Option<(usize, String, String)> {
    let known = known_keys();
    let all: Vec<String> =
        known.iter().flat_map(|(section, keys)| keys.iter().map(move |key| format!("{section}.{key}"))).collect();
    for (name, value) in table {
        let section: &str = name.get_ref();
        let keys = known.iter().find(|(known, _)| *known == section).map(|(_, keys)| keys);
        let (Some(keys), DeValue::Table(values)) = (keys, value.get_ref()) else {
            let sections: Vec<String> = known.iter().map(|(s, _)| format!("[{s}]")).collect();
            let candidates =
                if keys.is_some() || matches!(value.get_ref(), DeValue::Table(_)) { &sections } else { &all };
            return Some((name.span().start, section.to_owned(), nearest(section, candidates)));
        };
        for key in values.keys() {
            let bare: &str = key.get_ref();
            if !keys.contains(&bare) {
                let full = format!("{section}.{bare}");
                let hint = nearest(&full, &all);
                return Some((key.span().start, full, hint));
            }
        }
    }
    None
}

fn nearest(name: &str, known: &[String]) -> String {
    match known.iter().min_by_key(|candidate| distance(name, candidate)) {
        Some(best) => format!("the nearest known key is `{best}`"),
        None => String::new(),
    }
}

/// Levenshtein distance by bytes; names are short.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
