//! Rules that read the repository: layers, sizes, folder shapes, words.

use picket_tests::place::{files, repository};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Lines of a file, its tests included, that no file passes.
const FILE_LINES_MAX: usize = 700;
/// Lines of a function that are allowed.
const FUNCTION_LINES_MAX: usize = 70;

/// The crates of the product and what each may use of the others (DESIGN: a crate uses only floors below its own).
const LAYERS: &[(&str, &[&str])] = &[
    ("common/event", &[]),
    ("common/reader", &[]),
    ("common/packet", &["reader"]),
    ("common/dissect", &["reader", "event"]),
    ("common/flow", &["reader", "event", "packet"]),
    ("common/feature", &["reader", "event", "packet", "dissect", "flow"]),
    ("common/score", &["reader", "event", "packet", "dissect", "flow", "feature"]),
    ("collector/engine", &["event"]),
    ("collector/train", &["reader", "event", "packet", "dissect", "flow", "feature", "score"]),
    ("common/log", &[]),
    ("agent", &["reader", "event", "packet", "dissect", "flow", "feature", "score", "log"]),
    ("collector", &["reader", "event", "packet", "dissect", "flow", "feature", "score", "log", "engine", "train"]),
];

fn sources() -> Vec<PathBuf> {
    let root = repository();
    ["common", "agent", "collector", "tests", "benches"]
        .iter()
        .flat_map(|folder| files(&root.join(folder), &["rs"]))
        .filter(|p| !p.to_string_lossy().contains("/target/"))
        .collect()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn shown(path: &Path) -> String {
    path.strip_prefix(repository()).unwrap_or(path).display().to_string()
}

fn refuse(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn crates_use_only_floors_below_their_own() {
    let mut problems = Vec::new();
    for (folder, allowed) in LAYERS {
        let manifest: toml::Table = read(&repository().join(folder).join("Cargo.toml")).parse().unwrap();
        let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
        for name in dependencies.into_iter().flat_map(|table| table.keys()) {
            if let Some(own) = name.strip_prefix("picket-")
                && !allowed.contains(&own)
            {
                problems.push(format!("{folder} must not use {name}"));
            }
        }
    }
    refuse(&problems);
}

#[test]
fn pure_crates_bring_no_runtime() {
    let mut problems = Vec::new();
    let pure = LAYERS
        .iter()
        .map(|(folder, _)| *folder)
        .filter(|folder| folder.starts_with("common/") || folder.starts_with("collector/"))
        .filter(|folder| *folder != "common/log");
    for folder in pure {
        let manifest: toml::Table = read(&repository().join(folder).join("Cargo.toml")).parse().unwrap();
        let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
        for name in dependencies.into_iter().flat_map(|table| table.keys()) {
            if ["tokio", "quinn", "rusqlite", "axum", "crossbeam", "tracing", "pcap", "rustix"].contains(&name.as_str())
            {
                problems.push(format!("{folder} is pure and must not use {name}"));
            }
        }
        let library = read(&repository().join(folder).join("src/lib.rs"));
        if !library.contains("#![forbid(unsafe_code)]") {
            problems.push(format!("{folder}/src/lib.rs does not forbid unsafe code"));
        }
    }
    refuse(&problems);
}

#[test]
fn every_file_says_what_it_is() {
    let problems: Vec<_> = sources()
        .iter()
        .filter(|path| !read(path).starts_with("//!"))
        .map(|path| format!("{}: begins with no module comment", shown(path)))
        .collect();
    refuse(&problems);
}

#[test]
fn files_are_short() {
    let sizes: Vec<(usize, String)> = sources().iter().map(|path| (read(path).lines().count(), shown(path))).collect();
    let problems: Vec<_> = sizes
        .iter()
        .filter(|(lines, _)| *lines > FILE_LINES_MAX)
        .map(|(lines, path)| format!("{path}: {lines} lines, {FILE_LINES_MAX} are allowed: split it by idea"))
        .collect();
    refuse(&problems);
}

/// A function's first line and its length, found by the indentation that rustfmt keeps.
fn functions(text: &str) -> Vec<(usize, usize, String)> {
    let mut found = Vec::new();
    let lines: Vec<&str> = text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let trimmed = line.trim_start();
        let is_function = [
            "fn ",
            "pub fn ",
            "pub(crate) fn ",
            "pub(super) fn ",
            "async fn ",
            "pub async fn ",
            "const fn ",
            "pub const fn ",
            "unsafe fn ",
        ]
        .iter()
        .any(|start| trimmed.starts_with(start));
        // Declared alone, or whole on its line.
        if !is_function || trimmed.ends_with([';', '}']) {
            continue;
        }
        let indent = line.len() - trimmed.len();
        let closing = format!("{}}}", " ".repeat(indent));
        if let Some(length) = lines.iter().skip(at).position(|other| *other == closing) {
            found.push((at + 1, length + 1, trimmed.to_owned()));
        }
    }
    found
}

#[test]
fn functions_fit_a_screen() {
    let mut problems = Vec::new();
    for path in sources() {
        for (line, length, name) in functions(&read(&path)) {
            if length > FUNCTION_LINES_MAX {
                problems
                    .push(format!("{}:{line}: {length} lines, {FUNCTION_LINES_MAX} are allowed: {name}", shown(&path)));
            }
        }
    }
    refuse(&problems);
}

#[test]
fn nothing_unfinished_is_left() {
    let marks = [
        ["FIX", "ME"].concat(),
        ["TO", "DO"].concat(),
        ["todo", "!("].concat(),
        ["unimplemented", "!("].concat(),
        ["#[ign", "ore"].concat(),
    ];
    let mut problems = Vec::new();
    for path in sources() {
        for (at, line) in read(&path).lines().enumerate() {
            if let Some(mark) = marks.iter().find(|mark| line.contains(mark.as_str())) {
                problems.push(format!("{}:{}: {mark}", shown(&path), at + 1));
            }
        }
    }
    refuse(&problems);
}

/// A dissector is whole: its three files, golden captures with their source and the events they must give.
#[test]
fn every_dissector_has_one_shape() {
    let folder = repository().join("common/dissect/src");
    let mut problems = Vec::new();
    let mut dissectors = 0;
    for entry in std::fs::read_dir(&folder).unwrap().flatten() {
        let path = entry.path();
        if !path.join("table.rs").is_file() && !path.join("golden").is_dir() {
            continue;
        }
        dissectors += 1;
        for needed in ["mod.rs", "parse.rs", "table.rs", "golden"] {
            if !path.join(needed).exists() {
                problems.push(format!("{}: {needed} is missing", shown(&path)));
            }
        }
        for capture in files(&path.join("golden"), &["pcap", "pcapng"]) {
            if !capture.with_extension("jsonl").is_file() {
                problems.push(format!("{}: no expected events (.jsonl) beside it", shown(&capture)));
            }
        }
        if files(&path.join("golden"), &["pcap", "pcapng"]).is_empty() {
            problems.push(format!("{}: no golden capture", shown(&path)));
        }
        if !path.join("golden/SOURCE").is_file() {
            problems.push(format!("{}: golden/SOURCE does not say how the captures were made", shown(&path)));
        }
    }
    assert!(dissectors >= 3, "only {dissectors} dissector folders found under {}", folder.display());
    refuse(&problems);
}

/// Invariants of ARCHITECTURE.md name the tests that hold them, and those tests exist.
#[test]
fn invariants_name_tests_that_exist() {
    let architecture = read(&repository().join("ARCHITECTURE.md"));
    assert!(architecture.lines().count() <= 300, "ARCHITECTURE.md has over 300 lines");
    let all: String = sources().iter().map(|path| read(path)).collect();
    let named: Vec<&str> = architecture.split("test `").skip(1).filter_map(|rest| rest.split('`').next()).collect();
    assert!(named.len() >= 9, "ARCHITECTURE.md names {} tests, one for each of nine invariants is needed", named.len());
    let problems: Vec<_> = named
        .iter()
        .filter(|name| !all.contains(&format!("fn {name}(")))
        .map(|name| format!("ARCHITECTURE.md names test {name}, which does not exist"))
        .collect();
    refuse(&problems);
}

/// The product speaks of itself alone: no paths of one machine, no registry hosts.
/// The table of faults names every test of theirs, and none that is not there. Faults 29 to 50 and 56 to 62 are of other chapters.
#[test]
fn faults_name_their_tests() {
    let is_listed = |name: &str| {
        let numbers = name.split('_').map_while(|part| part.strip_prefix('f')?.parse::<u8>().ok());
        numbers.into_iter().any(|n| matches!(n, 1..=11 | 13..=28 | 51..=55 | 63..=67 | 71))
    };
    let made: BTreeSet<String> = sources()
        .iter()
        .flat_map(|path| {
            let text = read(path);
            let names = text.lines().filter_map(|line| {
                let line = line.trim();
                line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ")?.split('(').next()
            });
            names.filter(|name| is_listed(name)).map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    let page = read(&repository().join("docs/testing.md"));
    let rows = page.lines().filter(|line| line.starts_with("| F"));
    let told: BTreeSet<String> = rows.flat_map(|row| row.split('`').skip(1).step_by(2)).map(str::to_owned).collect();
    let absent = made.difference(&told).map(|name| format!("docs/testing.md: {name} is not in the table of faults"));
    let strange = told.difference(&made).map(|name| format!("docs/testing.md: {name} is no test"));
    refuse(&absent.chain(strange).collect::<Vec<_>>());
}

#[test]
fn texts_name_no_machine() {
    let root = repository();
    let mut texts = sources();
    texts.extend(
        files(&root, &["md", "toml", "sh", "service", "html", "css"])
            .into_iter()
            .filter(|path| !path.to_string_lossy().contains("/target/")),
    );
    let words =
        [["/wo", "rk/"].concat(), ["crates", ".io"].concat(), ["pypi", ".org"].concat(), ["npmjs", ".org"].concat()];
    let mut problems: BTreeMap<String, String> = BTreeMap::new();
    for path in texts {
        let text = read(&path);
        if let Some(word) = words.iter().find(|word| text.contains(word.as_str())) {
            problems.insert(shown(&path), format!("{} names {word}", shown(&path)));
        }
    }
    refuse(&problems.into_values().collect::<Vec<_>>());
}

/// Nothing heavy is committed: no file over 1 MiB, 20 MiB in all.
#[test]
fn the_repository_stays_small() {
    let listed = std::process::Command::new("git").args(["ls-files", "-z"]).current_dir(repository()).output();
    let Ok(listed) = listed else {
        return picket_tests::place::skip("the_repository_stays_small", "git is not installed");
    };
    let names = String::from_utf8_lossy(&listed.stdout).into_owned();
    let sizes: Vec<(u64, &str)> = names
        .split('\0')
        .filter(|name| !name.is_empty())
        .filter_map(|name| Some((std::fs::metadata(repository().join(name)).ok()?.len(), name)))
        .collect();
    let problems: Vec<_> =
        sizes.iter().filter(|(size, _)| *size > 1 << 20).map(|(size, name)| format!("{name}: {size} bytes")).collect();
    refuse(&problems);
    assert!(sizes.iter().map(|(size, _)| size).sum::<u64>() < 20 << 20);
}
