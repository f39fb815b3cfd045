//! Every fuzz target for some seconds each day (`PICKET_FUZZ_SECONDS`, default 5), by mutations that a number gives. What fails
//! says the number and leaves its input under `target/fuzz`; `make soak` looks deeper, guided by what is reached.

use picket_tests::random::Random;
use picket_tests::{fuzz, place, seeds};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// No input takes longer, unless the machine stands still.
const HANG: Duration = Duration::from_secs(20);
/// Longest input.
const INPUT_BYTES: usize = 6_000;

/// The input of a number: a seed with some of its bytes changed, cut, doubled or exchanged with another seed's.
fn input(seeds: &[(String, Vec<u8>)], number: u64) -> Vec<u8> {
    let mut random = Random(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let pick = |random: &mut Random| seeds.get(random.index(seeds.len())).map_or(&[][..], |(_, seed)| seed.as_slice());
    let mut data = pick(&mut random).to_vec();
    for _ in 0..1 + random.index(6) {
        let length = data.len();
        let at = random.index(length);
        let span = at..(at + 1 + random.index(64)).min(length);
        match random.index(9) {
            0 | 1 if length > 0 => data[at] ^= 1 << random.index(8),
            2 if length > 0 => data[at] = [0, 1, 0x7f, 0x80, 0xff, b'\n'][random.index(6)],
            3 if length > 1 => {
                let place = at.min(length - 2);
                data[place..place + 2].copy_from_slice(&(random.bits() as u16).to_be_bytes());
            }
            4 => data.truncate(at),
            5 if length > 0 => drop(data.drain(span)),
            6 if length > 0 => {
                let copy = data[span].to_vec();
                data.splice(at..at, copy);
            }
            7 => {
                let other = pick(&mut random);
                let from = random.index(other.len());
                let piece = &other[from..(from + 1 + random.index(200)).min(other.len())];
                data.splice(at..at, piece.iter().copied());
            }
            _ => {
                let bytes: Vec<u8> = (0..random.index(8)).map(|_| random.bits() as u8).collect();
                data.splice(at..at, bytes);
            }
        }
    }
    data.truncate(INPUT_BYTES);
    data
}

fn seconds() -> Duration {
    let told = std::env::var("PICKET_FUZZ_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(told.unwrap_or(5))
}

/// Keeps an input that failed, and says how to run it again.
fn keep(target: &str, number: u64, data: &[u8]) -> String {
    let folder = place::repository().join("target/fuzz");
    let path = folder.join(format!("{target}-{number}"));
    let kept = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, data));
    let word = if kept.is_ok() { path.display().to_string() } else { "nowhere: it could not be written".to_owned() };
    format!("fuzz target {target}, input {number}, kept in {word}; PICKET_FUZZ_FROM={number} begins there")
}

/// Runs a target until its time is over; a second thread sees that it goes on.
fn fuzz(name: &'static str) {
    let seeds = seeds::of(name);
    assert!(!seeds.is_empty(), "{name} has seeds");
    for (_, seed) in &seeds {
        fuzz::run(name, seed);
    }
    let first: u64 = std::env::var("PICKET_FUZZ_FROM").ok().and_then(|number| number.parse().ok()).unwrap_or(1);
    let (begun, at) = (Instant::now(), AtomicU64::new(first));
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            while begun.elapsed() < seconds() {
                let number = at.load(Ordering::Relaxed);
                let data = input(&seeds, number);
                if std::panic::catch_unwind(|| fuzz::run(name, &data)).is_err() {
                    panic!("{}", keep(name, number, &data));
                }
                at.store(number + 1, Ordering::Relaxed);
            }
        });
        let mut seen = (first, Instant::now());
        while !worker.is_finished() {
            std::thread::sleep(Duration::from_millis(50));
            let number = at.load(Ordering::Relaxed);
            if number != seen.0 {
                seen = (number, Instant::now());
            } else if seen.1.elapsed() > HANG {
                // A thread that hangs cannot be ended: the whole program is.
                eprintln!("no end after {HANG:?}: {}", keep(name, number, &input(&seeds, number)));
                std::process::abort();
            }
        }
    });
    println!("{name}: {} inputs", at.load(Ordering::Relaxed) - first);
}

macro_rules! targets {
    ($($test:ident $name:literal)*) => {
        $(#[test] fn $test() { fuzz($name); })*

        #[test]
        fn every_target_is_run_here_and_has_its_program() {
            let here: Vec<&str> = vec![$($name),*];
            let all: Vec<&str> = fuzz::ALL.iter().map(|target| target.name).collect();
            assert_eq!(here, all);
            let folder = place::repository().join("tests/fuzz");
            let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
            for name in all {
                assert!(folder.join(format!("fuzz_targets/{name}.rs")).is_file(), "{name} has no program");
                assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is not named in tests/fuzz/Cargo.toml");
            }
        }
    };
}

targets! {
    f32_capture_files "capture"
    f32_frames_down_the_whole_line "frames"
    f32_segments_and_fragments "reassembly"
    f32_conversations "dissector"
    f32_descriptions_of_protocols "description"
    f32_bundles "bundle"
    f32_frames_of_the_wire "wire"
}
