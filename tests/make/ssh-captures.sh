#!/bin/bash
# Captures SSH connections of OpenSSH's own client and server over loopback, in network and mount namespaces of their own,
# into the golden folder of the SSH dissector. Needs root, openssh-client, openssh-server, openssl, python3 and tcpdump. Keys differ
# from run to run and people's pauses do too, so the expected events have to be rewritten afterwards (PICKET_BLESS=1).
set -euo pipefail
out=$(cd "$(dirname "$0")/../.." && pwd)/common/dissect/src/ssh/golden
if [ "${1:-}" != inside ]; then exec unshare --net --mount "$0" inside; fi
# Ethernet's size, so that segments are what they are on a wire.
ip link set lo up mtu 1500
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
chmod 755 "$work"; mkdir -p /run/sshd "$work/home"

# A user of this namespace alone, with the password `operator`.
{ cat /etc/passwd; echo "plant:x:4711:4711::$work/home:/bin/bash"; } > "$work/passwd"
{ cat /etc/shadow; echo "plant:$(openssl passwd -6 operator):20000:0:99999:7:::"; } > "$work/shadow"
mount --bind "$work/passwd" /etc/passwd; mount --bind "$work/shadow" /etc/shadow
ssh-keygen -q -t ed25519 -N '' -f "$work/host"; ssh-keygen -q -t ed25519 -N '' -f "$work/key"
mkdir -p "$work/home/.ssh"; cp "$work/key.pub" "$work/home/.ssh/authorized_keys"
echo 'PS1="plant\$ "' > "$work/home/.bashrc"; cp "$work/home/.bashrc" "$work/home/.bash_profile"; touch "$work/home/.hushlogin"
head -c 24000 /dev/urandom > "$work/home/recipe.bin"
chown -R 4711:4711 "$work/home"; chmod 700 "$work/home" "$work/home/.ssh"
cat > "$work/sshd_config" <<EOF
Port 2200
ListenAddress 127.0.0.1
HostKey $work/host
PidFile none
UsePAM no
PrintMotd no
StrictModes no
Subsystem sftp internal-sftp
EOF
/usr/sbin/sshd -D -f "$work/sshd_config" 2>/dev/null & serving=$!
sleep 0.5
printf '#!/bin/sh\necho "$PICKET_PASSWORD"\n' > "$work/askpass"; chmod +x "$work/askpass"
export SSH_ASKPASS="$work/askpass" SSH_ASKPASS_REQUIRE=force
known=(-F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR)
key=("${known[@]}" -i "$work/key" -o IdentitiesOnly=yes)
password=("${known[@]}" -o PubkeyAuthentication=no -o PreferredAuthentications=password)

# Types words a key at a time, as a person does.
keys() { local text=$1 at; sleep 0.4; for ((at = 0; at < ${#text}; at++)); do printf '%s' "${text:at:1}"; sleep 0.07; done; }
typed() { for line in "$@"; do keys "$line"; printf '\n'; sleep 0.3; done; }

# record NAME COMMAND...: one capture of what the command does
record() {
  local name=$1; shift
  tcpdump -i lo -s 0 -U --immediate-mode -w "$work/$name.pcap" 'tcp port 2200' 2>/dev/null & local dump=$!
  sleep 0.7; "$@" >/dev/null 2>&1 || true; sleep 0.5
  kill "$dump"; wait "$dump" 2>/dev/null || true
  cp "$work/$name.pcap" "$out/$name.pcap"
}
refused() { PICKET_PASSWORD=guess ssh "${password[@]}" -p 2200 plant@127.0.0.1 true; }
typing() { typed 'ls' 'id' 'exit' | PICKET_PASSWORD=operator ssh -tt "${password[@]}" -p 2200 plant@127.0.0.1; }
typing_gcm() { typed 'ls' 'exit' | ssh -tt "${key[@]}" -c aes256-gcm@openssh.com -p 2200 plant@127.0.0.1; }
typing_etm() { typed 'ls' 'exit' | ssh -tt "${key[@]}" -c aes128-ctr -m hmac-sha2-256-etm@openssh.com -p 2200 plant@127.0.0.1; }
command() { ssh "${key[@]}" -c aes128-ctr -m hmac-sha2-256 -p 2200 plant@127.0.0.1 'uname -a'; }
upload() { scp "${key[@]}" -P 2200 "$work/home/recipe.bin" plant@127.0.0.1:uploaded.bin; }
download() { scp "${key[@]}" -P 2200 plant@127.0.0.1:recipe.bin "$work/downloaded.bin"; }
forward() {
  python3 -m http.server --bind 127.0.0.1 --directory "$work/empty" 8088 & local web=$!
  ssh -N "${key[@]}" -L 18088:127.0.0.1:8088 -p 2200 plant@127.0.0.1 & local tunnel=$!
  sleep 1
  for _ in 1 2 3; do python3 -c 'import urllib.request as u; u.urlopen("http://127.0.0.1:18088/").read()'; done
  kill "$tunnel" "$web"; wait "$tunnel" "$web" || true
}
# A shell of the client's host, handed to the server's by a forwarded port, with somebody typing into it there.
handed_back() {
  python3 -c '
import os, pty, socket
listener = socket.create_server(("127.0.0.1", 2323))
conversation, _ = listener.accept()
[os.dup2(conversation.fileno(), number) for number in (0, 1, 2)]
'"$1" & local shell=$!
  ssh -N "${key[@]}" -R 4444:127.0.0.1:2323 -p 2200 plant@127.0.0.1 & local tunnel=$!
  sleep 1
  { exec 7<>/dev/tcp/127.0.0.1/4444; cat <&7 & "$2" 'id' 'ls /' 'hostname' 'ps' 'exit' >&7; sleep 0.3; }
  exec 7>&-
  kill "$tunnel" "$shell"; wait "$tunnel" "$shell" || true
}
# Without a terminal, lines are sent whole.
lines() { for line in "$@"; do sleep 0.8; printf '%s\n' "$line"; done; }
reverse_terminal() { handed_back 'pty.spawn(["/bin/sh"])' typed; }
reverse_lines() { handed_back 'os.execv("/bin/sh", ["sh", "-i"])' lines; }

mkdir "$work/empty"
record openssh-refused refused
record openssh-typed typing
record openssh-typed-gcm typing_gcm
record openssh-typed-etm typing_etm
record openssh-command command
record openssh-upload upload
record openssh-download download
record openssh-forward forward
record openssh-reverse-terminal reverse_terminal
record openssh-reverse-lines reverse_lines
kill "$serving"; ls -l "$out"
