#!/bin/bash
# Captures services going over to TLS, asked by Python's own clients and by OpenSSL's, over loopback in a network
# namespace of their own, into the golden folder of the dissector. Needs root, openssl, tcpdump and python3. Keys and randoms
# differ from run to run, so the expected events have to be rewritten afterwards (PICKET_BLESS=1).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$(cd "$here/../.." && pwd)/common/dissect/src/starttls/golden
if [ "${1:-}" != inside ]; then exec unshare --net "$0" inside; fi
ip link set lo up
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/key" -out "$work/certificate" -days 3650 \
  -subj "/O=Example Works, Ltd./CN=mail.plant.example" 2>/dev/null
python3 "$here/starttls-servers.py" "$work/certificate" "$work/key" "$work"
cp "$work"/*.pcap "$out"
ls -l "$out"
