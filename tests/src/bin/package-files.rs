//! Writes what packages hold beside the programs.
//!
//! ```text
//! package-files manuals PROGRAM SHARE                   manual pages and completions, below SHARE
//! package-files bill PROGRAM VERSION METADATA FILE      bill of materials (CycloneDX), from `cargo metadata`
//! ```

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a program does I/O")]

use anyhow::{Context as _, Result, bail};
use picket_tests::packaging::{bill, manuals};
use std::path::Path;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["manuals", program, share] => manuals(program, Path::new(share)),
        ["bill", program, version, metadata, file] => {
            let text = std::fs::read(metadata).with_context(|| format!("read {metadata}"))?;
            let made = bill(program, version, &serde_json::from_slice(&text)?)?;
            std::fs::write(file, serde_json::to_vec_pretty(&made)?).with_context(|| format!("write {file}"))
        }
        _ => bail!("usage: package-files manuals PROGRAM SHARE | bill PROGRAM VERSION METADATA FILE"),
    }
}
