//! Feature rows from files.

use anyhow::{Context as _, Result, bail};
use picket_train::{Conversations, Data};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Write as _, stdout};
use std::path::Path;

/// Bytes of rows, decompressed, at most.
const MAX_BYTES: u64 = 4 << 30;

/// Rows with the SHA-256 of their text.
pub(super) struct Rows {
    pub(super) data: Data,
    pub(super) sha256: String,
}

/// Reads rows for the vote.
pub(super) fn read(path: &Path) -> Result<Rows> {
    let (text, sha256) = text(path)?;
    let data = Data::parse(text.lines()).with_context(|| format!("read feature rows {}", path.display()))?;
    Ok(Rows { data, sha256 })
}

/// Reads rows of kind `polling`, with the SHA-256 of their text.
pub(super) fn conversations(path: &Path) -> Result<(Conversations, String)> {
    let (text, sha256) = text(path)?;
    let read =
        Conversations::parse(text.lines()).with_context(|| format!("read rows of polling {}", path.display()))?;
    Ok((read, sha256))
}

/// The text of rows, decompressed by the file's name, with its SHA-256.
fn text(path: &Path) -> Result<(String, String)> {
    let told = || format!("read feature rows {}", path.display());
    let file = BufReader::new(File::open(path).with_context(told)?);
    let reader: Box<dyn Read> = match path.extension().and_then(|extension| extension.to_str()) {
        Some("gz") => Box::new(flate2::read::MultiGzDecoder::new(file)),
        Some("zst") => Box::new(zstd::Decoder::new(file).with_context(told)?),
        _ => Box::new(file),
    };
    let mut text = String::new();
    let read = reader.take(MAX_BYTES + 1).read_to_string(&mut text).with_context(told)? as u64;
    if read > MAX_BYTES {
        bail!("{}: more than {MAX_BYTES} bytes; train on fewer captures", path.display());
    }
    let sha256 = picket_score::bundle::hex(&Sha256::digest(text.as_bytes()));
    Ok((text, sha256))
}

/// Prints how many rows each group has, by label.
pub(super) fn show(path: &Path) -> Result<()> {
    let Rows { data, sha256 } = read(path)?;
    let mut out = stdout().lock();
    writeln!(out, "rows      {}", data.samples.len())?;
    writeln!(out, "sha256    {sha256}")?;
    writeln!(out, "schemas   {}", data.schemas.join(", "))?;
    let mut groups: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for sample in &data.samples {
        *groups.entry((&sample.group, sample.label.name())).or_default() += 1;
    }
    for ((group, label), count) in groups {
        writeln!(out, "{count:8}  {label:10}  {group}")?;
    }
    Ok(())
}
