//! Names, files and refusals.

use super::*;

#[test]
fn a_made_up_name_is_plain_and_differs() {
    let (one, two) = (files::made_up_name().unwrap(), files::made_up_name().unwrap());
    assert!(one.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')), "{one}");
    assert!(one.len() <= 64);
    // Two bytes of chance: alike once in 65,536 runs; a third would then differ.
    assert!(one != two || one != files::made_up_name().unwrap());
}

#[test]
fn a_host_that_is_not_enrolled_is_told_what_to_do() {
    let place = tempfile::tempdir().unwrap();
    let error = Identity::load(place.path()).unwrap_err();
    assert!(matches!(error, EnrolError::NotEnrolled(_)));
    assert!(error.to_string().contains("picket-agent enrol"));
}

#[test]
fn a_damaged_identity_is_named() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("agent.json"), "{").unwrap();
    let error = Identity::load(place.path()).unwrap_err();
    assert!(error.to_string().contains("agent.json"), "{error}");
}

#[test]
fn a_bad_token_is_a_usage_error_before_anything_is_sent() {
    let place = tempfile::tempdir().unwrap();
    let error = enrol("picket-enrol-nonsense", None, place.path()).unwrap_err();
    assert_eq!(error.exit_status(), 2);
}

#[test]
fn renewal_is_due_after_two_thirds() {
    let identity = Identity {
        directory: PathBuf::new(),
        agent: String::new(),
        site: String::new(),
        collectors: Vec::new(),
        enrolment: Vec::new(),
        issued_at: 1_000,
        not_after: 1_300,
        signer: Vec::new(),
    };
    assert!(!identity.is_renewal_due(1_199));
    assert!(identity.is_renewal_due(1_200));
}
