#!/bin/sh
# Prints the compiler flag that lays a release agent out by how it ran (profile-guided optimisation); nothing, and on standard
# error why, where the compiler's own LLVM tools are not there. Called by what builds release programs.
# A sensor runs through more code a packet than a processor keeps at hand, so that where it lies counts. What it is run over is of
# the product's own making: the golden captures and tests/src/bin/make-training.rs.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
machine=$(rustc -vV | sed -n 's/^host: //p')
llvm=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
tool=""
for candidate in "$(rustc --print sysroot)/lib/rustlib/$machine/bin/llvm-profdata" "/usr/lib/llvm-$llvm/bin/llvm-profdata"; do
    [ -x "$candidate" ] && tool=$candidate && break
done
if [ -z "$tool" ]; then
    echo "profile: no llvm-profdata of LLVM $llvm (Debian: llvm-$llvm, or rustup component add llvm-tools): the agent is built" >&2
    echo "profile: without a profile and takes about a tenth more instructions a packet" >&2
    exit 0
fi
work=$PWD/$target/profile
case $target in /*) work=$target/profile ;; esac
rm -rf "$work/raw"
mkdir -p "$work/raw"
# The names of functions follow from the build's settings: any other, and what was counted would be nobody's.
RUSTFLAGS="${RUSTFLAGS:-} -Cprofile-generate" \
    cargo build --locked --release --target "$machine" -p picket-agent --bin picket-agent --target-dir "$work/build" >&2
cargo run --locked -q -p picket-tests --bin make-training "$work/training.pcap" >&2
agent=$work/build/$machine/release/picket-agent
goldens=common/dissect/src/*/golden
over() { LLVM_PROFILE_FILE=$work/raw/%p.profraw "$agent" "$@" > /dev/null 2> "$work/log" || { cat "$work/log" >&2; exit 1; }; }
for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
    over read --output none --no-score $goldens $goldens $goldens $goldens $goldens
done
over read --output none --no-score "$work/training.pcap"
for _ in 1 2 3; do
    over read --threads 2 --output none --no-score $goldens $goldens $goldens $goldens $goldens
done
over read --threads 2 --output none --no-score "$work/training.pcap"
# What is done with events, by what is not most of the work.
over read --threads 2 $goldens
over read "$work/training.pcap"
over features --kind flow --out "$work/rows.csv" $goldens
"$tool" merge -o "$work/agent.profdata" "$work"/raw/*.profraw
rm -rf "$work/raw" "$work/training.pcap" "$work/rows.csv"
echo "-Cprofile-use=$work/agent.profdata"
