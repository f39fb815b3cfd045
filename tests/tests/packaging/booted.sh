#!/bin/bash
# The units under a real systemd: a copy-on-write view of this system is booted in a container (systemd-nspawn), far enough
# for services to run. Installs, enrols, starves the watchdog, upgrades and removes there.
#   booted.sh outside OLDER NEWER SCRIPT: folders with the packages of two releases, and the script that holds a thread
#   booted.sh inside: what the container runs as a service
# Status 77: this system does not let a container boot.
set -eu
fail() { echo "FAILED: $*"; exit 1; }
step() { echo "== $* (after $SECONDS s)"; }

outside() {
    root=$(mktemp -d)
    mount -t tmpfs -o size=64G tmpfs "$root"
    mkdir "$root/upper" "$root/work" "$root/all"
    mount -t overlay overlay -o "lowerdir=/,upperdir=$root/upper,workdir=$root/work" "$root/all" || exit 77
    all=$root/all
    # The last is where a machine that is itself a container says that packages start no services.
    rm -f "$all/var/lib/man-db/auto-update" "$all/etc/machine-id" "$all/usr/sbin/policy-rc.d"
    echo force-unsafe-io > "$all/etc/dpkg/dpkg.cfg.d/quick"
    mkdir "$all/picket"
    cp -r "$1" "$all/picket/older"
    cp -r "$2" "$all/picket/newer"
    cp "$3" "$all/picket/thread.py"
    cp "$0" "$all/picket/booted.sh"
    # Nobody but the script looks after the network.
    ln -sf /dev/null "$all/etc/systemd/system/systemd-networkd.service"
    ln -sf /dev/null "$all/etc/systemd/system/systemd-networkd-wait-online.service"
    ln -sf /dev/null "$all/etc/systemd/system/networking.service"
    cat > "$all/etc/systemd/system/picket-test.service" <<UNIT
[Unit]
After=basic.target
Requires=basic.target
SuccessAction=exit-force
FailureAction=exit-force
[Service]
Type=oneshot
ExecStart=/bin/bash /picket/booted.sh inside
StandardOutput=file:/picket/said
StandardError=file:/picket/said
TimeoutStartSec=120
UNIT
    # Nothing of this system but what every service needs is started.
    systemd-nspawn --quiet --private-network --register=no --keep-unit --directory "$all" --boot --console=passive \
        --system-call-filter="landlock_create_ruleset landlock_add_rule landlock_restrict_self" \
        systemd.unit=picket-test.service > "$root/console" 2>&1 < /dev/null || true
    if [ ! -e "$all/picket/said" ]; then
        cat "$root/console"
        exit 77
    fi
    cat "$all/picket/said"
    grep -q '^== done' "$all/picket/said"
}

show() { systemctl show --value -p "$1" "$2"; }
# Asks again and again, for 30 s.
until_so() {
    for _ in $(seq 300); do
        if "$@" >/dev/null 2>&1; then return 0; fi
        sleep 0.1
    done
    systemctl status --no-pager picket-agent picket-collector || true
    fail "never so: $*"
}
says() { show StatusText "$1" | grep -q "$2"; }
# Events that the spool's epoch has seen, as the agent says: they outlive its process.
made() { picket-agent status | sed -n 's/^events *\([0-9]*\).*/\1/p'; }
arrived() { picket-collector agents --json | grep -Eq '"events(_acknowledged)?": *[1-9]'; }
restarts() { [ "$(show NRestarts picket-agent)" = "$1" ]; }

inside() {
    ip link set lo up
    ip link add far type veth peer name near
    ip addr add 10.9.8.2/24 dev far
    ip link set far up
    ip link set near up
    ip neigh add 10.9.8.1 lladdr 02:00:00:00:00:01 dev far
    ip route add default via 10.9.8.1 dev far

    step "dpkg -i"
    dpkg -i /picket/older/*.deb
    step "both services run, the agent's waits"
    until_so systemctl is-active picket-collector
    until_so says picket-agent 'waiting for enrolment'
    systemctl is-active picket-agent || fail "a service that waits is active"
    step "three commands"
    token=$(picket-collector token create --site plant --json | sed -n 's/.*"token": *"\([^"]*\)".*/\1/p')
    picket-agent enrol "$token"
    until_so says picket-agent 'far: capturing; connected'
    until_so says picket-collector '1 agent is connected'
    restarts 0 || fail "the agent was started again"
    picket-agent status | grep confined
    systemctl reload picket-agent picket-collector || fail "no reload"
    systemctl is-active picket-agent picket-collector || fail "a reload ended a service"

    step "a thread that does nothing any more"
    mkdir -p /run/systemd/system/picket-agent.service.d
    printf '[Service]\nWatchdogSec=4s\nRestartSec=100ms\nExecStart=\nExecStart=/usr/bin/picket-agent run --service --threads 2\n' \
        > /run/systemd/system/picket-agent.service.d/quick.conf
    systemctl daemon-reload
    systemctl restart picket-agent
    until_so says picket-agent 'far: capturing; connected'
    printf '\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01' > /dev/udp/10.200.0.1/53
    until_so arrived
    pid=$(show MainPID picket-agent)
    thread=$(basename "$(dirname "$(grep -l '^capture$' /proc/"$pid"/task/*/comm)")")
    sleep 1000 | python3 /picket/thread.py "$pid" "$thread" hold &
    # The dead process is gone only once nobody holds its thread.
    until_so journalctl -b -u picket-agent -g 'Watchdog timeout'
    pkill -x sleep
    until_so restarts 1
    until_so says picket-agent 'far: capturing; connected'
    [ "$(made)" -gt 0 ] || fail "the events made before are forgotten"

    step "an upgrade starts the services again"
    pid=$(show MainPID picket-agent)
    dpkg -i /picket/newer/*.deb
    [ "$(show MainPID picket-agent)" != "$pid" ] || fail "the older program still runs"
    until_so says picket-agent 'far: capturing; connected'
    step "done"
}

"$@"
