#!/bin/bash
# Captures TLS handshakes of OpenSSL's own client and server over loopback, in a network namespace of
# their own, into the golden folder of the TLS dissector. Needs root, openssl and tcpdump. Keys and randoms
# differ from run to run, so the expected events have to be rewritten afterwards (PICKET_BLESS=1).
set -euo pipefail
out=$(cd "$(dirname "$0")/../.." && pwd)/common/dissect/src/tls/golden
if [ "${1:-}" != inside ]; then exec unshare --net "$0" inside; fi
ip link set lo up
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/ca.key" -out "$work/ca.crt" -days 3650 \
  -subj "/C=CH/O=Example Works, Ltd./CN=Example Plant CA" 2>/dev/null
openssl req -newkey rsa:2048 -nodes -keyout "$work/leaf.key" -out "$work/leaf.csr" -subj "/C=CH/O=Example Works, Ltd./OU=Line 4+CN=hmi.plant.example" -multivalue-rdn 2>/dev/null
openssl x509 -req -in "$work/leaf.csr" -CA "$work/ca.crt" -CAkey "$work/ca.key" -days 397 -set_serial 0x0badcafe01 -out "$work/leaf.crt" \
  -extfile <(printf 'subjectAltName=DNS:hmi.plant.example,DNS:*.plant.example,IP:192.0.2.7\nbasicConstraints=CA:FALSE\n') 2>/dev/null
cat "$work/leaf.crt" "$work/ca.crt" > "$work/chain.crt"

# record NAME "SERVER OPTIONS" "CLIENT OPTIONS"...: one connection for each set of client options
record() {
  local name=$1 server=$2; shift 2
  tcpdump -i lo -s 0 -U --immediate-mode -w "$work/$name.pcap" 'tcp port 8443' 2>/dev/null & local dump=$!
  sleep 0.7
  # shellcheck disable=SC2086
  openssl s_server -accept 127.0.0.1:8443 -cert "$work/leaf.crt" -key "$work/leaf.key" -cert_chain "$work/chain.crt" -quiet $server </dev/null >/dev/null 2>&1 & local serving=$!
  sleep 0.5
  for client in "$@"; do
    # shellcheck disable=SC2086
    { printf 'hello\n'; sleep 0.3; } | timeout 3 openssl s_client -connect 127.0.0.1:8443 -quiet $client >/dev/null 2>&1 || true
  done
  sleep 0.5; kill "$serving"; sleep 0.3; kill "$dump"; wait 2>/dev/null || true
  cp "$work/$name.pcap" "$out/$name.pcap"
}
record openssl-tls13 "" "-servername hmi.plant.example -alpn h2,http/1.1"
record openssl-tls12 "-tls1_2" "-tls1_2 -servername hmi.plant.example"
record openssl-tls12-resumed "-tls1_2" \
  "-tls1_2 -servername hmi.plant.example -sess_out $work/session" "-tls1_2 -servername hmi.plant.example -sess_in $work/session"
record openssl-retry "-groups P-384" "-servername hmi.plant.example -groups X25519:P-384"
record openssl-refused "-tls1_3" "-tls1_2 -servername hmi.plant.example"
ls -l "$out"
