#!/bin/sh
# Measures each method of recognition alone on labelled industrial captures: port and fingerprint as they are, behaviour with every
# source left out in turn. Usage: tests/behaviour-folds.sh CORPUS SCORER DIR
#   CORPUS  directory with ics/ (sources.jsonl, labels.jsonl, captures) and traffic/ (labels.jsonl, benign/, malicious/)
#   SCORER  score_ics.py
#   DIR     where to work: polling.jsonl, made.jsonl, bundles/SOURCE.bundle, METHOD.jsonl, METHOD.json ("/" of a source written "__")
# Counted are flows with 20 packets with payload or more, of protocols that two sources or more have. The programs are found by
# AGENT, COLLECTOR and CONVERSATIONS, by default those of target/debug. Half an hour.
set -eu
corpus=$1 scorer=$2 work=$3
here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
agent=${AGENT:-$here/target/debug/picket-agent}
collector=${COLLECTOR:-$here/target/debug/picket-collector}
conversations=${CONVERSATIONS:-$here/target/debug/make-conversations}
mkdir -p "$work/bundles"
# An empty default label: what nobody recognises in captures of plants is no example of anything.
sed -n 's|^{"file":"\([^"]*\)","source":"\([^"]*\)".*|{"file":"\1","class":"industrial","family":"","source":"\2","default_label":""}|p' \
    "$corpus/ics/sources.jsonl" > "$work/captures.jsonl"
cat "$work/captures.jsonl" "$corpus/traffic/labels.jsonl" > "$work/labels.jsonl"
"$agent" features --kind polling --labels "$work/labels.jsonl" --out "$work/polling.jsonl" \
    "$corpus/ics" "$corpus/traffic/benign" "$corpus/traffic/malicious"
"$conversations" "$work/made"
"$agent" features --kind polling --labels "$work/made/labels.jsonl" --out "$work/made.jsonl" "$work/made"
sed 's|.*"file":"\([^"]*\)".*"source":"\([^"]*\)".*|\2 \1|' "$work/captures.jsonl" | sort > "$work/captures"
: > "$work/behaviour.jsonl"
cut -d' ' -f1 "$work/captures" | uniq | while read -r source; do
    bundle=$work/bundles/$(echo "$source" | sed 's|/|__|').bundle
    # A source of short conversations alone has no rows, and nothing to be left out.
    grep -qF "\"group\":\"$source\"" "$work/polling.jsonl" || continue
    "$collector" model train "$work/polling.jsonl" --made "$work/made.jsonl" --onto "$here/common/score/default.bundle" \
        --fold "$source" --out "$bundle" >> "$work/train.log" 2>&1
    sed -n "s|^$source |$corpus/ics/|p" "$work/captures" | tr '\n' '\0' | xargs -0 "$agent" read --method behaviour \
        --bundle "$bundle" --kinds flow >> "$work/behaviour.jsonl" 2>> "$work/read.log" || true
done
for method in port fingerprint; do
    "$agent" read --method $method --kinds flow "$corpus/ics" > "$work/$method.jsonl" 2>> "$work/read.log" || true
done
python3 - "$corpus/ics" "$work/long.jsonl" <<'PYTHON'
import collections, json, sys
rows = [json.loads(line) for line in open(sys.argv[1] + "/labels.jsonl")]
source = {row["file"]: row["source"] for row in map(json.loads, open(sys.argv[1] + "/sources.jsonl"))}
long = [row for row in rows if row["payload"] >= 20 and not row["doubtful"]]
sources = collections.defaultdict(set)
for row in long:
    sources[row["app_proto"]].add(source[row["file"]])
with open(sys.argv[2], "w") as out:
    for row in long:
        if len(sources[row["app_proto"]]) > 1:
            out.write(json.dumps(row) + "\n")
PYTHON
for method in port fingerprint behaviour; do
    python3 "$scorer" --json --eve "$work/$method.jsonl" --labels "$work/long.jsonl" > "$work/$method.json"
    python3 -c 'import json, sys; print(sys.argv[1], json.load(open(sys.argv[2]))["summary"])' $method "$work/$method.json"
done
