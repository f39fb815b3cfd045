//! See `tests/src/fuzz`. Run in this folder: `RUSTC_BOOTSTRAP=1 cargo fuzz run capture`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| picket_fuzz::run("capture", data));
