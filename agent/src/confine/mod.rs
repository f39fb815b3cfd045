//! What the agent can still do once its interfaces are open: nothing but its work.
//!
//! Whoever takes over a process that reads hostile bytes finds no capability ([`crate::capture::drop_capabilities`]), a
//! file system in which only the agent's own state can be written and no program started ([`files`]), and a short list
//! of system calls ([`calls`]). All of it is inherited by threads that are started later and cannot be taken back, so it
//! is done on the first thread before any other is started. What a kernel does not know is left out and told.

mod calls;
mod files;

pub use files::Places;

/// What holds, in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confinement {
    /// What is confined, such as `files (landlock)`.
    pub holds: Vec<String>,
    /// What is not, each with the reason.
    pub missing: Vec<String>,
}

impl Confinement {
    /// One sentence for `status` and the log.
    #[must_use]
    pub fn words(&self) -> String {
        let holds = if self.holds.is_empty() { "nothing".to_owned() } else { self.holds.join(", ") };
        if self.missing.is_empty() { holds } else { format!("{holds}; not confined: {}", self.missing.join("; ")) }
    }

    fn add(&mut self, what: &str, how: Result<String, String>) {
        match how {
            Ok(how) => self.holds.push(format!("{what} ({how})")),
            Err(why) => self.missing.push(format!("{what} ({why})")),
        }
    }
}

/// Confines the calling thread, and those it starts, for good. Capabilities were dropped before.
#[must_use]
pub fn enter(places: &Places) -> Confinement {
    let mut confinement = Confinement::default();
    confinement.add("files", files::enter(places));
    confinement.add("system calls", calls::enter(&[]));
    confinement
}

/// Confines the process that opens interfaces: it writes nowhere, starts nothing, and may make packet sockets.
pub fn enter_opener() {
    // What is missing is missing from the agent too, which tells it.
    let _ = files::enter(&Places::default());
    let _ = calls::enter(&[libc::AF_PACKET]);
}

/// What this kernel could confine, tried on a thread of its own that ends at once.
#[must_use]
pub fn probe() -> Confinement {
    let tried = std::thread::Builder::new().spawn(|| enter(&Places::default()));
    let failed = || Confinement { missing: vec!["it could not be tried".to_owned()], ..Confinement::default() };
    tried.ok().and_then(|thread| thread.join().ok()).unwrap_or_else(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;

    /// On a thread of its own, so that the other tests are not confined.
    fn confined<T: Send + 'static>(places: Places, act: impl FnOnce() -> T + Send + 'static) -> (Confinement, T) {
        let work = move || (enter(&places), act());
        std::thread::spawn(work).join().unwrap()
    }

    #[test]
    fn only_what_was_named_can_be_read_and_written_and_nothing_be_started() {
        let (state, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (inside, outside) = (state.path().join("a"), other.path().join("a"));
        std::fs::write(&outside, "secret").unwrap();
        let places = Places { read: Vec::new(), write: vec![state.path().to_owned()] };
        let (confinement, [inside, outside, read, started]) = confined(places, move || {
            let write = |path: &std::path::Path| std::fs::write(path, "x").map_err(|error| error.kind());
            let read = std::fs::read(&outside).map(|_| ()).map_err(|error| error.kind());
            let started = std::process::Command::new("/bin/true").status().map(|_| ()).map_err(|error| error.kind());
            [write(&inside), write(&outside), read, started]
        });
        if !confinement.missing.is_empty() {
            eprintln!("SKIPPED confine: {}", confinement.words());
            return;
        }
        assert_eq!(inside, Ok(()));
        assert_eq!([outside, read, started], [Err(ErrorKind::PermissionDenied); 3], "{}", confinement.words());
    }

    #[test]
    fn what_is_missing_is_told() {
        let confinement = Confinement { holds: vec!["a (b)".into()], missing: vec!["c (d)".into(), "e (f)".into()] };
        assert_eq!(confinement.words(), "a (b); not confined: c (d); e (f)");
        assert_eq!(Confinement { holds: vec!["a (b)".into()], missing: Vec::new() }.words(), "a (b)");
    }
}
