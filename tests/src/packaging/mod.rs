//! What packages hold beside the programs: manuals, completions, bills of materials. All of it is made from what the
//! programs say of themselves.

mod bill;

pub use bill::bill;

use anyhow::{Context as _, Result, bail};
use clap::CommandFactory as _;
use clap_complete::{Generator, Shell, generate_to};
use std::path::Path;

/// The programs that are packaged.
pub const PROGRAMS: [&str; 2] = ["picket-agent", "picket-collector"];

/// Where each shell's completions lie under `/usr/share`, as Debian has it.
const SHELLS: [(Shell, &str); 3] = [
    (Shell::Bash, "bash-completion/completions"),
    (Shell::Zsh, "zsh/vendor-completions"),
    (Shell::Fish, "fish/vendor_completions.d"),
];

/// The definition of a program's command line.
///
/// # Errors
/// When there is no such program.
pub fn command(program: &str) -> Result<clap::Command> {
    Ok(match program {
        "picket-agent" => picket_agent::cli::command(),
        "picket-collector" => picket_collector::cli::Cli::command(),
        _ => bail!("{program} is none of {}", PROGRAMS.join(", ")),
    })
}

/// Writes a program's manual pages, one a verb, and its completions below `share`.
///
/// # Errors
/// When there is no such program, or a file cannot be written.
pub fn manuals(program: &str, share: &Path) -> Result<()> {
    let program = PROGRAMS.into_iter().find(|known| *known == program).context("no such program")?;
    let pages = share.join("man/man1");
    std::fs::create_dir_all(&pages)?;
    clap_mangen::generate_to(without_hidden(program)?, &pages)?;
    for (shell, folder) in SHELLS {
        let folder = share.join(folder);
        std::fs::create_dir_all(&folder)?;
        let made = generate_to(shell, &mut without_hidden(program)?, program, &folder)?;
        // The one shell whose file has another ending than the package wants.
        if shell == Shell::Bash {
            std::fs::rename(made, folder.join(program))?;
        } else {
            debug_assert_eq!(made.file_name().and_then(|name| name.to_str()), Some(&*shell.file_name(program)));
        }
    }
    Ok(())
}

/// A command line without the verbs that programs start for themselves.
fn without_hidden(program: &'static str) -> Result<clap::Command> {
    let whole = command(program)?;
    let shown: Vec<clap::Command> = whole.get_subcommands().filter(|verb| !verb.is_hide_set()).cloned().collect();
    let bare = clap::Command::new(program).version(env!("CARGO_PKG_VERSION")).subcommands(shown);
    let bare = bare.about(whole.get_about().cloned().unwrap_or_default());
    let bare = bare.after_help(whole.get_after_help().cloned().unwrap_or_default());
    Ok(bare.args(whole.get_arguments().cloned()))
}
