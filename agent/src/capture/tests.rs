//! The readers of capture files, over files made here byte by byte.

use super::*;
use picket_event::Timestamp;
use proptest::prelude::*;
use std::io::Write;
use std::path::Path;

/// Byte order of a made file.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Order {
    Little,
    Big,
}

impl Order {
    fn u16(self, value: u16) -> [u8; 2] {
        if self == Self::Big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn u32(self, value: u32) -> [u8; 4] {
        if self == Self::Big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn u64(self, value: u64) -> [u8; 8] {
        if self == Self::Big { value.to_be_bytes() } else { value.to_le_bytes() }
    }
}

fn pcap_header(order: Order, magic: u32, minor: u16, link_type: u32) -> Vec<u8> {
    let mut file = order.u32(magic).to_vec();
    file.extend(order.u16(2));
    file.extend(order.u16(minor));
    for word in [0, 0, 65_535, link_type] {
        file.extend(order.u32(word));
    }
    file
}

fn pcap_record(order: Order, seconds: u32, fraction: u32, wire: u32, bytes: &[u8]) -> Vec<u8> {
    let mut record = Vec::new();
    for word in [seconds, fraction, bytes.len() as u32, wire] {
        record.extend(order.u32(word));
    }
    record.extend(bytes);
    record
}

fn block(order: Order, kind: u32, body: &[u8]) -> Vec<u8> {
    let mut padded = body.to_vec();
    padded.resize(body.len().next_multiple_of(4), 0);
    let total = order.u32(padded.len() as u32 + 12);
    [&order.u32(kind)[..], &total, &padded, &total].concat()
}

fn section(order: Order) -> Vec<u8> {
    let body = [&order.u32(0x1a2b_3c4d)[..], &order.u16(1), &order.u16(0), &order.u64(u64::MAX)].concat();
    block(order, 0x0a0d_0d0a, &body)
}

fn interface(order: Order, link_type: u16, snap: u32, options: &[(u16, &[u8])]) -> Vec<u8> {
    let mut body = [&order.u16(link_type)[..], &order.u16(0), &order.u32(snap)].concat();
    for (code, value) in options {
        body.extend(order.u16(*code));
        body.extend(order.u16(value.len() as u16));
        body.extend(*value);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    block(order, 1, &body)
}

fn enhanced(order: Order, interface: u32, ticks: u64, wire: u32, bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for word in [interface, (ticks >> 32) as u32, ticks as u32, bytes.len() as u32, wire] {
        body.extend(order.u32(word));
    }
    body.extend(bytes);
    block(order, 6, &body)
}

/// What one frame is compared by: time in ns, link type, interface, wire length, bytes.
type Seen = (i64, u16, u16, u32, Vec<u8>);

fn read(path: &Path) -> (Vec<Seen>, Option<String>) {
    let mut source = match FileSource::open(path) {
        Ok(source) => source,
        Err(error) => return (Vec::new(), Some(error.to_string())),
    };
    let mut batch = FrameBatch::new();
    let mut seen = Vec::new();
    loop {
        match source.fill(&mut batch) {
            Ok(Filled::Frames) => seen
                .extend(batch.frames().map(|f| (f.time.nanos(), f.link_type, f.interface, f.wire, f.bytes.to_vec()))),
            Ok(_) => return (seen, None),
            Err(error) => {
                assert_eq!(source.fill(&mut batch).unwrap(), Filled::End, "nothing follows a failure");
                return (seen, Some(error.to_string()));
            }
        }
    }
}

fn read_bytes(bytes: &[u8]) -> (Vec<Seen>, Option<String>) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let (seen, failure) = read(file.path());
    (seen, failure.map(|text| text.replace(&file.path().display().to_string(), "FILE")))
}

fn plain(count: u32) -> Vec<u8> {
    let mut file = pcap_header(Order::Little, 0xa1b2_c3d4, 4, 1);
    for i in 0..count {
        file.extend(pcap_record(Order::Little, i, 5, 100, &[i as u8; 60]));
    }
    file
}

#[test]
fn pcap_in_every_form() {
    for order in [Order::Little, Order::Big] {
        for (magic, nanos) in [(0xa1b2_c3d4, 7000), (0xa1b2_3c4d, 7), (0xa1b2_cd34, 7000)] {
            let mut file = pcap_header(order, magic, 4, 113);
            let mut record = pcap_record(order, 4_000_000_000, 7, 1500, b"frame");
            if magic == 0xa1b2_cd34 {
                record.splice(16..16, [9u8; 8]);
            }
            file.extend(&record);
            file.extend(&record);
            let frame = (4_000_000_000_000_000_000 + nanos, 113, 0, 1500, b"frame".to_vec());
            assert_eq!(read_bytes(&file), (vec![frame.clone(), frame], None), "{order:?} {magic:x}");
        }
    }
}

#[test]
fn old_pcap_versions_state_the_wire_length_first() {
    let mut file = pcap_header(Order::Little, 0xa1b2_c3d4, 2, 1);
    let mut record = pcap_record(Order::Little, 1, 0, 90, b"abc");
    record[8..16].copy_from_slice(&[90, 0, 0, 0, 3, 0, 0, 0]);
    file.extend(record);
    assert_eq!(read_bytes(&file), (vec![(1_000_000_000, 1, 0, 90, b"abc".to_vec())], None));
}

#[test]
fn pcapng_with_several_sections_and_interfaces() {
    let mut file = Vec::new();
    let (le, be) = (Order::Little, Order::Big);
    file.extend(section(le));
    file.extend(interface(le, 1, 0, &[(2, b"eth0"), (9, &[9]), (14, &le.u64(100))]));
    file.extend(interface(le, 101, 0, &[(9, &[0x80 | 10]), (0, b"")]));
    file.extend(enhanced(le, 0, 5, 60, b"nanoseconds"));
    file.extend(block(le, 0x0bad, &[0; 333]));
    file.extend(enhanced(le, 1, 512, 9, b"binary"));
    file.extend(section(be));
    file.extend(interface(be, 113, 4, &[]));
    file.extend(enhanced(be, 0, 2_000_001, 6, b"micros"));
    file.extend(block(be, 3, &[&be.u32(9)[..], b"simp"].concat()));
    let obsolete = [&be.u16(0)[..], &be.u16(3), &be.u32(0), &be.u32(1), &be.u32(3), &be.u32(3), b"old"].concat();
    file.extend(block(be, 2, &obsolete));
    let expected = vec![
        (100_000_000_005, 1, 0, 60, b"nanoseconds".to_vec()),
        (500_000_000, 101, 1, 9, b"binary".to_vec()),
        (2_000_001_000, 113, 0, 6, b"micros".to_vec()),
        (2_000_001_000, 113, 0, 9, b"simp".to_vec()),
        (1000, 113, 0, 3, b"old".to_vec()),
    ];
    assert_eq!(read_bytes(&file), (expected, None));
}

#[test]
fn large_blocks_of_no_interest_cost_no_memory() {
    let le = Order::Little;
    let mut file = [section(le), interface(le, 1, 0, &[])].concat();
    file.extend(enhanced(le, 0, 1, 1, b"a"));
    file.extend(block(le, 0x8000_0001, &vec![7; 3_000_000]));
    file.extend(block(le, 0x8000_0001, &vec![7; 1_000_000]));
    file.extend(enhanced(le, 0, 2, 1, b"b"));
    let mut on_disk = tempfile::NamedTempFile::new().unwrap();
    on_disk.write_all(&file).unwrap();
    let mut source = FileSource::open(on_disk.path()).unwrap();
    let mut batch = FrameBatch::new();
    let mut frames = 0;
    while source.fill(&mut batch).unwrap() == Filled::Frames {
        frames += batch.len();
        assert!(batch.bytes() <= BATCH_BYTES);
    }
    assert_eq!(frames, 2);
    file.truncate(file.len() - 600_000);
    let (frames, failure) = read_bytes(&file);
    assert_eq!(frames.len(), 1);
    assert!(failure.unwrap().contains("cut inside a block"), "the second block is cut");
}

#[test]
fn many_batches_give_every_frame_once() {
    let (seen, failure) = read_bytes(&plain(20_000));
    assert_eq!(failure, None);
    assert_eq!(seen.len(), 20_000);
    assert!(
        seen.iter()
            .enumerate()
            .all(|(i, frame)| frame.0 == i as i64 * 1_000_000_000 + 5000 && frame.4 == [i as u8; 60])
    );
}

#[test]
fn frames_longer_than_a_batch_are_read() {
    let mut file = plain(1);
    file.extend(pcap_record(Order::Little, 2, 0, 300_000, &vec![3; FRAME_BYTES_MAX]));
    file.extend(pcap_record(Order::Little, 3, 0, 4, b"last"));
    let (seen, failure) = read_bytes(&file);
    assert_eq!(failure, None);
    assert_eq!(seen.iter().map(|frame| frame.4.len()).collect::<Vec<_>>(), [60, FRAME_BYTES_MAX, 4]);
}

#[test]
fn damage_is_named_with_offset_and_reason() {
    let mut huge = plain(2);
    huge.extend(pcap_record(Order::Little, 2, 0, 4, b"four"));
    let at = huge.len() - 12;
    huge[at..at + 4].copy_from_slice(&0x7fff_ffffu32.to_le_bytes());
    let mut ends = [section(Order::Little), interface(Order::Little, 1, 0, &[])].concat();
    let last = ends.len() - 4;
    ends[last] = 9;
    let cases: Vec<(Vec<u8>, usize, &str)> = vec![
        (Vec::new(), 0, "FILE: offset 0: the file is empty; did the capture end before it wrote anything?"),
        (vec![0xd4, 0xc3], 0, "FILE: offset 0: cut at byte 2: too short for a capture file"),
        (plain(0)[..20].to_vec(), 0, "FILE: offset 0: cut at byte 20 inside the file header of 24 bytes"),
        (plain(3)[..24 + 76 + 30].to_vec(), 1, "FILE: offset 100: cut at byte 130 inside packet 2: 30 of 76 bytes"),
        (plain(3)[..24 + 76 + 9].to_vec(), 1, "FILE: offset 100: cut at byte 109 inside packet 2: 9 of 16 bytes"),
        (
            huge,
            2,
            "FILE: offset 176: packet 3: the packet claims 2147483647 bytes, more than the 262144 a capture may hold",
        ),
        (
            b"snoop\0\0\0....".to_vec(),
            0,
            "FILE: offset 0: neither pcap nor pcapng: it starts with 736e6f6f70000000 (a snoop capture; convert it with `editcap -F pcapng`)",
        ),
        (vec![0; 64], 0, "FILE: offset 0: neither pcap nor pcapng: it starts with 0000000000000000"),
        (
            b"frame 1: 60 bytes\n".to_vec(),
            0,
            "FILE: offset 0: neither pcap nor pcapng: it starts with 6672616d6520313a (text; name the capture itself)",
        ),
        (ends, 0, "FILE: offset 28: packet 1: the block says 20 bytes at its start and 9 at its end"),
        (
            [section(Order::Big), enhanced(Order::Big, 7, 0, 1, b"x")].concat(),
            0,
            "FILE: offset 28: packet 1: interface 7 is not described in this section",
        ),
    ];
    for (file, frames, message) in cases {
        let (seen, failure) = read_bytes(&file);
        assert_eq!((seen.len(), failure.as_deref()), (frames, Some(message)));
    }
}

#[test]
fn a_file_that_is_not_there_and_a_directory_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("nothing.pcap");
    assert!(read(&missing).1.unwrap().contains("nothing.pcap: No such file"));
    assert!(read(directory.path()).1.unwrap().contains("directory"));
}

#[test]
fn compressed_files_are_looked_through() {
    let file = plain(5000);
    let expected = read_bytes(&file);
    assert_eq!(expected.0.len(), 5000);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&file).unwrap();
    let gzip = gzip.finish().unwrap();
    assert_eq!(read_bytes(&gzip), expected);
    let zstd = zstd::encode_all(&file[..], 3).unwrap();
    assert_eq!(read_bytes(&zstd), expected);
    let (seen, failure) = read_bytes(&gzip[..gzip.len() / 2]);
    assert!(!seen.is_empty() && seen.len() < 5000, "frames before the cut are given");
    assert!(failure.unwrap().contains("gzip: "));
    let (seen, failure) = read_bytes(&zstd[..zstd.len() - 20]);
    assert!(seen.len() < 5000);
    assert!(failure.unwrap().contains("zstd: "));
}

