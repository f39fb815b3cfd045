#!/bin/bash
# Captures DTLS handshakes of OpenSSL's own client and server over loopback, in a network namespace of their
# own, into the golden folder of the DTLS dissector. Needs root, openssl and tcpdump. Keys and randoms differ
# from run to run, so the expected events have to be rewritten afterwards (PICKET_BLESS=1).
set -euo pipefail
out=$(cd "$(dirname "$0")/../.." && pwd)/common/dissect/src/dtls/golden
if [ "${1:-}" != inside ]; then exec unshare --net "$0" inside; fi
ip link set lo up
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/leaf.key" -out "$work/leaf.crt" -days 397 \
  -subj "/C=CH/O=Example Works, Ltd./CN=meter.plant.example" -addext "subjectAltName=DNS:meter.plant.example,IP:192.0.2.8" 2>/dev/null

# record NAME "SERVER OPTIONS" "CLIENT OPTIONS"...: one connection for each set of client options
record() {
  local name=$1 server=$2; shift 2
  tcpdump -i lo -s 0 -U --immediate-mode -w "$work/$name.pcap" 'udp port 5684' 2>/dev/null & local dump=$!
  sleep 0.7
  for client in "$@"; do
    # shellcheck disable=SC2086
    openssl s_server -accept 127.0.0.1:5684 -cert "$work/leaf.crt" -key "$work/leaf.key" -quiet $server </dev/null >/dev/null 2>&1 & local serving=$!
    sleep 0.5
    # shellcheck disable=SC2086
    { printf 'hello\n'; sleep 0.5; } | timeout 4 openssl s_client -connect 127.0.0.1:5684 -quiet $client >/dev/null 2>&1 || true
    sleep 0.3; kill "$serving" 2>/dev/null || true
  done
  sleep 0.3; kill "$dump"; wait 2>/dev/null || true
  cp "$work/$name.pcap" "$out/$name.pcap"
}
record openssl-dtls12 "-dtls1_2" "-dtls1_2 -servername meter.plant.example -alpn coap"
record openssl-dtls12-fragments "-dtls1_2 -mtu 300" "-dtls1_2 -mtu 256 -servername meter.plant.example"
record openssl-dtls12-cookie "-dtls1_2 -listen" "-dtls1_2 -servername meter.plant.example"
record openssl-dtls10 "-dtls1 -cipher DEFAULT@SECLEVEL=0" "-dtls1 -cipher DEFAULT@SECLEVEL=0 -servername meter.plant.example"

ls -l "$out"
