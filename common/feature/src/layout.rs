//! What stands where in the messages of a conversation, for `polling/2`: bytes that stay, a field that holds the length, bytes
//! that an answer repeats.
//!
//! Industrial messages begin with a header of their own shape, and a payload packet is mostly one message. Where no byte stays, as
//! in encrypted payload, all of it is absent, so that a model falls back on sizes and times.

/// Bytes of a message that are looked at, from its first.
pub(crate) const PLACES: usize = 8;
/// Features: whether bytes tell anything, a byte and its share at each place for both directions, the length field's three, a
/// share of repeats at each place.
pub(crate) const LEN: usize = 1 + 2 * 2 * PLACES + 3 + PLACES;
/// Messages that must have the same byte at a place, and be more than half, before bytes tell anything: chance makes three of
/// five equal at one of all places in one conversation of 400.
const LEAST_EQUAL: usize = 3;

/// The first bytes of one payload packet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Head {
    bytes: [u8; PLACES],
    known: u8,
}

impl Head {
    /// The head of a payload as captured.
    pub(crate) fn of(payload: &[u8]) -> Self {
        let mut bytes = [0; PLACES];
        let known = payload.len().min(PLACES);
        bytes.iter_mut().zip(payload).for_each(|(place, byte)| *place = *byte);
        Self { bytes, known: known as u8 }
    }

    fn byte(&self, place: usize) -> Option<u8> {
        self.bytes.get(place).copied().filter(|_| place < usize::from(self.known))
    }

    /// The number at a place, written as `field` says.
    fn number(&self, field: Field) -> Option<u16> {
        let byte = |offset: usize| self.byte(field.place + offset);
        Some(match field.form {
            Form::Big => u16::from_be_bytes([byte(0)?, byte(1)?]),
            Form::Little => u16::from_le_bytes([byte(0)?, byte(1)?]),
            Form::Single => byte(0)?.into(),
        })
    }
}

/// Where a length may stand, and how it is written.
#[derive(Clone, Copy, Debug)]
struct Field {
    place: usize,
    form: Form,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    Big,
    Little,
    Single,
}

/// Every field there may be, in the order of their numbers.
fn fields() -> impl Iterator<Item = Field> {
    let of = |form, places| (0..places).map(move |place| Field { place, form });
    of(Form::Big, PLACES - 1).chain(of(Form::Little, PLACES - 1)).chain(of(Form::Single, PLACES))
}

/// Names of the features.
pub(crate) fn names() -> impl Iterator<Item = String> {
    let bytes = |way: &'static str| {
        (0..PLACES)
            .flat_map(move |place| [format!("polling_{way}_byte_{place}"), format!("polling_{way}_byte_{place}_share")])
    };
    let length = ["polling_length_field", "polling_length_share", "polling_length_less"].map(str::to_owned);
    let repeats = (0..PLACES).map(|place| format!("polling_repeated_byte_{place}"));
    let told = std::iter::once("polling_bytes_tell".to_owned());
    told.chain(bytes("src2dst")).chain(bytes("dst2src")).chain(length).chain(repeats)
}

/// Appends the features of messages with their lengths in bytes: those to the server, those to the client, and requests with
/// the answers right behind them.
pub(crate) fn extract(ways: [&[(Head, u16)]; 2], answered: &[(Head, Head)], into: &mut Vec<f32>) {
    let begins = into.len();
    into.push(1.0);
    let mut tells = false;
    for way in ways {
        for place in 0..PLACES {
            let mut values: Vec<u8> = way.iter().filter_map(|(head, _)| head.byte(place)).collect();
            into.extend(match commonest(&mut values) {
                Some((value, count)) => {
                    tells |= count >= LEAST_EQUAL && count * 2 > values.len();
                    [f32::from(value), count as f32 / values.len() as f32]
                }
                None => [f32::NAN; 2],
            });
        }
    }
    if !tells {
        into.truncate(begins);
        into.extend([f32::NAN; LEN]);
        return;
    }
    into.extend(length_field(&ways.concat()));
    for place in 0..PLACES {
        let both = || answered.iter().filter_map(|(before, after)| Some((before.byte(place)?, after.byte(place)?)));
        let (same, all) = (both().filter(|(before, after)| before == after).count(), both().count());
        into.push(if all == 0 { f32::NAN } else { same as f32 / all as f32 });
    }
}

