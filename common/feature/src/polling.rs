//! `polling/2`: how the messages of a conversation follow each other.
//!
//! Industrial conversations repeat themselves: few sizes, question and answer, a steady period. That is still seen where
//! the payload says nothing. [`Polling`] keeps direction, size, time and first bytes of payload packets; the schema describes them. It begins with
//! the third packet that has payload: most conversations are recognised by then and need none of this. The two before it are
//! told by their sums where each side sent one.

use crate::behaviour::{head, share};
use crate::flow_stats::FlowStats;
use crate::layout::{self, Head};
use crate::observation::Observation;
use crate::schema::{flag, log, maybe};
use picket_event::Direction::{ToClient, ToServer};
use picket_event::{Direction, Timestamp, Transport};

/// Packets with payload that are passed over.
pub const PASSED_OVER: u64 = 2;
/// Packets with payload that are kept.
const STEPS: usize = 66;
/// Packets kept that make features.
const LEAST_FEATURES: usize = 6;
/// Packets with payload that a conversation must have before it is named by them.
pub const LEAST: u64 = 20;

/// The payload packets of a conversation that nobody has recognised: at most 66, 16 bytes each.
#[derive(Clone, Debug, Default)]
pub struct Polling {
    steps: Vec<Step>,
    last: Timestamp,
}

/// One packet with payload.
#[derive(Clone, Copy, Debug)]
struct Step {
    /// Microseconds since the one before; 0 for the first three, whose times are not known.
    gap: u32,
    /// Bytes of payload.
    length: u16,
    to_server: bool,
    head: Head,
}

impl Polling {
    /// Begins with what is known of the packets passed over: `stats` has counted them and the packet that comes next,
    /// which goes that way and has `payload_len` bytes of payload.
    #[must_use]
    pub fn behind(stats: &FlowStats, direction: Direction, payload_len: u32) -> Self {
        let before = |way: Direction| {
            let (counted, mine) = (stats.way(way), u64::from(way == direction));
            let bytes = counted.payload_bytes.saturating_sub(mine * u64::from(payload_len));
            (counted.payload_packets.saturating_sub(mine) == 1).then_some(bytes)
        };
        let mut begun = Self::default();
        if let (Some(request), Some(answer)) = (before(ToServer), before(ToClient)) {
            let length = |bytes| u16::try_from(bytes).unwrap_or(u16::MAX);
            let step = |bytes, to_server| Step { gap: 0, length: length(bytes), to_server, head: Head::default() };
            begun.steps.extend([step(request, true), step(answer, false)]);
        }
        begun
    }

    /// Keeps one packet of `payload_len` bytes of payload, of which `payload` was captured; those behind the last place are
    /// left out.
    pub fn packet(&mut self, direction: Direction, time: Timestamp, payload_len: u32, payload: &[u8]) {
        if self.steps.len() >= STEPS || payload_len == 0 {
            return;
        }
        let since = time.nanos().saturating_sub(self.last.nanos()).max(0) / 1_000;
        let gap = if self.last == Timestamp::EPOCH { 0 } else { u32::try_from(since).unwrap_or(u32::MAX) };
        self.last = self.last.max(time);
        let length = u16::try_from(payload_len).unwrap_or(u16::MAX);
        self.steps.push(Step { gap, length, to_server: direction == ToServer, head: Head::of(payload) });
    }

    /// Exchanges the directions, when the sensor learns that it had taken the server for the client.
    pub fn swap(&mut self) {
        self.steps.iter_mut().for_each(|step| step.to_server = !step.to_server);
    }

    /// Whether it is enough to make features of.
    #[must_use]
    pub const fn describes(&self) -> bool {
        self.steps.len() >= LEAST_FEATURES
    }

    fn lengths(&self, direction: Direction) -> Vec<u16> {
        let of_way = self.steps.iter().filter(|step| step.to_server == (direction == ToServer));
        of_way.map(|step| step.length).collect()
    }

    fn messages(&self, direction: Direction) -> Vec<(Head, u16)> {
        let of_way = self.steps.iter().filter(|step| step.to_server == (direction == ToServer));
        of_way.map(|step| (step.head, step.length)).collect()
    }

    /// Neighbouring packets.
    fn pairs(&self) -> impl Iterator<Item = (&Step, &Step)> {
        self.steps.iter().zip(self.steps.iter().skip(1))
    }

    /// Requests with the answer right behind them.
    fn answered(&self) -> impl Iterator<Item = (&Step, &Step)> {
        self.pairs().filter(|(before, after)| before.to_server && !after.to_server)
    }
}

