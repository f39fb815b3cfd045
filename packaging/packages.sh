#!/bin/sh
# Packages of both programs: .deb and .rpm, with a bill of materials beside each. Called by `make packages`.
#   VERSION      of the packages; that of the workspace where it is not set
#   BIN          directory with programs that are built already (picket-agent, picket-collector); built where it is not set
#   STATIC_BIN   the same for the self-contained programs that the .rpm holds
#   FILES        the program that writes manuals, completions and bills; built where it is not set
#   OUT          where the packages go (target/packages)
#   FORMATS      "deb rpm"
#   COMPRESSION  of the .deb: xz, or none for tests
# The same programs give the same packages, byte for byte: times are those of the last commit.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
OUT=${OUT:-$target/packages}
FORMATS=${FORMATS:-deb rpm}
COMPRESSION=${COMPRESSION:-xz}
workspace=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
VERSION=${VERSION:-$workspace}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y Cargo.lock)}
export SOURCE_DATE_EPOCH
summary_agent="network sensor that scores what it sees on the host"
summary_collector="collector of network sensors, with behaviour baselines and risk"
detail_agent=" Captures packets, recognises protocols, plants' ones down to the operation, lets
 classifiers vote, and sends small scored events to a Picket collector."
detail_collector=" Takes the events of Picket's agents, keeps a behaviour baseline for every entity,
 and ranks the fleet by risk. One program with an embedded store."

has() { case " $FORMATS " in *" $1 "*) return 0 ;; esac; return 1; }

if [ -z "${BIN:-}" ]; then
    BIN=""
    if has deb; then BIN=$(packaging/release.sh); fi
fi
if [ -z "${FILES:-}" ]; then
    cargo build --locked -q -p picket-tests --bin package-files
    FILES=$target/debug/package-files
fi
if has rpm && [ -z "${STATIC_BIN:-}" ]; then
    packaging/static.sh
    STATIC_BIN=$target/static
fi

