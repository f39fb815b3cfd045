#!/bin/bash
# What a system of the other family sees, in a root of its own, with the packages' own scripts: users, directories and units
# after an installation, an upgrade, a downgrade by one, and when they are erased. What it requires is not known to the database of
# this system's packages, so it is not asked for.
#   install-rpm.sh OLDER NEWER: folders with the packages of two releases
set -eu
older=$1 newer=$2
. "$(dirname "$0")/root.sh"
manage() { rpm --root "$all" --nodeps "$@" 2>"$root/rpm.log" || fail "rpm $*: $(cat "$root/rpm.log")"; }
# What the scripts say beside the users they make. The manager of this family asks for another one on every call.
quiet() {
    if grep -vE '^rpm: |^Creating (user|group) ' "$root/rpm.log" > "$root/said"; then fail "a script said: $(cat "$root/said")"; fi
}
programs="picket-agent picket-collector"
wants=/etc/systemd/system/multi-user.target.wants

step "a fresh root"
gone /usr/bin/picket-agent /etc/picket /var/lib/picket-agent /var/lib/picket-collector
inside getent passwd picket-agent && fail "the user is there already"

step "rpm -i"
manage -i "$older"/*.rpm
quiet
inside getent passwd $programs >/dev/null || fail "no users"
for program in $programs; do
    there /usr/lib/systemd/system/$program.service /usr/share/man/man1/$program.1.gz $wants/$program.service
    [ "$(inside stat -c '%U %a' /var/lib/$program)" = "$program 700" ] || fail "/var/lib/$program is not $program's alone"
    inside $program config check >/dev/null
    manage -V $program
done

step "the collector runs as its user, and the agent enrols"
(exec chroot "$all" setpriv --reuid picket-collector --regid picket-collector --init-groups --no-new-privs \
    $(sed -n 's/^ExecStart=//p' "$all/usr/lib/systemd/system/picket-collector.service") > "$root/collector.log" 2>&1) &
collector=$!
ip link set lo up
until_so inside picket-collector agents
token=$(inside picket-collector token create --site plant --json | sed -n 's/.*"token": *"\([^"]*\)".*/\1/p')
inside picket-agent enrol "$token" >/dev/null
[ "$(inside stat -c '%U %a' /var/lib/picket-agent/agent.key)" = "picket-agent 600" ] || fail "the key is not the agent's"
kill "$collector"
wait "$collector" || fail "the collector did not end well: $(tail -5 "$root/collector.log")"

step "an upgrade and a downgrade keep configuration, state, and what a person switched off"
sed -i 's/^site = ""/site = "kept"/' "$all/etc/picket/agent.toml"
rm "$all$wants/picket-agent.service"
identity=$(md5sum "$all/var/lib/picket-agent/agent.json")
version() { rpm --root "$all" -q --qf '%{VERSION}' picket-agent; }
was=$(version)
for folder in newer older; do
    if [ $folder = newer ]; then from=$newer; else from=$older; fi
    manage -U --oldpackage "$from"/*.rpm
    quiet
    grep -q '^site = "kept"' "$all/etc/picket/agent.toml" || fail "$folder: the configuration was replaced"
    [ "$(md5sum "$all/var/lib/picket-agent/agent.json")" = "$identity" ] || fail "$folder: the identity changed"
    gone $wants/picket-agent.service
    there /usr/bin/picket-agent $wants/picket-collector.service
    [ $folder = older ] || [ "$(version)" != "$was" ] || fail "nothing was upgraded"
done
[ "$(version)" = "$was" ] || fail "nothing was downgraded"

step "erasing keeps state and what was changed in the configuration"
manage -e $programs
gone /usr/bin/picket-agent /usr/bin/picket-collector $wants/picket-collector.service
gone /usr/lib/systemd/system/picket-agent.service /etc/picket/collector.toml
there /etc/picket/agent.toml.rpmsave /var/lib/picket-agent/agent.json /var/lib/picket-collector/picket.db
step "done"
