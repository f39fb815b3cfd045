#!/bin/bash
# What an installed system sees, in a root of its own: a copy-on-write view of this one, with a network of its own. Installs,
# goes the three commands of README.md to the first event, upgrades, downgrades, removes and purges. There is no systemd
# in it: the units' ExecStart lines are started as the units' users, with the units' one right.
#   install.sh OLDER NEWER: folders with the packages of two releases
set -eu
older=$1 newer=$2
. "$(dirname "$0")/root.sh"
mkdir "$all/tmp/older" "$all/tmp/newer"
cp "$older"/*.deb "$all/tmp/older"
cp "$newer"/*.deb "$all/tmp/newer"

# The index of all this system's manual pages is not what is looked at here, and nothing has to survive.
rm -f "$all/var/lib/man-db/auto-update"
echo force-unsafe-io > "$all/etc/dpkg/dpkg.cfg.d/quick"

ip link set lo up
ip link add far type veth peer name near
ip addr add 10.9.8.2/24 dev far
ip link set far up
ip link set near up
ip neigh add 10.9.8.1 lladdr 02:00:00:00:00:01 dev far
ip route add default via 10.9.8.1 dev far

step "a fresh root"
gone /usr/bin/picket-agent /etc/picket /var/lib/picket-agent /var/lib/picket-collector
inside getent passwd picket-agent && fail "the user is there already"

step "dpkg -i"
inside sh -c 'dpkg -i /tmp/older/*.deb' >/dev/null
inside getent passwd picket-agent picket-collector >/dev/null || fail "no users"
for program in picket-agent picket-collector; do
    there /usr/share/man/man1/$program.1.gz /usr/share/bash-completion/completions/$program
    there /etc/systemd/system/multi-user.target.wants/$program.service
    [ "$(inside stat -c '%U %a' /var/lib/$program)" = "$program 700" ] || fail "/var/lib/$program is not $program's alone"
    inside dpkg --verify $program
    inside $program config check >/dev/null
done

# Starts a unit's ExecStart line as its user. program rights
start() {
    unit=$all/usr/lib/systemd/system/$1.service
    line=$(sed -n 's/^ExecStart=//p' "$unit")
    (exec chroot "$all" setpriv --reuid "$1" --regid "$1" --init-groups --inh-caps "-all$2" \
        --ambient-caps "-all$2" --bounding-set "-all$2" --no-new-privs $line > "$root/$1.log" 2>&1) &
    eval "pid_${1#picket-}=$!"
}
end() { kill "$1"; wait "$1" || fail "$2 did not end well: $(tail -5 "$root/$2.log")"; }

step "both services run"
start picket-collector ""
start picket-agent ",+net_raw"
until_so grep -q 'waiting for enrolment' "$root/picket-agent.log"
until_so inside picket-collector agents

step "picket-collector token create"
token=$(inside picket-collector token create --site plant --json | sed -n 's/.*"token": *"\([^"]*\)".*/\1/p')
[ -n "$token" ] || fail "no token"
step "picket-agent enrol"
inside picket-agent enrol "$token"
[ "$(inside stat -c '%U %a' /var/lib/picket-agent/agent.key)" = "picket-agent 600" ] || fail "the key is not the agent's"

step "the first event"
connected() { inside picket-agent status | grep -q '^collector connected'; }
until_so connected
query='\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01'
printf "$query" > /dev/udp/10.200.0.1/53
arrived() { inside picket-collector agents --json | grep -Eq '"events(_acknowledged)?": *[1-9]'; }
until_so arrived
inside picket-agent status | grep -E '^(input|collector|confined)'
inside picket-agent doctor > "$root/doctor" || { cat "$root/doctor"; fail "doctor finds something wrong"; }
inside picket-collector doctor > "$root/doctor" || { cat "$root/doctor"; fail "doctor finds something wrong"; }
end "$pid_agent" picket-agent
end "$pid_collector" picket-collector

step "an upgrade and a downgrade keep configuration and state"
sed -i 's/^site = ""/site = "kept"/' "$all/etc/picket/agent.toml"
rm "$all/etc/systemd/system/multi-user.target.wants/picket-agent.service"
identity=$(md5sum "$all/var/lib/picket-agent/agent.json")
version() { inside dpkg-query -W -f '${Version}' picket-agent; }
was=$(version)
for folder in newer older; do
    inside sh -c "dpkg -i /tmp/$folder/*.deb" >/dev/null 2>&1
    grep -q '^site = "kept"' "$all/etc/picket/agent.toml" || fail "$folder: the configuration was replaced"
    [ "$(md5sum "$all/var/lib/picket-agent/agent.json")" = "$identity" ] || fail "$folder: the identity changed"
    gone /etc/systemd/system/multi-user.target.wants/picket-agent.service
    [ "$folder" = older ] || [ "$(version)" != "$was" ] || fail "nothing was upgraded"
done
[ "$(version)" = "$was" ] || fail "nothing was downgraded"

step "removing keeps both, purging neither"
inside dpkg --remove picket-agent picket-collector >/dev/null 2>&1
gone /usr/bin/picket-agent /usr/bin/picket-collector
there /etc/picket/agent.toml /var/lib/picket-agent/agent.json /var/lib/picket-collector/picket.db
inside dpkg --purge picket-agent picket-collector >/dev/null 2>&1
gone /etc/picket /var/lib/picket-agent /var/lib/picket-collector
gone /etc/systemd/system/picket-agent.service /etc/systemd/system/multi-user.target.wants/picket-collector.service
inside dpkg-query -W picket-agent 2>/dev/null && fail "a trace of the package is left"
step "done"
