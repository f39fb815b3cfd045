//! The programs that packages hold: those of each kind lie apart, whichever is built last.

use picket_tests::place::repository;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

/// Writes the flags it is called with where the real one puts a program, for each package named.
const CARGO: &str = r#"#!/bin/sh
folder=release
for word in "$@"; do
    case $before in
        --target) machine=$word ;;
        -p) packages="$packages $word" ;;
    esac
    before=$word
done
mkdir -p "target/$machine/$folder"
for package in $packages; do echo "flags: $RUSTFLAGS" > "target/$machine/$folder/$package"; done
"#;

/// A compiler whose LLVM tools are not there, so that nothing is laid out by a profile.
const RUSTC: &str = "#!/bin/sh\necho host: $(uname -m)-unknown-linux-gnu; echo LLVM version: 0.0\n";

fn script(file: &Path, text: &str) {
    std::fs::write(file, text).unwrap();
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn self_contained_programs_do_not_take_the_place_of_the_others() {
    let place = tempfile::tempdir().unwrap();
    let (root, tools) = (place.path(), place.path().join("tools"));
    for folder in [tools.clone(), root.join("packaging")] {
        std::fs::create_dir(folder).unwrap();
    }
    for name in ["release.sh", "static.sh", "profile.sh"] {
        std::fs::copy(repository().join("packaging").join(name), root.join("packaging").join(name)).unwrap();
    }
    script(&tools.join("cargo"), CARGO);
    script(&tools.join("rustc"), RUSTC);
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap());
    let run = |name: &str| {
        let mut command = Command::new(root.join("packaging").join(name));
        let command = command.env("PATH", &path).env_remove("CARGO_TARGET_DIR").env_remove("RUSTFLAGS");
        let output = command.env_remove("PROFILE").output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let folder = root.join(run("release.sh").trim());
    run("static.sh");
    for program in ["picket-agent", "picket-collector"] {
        let flags = |folder: &Path| std::fs::read_to_string(folder.join(program)).unwrap();
        assert!(!flags(&folder).contains("crt-static"), "{program}: {}", flags(&folder));
        assert!(flags(&root.join("target/static")).contains("crt-static"), "{program}");
    }
}
