//! Packets that were asked for as they come in, and bundles as agents ask for them.

use super::Serving;
use super::commit::Peer;
use super::connection::{ask, bounded_sentence, refusal};
use crate::store::DetailState;
use picket_event::wire::{
    BundlePart, BundleWant, Control, DetailAnswer, DetailDurable, DetailOutcome, DetailPart, MAX_PART_BYTES, Refusal,
    RefusalCode,
};
use std::sync::Arc;

/// Stores a piece, then says how far the answer is stored.
pub(super) async fn part(serving: &Arc<Serving>, peer: &Peer, part: DetailPart) -> Result<(), Refusal> {
    if part.bytes.len() > MAX_PART_BYTES {
        return Err(refusal(RefusalCode::Protocol, "a piece of packets is too large"));
    }
    let (agent, id) = (peer.agent.clone(), part.id);
    let stored = ask(serving, move |store| match store.put_detail_part(&agent, id, part.offset, &part.bytes) {
        // Nothing is said then; the agent sends it again after a while.
        Err(error) if error.is_passing() => Ok(None),
        other => other.map(Some),
    })
    .await?;
    if let Some(bytes) = stored {
        peer.teller.tell(Control::DetailDurable(DetailDurable { id, bytes: bytes.unwrap_or(DetailDurable::OVER) }));
    }
    Ok(())
}

/// Keeps what an agent says of a request. One that has ended is over for the agent too.
pub(super) async fn answer(serving: &Arc<Serving>, peer: &Peer, answer: DetailAnswer) -> Result<(), Refusal> {
    let state = match answer.outcome {
        DetailOutcome::Keeping => DetailState::Keeping,
        DetailOutcome::Complete => DetailState::Complete,
        DetailOutcome::Refused => DetailState::Refused,
    };
    let (agent, words, id) = (peer.agent.clone(), bounded_sentence(&answer.words), answer.id);
    tracing::info!(%agent, request = id, packets = answer.packets, bytes = answer.bytes, "packets: {} {words}", state.name());
    let packets = answer.packets.min(i64::MAX.cast_unsigned());
    let known = ask(serving, move |store| match store.answer_detail(&agent, id, state, packets, &words) {
        // It is said again when the agent connects again.
        Err(error) if error.is_passing() => Ok(None),
        other => other.map(Some),
    })
    .await?;
    if known.is_some_and(|known| !known || state != DetailState::Keeping) {
        peer.teller.tell(Control::DetailDurable(DetailDurable { id, bytes: DetailDurable::OVER }));
    }
    Ok(())
}

/// Sends the piece of a bundle that is asked for.
pub(super) async fn bundle(serving: &Arc<Serving>, peer: &Peer, want: BundleWant) -> Result<(), Refusal> {
    let BundleWant { sha256, offset } = want;
    let name: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    let found = ask(serving, move |store| store.bundle_part(&name, offset, MAX_PART_BYTES as u64)).await?;
    let (total, bytes) = found.unwrap_or_default();
    peer.teller.tell(Control::BundlePart(BundlePart { sha256, offset, total, bytes }));
    Ok(())
}
