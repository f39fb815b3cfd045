//! What changes while the agent runs: the settings of a policy, or of a configuration that is read again.

use super::super::Fault;
use super::super::read::Template;
use super::RunArgs;
use super::books::{Books, Change};
use super::governing::Governing;
use super::lines::{Order, Running};
use crate::config::{Config, Loaded};
use crate::sensor::Level;
use std::sync::mpsc::{Sender, sync_channel};
use std::time::Duration;

/// Keys that are applied at once, where interfaces are watched; those that end in a point stand for all that begin so.
const LIVE: [&str; 7] =
    ["capture.filter", "flow.", "governor.", "output.", "score.", "spool.size", "uplink.batch_delay"];
/// A line that takes longer to answer is stuck: it looks at its orders every 100 ms, and asks the opener for 10 s at most.
const PATIENCE: Duration = Duration::from_secs(15);

/// The hold on what runs.
pub(super) struct Steering<'a> {
    args: &'a RunArgs,
    books: &'a Books,
    template: Template,
    orders: Vec<Sender<Order>>,
    governing: Option<Governing>,
}

impl<'a> Steering<'a> {
    /// Holds lines that were started with this template. Captures are read as they were begun, and never degraded.
    pub(super) fn new(args: &'a RunArgs, books: &'a Books, template: Template, running: &Running) -> Self {
        let orders = running.orders();
        let governing = (!orders.is_empty()).then(|| Governing::start(&books.config().governor)).flatten();
        Self { args, books, template, orders, governing }
    }

    /// Lets the governor look.
    pub(super) fn turn(&mut self) {
        if let Some(governing) = &mut self.governing {
            governing.turn(self.books);
        }
    }

    /// Applies what can be applied at once; answers what waits for a restart, one sentence a key.
    ///
    /// # Errors
    /// In a sentence, what could not be applied and why. Nothing has changed then.
    pub(super) fn apply(&mut self, loaded: &Loaded) -> Result<Vec<String>, String> {
        let changes = self.books.changes(loaded);
        let config = &loaded.config;
        let has = |name: &str| !self.orders.is_empty() && changes.iter().any(|change| is(&change.key, name));
        let [filter, flow, score, governor] = ["capture.filter", "flow.", "score.", "governor."].map(has);
        let words = |fault: Fault| format!("{:#}", fault.error);
        let mut template = self.template.clone();
        if score {
            // Read and checked before anything changes.
            template = template.scored(&super::scoring(self.args, loaded)?).map_err(words)?;
        }
        if flow {
            template = template.within(config.flow.limits()).checking(config.flow.checksums.into());
        }
        if filter {
            self.set_filter(&config.capture.filter)?;
        }
        if flow || score {
            self.tune(template);
        }
        self.books.apply(self.in_force(config));
        self.books.with_uplink(|forward| {
            forward.set_batch_delay(config.uplink.batch_delay.0);
            forward.set_spool_size(config.spool.size.0);
        });
        if governor {
            self.governing = Governing::start(&config.governor);
            self.books.set_level(Level::Full);
        }
        Ok(self.told(changes))
    }

    /// The configuration in force once what is applied at once has been.
    fn in_force(&self, new: &Config) -> Config {
        let mut config = self.books.config();
        config.output.clone_from(&new.output);
        config.spool.size = new.spool.size;
        config.uplink.batch_delay = new.uplink.batch_delay;
        if !self.orders.is_empty() {
            config.capture.filter.clone_from(&new.capture.filter);
            config.flow.clone_from(&new.flow);
            config.score.clone_from(&new.score);
            config.governor.clone_from(&new.governor);
        }
        config
    }

    /// Tells of every change; gives those that wait.
    fn told(&self, changes: Vec<Change>) -> Vec<String> {
        if changes.is_empty() {
            tracing::info!("nothing has changed");
        }
        let mut waiting = Vec::new();
        for Change { key, old, new } in changes {
            let always = ["output.", "spool.size", "uplink.batch_delay"].iter().any(|name| is(&key, name));
            if always || !self.orders.is_empty() && LIVE.iter().any(|name| is(&key, name)) {
                tracing::info!("{key} is now {new}");
            } else {
                let words = format!("{key} = {new} needs a restart; {old} stays in force");
                tracing::info!("{words}");
                waiting.push(words);
            }
        }
        waiting
    }

    /// Gives every line another filter; where one cannot have it, all keep the one before.
    fn set_filter(&self, filter: &str) -> Result<(), String> {
        let before = self.books.config().capture.filter;
        for (number, line) in self.orders.iter().enumerate() {
            if let Err(why) = ask(line, filter) {
                for line in self.orders.iter().take(number) {
                    if let Err(why) = ask(line, &before) {
                        tracing::error!("the filter before could not be put back: {why}");
                    }
                }
                return Err(format!("`capture.filter` could not be applied: {why}"));
            }
        }
        Ok(())
    }

    /// Lets every line go on with the caps and the bundle of a template.
    fn tune(&mut self, template: Template) {
        for line in &self.orders {
            // A line that has ended scores nothing any more.
            let _ = line.send(Order::Tune(Box::new(template.clone())));
        }
        if template.bundle_id() != self.template.bundle_id() {
            tracing::info!("bundle {} scores from now on", template.bundle_id());
            self.books.with_uplink(|forward| forward.set_bundle(template.bundle_id()));
        }
        self.template = template;
    }
}

fn ask(line: &Sender<Order>, filter: &str) -> Result<(), String> {
    let (answer, said) = sync_channel(1);
    // A line that has ended takes no frames.
    if line.send(Order::Filter(filter.to_owned(), answer)).is_err() {
        return Ok(());
    }
    said.recv_timeout(PATIENCE).unwrap_or_else(|_| Err("an input did not answer".to_owned()))
}

/// Whether a key is the one of this name, or begins with it where that ends in a point.
fn is(key: &str, name: &str) -> bool {
    key == name || name.ends_with('.') && key.starts_with(name)
}
