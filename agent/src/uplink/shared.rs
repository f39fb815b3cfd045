//! What the threads of forwarding share.

use super::path::Transport;
use crate::spool::Spool;
use picket_event::Ledger;
use picket_event::wire::{BundlePart, BundleWant, Control, Policy, PolicyAnswer};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Spool, wishes and news.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) spool: Mutex<Spool>,
    /// Something new to send, an acknowledgement to wait for, or the end.
    pub(crate) wake: Notify,
    pub(crate) stopping: AtomicBool,
    pub(crate) wire_bytes: AtomicU64,
    /// To be sent.
    pub(crate) out: Mutex<Out>,
    /// To be taken.
    pub(crate) news: Mutex<News>,
    pub(crate) link: Mutex<Link>,
}

/// Messages on requests for packets that may wait to be sent, and to be taken.
pub(crate) const DETAIL_MAX: usize = 8;
pub(crate) const DETAIL_NEWS_MAX: usize = 256;

/// What is to be said beside events. Each waits alone: a later one takes the place of one that was not sent yet.
#[derive(Debug, Default)]
pub(crate) struct Out {
    pub(crate) ledger: Option<Ledger>,
    /// Another bundle is in force, which the hello names.
    pub(crate) hello: Option<String>,
    pub(crate) policy: Option<PolicyAnswer>,
    /// Pieces of packets and answers to requests for them, in order, at most [`DETAIL_MAX`].
    pub(crate) detail: VecDeque<Control>,
    /// The piece of a bundle that is wanted.
    pub(crate) bundle: Option<BundleWant>,
}

/// What the collector said and somebody else has to do.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// A renewed certificate and its end.
    pub(crate) certificate: Option<(Vec<u8>, i64)>,
    /// The authorities to trust, and whether to renew the certificate now.
    pub(crate) authorities: Option<(Vec<Vec<u8>>, bool)>,
    /// The group's policy.
    pub(crate) policy: Option<Policy>,
    /// Requests for packets, and how far the collector has them, in order, at most [`DETAIL_NEWS_MAX`].
    pub(crate) detail: Vec<Control>,
    /// The piece of a bundle that came.
    pub(crate) bundle: Option<BundlePart>,
}

/// The connection in words.
#[derive(Clone, Debug, Default)]
pub(crate) struct Link {
    pub(crate) connected: bool,
    pub(crate) refused: bool,
    pub(crate) state: String,
    pub(crate) site: String,
    /// While connected.
    pub(crate) transport: Option<Transport>,
}

/// A poisoned lock means that a thread panicked between two steps that each leave the state whole.
fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn new(spool: Spool) -> Self {
        Self {
            spool: Mutex::new(spool),
            wake: Notify::new(),
            stopping: AtomicBool::new(false),
            wire_bytes: AtomicU64::new(0),
            out: Mutex::default(),
            news: Mutex::default(),
            link: Mutex::new(Link { state: "starting".to_owned(), ..Link::default() }),
        }
    }

    pub(crate) fn spool(&self) -> MutexGuard<'_, Spool> {
        hold(&self.spool)
    }

    pub(crate) fn link(&self) -> MutexGuard<'_, Link> {
        hold(&self.link)
    }

    pub(crate) fn out(&self) -> MutexGuard<'_, Out> {
        hold(&self.out)
    }

    pub(crate) fn news(&self) -> MutexGuard<'_, News> {
        hold(&self.news)
    }
}
