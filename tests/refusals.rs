//! Everything wrong in an environment is refused with its place, its reason and its mend, and nothing is written.
//!
//! Each case edits a good environment, runs the program and reviews what it says (a snapshot a person reads).
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panic")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

const PROD: &str = include_str!("../environments/prod.yaml");

/// One thing that can be wrong: its name, what is replaced by what, and the code that must be told.
struct Case {
    name: &'static str,
    edits: &'static [(&'static str, &'static str)],
    code: &'static str,
}

const CASES: &[Case] = &[
    Case {
        name: "unknown_field",
        edits: &[("  size: 200Gi\n", "  siez: 200Gi\n")],
        code: "spec/unknown-field",
    },
    Case {
        name: "wrong_type",
        edits: &[("  size: 200Gi\n", "  size: 200Gi\n  nodes: three\n")],
        code: "spec/type",
    },
    Case {
        name: "unquoted_number_for_text",
        edits: &[("version: \"1.36\"", "version: 1.36")],
        code: "spec/type",
    },
    Case {
        name: "duplicate_key",
        edits: &[(
            "owner: clinical-platform\n",
            "owner: clinical-platform\nowner: others\n",
        )],
        code: "yaml/duplicate-key",
    },
    Case {
        name: "missing_field",
        edits: &[("  size: 200Gi\n", "")],
        code: "spec/missing",
    },
    Case {
        name: "even_nodes",
        edits: &[("  size: 200Gi\n", "  size: 200Gi\n  nodes: 4\n")],
        code: "spec/even-nodes",
    },
    Case {
        name: "more_nodes_than_zones_can_lose",
        edits: &[(
            "zones: [eu-central-1a, eu-central-1b, eu-central-1c]",
            "zones: [eu-central-1a, eu-central-1b]",
        )],
        code: "spec/zones",
    },
    Case {
        name: "single_node_with_a_promise",
        edits: &[("  size: 200Gi\n", "  size: 200Gi\n  nodes: 1\n")],
        code: "spec/quorum",
    },
    Case {
        name: "two_zones_of_one_name",
        edits: &[(
            "eu-central-1a, eu-central-1b, eu-central-1c",
            "eu-central-1a, eu-central-1a, eu-central-1c",
        )],
        code: "spec/duplicate",
    },
    Case {
        name: "two_regions_of_one_name",
        edits: &[("- name: us-east ", "- name: eu-west ")],
        code: "spec/duplicate",
    },
    Case {
        name: "two_primaries",
        edits: &[("role: recovery", "role: primary")],
        code: "spec/primary",
    },
    Case {
        name: "no_primary",
        edits: &[("role: primary", "role: recovery")],
        code: "spec/primary",
    },
    Case {
        name: "replicas_above_zones",
        edits: &[("  backend: cephfs\n", "  backend: cephfs\n  replicas: 4\n")],
        code: "spec/replicas",
    },
    Case {
        name: "two_copies",
        edits: &[("  backend: cephfs\n", "  backend: cephfs\n  replicas: 2\n")],
        code: "spec/replicas",
    },
    Case {
        name: "mistyped_choice",
        edits: &[("backend: cephfs", "backend: cefs")],
        code: "spec/choice",
    },
    Case {
        name: "image_without_digest",
        edits: &[(
            "image: ghcr.io/galeno-platform/web:0.1.0@sha256:",
            "image: ghcr.io/galeno-platform/web:0.1.0 # sha256:",
        )],
        code: "spec/value",
    },
    Case {
        name: "kubernetes_and_rook",
        edits: &[("version: \"1.36\", also: [\"1.35\"]", "version: \"1.37\"")],
        code: "spec/versions",
    },
    Case {
        name: "old_rook",
        edits: &[("storage:\n", "versions: {rook: 1.20.4}\n\nstorage:\n")],
        code: "spec/versions",
    },
    Case {
        name: "overlapping_ranges",
        edits: &[("pods: 10.20.0.0/16", "pods: 10.10.64.0/18")],
        code: "spec/overlap",
    },
    Case {
        name: "address_for_a_range",
        edits: &[("pods: 10.20.0.0/16", "pods: 10.20.0.1/16")],
        code: "spec/value",
    },
    Case {
        name: "no_cron_line",
        edits: &[(
            "  timeZone: Europe/Madrid\n",
            "  timeZone: Europe/Madrid\n  schedule: {daily: \"at two\"}\n",
        )],
        code: "spec/value",
    },
    Case {
        name: "no_time_zone",
        edits: &[("  timeZone: Europe/Madrid\n", "  timeZone: europe/madrid\n")],
        code: "spec/value",
    },
    Case {
        name: "retention_of_nothing",
        edits: &[(
            "  timeZone: Europe/Madrid\n",
            "  timeZone: Europe/Madrid\n  retention: {daily: 0}\n",
        )],
        code: "spec/retention",
    },
    Case {
        name: "monthly_copy_in_the_primary_region",
        edits: &[
            ("    region: eu-west\n", "    region: eu-central\n"),
            ("    role: recovery\n", "    role: access\n"),
        ],
        code: "spec/monthly",
    },
    Case {
        name: "monthly_copy_in_no_region",
        edits: &[("    region: eu-west\n", "    region: eu-wset\n")],
        code: "spec/monthly",
    },
    Case {
        name: "monthly_copy_abroad",
        edits: &[("    region: eu-west\n", "    region: us-east\n")],
        code: "spec/transfer",
    },
    Case {
        name: "data_abroad",
        edits: &[(
            "    role: access\n    jurisdiction: US\n",
            "    role: recovery\n    jurisdiction: US\n",
        )],
        code: "spec/jurisdiction",
    },
    Case {
        name: "literal_password",
        edits: &[("  size: 200Gi\n", "  size: 200Gi\n  password: correct-horse-battery\n")],
        code: "spec/literal-secret",
    },
    Case {
        name: "password_in_an_address",
        edits: &[(
            "https://git.example.org/",
            "https://bot:correct-horse-battery@git.example.org/",
        )],
        code: "spec/literal-secret",
    },
    Case {
        name: "no_dns_label",
        edits: &[("- name: us-east ", "- name: US_East ")],
        code: "spec/value",
    },
    Case {
        name: "name_is_not_the_files",
        edits: &[("name: prod\n", "name: production\n")],
        code: "spec/name",
    },
    Case {
        name: "nginx",
        edits: &[("  tls: #", "  kind: nginx\n  tls: #")],
        code: "spec/choice",
    },
    Case {
        name: "nginx_by_class",
        edits: &[("  tls: #", "  class: nginx\n  tls: #")],
        code: "spec/ingress-nginx",
    },
    Case {
        name: "nobody_is_told",
        edits: &[
            ("    email: [oncall@clinic.example.org]\n", ""),
            ("    webhook: true\n", "    webhook: false\n"),
        ],
        code: "spec/alerts",
    },
    Case {
        name: "field_without_effect",
        edits: &[("  backend: cephfs\n", "  backend: cephfs\n  class: standard\n")],
        code: "spec/no-effect",
    },
    Case {
        name: "active_generation_that_does_not_exist",
        edits: &[("  size: 200Gi\n", "  size: 200Gi\n  active: 2\n")],
        code: "spec/generation",
    },
    Case {
        name: "recovery_from_a_stranger",
        edits: &[(
            "  size: 200Gi\n",
            "  size: 200Gi\n  forcedRecovery: {node: mariadb-g0-7, epoch: 1, reason: zones lost}\n",
        )],
        code: "spec/node",
    },
    Case {
        name: "recovery_without_a_reason",
        edits: &[(
            "  size: 200Gi\n",
            "  size: 200Gi\n  forcedRecovery: {discard: [mariadb-g0-1]}\n",
        )],
        code: "spec/missing",
    },
    Case {
        name: "several_mistakes_at_once",
        edits: &[
            ("  size: 200Gi\n", "  size: 200Gb\n  nodes: 2\n"),
            ("pods: 10.20.0.0/16", "pods: 10.20.0.0/33"),
            ("  timeZone: Europe/Madrid\n", "  timeZone: Europe/Madird\n"),
        ],
        code: "spec/even-nodes",
    },
    Case {
        name: "volume_too_small",
        edits: &[("  size: 200Gi\n", "  size: 2Gi\n")],
        code: "spec/size",
    },
    Case {
        name: "proxies_that_anybody_may_pass_by",
        edits: &[("ingress:\n", "ingress:\n  trustedProxies: 1\n")],
        code: "spec/proxies",
    },
    Case {
        name: "name_server_by_name",
        edits: &[("server: 192.0.2.53", "server: ns1.example.org")],
        code: "spec/value",
    },
    Case {
        name: "addresses_of_a_store_inside",
        edits: &[(
            "argocd:\n",
            "secrets: {namespace: vault, addresses: [192.0.2.9/32]}\nargocd:\n",
        )],
        code: "spec/no-effect",
    },
    Case {
        name: "two_documents",
        edits: &[("storage:\n", "---\nstorage:\n")],
        code: "spec/documents",
    },
];

