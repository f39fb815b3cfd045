#!/bin/bash
# Records handshakes of the TLS stacks installed on this machine, each with a server name of its own
# (NAME.stack.example), in a network namespace of their own. Needs root, openssl and tcpdump; a stack that is
# not installed is left out and named.
#   stacks.sh FOLDER    writes FOLDER/stacks.pcap and FOLDER/stacks.txt (a line a stack: NAME tcp|udp)
set -uo pipefail
out=$(readlink -f "${1:?folder to write to}")
if [ "${2:-}" != inside ]; then exec unshare --net --mount "$0" "$out" inside; fi
ip link set lo up
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT
names="openssl openssl12 resumed curl curl12 python python12 node node12 java java12 wget gnutls ruby perl php chromium quic"
{ echo "127.0.0.1 localhost"; for name in $names; do echo "127.0.0.1 $name.stack.example"; done; } > "$work/hosts"
mount --bind "$work/hosts" /etc/hosts
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/key" -out "$work/crt" -days 2 \
  -subj "/CN=*.stack.example" -addext "subjectAltName=DNS:*.stack.example" 2>/dev/null
tcpdump -i lo -s 0 -U --immediate-mode -w "$out/stacks.pcap" 'port 8443' 2>/dev/null &
openssl s_server -accept 127.0.0.1:8443 -cert "$work/crt" -key "$work/key" -alpn http/1.1 -www >/dev/null 2>&1 &
# Somebody who listens and says nothing, so that a client of QUIC goes on asking.
python3 -c "import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('127.0.0.1', 8443))
while True: s.recv(2048)" &
sleep 1
: > "$out/stacks.txt"

# stack NAME TRANSPORT PROGRAM ARGUMENTS...: one connection
stack() {
  local name=$1 transport=$2; shift 2
  if ! command -v "$1" >/dev/null; then echo "$name: $1 is not installed"; return; fi
  timeout 12 "$@" >"$work/$name.log" 2>&1 </dev/null
  echo "$name $transport" >> "$out/stacks.txt"
}
at=stack.example
stack openssl tcp openssl s_client -connect 127.0.0.1:8443 -servername openssl.$at
stack openssl12 tcp openssl s_client -connect 127.0.0.1:8443 -servername openssl12.$at -tls1_2
# Two connections, the second of which resumes the session of the first.
stack resumed tcp sh -c "(sleep 0.5) | openssl s_client -connect 127.0.0.1:8443 -servername resumed.$at -sess_out $work/session
openssl s_client -connect 127.0.0.1:8443 -servername resumed.$at -sess_in $work/session"
stack curl tcp curl -sk https://curl.$at:8443/
stack curl12 tcp curl -sk --tls-max 1.2 https://curl12.$at:8443/
stack python tcp python3 -c "import ssl, urllib.request as u
u.urlopen('https://python.$at:8443/', context=ssl._create_unverified_context()).read()"
stack python12 tcp python3 -c "import ssl, urllib.request as u
c = ssl._create_unverified_context(); c.maximum_version = ssl.TLSVersion.TLSv1_2
u.urlopen('https://python12.$at:8443/', context=c).read()"
stack node tcp node -e "require('https').get('https://node.$at:8443/', {rejectUnauthorized: false}, r => r.resume())"
stack node12 tcp node -e "require('https').get('https://node12.$at:8443/', {rejectUnauthorized: false, maxVersion: 'TLSv1.2'}, r => r.resume())"
stack wget tcp wget -q -O /dev/null --no-check-certificate https://wget.$at:8443/
stack gnutls tcp gnutls-cli --insecure -p 8443 gnutls.$at
stack ruby tcp ruby -e "require 'net/http'; h = Net::HTTP.new('ruby.$at', 8443); h.use_ssl = true; h.verify_mode = 0; h.get('/')"
if perl -MIO::Socket::SSL -e 1 2>/dev/null; then stack perl tcp perl -MIO::Socket::SSL -e "IO::Socket::SSL->new(PeerAddr => 'perl.$at:8443', SSL_hostname => 'perl.$at', SSL_verify_mode => 0)"; else echo "perl: IO::Socket::SSL is not installed"; fi
stack php tcp php -r "file_get_contents('https://php.$at:8443/', false, stream_context_create(['ssl' => ['verify_peer' => false, 'verify_peer_name' => false]]));"
cat > "$work/Stack.java" <<JAVA
public class Stack {
    public static void main(String[] args) throws Exception {
        try { new java.net.URL("https://" + args[0] + ":8443/").openStream().read(); } catch (javax.net.ssl.SSLException e) { }
    }
}
JAVA
if java --list-modules 2>/dev/null | grep -q jdk.compiler; then stack java tcp java "$work/Stack.java" java.$at; stack java12 tcp java -Djdk.tls.client.protocols=TLSv1.2 "$work/Stack.java" java12.$at; else echo "java: no compiler is installed"; fi
browser="chromium --headless --no-sandbox --disable-gpu --user-data-dir=$work/profile --ignore-certificate-errors --virtual-time-budget=1000 --dump-dom"
# shellcheck disable=SC2086
stack chromium tcp $browser https://chromium.$at:8443/
# shellcheck disable=SC2086
stack quic udp $browser --enable-quic --origin-to-force-quic-on=quic.$at:8443 https://quic.$at:8443/
sleep 1