/// The field that tells most messages' lengths: its number, the share of the messages that it tells right, and how many bytes
/// less than the length it says. Absent where all messages are equally long: any constant tells that.
fn length_field(messages: &[(Head, u16)]) -> [f32; 3] {
    let Some((_, first)) = messages.first() else { return [f32::NAN; 3] };
    if messages.iter().all(|(_, length)| length == first) {
        return [f32::NAN; 3];
    }
    let mut best = (0, 0, 0);
    for (number, field) in fields().enumerate() {
        let less = |(head, length): &(Head, u16)| Some(i32::from(*length) - i32::from(head.number(field)?));
        let mut differences: Vec<i32> = messages.iter().filter_map(less).collect();
        if let Some((difference, count)) = commonest(&mut differences)
            && count > best.1
        {
            best = (number, count, difference);
        }
    }
    let (number, count, difference) = best;
    [number as f32, count as f32 / messages.len() as f32, difference as f32]
}

/// The most frequent value, the smaller of equals, and how often it stands there; sorts the values.
fn commonest<T: Ord + Copy>(values: &mut [T]) -> Option<(T, usize)> {
    values.sort_unstable();
    let runs = values.chunk_by(|a, b| a == b).filter_map(|run| Some((*run.first()?, run.len())));
    runs.reduce(|best, run| if run.1 > best.1 { run } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Modbus over TCP: transaction, protocol 0, length, unit, function.
    #[test]
    fn a_header_by_hand() {
        let message = |transaction: u8, function: u8, length: u16| {
            (Head::of(&[0, transaction, 0, 0, 0, length as u8 - 6, 17, function]), length)
        };
        let up = [message(1, 3, 12), message(2, 3, 12), message(3, 16, 15)];
        let down = [message(1, 3, 29), message(2, 3, 29), message(3, 16, 12)];
        let answered: Vec<(Head, Head)> = up.iter().zip(&down).map(|(a, b)| (a.0, b.0)).collect();
        let mut vector = Vec::new();
        extract([&up, &down], &answered, &mut vector);
        assert_eq!(vector.len(), LEN);
        let of = |name: &str| vector[names().position(|known| known == name).unwrap()];
        assert_eq!((of("polling_src2dst_byte_7"), of("polling_src2dst_byte_7_share")), (3.0, 2.0 / 3.0));
        assert_eq!((of("polling_dst2src_byte_6"), of("polling_dst2src_byte_6_share")), (17.0, 1.0));
        assert_eq!((of("polling_length_field"), of("polling_length_share")), (4.0, 1.0), "big-endian at place 4");
        assert_eq!((of("polling_length_less"), of("polling_repeated_byte_1")), (6.0, 1.0));
        assert_eq!((of("polling_repeated_byte_5"), of("polling_bytes_tell")), (0.0, 1.0));
    }

    #[test]
    fn what_is_not_known_is_absent() {
        let mut vector = Vec::new();
        let up: Vec<(Head, u16)> = [7, 9, 7, 7].map(|byte| (Head::of(&[byte]), 1)).into();
        extract([&up, &[]], &[], &mut vector);
        let of = |name: &str| vector[names().position(|known| known == name).unwrap()];
        assert_eq!((of("polling_src2dst_byte_0"), of("polling_src2dst_byte_0_share")), (7.0, 0.75));
        assert!(of("polling_src2dst_byte_1").is_nan() && of("polling_dst2src_byte_0").is_nan());
        assert!(of("polling_length_field").is_nan() && of("polling_repeated_byte_0").is_nan());
    }

    /// As encrypted payload looks: no byte stays.
    #[test]
    fn random_bytes_tell_nothing() {
        let random = |seed: u64| (Head::of(&seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()), 40);
        let (up, down): (Vec<_>, Vec<_>) = (1..30).map(|n| (random(n), random(n + 1_000))).unzip();
        let mut vector = Vec::new();
        extract([&up, &down], &[], &mut vector);
        assert!(vector.len() == LEN && vector.iter().all(|value| value.is_nan()), "{vector:?}");
    }
}
