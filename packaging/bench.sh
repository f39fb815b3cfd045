#!/bin/sh
# Benches: each prints ratios measured side by side in one run. Called by `make bench`.
set -eu
cargo build --locked --release --workspace
capture=target/bench.pcap
if [ ! -f "$capture" ] && [ -f "$PICKET_CORPUS/tools/make_bench.py" ]; then
    python3 "$PICKET_CORPUS/tools/make_bench.py" "$capture" --mb 600 --seed 1
fi
for bench in throughput peers instructions dissectors ingest engine latency; do
    if [ -x "target/release/$bench" ]; then
        echo "== $bench"
        case $bench in
            throughput) "target/release/$bench" "$capture" --threads 1,2 ;;
            peers | instructions) "target/release/$bench" "$capture" ;;
            *) "target/release/$bench" ;;
        esac
    fi
done
