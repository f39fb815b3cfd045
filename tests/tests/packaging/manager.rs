//! What a service manager is to the programs: it starts them, hears what they tell it, and ends them.

use picket_agent::status::{Snapshot, ask};
use picket_tests::place::program;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

/// A running `picket-agent` and everything it told.
pub(super) struct Manager {
    child: Child,
    state: PathBuf,
    heard: Arc<Mutex<String>>,
}

impl Manager {
    /// Starts the agent over a state directory, which is made where it is missing. With a time, the watchdog is on.
    pub(super) fn start(state: &Path, arguments: &[&str], watchdog: Option<Duration>) -> Self {
        std::fs::create_dir_all(state).unwrap();
        let config = state.join("agent.toml");
        std::fs::write(&config, "[metrics]\nlisten = \"\"\n").unwrap();
        let path = state.join("notify");
        let _ = std::fs::remove_file(&path);
        let socket = UnixDatagram::bind(&path).unwrap();
        let mut command = Command::new(program("picket-agent"));
        command.args(arguments).arg("--config").arg(&config).arg("--state").arg(state).env("NOTIFY_SOCKET", &path);
        if let Some(watchdog) = watchdog {
            command.env("WATCHDOG_USEC", watchdog.as_micros().to_string());
        }
        let words = std::fs::File::create(state.join("words")).unwrap();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(words).spawn().unwrap();
        let heard = Arc::new(Mutex::new(String::new()));
        let hearing = Arc::downgrade(&heard);
        std::thread::spawn(move || {
            let mut place = [0u8; 4096];
            while let (Ok(length), Some(heard)) = (socket.recv(&mut place), hearing.upgrade()) {
                heard.lock().unwrap().push_str(&String::from_utf8_lossy(&place[..length]));
            }
        });
        Self { child, state: state.to_owned(), heard }
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything told so far.
    pub(super) fn heard(&self) -> String {
        self.heard.lock().unwrap().clone()
    }

    pub(super) fn forget(&self) {
        self.heard.lock().unwrap().clear();
    }

    pub(super) fn words(&self) -> String {
        std::fs::read_to_string(self.state.join("words")).unwrap_or_default()
    }

    fn until<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(began.elapsed() < PATIENCE, "never {what}: told {:?}, said\n{}", self.heard(), self.words());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until this was told.
    pub(super) fn wait(&self, what: &str) {
        self.until(what, || self.heard().contains(what).then_some(()));
    }

    /// Waits until this stands in the log.
    pub(super) fn wait_said(&self, what: &str) {
        self.until(what, || self.words().contains(what).then_some(()));
    }

    /// Waits until what the agent says of itself holds.
    pub(super) fn snapshot(&self, holds: impl Fn(&Snapshot) -> bool) -> Snapshot {
        self.until("as wanted", || ask(&self.state.join("agent.sock")).ok().filter(|snapshot| holds(snapshot)))
    }

    /// Whether it still runs.
    pub(super) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Ends it in order.
    pub(super) fn stop(mut self) {
        assert!(Command::new("kill").arg(self.pid().to_string()).status().unwrap().success());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}: {}", self.words());
        assert!(!self.words().contains("BALANCE"), "{}", self.words());
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
