//! Writes conversations of every industrial protocol there is an encoder of, a capture for each of its forms, with a file of labels: what
//! the model of behaviour is trained on beside captures of plants (`docs/models.md`). Deterministic.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a program does I/O")]

use picket_tests::make::conversation;
use std::path::Path;

fn main() -> std::process::ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("make-conversations: name the folder to write into, as in: make-conversations target/conversations");
        return std::process::ExitCode::FAILURE;
    };
    let folder = Path::new(&folder);
    match conversation::write(folder) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!(
                "make-conversations: {}: {error}. Does its parent exist, and may it be written?",
                folder.display()
            );
            std::process::ExitCode::FAILURE
        }
    }
}
