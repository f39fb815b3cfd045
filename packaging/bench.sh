#!/bin/sh
# Benches: each prints ratios measured side by side in one run. Called by `make bench`; fails where a limit is passed. The limits
# are those of docs/testing.md; BENCH_REFERENCE=1 writes benches/instructions.tsv anew.
set -eu
agent=$(packaging/release.sh)/picket-agent
cargo build --locked --release --workspace
capture=target/bench.pcap
if [ ! -f "$capture" ] && [ -f "$PICKET_CORPUS/tools/make_bench.py" ]; then
    python3 "$PICKET_CORPUS/tools/make_bench.py" "$capture" --mb 600 --seed 1
fi
reference=benches/instructions.tsv
counts="--reference $reference"
if [ "${BENCH_REFERENCE:-}" = 1 ] || [ ! -f "$reference" ]; then counts="--write $reference"; fi
failed=""
for bench in throughput peers instructions dissectors ingest engine latency; do
    if [ -x "target/release/$bench" ]; then
        echo "== $bench"
        case $bench in
            throughput) set -- "$capture" --agent "$agent" --threads 1,2 --max-loop-ratio 6 --max-ndpi-ratio 0.55 ;;
            instructions) set -- "$capture" --max-whole 4000 $counts ;;
            peers) set -- "$capture" --agent "$agent" ;;
            *) set -- ;;
        esac
        "target/release/$bench" "$@" || failed="$failed $bench"
    fi
done
if [ -n "$failed" ]; then
    echo "FAILED:$failed"
    exit 1
fi
