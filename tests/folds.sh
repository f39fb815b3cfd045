#!/bin/sh
# Measures the shipped recipe honestly: for every group of sources a bundle is trained without it, and that group's
# captures are read with it. Usage: tests/folds.sh CORPUS DIR
#   CORPUS  directory with labels.jsonl and captures in benign/ and malicious/
#   DIR     where to work: features.jsonl.zst, bundles/GROUP.bundle, eve/GROUP.jsonl ("/" of a group written "__")
# The programs are found by AGENT and COLLECTOR, by default those of target/debug.
set -eu
corpus=$1 work=$2
here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
agent=${AGENT:-$here/target/debug/picket-agent}
collector=${COLLECTOR:-$here/target/debug/picket-collector}
mkdir -p "$work/bundles" "$work/eve"
"$agent" features --labels "$corpus/labels.jsonl" --out "$work/features.jsonl.zst" "$corpus/benign" "$corpus/malicious"
"$collector" model train "$work/features.jsonl.zst" --folds "$work/bundles"
# Groups without a row have nothing to leave out: the bundle of all rows is theirs.
"$collector" model train "$work/features.jsonl.zst" --out "$work/all.bundle"
sed -n 's/.*"file":"\([^"]*\)".*"group":"\([^"]*\)".*/\2 \1/p' "$corpus/labels.jsonl" | sed 's|/|__|' | sort > "$work/captures"
cut -d' ' -f1 "$work/captures" | uniq | while read -r group; do
    bundle=$work/bundles/$group.bundle
    [ -f "$bundle" ] || bundle=$work/all.bundle
    sed -n "s|^$group |$corpus/|p" "$work/captures" | tr '\n' '\0' |
        xargs -0 "$agent" read --bundle "$bundle" > "$work/eve/$group.jsonl" 2>> "$work/read.log"
done
echo "score with: score_traffic.py --folds $work/eve --labels $corpus/labels.jsonl"
