//! `galeno commit`: exactly what was compiled, among others who write, signed by real programs.

use std::fs;

use crate::support::{Repo, World, text};

/// Changes an environment, commits its file and compiles it.
fn change(repo: &Repo, name: &str, owner: &str) {
    let file = format!("environments/{name}.yaml");
    let yaml = repo.read(&file);
    let line = yaml
        .lines()
        .find(|line| line.starts_with("owner: "))
        .unwrap()
        .to_owned();
    repo.edit(&file, &line, &format!("owner: {owner}"));
    repo.commit_environments(&format!("Owner {owner}"));
    repo.ok(&["compile", "--environment", name]);
}

#[test]
fn exactly_what_was_compiled_is_committed() {
    let world = World::new();
    let repo = world.compiled(&["local"]);
    repo.write("notes.txt", "mine\n");
    repo.commit_all("Notes");
    change(&repo, "local", "others");
    repo.write("notes.txt", "mine, and more\n");
    repo.write("new.txt", "untracked\n");
    let source = repo.git(&["rev-parse", "HEAD"]);
    repo.ok(&["commit", "--signoff"]);
    assert_eq!(repo.git(&["status", "--porcelain"]), "M notes.txt\n?? new.txt");
    let files = repo.git(&["show", "--name-only", "--format=", "HEAD"]);
    assert!(
        !files.is_empty() && files.lines().all(|file| file.starts_with("generated/local/")),
        "{files}"
    );
    let message = repo.git(&["show", "--no-patch", "--format=%an <%ae>%n%B", "HEAD"]);
    let wanted = format!(
        "Ada Example <ada@example.org>\nCompile local\n\nGaleno-Source: {source}\nSigned-off-by: Ada Example <ada@example.org>"
    );
    assert_eq!(message.trim_end(), wanted);
    let trailer = repo.git(&["log", "-1", "--format=%(trailers:key=Galeno-Source,valueonly)"]);
    assert_eq!(trailer.trim(), source);
    // A second time there is nothing to do, and what git holds is what the compiler means.
    assert!(text(&repo.galeno(&["commit"]).stderr).contains("nothing to commit"));
    assert_eq!(repo.git(&["rev-list", "--count", "HEAD"]), "4");
    repo.ok(&["compile", "--check"]);
    repo.git(&["fsck", "--strict"]);
}

#[test]
fn what_the_environment_has_no_more_goes_and_what_others_put_there_stays() {
    let world = World::new();
    let repo = world.compiled(&["local"]);
    // Committed by somebody else into Galeno's folder: not in the index, so it is not Galeno's to remove.
    repo.write("generated/local/README.md", "a person's\n");
    repo.commit_all("A stranger");
    fs::remove_file(repo.path.join("generated/local/README.md")).unwrap();
    repo.edit("environments/local.yaml", "monitoring: ", "monitoring: ");
    let yaml = repo.read("environments/local.yaml");
    assert!(yaml.contains("replicas:"), "{yaml}");
    change(&repo, "local", "fewer");
    repo.ok(&["commit"]);
    assert_eq!(
        repo.git(&["ls-tree", "--name-only", "HEAD", "generated/local/README.md"]),
        "generated/local/README.md"
    );
}

#[test]
fn what_is_not_true_is_refused() {
    let world = World::new();
    let repo = world.compiled(&["local"]);
    let count = || repo.git(&["rev-list", "--count", "HEAD"]);
    let before = count();
    // Staged work is the person's.
    repo.write("staged.txt", "mine\n");
    repo.git(&["add", "staged.txt"]);
    repo.refused(&["commit"], "commit/dirty-index");
    repo.git(&["reset", "--quiet"]);
    // The environment is not committed, so that the trailer would lie.
    repo.edit("environments/local.yaml", "owner: ", "owner: x-");
    repo.ok(&["compile"]);
    repo.refused(&["commit"], "commit/source");
    repo.git(&["checkout", "--quiet", "environments"]);
    repo.refused(&["commit"], "commit/source");
    repo.git(&["checkout", "--quiet", "."]);
    // A file that somebody changed after the compile.
    let file = repo.git(&["ls-files", "generated/local/*/namespaces/namespace-clinic-app.yaml"]);
    repo.edit(&file, "kind: Namespace", "kind: Namespace # mine");
    repo.refused(&["commit"], "commit/edited");
    fs::remove_file(repo.path.join(&file)).unwrap();
    repo.refused(&["commit"], "commit/missing");
    repo.git(&["checkout", "--quiet", "."]);
    // A merge that is not finished.
    repo.write(".git/MERGE_HEAD", &format!("{}\n", repo.git(&["rev-parse", "HEAD"])));
    repo.refused(&["commit"], "commit/busy");
    fs::remove_file(repo.path.join(".git/MERGE_HEAD")).unwrap();
    assert_eq!(count(), before);
}

