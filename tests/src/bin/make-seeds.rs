//! Writes the seeds of every fuzz target where libFuzzer begins.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test or bench that cannot go on ends")]
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a program does I/O")]

use picket_tests::place::repository;
use picket_tests::{fuzz, seeds};

fn main() {
    for target in fuzz::ALL {
        let into = repository().join("tests/fuzz/corpus").join(target.name);
        std::fs::create_dir_all(&into).unwrap_or_else(|error| panic!("{}: {error}", into.display()));
        let seeds = seeds::of(target.name);
        for (name, seed) in &seeds {
            let path = into.join(name);
            std::fs::write(&path, seed).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
        println!("{} seeds in {}", seeds.len(), into.display());
    }
}
