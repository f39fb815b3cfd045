//! Reading and merging the files, with the origin of every value.

use super::Config;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// Files of a `conf.d` at most.
const FILES_MAX: usize = 256;
/// Bytes of one configuration file at most.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nothing was said; the default holds.
    Default,
    /// A line of a file, from 1.
    File(PathBuf, usize),
    /// An option of the command line.
    Option(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Option(name) => write!(f, "option {name}"),
        }
    }
}

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file could not be read.
    #[error("read configuration {}: {error}; is the name right, and may it be read?", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// A file is no TOML, or a value has another type than its key takes.
    #[error("{}:{line}: {message}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong, with the key.
        message: String,
    },
    /// A key is not known.
    #[error("{}:{line}: unknown key `{key}`; {nearest}", path.display())]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The key with its section.
        key: String,
        /// What was perhaps meant.
        nearest: String,
    },
    /// A value is impossible, alone or beside another.
    #[error("{origin}: `{key}` = {value} {reason}")]
    Impossible {
        /// Where the value came from.
        origin: Origin,
        /// The key with its section.
        key: &'static str,
        /// The value.
        value: String,
        /// The range.
        reason: String,
    },
}

/// A configuration with the origin of every value that is not the default.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The effective values.
    pub config: Config,
    /// By key with its section.
    pub origins: BTreeMap<String, Origin>,
    /// The files that were read, in order.
    pub files: Vec<PathBuf>,
}

impl Loaded {
    /// Reads `path` and then, in the order of their names, the `*.toml` of the `conf.d` beside it; files whose
    /// names end in `.collector.toml` are the collector's. A missing file is an error only if it was `named`.
    ///
    /// # Errors
    /// [`ConfigError`] for the first thing that is wrong.
    pub fn read(path: &Path, named: bool) -> Result<Self, ConfigError> {
        let mut loaded = Self::default();
        let mut merged = toml::Table::new();
        let mut files = Vec::new();
        if named || path.exists() {
            files.push(path.to_owned());
        }
        files.extend(drop_ins(path)?);
        for file in files {
            loaded.merge(&mut merged, file)?;
        }
        // Each file was read into the configuration's types on its own, so the sum of them fits too.
        loaded.config = merged.try_into().map_err(|error: toml::de::Error| ConfigError::Value {
            path: path.to_owned(),
            line: 1,
            message: error.message().to_owned(),
        })?;
        loaded.check()?;
        Ok(loaded)
    }

    /// Puts one more file over everything that was read; answers the keys it sets.
    ///
    /// # Errors
    /// [`ConfigError`] for the first thing that is wrong.
    pub fn over(mut self, path: &Path) -> Result<(Self, Vec<String>), ConfigError> {
        let wrong = |message: String| ConfigError::Value { path: path.to_owned(), line: 1, message };
        let mut merged = toml::Table::try_from(&self.config).map_err(|error| wrong(error.to_string()))?;
        let before = std::mem::take(&mut self.origins);
        self.merge(&mut merged, path.to_owned())?;
        let keys = self.origins.keys().cloned().collect();
        for (key, origin) in before {
            self.origins.entry(key).or_insert(origin);
        }
        self.config = merged.try_into().map_err(|error: toml::de::Error| wrong(error.message().to_owned()))?;
        self.check()?;
        Ok((self, keys))
    }

    /// Says that a value came from the command line.
    pub fn overridden(&mut self, key: &str, option: &'static str) {
        self.origins.insert(key.to_owned(), Origin::Option(option));
    }

    /// Where the value of a key came from.
    #[must_use]
    pub fn origin(&self, key: &str) -> Origin {
        self.origins.get(key).cloned().unwrap_or(Origin::Default)
    }

    /// Refuses impossible values.
    ///
    /// # Errors
    /// [`ConfigError::Impossible`] for the first.
    pub fn check(&self) -> Result<(), ConfigError> {
        let Some((key, reason)) = self.config.impossible() else { return Ok(()) };
        let value = self.values().into_iter().find(|(name, _)| name == key).map_or(String::new(), |(_, value)| value);
        Err(ConfigError::Impossible { origin: self.origin(key), key, value, reason })
    }

    /// Every key with its effective value as TOML writes it, in the order of the sections.
    #[must_use]
    pub fn values(&self) -> Vec<(String, String)> {
        flatten(&self.config)
    }