/// Least sizes of the bins that shares of sizes are counted in: fine where headers and short requests differ.
const BINS: [u16; 40] = [
    1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 22, 24, 26, 28, 32, 36, 40, 48, 56, 64, 80, 96,
    128, 160, 200, 256, 384, 512, 768, 1_024, 1_300, 1_500,
];

/// Features of `polling/2`.
pub(crate) const LEN: usize = COLUMNS.len() + 2 * BINS.len() + layout::LEN;
/// The first of the features that are made of payload bytes: a flag that is present where they are. All others follow it.
pub const BYTES_TELL: usize = LEN - layout::LEN;

/// Whether the payload bytes behind a vector tell something.
#[must_use]
pub fn bytes_tell(vector: &[f32]) -> bool {
    vector.get(BYTES_TELL).is_some_and(|flag| !flag.is_nan())
}

/// Names behind the columns: the shares of sizes, from that many bytes on and below the next, then what stands where.
pub(crate) fn more_names() -> impl Iterator<Item = String> {
    let of = |way: &'static str| BINS.iter().map(move |least| format!("polling_{way}_size_{least}"));
    of("src2dst").chain(of("dst2src")).chain(layout::names())
}

/// Columns before the shares of sizes: name, unit, meaning. Those of one direction stand twice.
pub(crate) const COLUMNS: &[(&str, &str, &str)] = &[
    ("polling_tcp", "flag", "over TCP"),
    ("polling_udp", "flag", "over UDP"),
    ("polling_src2dst_packet_share", "0..1", "share of the packets that go to the server"),
    ("polling_src2dst_byte_share", "0..1", "share of the payload bytes that go to the server"),
    ("polling_alternation", "0..1", "share of packets that answer the other side's"),
    ("polling_answer_entropy", "bits", "entropy of the answer's size where the request's is known"),
    ("polling_period_log", "ln(1+x)", "median time between requests, milliseconds"),
    ("polling_period_spread", "ratio", "median distance from that median over it"),
    ("polling_delay_log", "ln(1+x)", "median time from a request to its answer, milliseconds"),
    ("polling_src2dst_head_entropy", "0..1", "as `src2dst_head_entropy`"),
    ("polling_dst2src_head_entropy", "0..1", "as `dst2src_head_entropy`"),
    ("polling_src2dst_head_printable", "0..1", "as `src2dst_head_printable`"),
    ("polling_dst2src_head_printable", "0..1", "as `dst2src_head_printable`"),
    ("polling_src2dst_first", "bytes", "size of the first packet"),
    ("polling_src2dst_second", "bytes", "of the second"),
    ("polling_src2dst_third", "bytes", "of the third"),
    ("polling_src2dst_least", "bytes", "least size"),
    ("polling_src2dst_median", "bytes", "median size"),
    ("polling_src2dst_most", "bytes", "largest size"),
    ("polling_src2dst_commonest", "bytes", "the most frequent size, the smaller of equals"),
    ("polling_src2dst_next", "bytes", "the next frequent one"),
    ("polling_src2dst_commonest_share", "0..1", "share of the most frequent size"),
    ("polling_src2dst_both_share", "0..1", "share of the two most frequent sizes"),
    ("polling_src2dst_sizes", "count", "different sizes"),
    ("polling_src2dst_size_entropy", "bits", "entropy of the sizes"),
    ("polling_src2dst_even_share", "0..1", "share of even sizes"),
    ("polling_src2dst_fourth_share", "0..1", "share of sizes that four divides"),
    ("polling_dst2src_first", "bytes", "size of the first packet"),
    ("polling_dst2src_second", "bytes", "of the second"),
    ("polling_dst2src_third", "bytes", "of the third"),
    ("polling_dst2src_least", "bytes", "least size"),
    ("polling_dst2src_median", "bytes", "median size"),
    ("polling_dst2src_most", "bytes", "largest size"),
    ("polling_dst2src_commonest", "bytes", "the most frequent size, the smaller of equals"),
    ("polling_dst2src_next", "bytes", "the next frequent one"),
    ("polling_dst2src_commonest_share", "0..1", "share of the most frequent size"),
    ("polling_dst2src_both_share", "0..1", "share of the two most frequent sizes"),
    ("polling_dst2src_sizes", "count", "different sizes"),
    ("polling_dst2src_size_entropy", "bits", "entropy of the sizes"),
    ("polling_dst2src_even_share", "0..1", "share of even sizes"),
    ("polling_dst2src_fourth_share", "0..1", "share of sizes that four divides"),
];

