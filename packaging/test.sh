#!/bin/sh
# Runs every test and prints at the end how many were skipped, and why. Called by `make test`.
set -eu
log=target/test.log
mkdir -p target
if [ ! -d "$PICKET_CORPUS/corpus" ]; then
    echo "NOTE: no corpus at $PICKET_CORPUS (set PICKET_CORPUS): the tests that need it are skipped and counted."
fi
# A test that skips says so in a line "SKIPPED name: reason", which goes to this file too, since a runner may hold back output.
PICKET_SKIPS=$(pwd)/target/skips.txt
export PICKET_SKIPS
: > "$PICKET_SKIPS"
status=0
if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --locked --workspace 2>&1 | tee "$log" || status=1
    grep -q 'tests\? run:.* passed' "$log" || status=1
    grep -qE 'Summary.*[1-9][0-9]* failed|error: ' "$log" && status=1
else
    cargo test --locked --workspace -- --test-threads=2 2>&1 | tee "$log" || status=1
    grep -qE '^test result: FAILED|^error' "$log" && status=1
fi
cargo test --locked --workspace --doc -q >> "$log" 2>&1 || { tail -40 "$log"; status=1; }
skips=$(sort -u "$PICKET_SKIPS" | wc -l)
echo
echo "skipped tests: $skips"
sort -u "$PICKET_SKIPS"
if [ -d "$PICKET_CORPUS/corpus" ] && grep -q 'PICKET_CORPUS' "$PICKET_SKIPS"; then
    echo "FAILED: the corpus is at $PICKET_CORPUS and a test skipped for want of it"
    status=1
fi
exit $status