    fn merge(&mut self, merged: &mut toml::Table, path: PathBuf) -> Result<(), ConfigError> {
        let read_error = |error| ConfigError::Read { path: path.clone(), error };
        if std::fs::metadata(&path).map_err(read_error)?.len() > FILE_BYTES_MAX {
            return Err(read_error(std::io::Error::other(format!("longer than {FILE_BYTES_MAX} bytes"))));
        }
        let text = std::fs::read_to_string(&path).map_err(read_error)?;
        let wrong = |error: &toml::de::Error| ConfigError::Value {
            path: path.clone(),
            line: error.span().map_or(1, |span| line_of(&text, span.start)),
            message: error.message().to_owned(),
        };
        let spanned = DeTable::parse(&text).map_err(|error| wrong(&error))?;
        let known: Vec<String> = flatten(&Config::default()).into_iter().map(|(key, _)| key).collect();
        let mut keys = Vec::new();
        walk(spanned.get_ref(), "", &mut keys);
        for (key, at) in &keys {
            let line = line_of(&text, *at);
            if !known.contains(key) {
                let nearest = nearest(key, &known);
                return Err(ConfigError::UnknownKey { path, line, key: key.clone(), nearest });
            }
            self.origins.insert(key.clone(), Origin::File(path.clone(), line));
        }
        toml::from_str::<Config>(&text).map_err(|error| {
            let place = error.span().map_or(0, |span| span.start);
            let key = keys.iter().rev().find(|(_, at)| *at <= place).map_or("", |(key, _)| key);
            ConfigError::Value {
                path: path.clone(),
                line: line_of(&text, place),
                message: format!("`{key}`: {}", error.message()),
            }
        })?;
        let table: toml::Table = toml::from_str(&text).map_err(|error| wrong(&error))?;
        for (section, values) in table {
            match (merged.get_mut(&section).and_then(toml::Value::as_table_mut), values) {
                (Some(before), toml::Value::Table(values)) => before.extend(values),
                (_, values) => {
                    merged.insert(section, values);
                }
            }
        }
        self.files.push(path);
        Ok(())
    }
}

/// The `conf.d` files beside a configuration file, in the order of their names.
fn drop_ins(path: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let directory = path.parent().unwrap_or(Path::new(".")).join("conf.d");
    let entries = match std::fs::read_dir(&directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(ConfigError::Read { path: directory, error }),
    };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.ends_with(".toml") && !name.ends_with(".collector.toml")
        })
        .collect();
    files.sort();
    if files.len() > FILES_MAX {
        let error = std::io::Error::other(format!("more than {FILES_MAX} files"));
        return Err(ConfigError::Read { path: directory, error });
    }
    Ok(files)
}

/// Every key below a table with the place where it stands. Sections are no keys, unless they are unknown.
fn walk(table: &DeTable<'_>, prefix: &str, keys: &mut Vec<(String, usize)>) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.get_ref().to_string() } else { format!("{prefix}.{}", name.get_ref()) };
        let section = prefix.is_empty() && SECTIONS.contains(&key.as_str());
        match value.get_ref() {
            DeValue::Table(inner) if section => walk(inner, &key, keys),
            _ => keys.push((key, name.span().start)),
        }
    }
    keys.sort_by_key(|(_, at)| *at);
}

const SECTIONS: [&str; 14] = [
    "agent",
    "capture",
    "governor",
    "flow",
    "score",
    "privacy",
    "protocols",
    "output",
    "spool",
    "uplink",
    "detail",
    "status",
    "metrics",
    "log",
];

/// `section.key` and the value as TOML, in the order of the structs.
fn flatten(config: &Config) -> Vec<(String, String)> {
    let Ok(toml::Value::Table(sections)) = toml::Value::try_from(config) else { return Vec::new() };
    let mut all = Vec::new();
    for section in SECTIONS {
        let Some(toml::Value::Table(values)) = sections.get(section) else { continue };
        all.extend(values.iter().map(|(key, value)| (format!("{section}.{key}"), value.to_string())));
    }
    all
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// The known key that is nearest to a mistaken one, in words.
fn nearest(wrong: &str, known: &[String]) -> String {
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let far = |key: &String| distance(wrong, key).min(1 + distance(&last(wrong), &last(key)));
    let best = known.iter().map(String::as_str).chain(SECTIONS).map(|key| (far(&key.to_owned()), key)).min();
    match best {
        Some((steps, key)) if steps <= wrong.len().div_ceil(2) => format!("did you mean `{key}`?"),
        _ => format!("sections are {}", SECTIONS.join(", ")),
    }
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(&b) {
            let best = (diagonal + usize::from(x != *y)).min(*cell + 1).min(left + 1);
            diagonal = *cell;
            *cell = best;
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}
