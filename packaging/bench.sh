#!/bin/sh
# Benches: each prints ratios measured side by side in one run. Called by `make bench`; fails where a limit is passed. The limits
# are those of docs/testing.md; BENCH_REFERENCE=1 writes benches/instructions.tsv anew.
set -eu
agent=$(packaging/release.sh)/picket-agent
cargo build --locked --release --workspace
capture=target/bench.pcap
plants=target/bench-plants.pcap
make_bench=$PICKET_CORPUS/tools/make_bench.py
if [ ! -f "$capture" ] && [ -f "$make_bench" ]; then
    python3 "$make_bench" "$capture" --mb 600 --seed 1
fi
if [ ! -f "$plants" ] && [ -f "$make_bench" ]; then
    python3 "$make_bench" "$plants" --mb 200 --seed 1 --bulk 0 --from "$PICKET_CORPUS/corpus/ics"
fi
reference=benches/instructions.tsv
counts="--reference $reference"
if [ "${BENCH_REFERENCE:-}" = 1 ] || [ ! -f "$reference" ]; then counts="--write $reference"; fi
failed=""
for bench in throughput peers instructions dissectors ingest engine latency; do
    if [ -x "target/release/$bench" ]; then
        echo "== $bench"
        case $bench in
            throughput) set -- "$capture" --agent "$agent" --rounds 15 --threads 1,2 --max-loop-ratio 6 --max-ndpi-ratio 0.55 \
                --max-peak-mib 64 --max-shared-cpu 1.15 --max-shared-wall 0.67 ;;
            instructions) set -- "$capture" --max-whole 4000 $counts ;;
            peers) set -- "$capture" --agent "$agent" ;;
            *) set -- ;;
        esac
        "target/release/$bench" "$@" || failed="$failed $bench"
    fi
done
if [ -f "$plants" ]; then
    echo "== throughput, plants' traffic alone"
    target/release/throughput "$plants" --agent "$agent" || failed="$failed plants"
fi
if [ -n "$failed" ]; then
    echo "FAILED:$failed"
    exit 1
fi
