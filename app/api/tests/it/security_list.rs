//! `docs/security.md` claims nothing that no test shows: the tests that it names exist.

use std::{fmt::Write as _, fs, path::Path};

/// The text of every source file below a directory.
fn sources(directory: &Path, text: &mut String) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            // A file stands for the tests in it: `galera::contention`.
            let _ = writeln!(text, "fn {}(", path.file_stem().unwrap().to_string_lossy());
            text.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_test_that_the_list_of_security_names_exists() {
    let crate_root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    sources(&crate_root.join("src"), &mut text);
    sources(&crate_root.join("tests"), &mut text);
    let functions: Vec<&str> = text
        .split("fn ")
        .skip(1)
        .filter_map(|rest| rest.split_once('(').map(|(name, _)| name))
        .collect();
    let list = fs::read_to_string(crate_root.join("../../docs/security.md")).unwrap();
    let (mut named, mut missing) = (0, Vec::new());
    for line in list.lines().filter(|line| line.starts_with("| ")) {
        let shown = line.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
        // Between backticks: every second part.
        for name in shown.split('`').skip(1).step_by(2) {
            let Some((_, last)) = name.rsplit_once("::") else {
                continue;
            };
            named += 1;
            // The list shortens long names with an ellipsis at their end.
            let exists = match last.strip_suffix('…') {
                Some(start) => functions.iter().any(|function| function.starts_with(start)),
                None => functions.contains(&last),
            };
            if !exists {
                missing.push(name);
            }
        }
    }
    assert!(
        named > 40,
        "only {named} tests were found in the list: is it still a table?"
    );
    assert!(
        missing.is_empty(),
        "docs/security.md names tests that are not there: {missing:?}"
    );
}
