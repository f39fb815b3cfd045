//! The units: how far they confine, and a service that is enabled before its host is enrolled.

use super::manager::Manager;
use picket_tests::namespace::{cable, ip, run_inside};
use picket_tests::place::{program, repository, tool};
use picket_tests::programs::{Collector, Setting};
use std::process::Command;
use std::time::Duration;

/// `systemd-analyze security` of each unit, at most (0 is best, 10 worst).
const EXPOSURE_MAX: [(&str, f64); 3] =
    [("picket-agent.service", 2.0), ("picket-agent@.service", 2.0), ("picket-collector.service", 1.5)];

#[test]
fn units_expose_little() {
    let name = "packaging::units::units_expose_little";
    let Some(analyze) = tool(name, "systemd-analyze") else { return };
    for (unit, most) in EXPOSURE_MAX {
        let file = repository().join("packaging/systemd").join(unit);
        let output =
            Command::new(&analyze).args(["security", "--offline=true", "--no-pager"]).arg(file).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let level = text.lines().find_map(|line| line.split_once("exposure level for ")?.1.split_whitespace().nth(1));
        let level: f64 = level.and_then(|word| word.parse().ok()).unwrap_or_else(|| panic!("{unit}: {text}"));
        println!("{unit}: exposure {level}, at most {most}");
        assert!(level <= most, "{unit} exposes {level}, {most} is allowed\n{text}");
    }
}

/// Nothing in the units is misspelled; that the programs are not installed is the one complaint.
#[test]
fn units_are_understood() {
    let name = "packaging::units::units_are_understood";
    let Some(analyze) = tool(name, "systemd-analyze") else { return };
    let units = EXPOSURE_MAX.map(|(unit, _)| repository().join("packaging/systemd").join(unit));
    let output = Command::new(&analyze).args(["verify", "--man=no"]).args(units).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    let complaints: Vec<&str> =
        text.lines().filter(|line| line.contains("picket") && !line.contains("not executable")).collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

/// A unit that is enabled before enrolment waits and says so, and goes on by itself once the host is enrolled.
#[test]
fn a_service_waits_for_enrolment_and_for_its_interface() {
    let name = "packaging::units::a_service_waits_for_enrolment_and_for_its_interface";
    run_inside(name, || {
        ip("link set lo up");
        let folder = tempfile::tempdir().unwrap();
        let collector = Collector::start(folder.path(), &Setting::default()).unwrap();
        let state = folder.path().join("agent");
        let mut agent = Manager::start(&state, &["run", "--service", "-i", "far"], Some(Duration::from_secs(4)));
        agent.wait("READY=1");
        agent.wait("STATUS=waiting for enrolment");
        agent.wait_said("run `picket-agent enrol TOKEN` first");
        agent.forget();
        std::thread::sleep(Duration::from_millis(2500));
        assert!(agent.heard().contains("WATCHDOG=1"), "one that waits lives: {}", agent.heard());
        assert!(agent.is_running());
        assert_eq!(agent.words().matches("waiting for enrolment").count(), 1, "said once: {}", agent.words());

        let token = collector.token("plant").unwrap();
        let enrolled = Command::new(program("picket-agent"))
            .args(["enrol", "--name", "agent", "--state"])
            .args([state.as_os_str(), token.as_ref()])
            .status();
        assert!(enrolled.unwrap().success());
        agent.wait("STATUS=waiting for an interface: far: no such interface");
        cable();
        agent.wait("STATUS=far: capturing; connected to");
        agent.stop();
    });
}
