//! Requests for packets of a host, and model bundles, as the API sees them.

use super::Fleet;
use crate::api::ApiError;
use crate::api::detail::DetailView;
use crate::api::models::BundleView;
use crate::store::{AgentStatus, BundleRecord, Detail, DetailState};
use picket_event::Timestamp;
use picket_event::wire::{Control, DetailDurable};

/// Requests that may be open for one agent.
const OPEN_MAX: usize = 4;

/// What became of a wish.
pub enum Asked {
    /// It has this number.
    Entered(u64),
    /// There is no such agent that may connect.
    NoAgent,
    /// So many are open for this agent already.
    TooMany,
}

impl Fleet {
    /// Enters a request for packets.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn ask_detail(&self, wanted: Detail) -> Result<Asked, ApiError> {
        self.ask(move |store, _| {
            if store.agent(&wanted.agent)?.is_none_or(|agent| agent.status != AgentStatus::Active) {
                return Ok(Asked::NoAgent);
            }
            let waits =
                |d: &&Detail| matches!(d.state, DetailState::Waiting | DetailState::Approved | DetailState::Keeping);
            let open = store.details()?.iter().filter(|d| d.agent == wanted.agent).filter(waits).count();
            if open >= OPEN_MAX {
                return Ok(Asked::TooMany);
            }
            store.ask_detail(&wanted).map(Asked::Entered)
        })
        .await
    }

    /// The latest requests, newest first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn details(&self) -> Result<Vec<DetailView>, ApiError> {
        self.ask(|store, _| Ok(store.details()?.into_iter().map(view).collect())).await
    }

    /// One request.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn detail(&self, id: u64) -> Result<Option<Detail>, ApiError> {
        self.ask(move |store, _| store.detail(id)).await
    }

    /// Moves a request on, and tells its agent. `None` where it is in none of these states.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn decide_detail(
        &self,
        id: u64,
        from: &'static [DetailState],
        to: DetailState,
        by: String,
        at: i64,
    ) -> Result<Option<Detail>, ApiError> {
        self.ask(move |store, doors| {
            let done = store.decide_detail(id, from, to, &by, at)?;
            if let Some(detail) = &done {
                let message = match to {
                    DetailState::Approved => Control::DetailRequest(detail.request()),
                    _ => Control::DetailDurable(DetailDurable { id, bytes: DetailDurable::OVER }),
                };
                doors.tell_detail(&detail.agent, message);
            }
            Ok(done)
        })
        .await
    }

    /// What came for a request from this byte on, some MiB at most.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn detail_bytes(&self, id: u64, start: u64) -> Result<Vec<u8>, ApiError> {
        self.ask(move |store, _| store.detail_bytes(id, start)).await
    }

    /// Removes the packets of a request.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn remove_detail_bytes(&self, id: u64) -> Result<(), ApiError> {
        self.ask(move |store, _| store.remove_detail_bytes(id)).await
    }

    /// Adds a bundle; `false` where there is no room for another.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn put_bundle(&self, record: BundleRecord, bytes: Vec<u8>) -> Result<bool, ApiError> {
        self.ask(move |store, _| store.put_bundle(&record, &bytes)).await
    }

    /// Every bundle, newest first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn bundles(&self) -> Result<Vec<BundleView>, ApiError> {
        self.ask(|store, _| Ok(store.bundles()?.into_iter().map(bundle_view).collect())).await
    }

    /// Removes a bundle; `false` where there is none.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn remove_bundle(&self, sha256: String) -> Result<bool, ApiError> {
        self.ask(move |store, _| store.remove_bundle(&sha256)).await
    }
}

fn moment(nanos: i64) -> Option<String> {
    (nanos > 0).then(|| Timestamp::from_nanos(nanos).to_string())
}

pub(crate) fn view(detail: Detail) -> DetailView {
    DetailView {
        id: detail.id,
        agent: detail.agent.to_string(),
        host: detail.host.to_string(),
        reason: detail.reason,
        state: detail.state.name().to_owned(),
        words: detail.words,
        from: Timestamp::from_nanos(detail.from_at).to_string(),
        until: moment(detail.until_at),
        seconds: detail.lasting.as_secs(),
        most: detail.most,
        asked_by: detail.asked_by,
        asked_at: Timestamp::from_nanos(detail.asked_at).to_string(),
        decided_by: detail.decided_by,
        decided_at: moment(detail.decided_at),
        packets: detail.packets,
        bytes: detail.bytes,
        kept: detail.kept,
    }
}

fn bundle_view(record: BundleRecord) -> BundleView {
    BundleView {
        sha256: record.sha256,
        name: record.name,
        signer: record.signer,
        bytes: record.bytes,
        published_at: Timestamp::from_nanos(record.made_at).to_string(),
        published_by: record.made_by,
    }
}
