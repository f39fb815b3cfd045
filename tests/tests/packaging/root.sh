# A root of its own for what sources this: a copy-on-write view of this system in $all, with what is needed to look into it.
# Status 77: this system has no copy-on-write views.
root=$(mktemp -d)
# Larger than memory: only what is written takes any.
mount -t tmpfs -o size=64G tmpfs "$root"
mkdir "$root/upper" "$root/work" "$root/all"
mount -t overlay overlay -o "lowerdir=/,upperdir=$root/upper,workdir=$root/work" "$root/all" || exit 77
all=$root/all
mount -t proc proc "$all/proc"
mount -t sysfs sysfs "$all/sys"
mount --rbind /dev "$all/dev"
mount -t tmpfs tmpfs "$all/run"
mount -t tmpfs tmpfs "$all/tmp"

inside() { chroot "$all" "$@"; }
fail() { echo "FAILED: $*" >&2; exit 1; }
step() { echo "== $* (after $SECONDS s)"; }
# A link that leads nowhere from here is there all the same.
there() { for path; do [ -e "$all$path" ] || [ -L "$all$path" ] || fail "$path is missing"; done; }
gone() { for path; do [ ! -e "$all$path" ] && [ ! -L "$all$path" ] || fail "$path is still there"; done; }
# Asks again and again, for 30 s.
until_so() {
    for _ in $(seq 150); do
        if "$@" >/dev/null 2>&1; then return 0; fi
        sleep 0.2
    done
    fail "never so: $*"
}
