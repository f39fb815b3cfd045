//! The closed schema of EVE lines: current in `docs/`, and fitted by every golden line.

use picket_tests::place::{files, repository};
use picket_tests::schema::validate;

/// `PICKET_BLESS=1` writes the file anew.
#[test]
fn the_schema_in_docs_is_current() {
    let path = repository().join("docs/eve.schema.json");
    let schema = picket_event::eve::schema() + "\n";
    if std::env::var_os("PICKET_BLESS").is_some() {
        std::fs::write(&path, &schema).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(&path).unwrap_or_default(),
        schema,
        "docs/eve.schema.json is old: PICKET_BLESS=1 rewrites it"
    );
}

#[test]
fn every_line_fits_the_schema() {
    let schema: serde_json::Value = serde_json::from_str(&picket_event::eve::schema()).unwrap();
    let mut lines = 0;
    for path in files(&repository().join("common/dissect/src"), &["jsonl"]) {
        for (number, line) in std::fs::read_to_string(&path).unwrap().lines().enumerate() {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            if let Err(problem) = validate(&schema, &value) {
                panic!("{}:{}: {problem}\n{line}", path.display(), number + 1);
            }
            lines += 1;
        }
    }
    assert!(lines > 20, "only {lines} golden lines found");
}

#[test]
fn a_foreign_field_does_not_fit() {
    let schema: serde_json::Value = serde_json::from_str(&picket_event::eve::schema()).unwrap();
    let line =
        serde_json::json!({"timestamp": "2026-03-02T00:00:00.000000+0000", "event_type": "flow", "colour": "red"});
    assert_eq!(validate(&schema, &line), Err("$: field colour is not in the schema".to_owned()));
    let line =
        serde_json::json!({"timestamp": "2026-03-02T00:00:00.000000+0000", "event_type": "flow", "src_port": "x"});
    assert!(validate(&schema, &line).is_err());
}