#[test]
fn directories_are_listed_in_order_and_deeply() {
    let root = tempfile::tempdir().unwrap();
    for name in ["b.pcap", "a/z.pcap", "a/c/x.pcap"] {
        let path = root.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, plain(1)).unwrap();
    }
    std::os::unix::fs::symlink(root.path(), root.path().join("a/loop")).unwrap();
    let missing = root.path().join("missing");
    let inputs = Inputs::list(&[root.path().to_owned(), missing, STDIN.into()]);
    let names: Vec<String> = inputs
        .files
        .iter()
        .map(|given| given.path.strip_prefix(root.path()).unwrap_or(&given.path).display().to_string())
        .collect();
    assert_eq!(names, ["a/c/x.pcap", "a/z.pcap", "b.pcap", "-"]);
    assert_eq!(inputs.files.iter().map(|given| given.named).collect::<Vec<_>>(), [false, false, false, true]);
    assert_eq!(inputs.failures.len(), 1);
    assert_eq!(inputs.bytes(), None, "standard input has no size");
}

#[test]
fn a_batch_keeps_what_is_pushed() {
    let mut batch = FrameBatch::new();
    batch.push(Timestamp::EPOCH, 1, 2, 3, b"one");
    batch.push(Timestamp::EPOCH, 1, 2, 600_000, &vec![9; 500_000]);
    let lengths: Vec<_> = batch.frames().map(|frame| (frame.bytes.len(), frame.wire)).collect();
    assert_eq!(lengths, [(3, 3), (FRAME_BYTES_MAX, 600_000)]);
    assert!(batch.is_full());
    batch.clear();
    assert!(batch.is_empty() && batch.get(0).is_none());
}

