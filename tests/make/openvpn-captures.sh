#!/bin/bash
# Captures the beginning of OpenVPN's own client and server over loopback, in a network namespace of their own, into the
# golden folder of its dissector: in clear, signed, hidden, hidden with a client's own key, over UDP and TCP. Needs root,
# openssl, tcpdump and openvpn (OPENVPN names another one). Keys and randoms differ from run to run, so the expected
# events have to be rewritten afterwards (PICKET_BLESS=1).
set -euo pipefail
out=$(cd "$(dirname "$0")/../.." && pwd)/common/dissect/src/openvpn/golden
if [ "${1:-}" != inside ]; then exec unshare --net "$0" inside; fi
ip link set lo up
openvpn=${OPENVPN:-openvpn}
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.crt -days 3650 -subj "/CN=Example Plant CA" 2>/dev/null
for end in server client; do
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $end.key -out $end.csr -subj "/O=Example Works, Ltd./CN=$end.plant.example" 2>/dev/null
  openssl x509 -req -in $end.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 397 -out $end.crt 2>/dev/null
done
"$openvpn" --genkey secret static.key
"$openvpn" --genkey tls-crypt-v2-server v2-server.key
"$openvpn" --tls-crypt-v2 v2-server.key --genkey tls-crypt-v2-client v2-client.key

# record NAME TRANSPORT "SERVER OPTIONS" "CLIENT OPTIONS": one connection
record() {
  local name=$1 transport=$2 server=$3 client=$4 listen=udp4 connect=udp4
  if [ "$transport" = tcp ]; then listen=tcp4-server connect=tcp4-client; fi
  tcpdump -i lo -s 0 -c 60 -U --immediate-mode -w "$name.pcap" "$transport port 1194" 2>/dev/null & local dump=$!
  sleep 0.7
  # shellcheck disable=SC2086
  timeout 6 "$openvpn" --dev null --verb 0 --local 127.0.0.1 --port 1194 --proto $listen --tls-server --dh none \
    --ca ca.crt --cert server.crt --key server.key --data-ciphers AES-256-GCM --cipher AES-256-GCM $server & local serving=$!
  sleep 0.7
  # shellcheck disable=SC2086
  timeout 4 "$openvpn" --dev null --verb 0 --remote 127.0.0.1 1194 --nobind --proto $connect --tls-client \
    --ca ca.crt --cert client.crt --key client.key --data-ciphers AES-256-GCM --cipher AES-256-GCM $client || true
  kill "$serving" 2>/dev/null || true
  sleep 0.3; kill "$dump" 2>/dev/null || true; wait 2>/dev/null || true
  cp "$name.pcap" "$out/$name.pcap"
}
old="--tls-version-max 1.2"
record plain udp "" ""
record plain-tls12 tcp "$old" "$old"
record auth udp "--tls-auth static.key 0" "--tls-auth static.key 1"
record auth-tcp tcp "--tls-auth static.key 0 --auth SHA512" "--tls-auth static.key 1 --auth SHA512"
record crypt udp "--tls-crypt static.key" "--tls-crypt static.key"
record crypt-v2 udp "--tls-crypt-v2 v2-server.key" "--tls-crypt-v2 v2-client.key"
ls -l "$out"