/// Appends `polling/2`; all absent where too little was kept.
pub(crate) fn extract(seen: &Observation<'_>, into: &mut Vec<f32>) {
    let Some(polling) = seen.polling.filter(|polling| polling.describes()) else {
        into.extend(std::iter::repeat_n(f32::NAN, LEN));
        return;
    };
    let (up, down) = (polling.lengths(ToServer), polling.lengths(ToClient));
    let bytes = |lengths: &[u16]| lengths.iter().map(|length| u64::from(*length)).sum::<u64>();
    let (to_server, to_client) = (seen.stats.way(ToServer).head, seen.stats.way(ToClient).head);
    let alternations = polling.pairs().filter(|(before, after)| before.to_server != after.to_server).count();
    let (period, spread) = period(polling);
    let mut delays: Vec<u32> = polling.answered().map(|(_, answer)| answer.gap).collect();
    into.extend_from_slice(&[
        flag(seen.transport == Transport::TCP),
        flag(seen.transport == Transport::UDP),
        share(up.len() as u64, down.len() as u64),
        share(bytes(&up), bytes(&down)),
        alternations as f32 / polling.steps.len().saturating_sub(1).max(1) as f32,
        maybe(answer_entropy(polling)),
        maybe(period.map(log)),
        maybe(spread),
        maybe(median(&mut delays).map(milliseconds).map(log)),
        head(to_server, |head| head.entropy),
        head(to_client, |head| head.entropy),
        head(to_server, |head| head.printable),
        head(to_client, |head| head.printable),
    ]);
    let bins = [shares(&up), shares(&down)];
    sizes(up, into);
    sizes(down, into);
    bins.iter().for_each(|bins| into.extend_from_slice(bins));
    let answered: Vec<(Head, Head)> = polling.answered().map(|(request, answer)| (request.head, answer.head)).collect();
    layout::extract([&polling.messages(ToServer), &polling.messages(ToClient)], &answered, into);
}

/// Shares of sizes by bin; absent without packets.
fn shares(lengths: &[u16]) -> [f32; BINS.len()] {
    let mut shares = [if lengths.is_empty() { f32::NAN } else { 0.0 }; BINS.len()];
    for length in lengths {
        let bin = BINS.partition_point(|least| least <= length).saturating_sub(1);
        if let Some(count) = shares.get_mut(bin) {
            *count += 1.0;
        }
    }
    shares.iter_mut().for_each(|count| *count /= lengths.len() as f32);
    shares
}

/// What the sizes of one direction look like: 14 values, absent without packets.
fn sizes(mut lengths: Vec<u16>, into: &mut Vec<f32>) {
    let number = |length: Option<&u16>| maybe(length.map(|length| f32::from(*length)));
    into.extend((0..3).map(|place| number(lengths.get(place))));
    lengths.sort_unstable();
    let alphabet = alphabet(&lengths);
    let of_rank = |rank: usize| alphabet.get(rank);
    let total = lengths.len().max(1) as f32;
    let known = |value: f32| if lengths.is_empty() { f32::NAN } else { value };
    let share = |count: usize| known(count as f32 / total);
    let commonest = of_rank(0).map_or(0, |(_, count)| *count);
    let next = of_rank(1).map_or(0, |(_, count)| *count);
    let divided = |by: u16| share(lengths.iter().filter(|length| length.is_multiple_of(by)).count());
    into.extend_from_slice(&[
        number(lengths.first()),
        number(lengths.get(lengths.len() / 2)),
        number(lengths.last()),
        number(of_rank(0).map(|(length, _)| length)),
        number(of_rank(1).map(|(length, _)| length)),
        share(commonest),
        share(commonest + next),
        known(alphabet.len() as f32),
        known(entropy(alphabet.iter().map(|(_, count)| *count))),
        divided(2),
        divided(4),
    ]);
}

/// The different sizes of a sorted list with their counts, the most frequent first, the smaller of equals before the larger.
fn alphabet(sorted: &[u16]) -> Vec<(u16, usize)> {
    let mut found: Vec<(u16, usize)> =
        sorted.chunk_by(|a, b| a == b).filter_map(|run| Some((*run.first()?, run.len()))).collect();
    found.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    found
}

/// Shannon entropy of counts, bits.
fn entropy(counts: impl Iterator<Item = usize> + Clone) -> f32 {
    let total = counts.clone().sum::<usize>().max(1) as f32;
    counts.map(|count| count as f32 / total).map(|share| -share * share.log2()).sum::<f32>().max(0.0)
}

