//! The packages, built of the programs under test.

use picket_tests::packaging::{PROGRAMS, command};
use picket_tests::place::{program, repository, skip, tool};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Builds packages of a version into a folder of their own below `folder`.
fn build(folder: &Path, turn: &str, version: &str, formats: &str) -> PathBuf {
    let out = folder.join(turn).join(version);
    let output = Command::new(repository().join("packaging/packages.sh"))
        .env("VERSION", version)
        .env("FORMATS", formats)
        .env("COMPRESSION", "none")
        .env("OUT", &out)
        .env("FILES", program("package-files"))
        .env("BIN", folder.join("bin"))
        .env("STATIC_BIN", folder.join("bin"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    out
}

/// The programs, stripped once.
fn programs(folder: &Path) {
    let bin = folder.join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    for name in PROGRAMS {
        let stripped = Command::new("strip").arg("-o").arg(bin.join(name)).arg(program(name)).status().unwrap();
        assert!(stripped.success());
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn named(folder: &Path, starts: &str, ends: &str) -> PathBuf {
    let entries = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    let is = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with(starts) && name.ends_with(ends)
    };
    entries.into_iter().find(is).unwrap_or_else(|| panic!("no {starts}*{ends} in {}", folder.display()))
}

/// Whether this process may do what the scripts beside this file do, with these tools.
fn able(name: &str, tools: &[&str]) -> bool {
    if !rustix::process::geteuid().is_root() {
        skip(name, "needs root for a root of its own");
        return false;
    }
    tools.iter().all(|needed| tool(name, needed).is_some())
}

/// With what a script ends where the system does not let it do its work.
const UNABLE: i32 = 77;

/// Runs one of those scripts in namespaces of its own.
fn run_script(name: &str, namespaces: &[&str], script: &str, arguments: &[&Path]) {
    let script = repository().join("tests/tests/packaging").join(script);
    let output = Command::new("unshare")
        .args(["--mount", "--pid", "--fork", "--kill-child"])
        .args(namespaces)
        .arg("bash")
        .arg(script)
        .args(arguments)
        .output()
        .unwrap();
    println!("{}", said(&output));
    if output.status.code() == Some(UNABLE) {
        return skip(name, &format!("the system does not allow what it needs: {}", said(&output)));
    }
    assert!(output.status.success(), "{}", said(&output));
}

/// F19 and F52: from `dpkg -i` to the first event in three commands, upgrade, downgrade by one, removal and purge; and the
/// units as systemd runs them: one that waits for enrolment, a watchdog that starts again what is stuck, with the state it
/// had, an upgrade that restarts. The same programs give the same packages, byte for byte.
#[test]
fn f19_f52_packages_install_run_restart_upgrade_downgrade_and_purge() {
    let name = "packaging::packages::f19_f52_packages_install_run_restart_upgrade_downgrade_and_purge";
    if !able(name, &["dpkg-deb", "objdump", "unshare", "chroot", "setpriv", "ip", "systemd-sysusers"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    programs(folder.path());
    let [older, newer] = ["0.1.0", "0.1.1"].map(|version| build(folder.path(), "a", version, "deb"));
    let again = build(folder.path(), "b", "0.1.0", "deb");
    for program in PROGRAMS {
        for ending in [".deb", ".cdx.json"] {
            let [first, second] = [&older, &again].map(|folder| std::fs::read(named(folder, program, ending)).unwrap());
            assert!(first == second, "{program}{ending}: another one from the same programs");
        }
    }
    std::thread::scope(|scope| {
        scope.spawn(|| run_script(name, &["--net"], "install.sh", &[&older, &newer]));
        if tool(name, "systemd-nspawn").is_some() && tool(name, "python3").is_some() {
            let script = repository().join("tests/tests/packaging/thread.py");
            run_script(name, &["--mount-proc"], "booted.sh", &[Path::new("outside"), &older, &newer, &script]);
        }
    });
}

/// The other family's packages, with their scripts: installed, upgraded, downgraded by one, and erased.
#[test]
fn f52_rpm_packages_install_upgrade_downgrade_and_erase() {
    let name = "packaging::packages::f52_rpm_packages_install_upgrade_downgrade_and_erase";
    if !able(name, &["rpm", "rpmbuild", "unshare", "chroot", "setpriv", "ip", "systemctl", "systemd-sysusers"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    programs(folder.path());
    let [older, newer] = ["0.1.0", "0.1.1"].map(|version| build(folder.path(), "a", version, "rpm"));
    run_script(name, &["--net"], "install-rpm.sh", &[&older, &newer]);
}

/// Each verb has its page, no page is for a verb that is not there, and the bill lists what is linked.
#[test]
fn manuals_and_bills_tell_of_the_programs() {
    for name in PROGRAMS {
        let share = tempfile::tempdir().unwrap();
        picket_tests::packaging::manuals(name, share.path()).unwrap();
        let pages = share.path().join("man/man1");
        for verb in command(name).unwrap().get_subcommands() {
            let page = pages.join(format!("{name}-{}.1", verb.get_name()));
            assert_eq!(page.is_file(), !verb.is_hide_set(), "{}", page.display());
        }
        let main = std::fs::read_to_string(pages.join(format!("{name}.1"))).unwrap();
        assert!(main.contains("Exit status") || name == "picket-collector", "{main}");
        for file in
            ["bash-completion/completions/NAME", "zsh/vendor-completions/_NAME", "fish/vendor_completions.d/NAME.fish"]
        {
            let path = share.path().join(file.replace("NAME", name));
            let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert!(text.contains("doctor") && !text.contains("opener"), "{}", path.display());
        }
    }
    let metadata = serde_json::json!({
        "packages": [
            {"id": "a", "name": "picket-agent", "version": "1.0.0", "license": "Apache-2.0"},
            {"id": "b", "name": "linked", "version": "2.0.0", "license": "MIT/Apache-2.0"},
            {"id": "c", "name": "builds", "version": "3.0.0", "license": "MIT"},
        ],
        "resolve": {"nodes": [
            {"id": "a", "deps": [{"pkg": "b", "dep_kinds": [{"kind": null}]}, {"pkg": "c", "dep_kinds": [{"kind": "build"}]}]},
            {"id": "b", "deps": []}, {"id": "c", "deps": []},
        ]},
    });
    let bill = picket_tests::packaging::bill("picket-agent", "1.0.0", &metadata).unwrap();
    assert_eq!(bill["components"].as_array().unwrap().len(), 1);
    assert_eq!(bill["components"][0]["purl"], "pkg:cargo/linked@2.0.0");
    assert_eq!(bill["components"][0]["licenses"][0]["expression"], "MIT OR Apache-2.0");
    assert_eq!(bill["dependencies"][0]["dependsOn"][0], "pkg:cargo/linked@2.0.0");
}
