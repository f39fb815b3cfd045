//! Sessions that have handed a direction over to what they carry, and what the flow is called then.

use crate::identify::Decided;
use crate::open::Open;
use crate::{Context, Input, Output};
use picket_event::Direction;
use std::borrow::Cow;

/// How often a conversation is handed over, counted over its life (a proxy behind a proxy, then STARTTLS...).
pub(crate) const DEPTH_LIMIT: u8 = 4;

/// The layers round what is read now, outermost first.
#[derive(Debug, Default)]
pub(crate) struct Carriers {
    layers: Vec<Layer>,
    /// Hand-overs so far.
    depth: u8,
    /// The sense of direction in which what is inside is identified: the last layer's.
    pub(crate) flipped: bool,
    /// What the flow was called when it was handed over, and stays called where nothing better is found inside.
    pub(crate) name: Option<Decided>,
    /// Whether what is inside is only the protection of what the flow is called by.
    pub(crate) protected: bool,
}

/// A session that still has one direction.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) open: Box<Open>,
    /// Whether its sense of direction is opposite to the flow's.
    pub(crate) flipped: bool,
    /// The direction it has handed over, in the flow's sense.
    handed: Direction,
}

/// A direction of the flow as a session sees it whose sense is `flipped`, and the reverse.
pub(crate) const fn turned(direction: Direction, flipped: bool) -> Direction {
    if flipped { direction.opposite() } else { direction }
}

/// What such a session may know of the conversation.
#[inline]
pub(crate) fn oriented(context: &Context, flipped: bool) -> Cow<'_, Context> {
    if flipped { Cow::Owned(exchanged(context)) } else { Cow::Borrowed(context) }
}

/// With its ends exchanged. Apart, so that the many conversations that keep their sense copy nothing.
#[cold]
#[inline(never)]
fn exchanged(context: &Context) -> Context {
    Context { endpoints: context.endpoints.swapped(), ..*context }
}

impl Carriers {
    /// Puts a session that hands `handed` over below the others. Answers whether what follows is still to be read.
    pub(crate) fn push(&mut self, open: Box<Open>, flipped: bool, handed: Direction) -> bool {
        self.layers.push(Layer { open, flipped, handed });
        self.flipped = flipped;
        self.depth = self.depth.saturating_add(1);
        self.depth <= DEPTH_LIMIT
    }

    /// The layer that reads a direction, outermost first; `None` where it is what is inside.
    pub(crate) fn layer(&self, direction: Direction) -> Option<usize> {
        self.layers.iter().position(|layer| layer.handed != direction)
    }

    pub(crate) fn get(&self, at: usize) -> Option<&Layer> {
        self.layers.get(at)
    }

    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut Layer> {
        self.layers.get_mut(at)
    }

    /// The flow is over: every layer is told.
    pub(crate) fn end(&mut self, context: &Context, output: &mut Output) {
        for Layer { mut open, flipped, .. } in self.layers.drain(..) {
            let context = oriented(context, flipped);
            for direction in [Direction::ToServer, Direction::ToClient] {
                // What a session says of an end in a direction that it has handed over is not asked for.
                let _ = open.interrupt(direction, Input::End, &context, output);
            }
        }
    }

    /// A layer has handed its other direction over too.
    pub(crate) fn close(&mut self, at: usize) {
        if at < self.layers.len() {
            self.layers.remove(at);
        }
    }
}
