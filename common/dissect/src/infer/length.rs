//! Framing: the length field of a message, and pieces split by it.
//!
//! A byte (or two, or four) is a length field where, over all pieces of both directions, the length of the message is
//! its value and a constant; lengths have to differ, else any constant byte would do. Where a piece holds several
//! messages, the field has to lead from one to the next and to the end of the piece. One frame format counts
//! otherwise: FT3 (IEC 60870-5-1 clause 6.2.4.3) leaves its checksums out, two octets behind each block of 16.

use super::talk::Message;
use picket_event::Direction;

/// Places a length field is looked for at.
const PLACES: u8 = 16;
/// The longest way from the value to the length of the message.
const BASE_MAX: usize = 24;
/// Share of the pieces of each direction that have to fit.
const FIT: f64 = 0.9;
/// Messages that are split off one piece.
const SPLIT_MAX: usize = 16;

/// How a number lies in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Most significant byte first.
    Big,
    /// Least significant byte first.
    Little,
}

/// What a length field counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// The message is so many bytes longer than the value.
    Plus(u8),
    /// The octets of an FT3 frame from behind the field on, its checksums left out.
    Ft3,
}

/// Where the length of a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LengthField {
    /// Its first byte.
    pub at: u8,
    /// 1, 2 or 4 bytes.
    pub width: u8,
    /// Byte order; [`Order::Big`] where it is one byte.
    pub order: Order,
    /// What it counts.
    pub counts: Counts,
}

impl LengthField {
    /// Place of the least significant byte: the same whatever width the values seen so far suggest.
    #[must_use]
    pub const fn last(&self) -> u8 {
        match self.order {
            Order::Big => self.at + self.width - 1,
            Order::Little => self.at,
        }
    }

    /// The place behind it.
    #[must_use]
    pub const fn end(&self) -> u8 {
        self.at + self.width
    }

    /// Bytes of a message that begins so; `None` where the field is not in view.
    #[must_use]
    pub fn total(&self, head: &[u8]) -> Option<usize> {
        let bytes = head.get(usize::from(self.at)..usize::from(self.end()))?;
        let value = match (bytes, self.order) {
            ([one], _) => u32::from(*one),
            ([a, b], Order::Big) => u32::from_be_bytes([0, 0, *a, *b]),
            ([a, b], Order::Little) => u32::from_le_bytes([*a, *b, 0, 0]),
            ([a, b, c, d], Order::Big) => u32::from_be_bytes([*a, *b, *c, *d]),
            ([a, b, c, d], Order::Little) => u32::from_le_bytes([*a, *b, *c, *d]),
            _ => return None,
        };
        let value = usize::try_from(value).unwrap_or(usize::MAX);
        Some(match self.counts {
            Counts::Plus(base) => value.saturating_add(usize::from(base)),
            Counts::Ft3 => {
                // The first block has no octets of its own behind the header: 5 are counted in it.
                let blocks = value.saturating_sub(5).div_ceil(16);
                value.saturating_add(usize::from(self.end()) + 2 + 2 * blocks)
            }
        })
    }

    /// Whether a piece is made of whole messages, as far as its kept bytes tell.
    pub(crate) fn fits(&self, piece: &Message<'_>) -> bool {
        let mut at = 0;
        while let Some(total) = piece.head.get(at..).and_then(|head| self.total(head)) {
            if total <= usize::from(self.at) {
                return false;
            }
            at += total;
            if at >= piece.length {
                return at == piece.length;
            }
        }
        at > 0 && at + usize::from(self.end()) > piece.head.len() && piece.length > piece.head.len()
    }
}

/// The messages of a piece.
pub fn split<'a>(field: Option<&LengthField>, piece: Message<'a>) -> Vec<Message<'a>> {
    let Some(field) = field else { return vec![piece] };
    let (mut rest, mut found) = (piece, Vec::new());
    while found.len() < SPLIT_MAX {
        match field.total(rest.head).filter(|total| *total > 0 && *total < rest.length) {
            Some(total) => {
                let (head, behind) = rest.head.split_at(total.min(rest.head.len()));
                found.push(Message { length: total, head, ..rest });
                rest = Message { length: rest.length - total, head: behind, ..rest };
                if behind.is_empty() {
                    return found;
                }
            }
            None => {
                found.push(rest);
                return found;
            }
        }
    }
    found
}

/// The length field of these pieces. Cost: the places times the pieces.
#[must_use]
pub fn find(pieces: &[Message<'_>]) -> Option<LengthField> {
    let fitting: Vec<LengthField> = candidates(pieces).filter(|field| is_field(field, pieces)).collect();
    let rank = |field: &LengthField| {
        let odd = match field.counts {
            Counts::Ft3 => 0,
            Counts::Plus(base) if base == 0 || base == field.end() => 1,
            Counts::Plus(base) if base > field.end() => 2,
            Counts::Plus(_) => 3,
        };
        // Of several widths with the same last byte: the natural one for the place, where values leave it open.
        let aligned = field.at.is_multiple_of(field.width);
        (odd, field.last(), !aligned, field.width != 2, field.width)
    };
    fitting.into_iter().min_by_key(rank)
}

/// Every shape at every place, with the distance that most pieces show.
fn candidates<'a>(pieces: &'a [Message<'_>]) -> impl Iterator<Item = LengthField> + 'a {
    const SHAPES: [(u8, Order); 5] =
        [(1, Order::Big), (2, Order::Big), (4, Order::Big), (2, Order::Little), (4, Order::Little)];
    let plain = (0..PLACES).flat_map(|at| SHAPES.map(|(width, order)| (at, width, order))).filter_map(|shape| {
        let (at, width, order) = shape;
        let bare = LengthField { at, width, order, counts: Counts::Plus(0) };
        Some(LengthField { counts: Counts::Plus(distance(&bare, pieces)?), ..bare })
    });
    let blocks = (0..4).map(|at| LengthField { at, width: 1, order: Order::Big, counts: Counts::Ft3 });
    blocks.chain(plain)
}

/// By how much most pieces are longer than the value.
fn distance(bare: &LengthField, pieces: &[Message<'_>]) -> Option<u8> {
    let mut counts = [0u16; BASE_MAX + 1];
    for piece in pieces {
        let away = bare.total(piece.head).and_then(|value| piece.length.checked_sub(value));
        if let Some(count) = away.and_then(|away| counts.get_mut(away)) {
            *count += 1;
        }
    }
    let (away, most) = (0u8..).zip(counts).max_by_key(|(away, count)| (*count, u8::MAX - away))?;
    (usize::from(most) * 3 >= pieces.len()).then_some(away)
}

/// Whether it fits nearly all pieces of both directions, of at least two lengths.
fn is_field(field: &LengthField, pieces: &[Message<'_>]) -> bool {
    let all_fit = [Direction::ToServer, Direction::ToClient].into_iter().all(|direction| {
        let of = || pieces.iter().filter(|piece| piece.direction == direction);
        let (all, fit) = (of().count(), of().filter(|piece| field.fits(piece)).count());
        fit as f64 >= FIT * all as f64
    });
    let mut lengths = pieces.iter().filter(|piece| field.total(piece.head) == Some(piece.length)).map(|p| p.length);
    let first = lengths.next();
    all_fit && lengths.any(|length| Some(length) != first)
}
