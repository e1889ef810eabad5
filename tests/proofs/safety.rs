//! `compile` refuses what a running cluster would refuse or lose, unless the environment accepts that very change.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::platform::{galeno, root};

fn git(folder: &Path, args: &[&str]) {
    let output = Command::new("git")
        .args([
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.org",
            "-c",
            "commit.gpgsign=false",
            "-c",
            "init.defaultBranch=main",
        ])
        .args(args)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A repository in which staging is compiled and committed.
fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("environments")).unwrap();
    fs::copy(root().join("environments/staging.yaml"), file(folder.path())).unwrap();
    compile(folder.path(), &[], Some(0));
    git(folder.path(), &["init", "-q"]);
    git(folder.path(), &["add", "-A"]);
    git(folder.path(), &["commit", "-q", "-m", "first"]);
    folder
}

fn file(folder: &Path) -> std::path::PathBuf {
    folder.join("environments/staging.yaml")
}

fn compile(folder: &Path, more: &[&str], code: Option<i32>) -> String {
    let mut args = vec!["compile"];
    args.extend(more);
    let output = galeno(folder, &args);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), code, "{told}");
    told
}

fn write(folder: &Path, edit: impl FnOnce(String) -> String) -> String {
    let before = fs::read_to_string(file(folder)).unwrap();
    let after = edit(before.clone());
    assert_ne!(before, after);
    fs::write(file(folder), after).unwrap();
    before
}

/// Larger volumes: the claims of a StatefulSet cannot be changed.
fn larger(text: String) -> String {
    text.replace("\n  size: 20Gi\n", "\n  size: 900Gi\n")
}

#[test]
fn a_change_that_a_cluster_refuses_is_refused_until_it_is_accepted() {
    let folder = repository();
    let folder = folder.path();
    compile(folder, &["--check"], Some(0));
    write(folder, larger);
    let told = compile(folder, &[], Some(1));
    assert!(
        told.contains("error[upgrade/claim-template]: recreate needed: StatefulSet clinic-data/mariadb-g0"),
        "{told}"
    );
    assert!(told.contains("nothing was written"), "{told}");
    // Another object's acknowledgement accepts nothing.
    let acknowledge = |about: &str| {
        format!(
            "\nacknowledge:\n  - {{code: upgrade/claim-template, about: \"{about}\", reason: claims were grown by hand}}\n"
        )
    };
    let before = write(folder, |text| text + &acknowledge("StatefulSet clinic-data/other"));
    let told = compile(folder, &[], Some(1));
    assert!(
        told.contains("error[upgrade/claim-template]") && told.contains("upgrade/needless-acknowledgement"),
        "{told}"
    );
    fs::write(file(folder), before).unwrap();
    write(folder, |text| text + &acknowledge("StatefulSet clinic-data/mariadb-g0"));
    let told = compile(folder, &["--notes"], Some(0));
    assert!(
        told.contains("note[upgrade/claim-template]") && told.contains("accepted: claims were grown by hand"),
        "{told}"
    );
    // Once it is committed it accepts nothing any more, which is said and refuses nothing.
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-q", "-m", "second"]);
    let told = compile(folder, &["--check"], Some(0));
    assert!(told.contains("warning[upgrade/needless-acknowledgement]"), "{told}");
    // Against the first revision it is still there, and accepted.
    assert!(!compile(folder, &["--check", "--base", "HEAD~1"], Some(0)).contains("needless"));
    let told = compile(folder, &["--base", "nowhere"], Some(1));
    assert!(told.contains("there is no revision `nowhere`"), "{told}");
}

#[test]
fn without_a_repository_there_is_nothing_to_compare_with_and_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("environments")).unwrap();
    fs::copy(
        root().join("environments/local.yaml"),
        folder.path().join("environments/local.yaml"),
    )
    .unwrap();
    let told = compile(folder.path(), &["--notes"], Some(0));
    assert!(told.contains("note[upgrade/no-base]"), "{told}");
}
