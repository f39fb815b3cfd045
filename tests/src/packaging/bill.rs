//! Bills of materials: every crate that is linked into a program, as CycloneDX 1.5.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The bill of a program, from what `cargo metadata` says of the workspace. Crates that only build or test are left out.
///
/// # Errors
/// When the metadata is of something else.
pub fn bill(program: &str, version: &str, metadata: &Value) -> Result<Value> {
    let packages = by(metadata.pointer("/packages"), "id").context("no packages in the metadata")?;
    let nodes = by(metadata.pointer("/resolve/nodes"), "id").context("no resolution in the metadata")?;
    let root = packages.iter().find(|(_, package)| text(package, "name") == program).context("no such package")?.0;
    let mut linked: BTreeSet<&str> = BTreeSet::new();
    let mut next = vec![*root];
    while let Some(id) = next.pop() {
        if linked.insert(id) {
            next.extend(nodes.get(id).map(|node| dependencies(node)).unwrap_or_default());
        }
    }
    let reference = |id: &str| packages.get(id).map(|package| purl(package)).unwrap_or_default();
    let relations: Vec<Value> = linked
        .iter()
        .map(|id| {
            let on: BTreeSet<String> =
                nodes.get(id).map(|node| dependencies(node)).unwrap_or_default().into_iter().map(reference).collect();
            json!({ "ref": reference(id), "dependsOn": on })
        })
        .collect();
    let components: Vec<Value> = linked
        .iter()
        .filter(|id| *id != root)
        .filter_map(|id| packages.get(id))
        .map(|package| component(package))
        .collect();
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": {
            "type": "application", "name": program, "version": version, "bom-ref": reference(root),
            "licenses": [{ "expression": "Apache-2.0" }],
        } },
        "components": components,
        "dependencies": relations,
    }))
}

/// A list of objects by one of their texts.
fn by<'a>(list: Option<&'a Value>, key: &str) -> Option<BTreeMap<&'a str, &'a Value>> {
    let list = list?.as_array()?;
    Some(list.iter().map(|object| (text(object, key), object)).collect())
}

fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// What a crate links: dependencies of the normal kind, of any platform that the metadata was filtered for.
fn dependencies(node: &Value) -> Vec<&str> {
    let all = node.get("deps").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let normal = |dependency: &&Value| {
        let kinds = dependency.get("dep_kinds").and_then(Value::as_array);
        kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind.get("kind").is_some_and(Value::is_null)))
    };
    all.iter().filter(normal).map(|dependency| text(dependency, "pkg")).collect()
}

/// The name of a crate that is the same everywhere (package URL).
fn purl(package: &Value) -> String {
    format!("pkg:cargo/{}@{}", text(package, "name"), text(package, "version"))
}

fn component(package: &Value) -> Value {
    let licence = match text(package, "license") {
        "" => json!([]),
        // The old way of writing a choice.
        expression => json!([{ "expression": expression.replace('/', " OR ") }]),
    };
    json!({
        "type": "library", "name": text(package, "name"), "version": text(package, "version"), "bom-ref": purl(package),
        "purl": purl(package), "licenses": licence,
    })
}
