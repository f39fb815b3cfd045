#!/bin/sh
# Long runs: coverage-guided fuzzing of every target, then the fault tests and the fingerprints at full scale.
# SOAK_SECONDS (default 60) is the time for each fuzz target; BEFORE the commit of the release before (default: the last tag).
set -eu
seconds=${SOAK_SECONDS:-60}
if ! cargo fuzz --version >/dev/null 2>&1; then
    echo "== installing cargo-fuzz (some minutes, once)"
    cargo install cargo-fuzz --locked --version 0.13.2 --quiet
fi
cargo run --locked -q -p picket-tests --bin make-seeds
# libFuzzer's instrumentation is a compiler flag that stable accepts only with this switch.
export RUSTC_BOOTSTRAP=1
for target in $(cd tests/fuzz && cargo fuzz list); do
    echo "== fuzz $target, $seconds s"
    (cd tests/fuzz && cargo fuzz run "$target" -- -max_total_time="$seconds" -rss_limit_mb=2048 -print_final_stats=1)
done
unset RUSTC_BOOTSTRAP
if [ -z "${PICKET_BEFORE:-}" ] && [ -n "${BEFORE:-$(git describe --tags --abbrev=0 2>/dev/null || true)}" ]; then
    echo "== the release before"
    PICKET_BEFORE=$(packaging/before.sh ${BEFORE:-})
    export PICKET_BEFORE
fi
echo "== faults and fingerprints at full scale"
PICKET_FULL_SCALE=1 cargo test --locked -p picket-tests --test main -- ::f encoders:: --test-threads=1 --nocapture
