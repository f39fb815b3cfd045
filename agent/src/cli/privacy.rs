//! The privacy switches of the command line and the configuration, with the site's key.

use super::{Exit, Fault};
use crate::sensor::privacy::{Privacy, Treatment, Treatments};
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A key is at least so long, bytes.
const KEY_MIN: usize = 16;
/// And at most.
const KEY_MAX: u64 = 4096;

/// The switches as options.
#[derive(Clone, Debug, Default, Args)]
pub struct PrivacyArgs {
    /// What events may say: GROUP=keep|hash|drop, separated by commas; groups are server_names, queries, http_heads,
    /// certificates, host_names [default: all kept]
    #[arg(long, value_name = "GROUP=HOW", value_delimiter = ',')]
    pub privacy: Vec<String>,
    /// File with the site's key, needed to hash
    #[arg(long, value_name = "FILE")]
    pub privacy_key: Option<PathBuf>,
}

impl PrivacyArgs {
    /// The switches, where any is set.
    pub(super) fn load(&self) -> Result<Option<Arc<Privacy>>, Fault> {
        let mut treatments = Treatments::default();
        for setting in &self.privacy {
            let wrong = || {
                let groups = "server_names, queries, http_heads, certificates, host_names";
                let sentence = format!("--privacy: \"{setting}\" is not GROUP=keep|hash|drop; groups are {groups}");
                Fault::say(Exit::Usage, sentence)
            };
            let (group, how) = setting.split_once('=').ok_or_else(wrong)?;
            let how = match how {
                "keep" => Treatment::Keep,
                "hash" => Treatment::Hash,
                "drop" => Treatment::Drop,
                _ => return Err(wrong()),
            };
            match group {
                "server_names" => treatments.server_names = how,
                "queries" => treatments.queries = how,
                "http_heads" => treatments.http_heads = how,
                "certificates" => treatments.certificates = how,
                "host_names" => treatments.host_names = how,
                _ => return Err(wrong()),
            }
        }
        if treatments.needs_key() && self.privacy_key.is_none() {
            return Err(Fault::say(
                Exit::Usage,
                "--privacy: to hash, name the site's key with --privacy-key FILE".to_owned(),
            ));
        }
        load(treatments, self.privacy_key.as_deref().unwrap_or(Path::new("")))
    }
}

/// The switches with the key of a file, which is read only where something is hashed.
pub(super) fn load(treatments: Treatments, key_file: &Path) -> Result<Option<Arc<Privacy>>, Fault> {
    if treatments.keeps_all() {
        return Ok(None);
    }
    if !treatments.needs_key() {
        return Ok(Some(Arc::new(Privacy::new(treatments, &[]))));
    }
    let shown = key_file.display();
    let fault = |why: String| Fault::say(Exit::Failed, format!("site key {shown}: {why}"));
    let size =
        std::fs::metadata(key_file).map_err(|error| fault(format!("{error}; make one with: openssl rand -hex 32")))?;
    if size.len() > KEY_MAX {
        return Err(fault(format!("{} bytes are more than a key has ({KEY_MAX} at most)", size.len())));
    }
    let key = std::fs::read(key_file).map_err(|error| fault(error.to_string()))?;
    let key = key.trim_ascii();
    if key.len() < KEY_MIN {
        return Err(fault(format!(
            "{} bytes are too few, {KEY_MIN} at least; make one with: openssl rand -hex 32",
            key.len()
        )));
    }
    Ok(Some(Arc::new(Privacy::new(treatments, key))))
}