# Lays out what a package holds: tree program short-name directory-of-programs
lay_out() {
    tree=$1 program=$2 short=$3 bin=$4
    rm -rf "$tree"
    install -D -m 0755 "$bin/$program" "$tree/usr/bin/$program"
    strip --strip-unneeded "$tree/usr/bin/$program"
    for unit in packaging/systemd/"$program".service packaging/systemd/"$program"@.service; do
        [ -e "$unit" ] && install -D -m 0644 "$unit" "$tree/usr/lib/systemd/system/$(basename "$unit")"
    done
    install -D -m 0644 "packaging/systemd/$program.sysusers" "$tree/usr/lib/sysusers.d/$program.conf"
    install -D -m 0644 "packaging/systemd/$program.tmpfiles" "$tree/usr/lib/tmpfiles.d/$program.conf"
    install -D -m 0644 "packaging/$short.toml" "$tree/etc/picket/$short.toml"
    "$FILES" manuals "$program" "$tree/usr/share"
    gzip -9n "$tree"/usr/share/man/man1/*.1
    doc=$tree/usr/share/doc/$program
    install -D -m 0644 LICENSE "$doc/copyright"
    gzip -9nc CHANGELOG.md > "$doc/changelog.gz"
    install -m 0644 docs/install.md "docs/$short.md" "$doc"
    chmod -R u=rwX,go=rX "$tree"
}

# The C library that a program asks for, as Debian names it.
needed_glibc() {
    objdump -T "$1" | grep -o 'GLIBC_2[0-9.]*' | sort -uV | tail -1 | cut -d_ -f2
}

deb() {
    program=$1 short=$2
    tree=$work/deb/$program
    lay_out "$tree" "$program" "$short" "$BIN"
    glibc=$(needed_glibc "$tree/usr/bin/$program")
    if [ -z "$glibc" ]; then
        echo "packages: $BIN/$program needs no C library, so it is self-contained; the .deb holds programs that use the system's" >&2
        exit 1
    fi
    depends="libc6 (>= $glibc), libgcc-s1"
    if objdump -p "$tree/usr/bin/$program" | grep -q 'NEEDED.*libpcap'; then depends="$depends, libpcap0.8"; fi
    architecture=$(dpkg --print-architecture)
    kib=$(du -sk "$tree" | cut -f1)
    mkdir -p "$tree/DEBIAN"
    eval "summary=\$summary_$short detail=\$detail_$short"
    printf '%s\n' "$detail" > "$work/detail"
    sed -e "s/%PROGRAM%/$program/; s/%VERSION%/$VERSION/; s/%ARCHITECTURE%/$architecture/; s/%KIB%/$kib/" \
        -e "s/%DEPENDS%/$depends/; s/%SUMMARY%/$summary/" -e "/%DETAIL%/{r $work/detail
d}" packaging/debian/control > "$tree/DEBIAN/control"
    for script in postinst prerm postrm; do
        sed "s/%PROGRAM%/$program/g" "packaging/debian/$script" > "$tree/DEBIAN/$script"
        chmod 0755 "$tree/DEBIAN/$script"
    done
    echo "/etc/picket/$short.toml" > "$tree/DEBIAN/conffiles"
    (cd "$tree" && find usr -type f | LC_ALL=C sort | xargs md5sum > DEBIAN/md5sums)
    file=$OUT/${program}_${VERSION}_$architecture.deb
    dpkg-deb --root-owner-group "-Z$COMPRESSION" --build "$tree" "$file" >/dev/null
    "$FILES" bill "$program" "$VERSION" "$work/metadata.json" "${file%.deb}.cdx.json"
    echo "$file"
}

rpm() {
    program=$1 short=$2
    tree=$work/rpm/$program
    lay_out "$tree" "$program" "$short" "$STATIC_BIN"
    # Where that family keeps its completions.
    mkdir -p "$tree/usr/share/zsh/site-functions"
    mv "$tree"/usr/share/zsh/vendor-completions/* "$tree/usr/share/zsh/site-functions"
    rmdir "$tree/usr/share/zsh/vendor-completions"
    (cd "$tree" && find . -type f | LC_ALL=C sort | sed -e 's/^\.//' -e 's#^/etc/#%config(noreplace) /etc/#') > "$work/listed"
    eval "summary=\$summary_$short detail=\$detail_$short"
    absolute=$(cd "$work" && pwd)
    rpmbuild --quiet -bb --target "$(uname -m)-linux" \
        --define "_topdir $absolute/rpmbuild" --define "_rpmdir $absolute/rpms" \
        --define "_buildhost localhost" --define "use_source_date_epoch_as_buildtime 1" \
        --define "_binary_payload $([ "$COMPRESSION" = none ] && echo w1.gzdio || echo w19.zstdio)" \
        --define "clamp_mtime_to_source_date_epoch 1" --define "_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm" \
        --define "program $program" --define "version $VERSION" --define "summary $summary" \
        --define "detail $(echo "$detail" | tr -d '\n')" --define "autoreq no" \
        --define "tree $absolute/rpm/$program" --define "listed $absolute/listed" \
        packaging/rpm/package.spec
    mv "$work/rpms/$program-$VERSION"-*.rpm "$OUT"
    file=$(ls "$OUT/$program-$VERSION"-*.rpm)
    "$FILES" bill "$program" "$VERSION" "$work/metadata.json" "${file%.rpm}.cdx.json"
    echo "$file"
}

mkdir -p "$OUT"
work=$(mktemp -d "$OUT/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
cargo metadata --locked --offline --format-version 1 --filter-platform "$(uname -m)-unknown-linux-gnu" > "$work/metadata.json"
for format in $FORMATS; do
    if [ "$format" = rpm ] && ! command -v rpmbuild >/dev/null 2>&1; then
        echo "packages: no rpmbuild, so no .rpm (apt-get install rpm)" >&2
        exit 1
    fi
    $format picket-agent agent
    $format picket-collector collector
done
