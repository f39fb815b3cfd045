//! What a thread of the agent can still do once another controls it: a script attaches to it in the real program, and makes
//! system calls in it.

use super::manager::Manager;
use picket_tests::namespace::{cable, near, run_inside};
use picket_tests::place::{skip, tool};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

const SCRIPT: &str = include_str!("thread.py");
/// Numbers of x86-64.
const OPENAT: i64 = 257;
const ACCESS_REFUSED: i64 = -13;
const NOT_PERMITTED: i64 = -1;
const HERE: i64 = -100;
/// Create, write only; read only.
const WRITE: i64 = 0o101;

/// The thread of a process with this name.
fn thread_named(pid: u32, name: &str) -> Option<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    tasks.flatten().find_map(|task| {
        let called = std::fs::read_to_string(task.path().join("comm")).ok()?;
        if called.trim() == name { task.file_name().to_str()?.parse().ok() } else { None }
    })
}

/// Makes system calls in a thread; what each gave.
fn calls(pid: u32, thread: u32, list: &Value, folder: &Path) -> Vec<i64> {
    let file = folder.join("calls.json");
    std::fs::write(&file, list.to_string()).unwrap();
    let (pid, thread) = (pid.to_string(), thread.to_string());
    let output = Command::new("python3").args(["-c", SCRIPT, &pid, &thread, "call"]).arg(file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(|line| line.parse().unwrap()).collect()
}

/// F67: whoever controls a thread that reads packets has no capability, starts no program and no process, opens no packet
/// socket, writes nothing outside the agent's state and reads nobody's files; and the agent goes on.
#[test]
fn f67_a_thread_that_is_taken_over_can_do_nothing_but_its_work() {
    let name = "packaging::takeover::f67_a_thread_that_is_taken_over_can_do_nothing_but_its_work";
    if cfg!(not(target_arch = "x86_64")) {
        return skip(name, "the script knows x86-64 alone");
    }
    run_inside(name, || {
        if tool(name, "python3").is_none() {
            return;
        }
        cable();
        let folder = tempfile::tempdir().unwrap();
        let (state, secret) = (folder.path().join("state"), folder.path().join("secret"));
        std::fs::write(&secret, "x").unwrap();
        let agent = Manager::start(&state, &["run", "--no-uplink", "-i", "far", "--threads", "2"], None);
        agent.wait("READY=1");
        let confined = agent.snapshot(|snapshot| !snapshot.inputs.is_empty()).confined;
        if !confined.contains("files (landlock)") || !confined.contains("system calls (seccomp)") {
            return skip(name, &format!("this kernel does not confine: {confined}"));
        }
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let tried = json!([
            ["execve", NOT_PERMITTED, 59, "/bin/true", 0, 0],
            ["execveat", NOT_PERMITTED, 322, HERE, "/bin/true", 0, 0, 0],
            ["a new process", NOT_PERMITTED, 56, 17, 0, 0, 0, 0],
            ["fork", NOT_PERMITTED, 57],
            ["a new namespace", NOT_PERMITTED, 272, 0x1000_0000],
            ["tracing", NOT_PERMITTED, 101, 16, 1, 0, 0],
            ["a packet socket", NOT_PERMITTED, 41, 17, 3, 768],
            ["a raw socket", NOT_PERMITTED, 41, 2, 3, 255],
            ["a file in memory", NOT_PERMITTED, 319, "x", 0],
            ["io_uring", NOT_PERMITTED, 425, 8, 0],
            ["killing others", NOT_PERMITTED, 62, 1, 0],
            ["mounting", NOT_PERMITTED, 165, "none", "/mnt", "tmpfs", 0, 0],
            ["writing beside the state", ACCESS_REFUSED, OPENAT, HERE, text(&folder.path().join("new")), WRITE, 0o600],
            ["writing to /etc", ACCESS_REFUSED, OPENAT, HERE, "/etc/picket-f67", WRITE, 0o600],
            ["writing to /proc", ACCESS_REFUSED, OPENAT, HERE, "/proc/sys/kernel/core_pattern", 1, 0],
            ["removing another's", ACCESS_REFUSED, 87, text(&secret)],
            ["reading another's", ACCESS_REFUSED, OPENAT, HERE, text(&secret), 0, 0],
            ["writing to the state", 1, OPENAT, HERE, text(&state.join("new")), WRITE, 0o600],
        ]);
        let rows: Vec<&Vec<Value>> = tried.as_array().unwrap().iter().map(|row| row.as_array().unwrap()).collect();
        let list: Vec<Value> = rows.iter().map(|row| Value::from(row[2..].to_vec())).collect();
        for thread in ["capture", "picket-worker-1"] {
            let tid = thread_named(agent.pid(), thread).unwrap();
            let results = calls(agent.pid(), tid, &Value::from(list.clone()), folder.path());
            for (row, result) in rows.iter().zip(&results) {
                let wanted = row[1].as_i64().unwrap();
                let as_wanted = if wanted > 0 { *result > 0 } else { *result == wanted };
                assert!(as_wanted, "{thread}: {} gave {result}", row[0]);
            }
            assert_eq!(results.len(), rows.len());
        }
        assert!(secret.exists());
        near().sendpacket([0u8; 60]).unwrap();
        agent.snapshot(|snapshot| snapshot.inputs.iter().any(|input| input.frames > 0));
        agent.stop();
    });
}