/// Entropy of the answer's size given the request's, bits; `None` without an answer.
fn answer_entropy(polling: &Polling) -> Option<f32> {
    let mut pairs: Vec<(u16, u16)> =
        polling.answered().map(|(request, answer)| (request.length, answer.length)).collect();
    pairs.sort_unstable();
    let of_request = |run: &[(u16, u16)]| {
        let answers = run.chunk_by(|a, b| a.1 == b.1).map(<[(u16, u16)]>::len);
        entropy(answers) * run.len() as f32
    };
    let sum: f32 = pairs.chunk_by(|a, b| a.0 == b.0).map(of_request).sum();
    (!pairs.is_empty()).then(|| sum / pairs.len() as f32)
}

/// Median time between requests in milliseconds, and the median distance from it over it.
fn period(polling: &Polling) -> (Option<f32>, Option<f32>) {
    let (mut gaps, mut since, mut begun) = (Vec::new(), 0u32, false);
    for step in &polling.steps {
        since = since.saturating_add(step.gap);
        if step.to_server {
            if begun {
                gaps.push(since);
            }
            (since, begun) = (0, true);
        }
    }
    let Some(middle) = median(&mut gaps) else { return (None, None) };
    let mut distances: Vec<u32> = gaps.iter().map(|gap| gap.abs_diff(middle)).collect();
    let spread = median(&mut distances).map(|distance| distance as f32 / middle.max(1) as f32);
    (Some(milliseconds(middle)), spread)
}

fn median(values: &mut [u32]) -> Option<u32> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

fn milliseconds(micros: u32) -> f32 {
    micros as f32 / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;
    use picket_event::Protocol;

    /// A request of 12 bytes each second, its answer of 20 bytes 5 ms later; the first two packets are passed over.
    fn polled(exchanges: i64) -> (FlowStats, Polling) {
        let (mut stats, mut polling) = (FlowStats::default(), None);
        for number in 0..exchanges {
            for (direction, length, offset) in [(ToServer, 12, 0), (ToClient, 20, 5_000_000)] {
                let time = Timestamp::from_nanos(1_000_000_000 * (number + 1) + offset);
                stats.packet(direction, time, length + 54, length, 0x18, 100, &[]);
                if stats.payload_packets() > PASSED_OVER {
                    let kept = polling.get_or_insert_with(|| Polling::behind(&stats, direction, length));
                    kept.packet(direction, time, length, &[]);
                }
            }
        }
        (stats, polling.unwrap_or_default())
    }

    fn value(stats: &FlowStats, polling: &Polling, name: &str) -> f32 {
        let seen = Observation {
            stats,
            detail: None,
            records: None,
            polling: Some(polling),
            transport: Transport::TCP,
            server_port: 502,
            app: &Protocol::UNKNOWN,
            handshake: None,
            pair: None,
            start: Timestamp::EPOCH,
        };
        let mut vector = Vec::new();
        extract(&seen, &mut vector);
        let names: Vec<String> = COLUMNS.iter().map(|(name, _, _)| (*name).to_owned()).chain(more_names()).collect();
        assert_eq!(vector.len(), names.len());
        vector[names.iter().position(|known| known == name).unwrap()]
    }

    #[test]
    fn polling_by_hand() {
        let (stats, polling) = polled(10);
        let of = |name: &str| value(&stats, &polling, name);
        assert_eq!((of("polling_src2dst_first"), of("polling_dst2src_first")), (12.0, 20.0), "passed over, and known");
        assert_eq!((of("polling_alternation"), of("polling_answer_entropy")), (1.0, 0.0));
        assert!((of("polling_period_log") - 1_000f32.ln_1p()).abs() < 1e-3);
        assert!((of("polling_delay_log") - 5f32.ln_1p()).abs() < 1e-3);
        assert_eq!((of("polling_period_spread"), of("polling_src2dst_packet_share")), (0.0, 0.5));
        assert_eq!((of("polling_src2dst_size_12"), of("polling_dst2src_size_20")), (1.0, 1.0));
        assert_eq!((of("polling_src2dst_sizes"), of("polling_src2dst_next").is_nan()), (1.0, true));
        assert_eq!((of("polling_src2dst_even_share"), of("polling_dst2src_fourth_share")), (1.0, 1.0));
    }

    #[test]
    fn it_is_bounded_and_says_nothing_of_little() {
        let (stats, mut polling) = polled(1_000);
        assert_eq!(polling.steps.len(), STEPS);
        polling.swap();
        assert_eq!(value(&stats, &polling, "polling_src2dst_first"), 20.0);
        let (stats, little) = polled(2);
        assert!(!little.describes() && value(&stats, &little, "polling_tcp").is_nan());
    }
}
