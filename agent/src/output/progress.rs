//! A progress line on standard error, where that is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::Duration;

/// How far reading has come.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar over `bytes`, or a counter where the size is not known. Hidden unless standard error is a terminal
    /// and standard output is not (both on one screen would tear each other apart).
    #[must_use]
    pub fn over(bytes: Option<u64>) -> Self {
        Self::shown(bytes, std::io::stderr().is_terminal() && !std::io::stdout().is_terminal())
    }

    /// The same for work whose data goes to a file: hidden unless standard error is a terminal.
    #[must_use]
    pub fn beside_file(bytes: Option<u64>) -> Self {
        Self::shown(bytes, std::io::stderr().is_terminal())
    }

    fn shown(bytes: Option<u64>, shown: bool) -> Self {
        if !shown {
            return Self { bar: ProgressBar::hidden() };
        }
        let template = match bytes {
            Some(_) => "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta} {wide_msg}",
            None => "{spinner} {bytes} {bytes_per_sec} {wide_msg}",
        };
        let bar = bytes.map_or_else(ProgressBar::no_length, ProgressBar::new);
        bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(5));
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar }
    }

    /// Names the input at work.
    pub fn name(&self, name: String) {
        if !self.bar.is_hidden() {
            self.bar.set_message(name);
        }
    }

    /// So many bytes are done.
    pub fn set(&self, bytes: u64) {
        self.bar.set_position(bytes);
    }

    /// Prints a line above the bar, or as it is where there is none.
    pub fn say(&self, line: &str) {
        if self.bar.is_hidden() {
            eprintln!("{line}");
        } else {
            self.bar.println(line);
        }
    }

    /// Takes the bar off the screen.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