#[test]
fn another_branch_is_written_without_being_checked_out() {
    let world = World::new();
    let repo = world.compiled(&["local"]);
    change(&repo, "local", "others");
    let head = repo.git(&["rev-parse", "HEAD"]);
    repo.ok(&["commit", "--branch", "deploy"]);
    assert_eq!(repo.git(&["rev-parse", "HEAD"]), head);
    assert_eq!(repo.git(&["rev-parse", "deploy^"]), head);
    assert_ne!(repo.git(&["diff", "--name-only", "main", "deploy"]), "");
    // The files on the disk are what deploy holds.
    assert_eq!(repo.git(&["diff", "--name-only", "deploy", "--", "generated"]), "");
}

#[test]
fn two_who_write_at_once_lose_nothing() {
    let world = World::new();
    let first = world.compiled(&["local", "staging"]);
    let remote = world.remote(&first);
    let clones = [world.clone(&remote, "a"), world.clone(&remote, "b")];
    // Each has its own environment, of which the file is pushed already.
    for (repo, name) in clones.iter().zip(["local", "staging"]) {
        repo.git(&["pull", "--quiet", "--rebase"]);
        let file = format!("environments/{name}.yaml");
        let line = repo
            .read(&file)
            .lines()
            .find(|line| line.starts_with("owner: "))
            .unwrap()
            .to_owned();
        repo.edit(&file, &line, "owner: somebody");
        repo.commit_environments(name);
        repo.git(&["push", "--quiet"]);
    }
    clones[0].git(&["pull", "--quiet", "--rebase"]);
    for (repo, name) in clones.iter().zip(["local", "staging"]) {
        repo.ok(&["compile", "--environment", name]);
        repo.write("mine.txt", "not for others\n");
    }
    let running: Vec<_> = clones
        .iter()
        .zip(["local", "staging"])
        .map(|(repo, name)| repo.spawn(&["commit", "--environment", name, "--push"]))
        .collect();
    for child in running {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    let check = world.clone(&remote, "check");
    check.ok(&["compile", "--check"]);
    check.git(&["fsck", "--strict"]);
    let subjects = check.git(&["log", "-2", "--format=%s"]);
    assert!(
        subjects.contains("Compile local") && subjects.contains("Compile staging"),
        "{subjects}"
    );
    for repo in &clones {
        assert_eq!(repo.git(&["status", "--porcelain"]), "?? mine.txt");
        assert_eq!(repo.git(&["for-each-ref", "refs/galeno"]), "");
    }
}

#[test]
fn who_comes_second_is_rebased_or_told() {
    let world = World::new();
    let first = world.compiled(&["local", "staging"]);
    let remote = world.remote(&first);
    change(&first, "local", "one");
    change(&first, "staging", "one");
    first.git(&["push", "--quiet", "origin", "main"]);
    let slow = world.clone(&remote, "slow");
    let same = world.clone(&remote, "same");
    for repo in [&slow, &same] {
        repo.ok(&["compile"]);
    }
    // The first writes one environment and another file.
    first.ok(&["commit", "--environment", "local", "--push"]);
    first.write("other.txt", "other work\n");
    first.git(&["add", "other.txt"]);
    first.git(&["commit", "--quiet", "-m", "Other work"]);
    first.git(&["push", "--quiet", "origin", "main"]);
    // The second writes the other environment: it comes after, and takes the first's over.
    let said = text(&slow.galeno(&["commit", "--environment", "staging", "--push"]).stderr);
    assert!(
        said.contains("somebody else was faster") && !said.contains("could not follow"),
        "{said}"
    );
    assert_eq!(slow.read("other.txt"), "other work\n");
    assert_eq!(
        slow.git(&["rev-parse", "HEAD"]),
        slow.git(&["rev-parse", "origin/main"])
    );
    // The third has compiled the very same, so that nothing is left to do for it.
    let said = text(&same.galeno(&["commit", "--push"]).stderr);
    assert!(said.contains("local, staging"), "{said}");
    assert_eq!(same.git(&["status", "--porcelain"]), "");
    let check = world.clone(&remote, "check");
    check.ok(&["compile", "--check"]);
    assert_eq!(check.git(&["rev-parse", "HEAD"]), same.git(&["rev-parse", "HEAD"]));
}

#[test]
fn a_conflict_is_told_plainly_and_nothing_is_lost() {
    let world = World::new();
    let first = world.compiled(&["local"]);
    let remote = world.remote(&first);
    let second = world.clone(&remote, "second");
    change(&first, "local", "first");
    first.ok(&["commit", "--push"]);
    // The second has commits of its own that are not there yet.
    change(&second, "local", "second");
    let own = second.git(&["rev-parse", "HEAD"]);
    second.refused(&["commit", "--push"], "commit/diverged");
    assert_eq!(second.git(&["rev-parse", "HEAD"]), own);
    // The second has pushed its environment, and somebody writes to the compiled files before it does.
    second.git(&["reset", "--quiet", "--hard", "origin/main"]);
    change(&second, "local", "second");
    second.git(&["push", "--quiet", "origin", "main"]);
    let hand = world.clone(&remote, "hand");
    let file = hand.git(&["ls-files", "generated/local/*/namespaces/namespace-clinic-app.yaml"]);
    hand.edit(&file, "kind: Namespace", "kind: Namespace # by hand");
    hand.commit_all("By hand");
    hand.git(&["push", "--quiet", "origin", "main"]);
    let theirs = hand.git(&["rev-parse", "HEAD"]);
    let own = second.git(&["rev-parse", "HEAD"]);
    let compiled = second.git(&["status", "--porcelain"]);
    let said = second.refused(&["commit", "--push"], "commit/conflict");
    assert!(
        said.contains("generated/local") && said.contains("pull --rebase"),
        "{said}"
    );
    assert_eq!(world.repo("remote.git").git(&["rev-parse", "main"]), theirs);
    assert_eq!(second.git(&["rev-parse", "HEAD"]), own);
    assert_eq!(
        second.git(&["status", "--porcelain"]),
        compiled,
        "the compiled files are still there"
    );
}

#[test]
fn another_repository_gets_the_compiled_files_alone() {
    let world = World::new();
    let repo = world.compiled(&["local"]);
    let target = world.repo("deploy.git");
    fs::create_dir(&target.path).unwrap();
    target.git(&["init", "--quiet", "--bare"]);
    let url = "https://git.example.org/clinic/deploy.git";
    let here = target.path.to_string_lossy().into_owned();
    repo.git(&["config", "--global", &format!("url.{here}.insteadOf"), url]);
    let yaml = repo.read("environments/local.yaml");
    repo.write(
        "environments/local.yaml",
        &format!("{yaml}\ngitops: {{repository: \"{url}\", branch: live}}\n"),
    );
    repo.commit_environments("Elsewhere");
    repo.ok(&["compile"]);
    repo.refused(&["commit"], "commit/elsewhere");
    repo.ok(&["commit", "--push"]);
    let files = target.git(&["ls-tree", "-r", "--name-only", "live"]);
    assert!(
        files.lines().all(|file| file.starts_with("generated/local/")),
        "{files}"
    );
    assert!(files.contains("generated/local/index.json"));
    let said = text(&repo.galeno(&["commit", "--push"]).stderr);
    assert!(said.contains("nothing to commit"), "{said}");
    assert_eq!(target.git(&["rev-list", "--count", "live"]), "1");
    change(&repo, "local", "again");
    repo.ok(&["commit", "--push"]);
    assert_eq!(target.git(&["rev-list", "--count", "live"]), "2");
}

#[test]
fn an_ssh_key_signs_as_git_verifies() {
    let world = World::new();
    let repo = world.compiled(&["local"]);
    let key = world.at("home/key").to_string_lossy().into_owned();
    let made = repo.run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", &key]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    let public = fs::read_to_string(format!("{key}.pub")).unwrap();
    let allowed = world.at("home/allowed").to_string_lossy().into_owned();
    fs::write(&allowed, format!("ada@example.org {public}")).unwrap();
    for (name, value) in [
        ("gpg.format", "ssh"),
        ("user.signingKey", &*key),
        ("commit.gpgSign", "true"),
        ("gpg.ssh.allowedSignersFile", &*allowed),
    ] {
        repo.git(&["config", name, value]);
    }
    change(&repo, "local", "signed");
    repo.ok(&["commit"]);
    repo.git(&["verify-commit", "HEAD"]);
    repo.git(&["config", "user.signingKey", "/no/such/key"]);
    let head = repo.git(&["rev-parse", "HEAD"]);
    repo.git(&["config", "commit.gpgSign", "false"]);
    change(&repo, "local", "signed-again");
    let head_with_environment = repo.git(&["rev-parse", "HEAD"]);
    assert_ne!(head, head_with_environment);
    repo.refused(&["commit", "--sign"], "git/signature");
    assert_eq!(
        repo.git(&["rev-parse", "HEAD"]),
        head_with_environment,
        "nothing is committed without its signature"
    );
}

#[test]
fn an_openpgp_key_signs_as_git_verifies() {
    let world = World::new();
    let repo = world.compiled(&["local"]);
    let home = world.at("home/gnupg");
    fs::create_dir(&home).unwrap();
    fs::set_permissions(&home, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let made = repo.run(
        "gpg",
        &[
            "--batch",
            "--quiet",
            "--passphrase",
            "",
            "--quick-generate-key",
            "Ada Example <ada@example.org>",
            "ed25519",
            "sign",
            "never",
        ],
    );
    assert!(made.status.success(), "{}", text(&made.stderr));
    repo.git(&["config", "commit.gpgSign", "true"]);
    change_signed(&repo);
    repo.ok(&["commit"]);
    repo.git(&["verify-commit", "HEAD"]);
    let _ = repo.run("gpgconf", &["--kill", "all"]);
}

/// As [`change`], with git signing the person's commit too.
fn change_signed(repo: &Repo) {
    change(repo, "local", "signed");
    repo.git(&["verify-commit", "HEAD"]);
}
