#!/bin/sh
# Installs what building, running and testing need, and nothing that is there already.
#   setup.sh            to build and run: a C compiler, pkg-config, libpcap's headers, a Rust toolchain
#   setup.sh policy     also cargo-deny, for the dependency policy
#   setup.sh peers      also the peers that tests and benches compare with: tshark, nDPI, softflowd, nfstream, chromium,
#                       tcpdump, valgrind, industrial stacks from PyPI; and what the packages' tests need
#   setup.sh release    also what release programs are laid out with: llvm-profdata of the compiler's LLVM
#   setup.sh packages   that, and what builds packages: rpmbuild
# A missing package is installed by root or through sudo; where neither is possible, the one line to run is printed.
set -eu

missing=""
need() { # command-or-file package
    case "$1" in
        /*) for candidate in $1; do [ -e "$candidate" ] && return 0; done ;;
        *) command -v "$1" >/dev/null 2>&1 && return 0 ;;
    esac
    missing="$missing $2"
}

need cc build-essential
need pkg-config pkg-config
need "/usr/include/pcap/pcap.h /usr/local/include/pcap/pcap.h" libpcap-dev
if [ "${1:-}" = peers ] || [ "${1:-}" = packages ]; then
    need rpmbuild rpm
fi
case "${1:-}" in release | packages | peers)
    llvm=$(PATH="$HOME/.cargo/bin:$PATH" rustc -vV 2>/dev/null | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
    # Not every system packages every release of it.
    if apt-cache show "llvm-$llvm" >/dev/null 2>&1; then need "/usr/lib/llvm-$llvm/bin/llvm-profdata" "llvm-$llvm"; fi
    ;;
esac
if [ "${1:-}" = peers ]; then
    need systemd-analyze systemd
    need setpriv util-linux
    need systemd-nspawn systemd-container
    need tshark tshark
    need tcpdump tcpdump
    need ndpiReader libndpi-bin
    need "/usr/sbin/softflowd /usr/local/sbin/softflowd" softflowd
    need chromium chromium
    need valgrind valgrind
    need "/usr/sbin/mosquitto /usr/local/sbin/mosquitto" mosquitto
    need ip iproute2
    need openssl openssl
    need python3 python3
    need "/usr/lib/python3*/ensurepip" python3-venv
fi

install() {
    if [ "$(id -u)" = 0 ]; then
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
    else
        sudo -n apt-get update -qq && sudo -n env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
    fi
}

if [ -n "$missing" ]; then
    line="apt-get install -y$missing"
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "setup: missing:$missing (names of Debian packages). Install their like with this system's package manager, then run this again." >&2
        exit 1
    fi
    echo "setup: installing$missing"
    if [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; }; then
        install >/dev/null || { echo "setup: the installation failed. Run as root:  $line" >&2; exit 1; }
    else
        echo "setup: this needs root once. Run:  sudo $line" >&2
        exit 1
    fi
fi

[ -x "$HOME/.cargo/bin/cargo" ] && PATH="$HOME/.cargo/bin:$PATH"
if ! command -v cargo >/dev/null 2>&1; then
    echo "setup: no Rust toolchain. Install rustup (https://rustup.rs: save and run its script, or 'apt-get install rustup' where packaged)," >&2
    echo "       then:  rustup toolchain install 1.95" >&2
    exit 1
fi
version=$(rustc --version | sed 's/^rustc 1\.\([0-9]*\).*/\1/')
if [ "${version:-0}" -lt 95 ]; then
    echo "setup: $(rustc --version) is older than 1.95. Run:  rustup update stable" >&2
    exit 1
fi
if [ "${1:-}" = peers ] && ! target/venv/bin/python -c 'import duckdb' 2>/dev/null; then
    echo "setup: installing duckdb for Python into target/venv, which tests read Parquet with"
    { python3 -m venv target/venv && target/venv/bin/pip install --quiet duckdb; } \
        || echo "setup: that failed; the test that needs it is skipped" >&2
fi
if [ "${1:-}" = peers ] && ! target/venv/bin/python -c 'import nfstream' 2>/dev/null; then
    echo "setup: installing nfstream for Python into target/venv, which a bench compares with"
    { python3 -m venv target/venv && target/venv/bin/pip install --quiet nfstream; } \
        || echo "setup: that failed; its row of the bench is left out" >&2
fi
# The industrial stacks that the sensor's counts are compared with; each release does what the test's script says of it.
stack() { # module package
    [ -x target/venv/bin/python ] || python3 -m venv target/venv || return 0
    target/venv/bin/python -c "import $1" 2>/dev/null && return 0
    echo "setup: installing $2 for Python into target/venv, which a test speaks with"
    target/venv/bin/pip install --quiet "$2" || echo "setup: that failed; the test that needs it is skipped" >&2
}
if [ "${1:-}" = peers ]; then
    stack pymodbus pymodbus==3.16.1
    stack asyncua asyncua==2.1.0
    stack c104 c104==2.2.1
    stack snap7 python-snap7==3.3.0
    stack bacpypes3 bacpypes3==0.0.110
    stack cpppo cpppo==5.2.5
    stack pyiec61850 pyiec61850-ng==1.6.1.10
    stack opendnp3 yadnp3==3.2.1.4
    stack pymcprotocol pymcprotocol==0.3.0
    stack hartip hartip-py==0.5.0
    stack xknx xknx==4.0.0
    stack pyads pyads==3.6.0
    stack fins fins==1.0.5
    stack synchrophasor synchrophasor==1.0.0a0
    stack s7commplus s7commplus==0.3.0
    stack rusty_bacnet rusty-bacnet==0.14.0
    stack aiocoap aiocoap==0.4.17
    stack doipclient doipclient==1.2.2
    stack gurux_dlms gurux_dlms==1.0.203
    stack pycomm3 pycomm3==1.2.16
    stack paho.mqtt paho-mqtt==1.6.1
    stack mqtt_spb_wrapper mqtt-spb-wrapper==2.1.2
fi
if [ "${1:-}" = policy ] && ! cargo deny --version >/dev/null 2>&1; then
    echo "setup: installing cargo-deny (some minutes, once)"
    cargo install cargo-deny --locked --version 0.20.2 --quiet
fi
exit 0