struct Outcome {
    status: i32,
    stderr: String,
}

fn compile(root: &Path) -> Outcome {
    let output = Command::new(env!("CARGO_BIN_EXE_galeno"))
        .args(["compile", "--color", "never", "--root"])
        .arg(root)
        .output()
        .expect("the program runs");
    assert!(output.stdout.is_empty(), "only data goes to standard output");
    Outcome {
        status: output.status.code().expect("no signal ended it"),
        stderr: String::from_utf8(output.stderr).expect("findings are text"),
    }
}

fn repository(name: &str, bytes: &[u8]) -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(root.path().join("environments")).expect("a folder");
    fs::write(root.path().join(format!("environments/{name}.yaml")), bytes).expect("a file");
    root
}

/// Refused as wrong input, and not a byte written.
fn refused(root: &Path) -> String {
    let outcome = compile(root);
    assert_eq!(outcome.status, 1, "{}", outcome.stderr);
    assert!(!root.join("generated").exists(), "something was written");
    assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
    outcome.stderr
}

#[test]
fn each_mistake_is_told_with_its_place_its_reason_and_its_mend() {
    for case in CASES {
        let mut text = PROD.to_owned();
        for (from, to) in case.edits {
            assert!(text.contains(from), "{}: the environment has no {from:?}", case.name);
            text = text.replacen(from, to, 1);
        }
        let root = repository("prod", text.as_bytes());
        let said = refused(root.path());
        assert!(
            said.contains(&format!("[{}]", case.code)),
            "{}: no {} in\n{said}",
            case.name,
            case.code
        );
        assert!(
            said.contains("environments/prod.yaml:"),
            "{}: no place in\n{said}",
            case.name
        );
        assert!(!said.contains("correct-horse"), "{}: a secret was repeated", case.name);
        insta::with_settings!({omit_expression => true, description => format!("{:?}", case.edits)}, {
            insta::assert_snapshot!(case.name, said);
        });
    }
}

