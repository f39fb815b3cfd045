#!/bin/bash
# Captures the beginning of links between Tor's own client and a relay over loopback, in a network namespace of their own,
# into the golden folder of TLS: a network of two that knows nobody else, and reaches nobody. Needs root, tcpdump and tor
# (TOR names another one). Keys and randoms differ from run to run, so the expected events have to be rewritten
# afterwards (PICKET_BLESS=1).
set -euo pipefail
out=$(cd "$(dirname "$0")/../.." && pwd)/common/dissect/src/tls/golden
if [ "${1:-}" != inside ]; then exec unshare --net "$0" inside; fi
ip link set lo up
tor=${TOR:-tor}
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
mkdir -m 700 "$work/relay"
common="TestingTorNetwork 1
DirAuthority none orport=7001 v3ident=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA 127.0.0.1:7000 BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB
GeoIPFile /dev/null
GeoIPv6File /dev/null
Log warn file /dev/null"
printf '%s\n' "$common" "DataDirectory $work/relay" 'ORPort 127.0.0.1:9001' 'Address 127.0.0.1' 'AssumeReachable 1' \
  'BridgeRelay 1' 'PublishServerDescriptor 0' 'SocksPort 0' 'Nickname relay' > "$work/relay.conf"
printf '%s\n' 'openssl_conf = all' '[all]' 'ssl_conf = ssl' '[ssl]' 'system_default = old' '[old]' 'MaxProtocol = TLSv1.2' \
  > "$work/openssl.conf"
"$tor" -f "$work/relay.conf" --quiet & relay=$!
sleep 8

# record NAME [VARIABLE=VALUE]: the first packets of a client's link
record() {
  local name=$1; shift
  mkdir -m 700 "$work/$name"
  printf '%s\n' "$common" "DataDirectory $work/$name" 'UseBridges 1' 'Bridge 127.0.0.1:9001' 'SocksPort 0' > "$work/$name.conf"
  timeout 20 tcpdump -i lo -s 0 -c 40 -U --immediate-mode -w "$work/$name.pcap" 'tcp port 9001' 2>/dev/null & local dump=$!
  sleep 0.7
  env "$@" timeout 15 "$tor" -f "$work/$name.conf" --quiet || true
  wait "$dump" || true
  cp "$work/$name.pcap" "$out/$name.pcap"
}
record tor-tls13
record tor-tls12 "OPENSSL_CONF=$work/openssl.conf"
kill "$relay"; wait 2>/dev/null || true
ls -l "$out"
