//! The socket's promises.

use super::*;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_snapshot_goes_over_the_socket_whole() {
    let directory = tempfile::tempdir().unwrap();
    let path = socket_path(Path::new(""), directory.path());
    assert_eq!(path, directory.path().join("agent.sock"));
    let mut told = Snapshot { agent: "probe".into(), uptime_seconds: 4000, ..Snapshot::default() };
    told.uplink = Some(UplinkStatus { connected: true, state: "connected".into(), ..UplinkStatus::default() });
    let copy = told.clone();
    let server = Server::start(&path, move || copy.clone()).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
    for _ in 0..3 {
        assert_eq!(ask(&path).unwrap(), told);
    }
    let second = Server::start(&path, Snapshot::default).unwrap_err();
    assert_eq!(second.kind(), std::io::ErrorKind::AddrInUse);
    assert!(text(&told).contains("probe"), "{}", text(&told));
    assert!(text(&told).contains("up 1 h 6 min"), "{}", text(&told));
    drop(server);
    assert!(!path.exists());
}

#[test]
fn what_a_killed_agent_left_is_replaced_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("agent.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let _server = Server::start(&path, Snapshot::default).unwrap();
    assert!(ask(&path).is_ok());
    assert_eq!(socket_path(Path::new("/x/y"), Path::new("/z")), Path::new("/x/y"));
    assert_eq!(socket_path(Path::new(""), Path::new(DEFAULT_STATE)), Path::new(DEFAULT_SOCKET));
}