#[test]
fn files_that_are_no_environment_are_refused() {
    let bomb = {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for i in 1..12 {
            let previous = format!("*a{}, ", i - 1).repeat(10);
            writeln!(text, "a{i}: &a{i} [{}]", previous.trim_end_matches(", ")).expect("a text grows");
        }
        text.into_bytes()
    };
    let cases: [(&str, Vec<u8>); 6] = [
        ("empty", Vec::new()),
        ("only_comments", b"# nothing yet\n".to_vec()),
        ("binary", vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0xff, 0xfe, 0, 0]),
        ("fifty_megabytes", b"x: yyyyyyy\n".repeat(5_000_000)),
        ("alias_bomb", bomb),
        ("no_mapping", b"- a\n- b\n".to_vec()),
    ];
    for (name, bytes) in cases {
        let root = repository("prod", &bytes);
        let said = refused(root.path());
        insta::with_settings!({omit_expression => true}, {
            insta::assert_snapshot!(name, said);
        });
    }
}

const REQUEST: &str = "apiVersion: galeno.dev/v1
generation: 1
source: {backup: latest}
reason: rows were lost by a mistaken UPDATE
requestedBy: dba@clinic.example.org
expires: 2999-01-01T00:00:00Z
";

fn with_requests(requests: &[(&str, String)]) -> tempfile::TempDir {
    let root = repository("prod", PROD.as_bytes());
    let folder = root.path().join("environments/prod/restores");
    fs::create_dir_all(&folder).expect("a folder");
    for (name, text) in requests {
        fs::write(folder.join(name), text).expect("a file");
    }
    root
}

#[test]
fn a_ledger_that_is_not_append_only_is_refused() {
    let second = REQUEST.replace("generation: 1", "generation: 2");
    let cases: [(&str, Vec<(&str, String)>); 7] = [
        ("ledger_with_a_gap", vec![("0002.yaml", second.clone())]),
        (
            "ledger_with_a_reused_number",
            vec![("0001.yaml", REQUEST.to_owned()), ("0002.yaml", REQUEST.to_owned())],
        ),
        (
            "ledger_with_an_unknown_backup",
            vec![("0001.yaml", REQUEST.replace("latest", "newest one"))],
        ),
        (
            "ledger_with_an_unknown_form",
            vec![("0001.yaml", REQUEST.replace("{backup: latest}", "{snapshot: latest}"))],
        ),
        (
            "ledger_with_an_expired_request",
            vec![("0001.yaml", REQUEST.replace("2999", "2020"))],
        ),
        ("ledger_with_a_strange_file", vec![("notes.yaml", REQUEST.to_owned())]),
        (
            "ledger_with_no_moment",
            vec![("0001.yaml", REQUEST.replace("{backup: latest}", "{to: yesterday}"))],
        ),
    ];
    for (name, requests) in cases {
        let root = with_requests(&requests);
        let said = refused(root.path());
        insta::with_settings!({omit_expression => true}, {
            insta::assert_snapshot!(name, said);
        });
    }
}

#[test]
fn a_request_that_was_compiled_can_neither_change_nor_go() {
    let root = with_requests(&[("0001.yaml", REQUEST.to_owned())]);
    assert_eq!(compile(root.path()).status, 0);
    let file = root.path().join("environments/prod/restores/0001.yaml");

    fs::write(&file, REQUEST.replace("mistaken", "wilful")).expect("a file");
    let outcome = compile(root.path());
    assert_eq!(outcome.status, 1);
    assert!(outcome.stderr.contains("[ledger/edited]"), "{}", outcome.stderr);

    fs::remove_file(&file).expect("it is there");
    let outcome = compile(root.path());
    assert_eq!(outcome.status, 1);
    assert!(outcome.stderr.contains("[ledger/removed]"), "{}", outcome.stderr);

    // An expiry that passes after the request was compiled is history, not a refusal.
    fs::write(&file, REQUEST).expect("a file");
    assert_eq!(compile(root.path()).status, 0);
}