/// A small file of each format with all its parts.
fn specimens() -> Vec<Vec<u8>> {
    let le = Order::Little;
    let mut pcapng = [section(le), interface(le, 1, 0, &[(9, &[9]), (14, &le.u64(3))])].concat();
    pcapng.extend(enhanced(le, 0, 77, 20, b"twenty"));
    pcapng.extend(block(le, 3, &[&le.u32(4)[..], b"four"].concat()));
    vec![plain(3), pcapng]
}

#[test]
fn every_cut_gives_the_frames_before_it() {
    for file in specimens() {
        let (whole, failure) = read_bytes(&file);
        assert_eq!(failure, None);
        for length in 0..file.len() {
            let (seen, failure) = read_bytes(&file[..length]);
            assert!(whole.starts_with(&seen), "cut at {length}");
            if let Some(failure) = failure {
                assert!(failure.contains("offset"), "{failure}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Damaged and random files give frames, an error or both, and end.
    #[test]
    fn damaged_files_end(which in 0usize..2, hits in proptest::collection::vec((0usize..400, any::<u8>()), 1..12)) {
        let mut file = specimens().swap_remove(which);
        for (at, value) in hits {
            let at = at % file.len();
            file[at] = value;
        }
        let (seen, _) = read_bytes(&file);
        prop_assert!(seen.len() <= 40);
    }

    #[test]
    fn random_bytes_end(prefix in 0usize..3, bytes: Vec<u8>) {
        let magic: &[u8] = [&[0xd4, 0xc3, 0xb2, 0xa1][..], &[0x0a, 0x0d, 0x0d, 0x0a], &[]][prefix];
        let _ = read_bytes(&[magic, &bytes].concat());
    }
}
