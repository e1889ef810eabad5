//! From what was written to what it means: one function that returns a topology or everything that is wrong.
//!
//! Findings carry the JSON pointer of the field; whoever read the file adds the line and the excerpt.

mod backup;
mod collect;
mod database;
mod programs;
mod regions;
mod storage;

use collect::Collector;

use super::ledger::Ledger;
use super::model::{ArgoCd, Monitoring, Secrets, StoreServer, Topology};
use super::values::DnsLabel;
use super::versions::{KNOWN, KUBERNETES, Minor, Versions, conflicts};
use crate::finding::{Finding, has_errors};
use crate::spec::{Environment, StorageBackend};

/// Works out what an environment means. `written` tells whether the field at a JSON pointer stands in the file (and is
/// no default). With a topology come notes and warnings; without one, at least one error.
pub fn resolve(
    environment: &Environment,
    ledger: &Ledger,
    written: &dyn Fn(&str) -> bool,
) -> (Option<Topology>, Vec<Finding>) {
    let mut collector = Collector::new(written);
    let topology = resolve_all(environment, ledger, &mut collector);
    let findings = collector.into_findings();
    let topology = topology.filter(|_| !has_errors(&findings));
    (topology, findings)
}

/// Every part is worked out before any is asked whether it could be, so that all errors are found in one run.
fn resolve_all(environment: &Environment, ledger: &Ledger, c: &mut Collector<'_>) -> Option<Topology> {
    let name = c.parse::<DnsLabel>("/name", &environment.name);
    let domain = c.parse("/domain", &environment.domain);
    let owner = c.parse("/owner", &environment.owner);
    let kubernetes = kubernetes(environment, c);
    let versions = versions(environment, &kubernetes, c);
    let regions = regions::resolve(environment, c);
    let storage = storage::resolve(environment, c);
    let database = database::resolve(environment, ledger, c);
    let api = programs::api(environment, c);
    let web = programs::web(environment, c);
    let access_web = programs::access(environment, c);
    let ingress = programs::ingress(environment, c);
    let backup = backup::resolve(environment, c);
    let secrets = secrets(environment, c);
    let monitoring = monitoring(environment, c);
    let argocd = argocd(environment, c);
    gitops(environment, c);
    Some(Topology {
        name: name?,
        domain: domain?,
        owner: owner?,
        kubernetes,
        cni: environment.kubernetes.cni,
        promise: environment.promise,
        regions: regions?,
        storage: storage?,
        database: database?,
        api: api?,
        web: web?,
        access_web,
        ingress: ingress?,
        backup: backup?,
        secrets: secrets?,
        monitoring: monitoring?,
        argocd: argocd?,
        versions: versions?,
    })
}

fn kubernetes(environment: &Environment, c: &mut Collector<'_>) -> Vec<Minor> {
    let written = &environment.kubernetes;
    let first = [("/kubernetes/version".to_owned(), &written.version)];
    let also = written
        .also
        .iter()
        .enumerate()
        .map(|(i, text)| (format!("/kubernetes/also/{i}"), text));
    let mut minors = Vec::new();
    for (pointer, text) in first.into_iter().chain(also) {
        let minor = text.strip_prefix("1.").and_then(|minor| minor.parse().ok()).map(Minor);
        match minor {
            Some(minor) if (KUBERNETES.0..=KUBERNETES.1).contains(&minor) => {
                if minors.contains(&minor) {
                    c.warning(
                        &pointer,
                        "spec/no-effect",
                        format!("Kubernetes {minor} is named twice"),
                        "remove one of the two",
                    );
                } else {
                    minors.push(minor);
                }
            }
            _ => {
                let (low, high) = KUBERNETES;
                let problem = format!("Galeno has no schemas for Kubernetes `{text}`");
                c.error(
                    &pointer,
                    "spec/version",
                    problem,
                    format!("write a minor version from \"{low}\" to \"{high}\""),
                );
            }
        }
    }
    minors
}

fn versions(environment: &Environment, kubernetes: &[Minor], c: &mut Collector<'_>) -> Option<Versions> {
    let written = &environment.versions;
    let mut version = |field: &str, text: &Option<String>, default| match text {
        None => Some(default),
        Some(text) => text.parse().ok().or_else(|| {
            let pointer = format!("/versions/{field}");
            c.error(
                &pointer,
                "spec/version",
                format!("`{text}` is not a version"),
                format!("write three numbers, such as {default}"),
            );
            None
        }),
    };
    let rook = version("rook", &written.rook, KNOWN.rook);
    let ceph = version("ceph", &written.ceph, KNOWN.ceph);
    let argocd = version("argocd", &written.argocd, KNOWN.argocd);
    let traefik = version("traefik", &written.traefik, KNOWN.traefik);
    let gateway_api = version("gatewayApi", &written.gateway_api, KNOWN.gateway_api);
    let cert_manager = version("certManager", &written.cert_manager, KNOWN.cert_manager);
    let versions = Versions {
        rook: rook?,
        ceph: ceph?,
        argocd: argocd?,
        traefik: traefik?,
        gateway_api: gateway_api?,
        cert_manager: cert_manager?,
    };
    let uses_ceph = matches!(
        environment.storage.backend,
        StorageBackend::Cephfs | StorageBackend::Rbd
    );
    for conflict in conflicts(kubernetes, &versions, uses_ceph) {
        let pointer = match conflict.field {
            "kubernetes" => "/kubernetes/version".to_owned(),
            field => format!("/versions/{field}"),
        };
        c.error(&pointer, "spec/versions", conflict.problem, conflict.mend);
    }
    Some(versions)
}

fn secrets(environment: &Environment, c: &mut Collector<'_>) -> Option<Secrets> {
    let written = &environment.secrets;
    let path = written.path.clone().unwrap_or_else(|| environment.name.clone());
    let path_is_good = !path.is_empty()
        && path.split('/').all(|part| {
            !part.is_empty() && part != ".." && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        });
    if !path_is_good {
        c.error(
            "/secrets/path",
            "spec/secrets",
            format!("`{path}` is not a path of the secret store"),
            "write names with slashes between, such as `clinic/prod`",
        );
    }
    let store = c.parse("/secrets/store", &written.store);
    let refresh = c.duration("/secrets/refresh", &written.refresh, 60, 7 * 86_400);
    let addresses = c.ranges("/secrets/addresses", &written.addresses);
    let server = match &written.namespace {
        Some(namespace) => {
            c.no_effect(
                "/secrets/addresses",
                "`namespace` says that the store is in this cluster",
            );
            c.parse("/secrets/namespace", namespace).map(StoreServer::Namespace)
        }
        None => addresses.map(StoreServer::Outside),
    };
    Some(Secrets {
        store: store?,
        path,
        refresh: refresh?,
        server: server?,
    })
}

/// The outer `None`: something is wrong. The inner: switched off.
#[allow(clippy::option_option, reason = "wrong, absent and present are three answers")]
fn monitoring(environment: &Environment, c: &mut Collector<'_>) -> Option<Option<Monitoring>> {
    let written = &environment.monitoring;
    for label in written.labels.keys() {
        let starts = label.starts_with(|ch: char| ch.is_ascii_alphabetic() || ch == '_');
        if !starts || !label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            let problem = format!("`{label}` is not the name of a Prometheus label");
            c.error(
                "/monitoring/labels",
                "spec/label",
                problem,
                "write letters, digits and underscores, no digit first",
            );
        }
    }
    let retention = c.duration("/monitoring/retention", &written.retention, 3600, 400 * 86_400);
    if !written.enabled {
        for field in ["retention", "labels"] {
            c.no_effect(&format!("/monitoring/{field}"), "monitoring is switched off");
        }
        let problem = "monitoring is switched off: nobody is told when replication, a backup or a disk fails";
        c.warning(
            "/monitoring/enabled",
            "spec/unwise",
            problem,
            "leave it on, unless another system watches this environment",
        );
        return Some(None);
    }
    Some(Some(Monitoring {
        retention: retention?,
        labels: written.labels.clone(),
    }))
}

fn is_repository(address: &str) -> bool {
    let path_of = |rest: &str| {
        rest.split_once('/')
            .is_some_and(|(host, path)| !host.is_empty() && !path.is_empty())
    };
    let no_blank = !address.contains(char::is_whitespace);
    let https = address
        .strip_prefix("https://")
        .is_some_and(|rest| path_of(rest) && !rest.contains('@'));
    let ssh = address.strip_prefix("ssh://git@").is_some_and(path_of);
    let scp = address.strip_prefix("git@").and_then(|rest| rest.split_once(':'));
    no_blank && (https || ssh || scp.is_some_and(|(host, path)| !host.is_empty() && !path.is_empty()))
}

fn repository(pointer: &str, address: &str, c: &mut Collector<'_>) {
    if !is_repository(address) {
        c.error(
            pointer,
            "spec/repository",
            "this is not the address of a git repository, or it carries a user name or password",
            "write `https://git.example.org/clinic/platform.git`, `ssh://git@…` or `git@host:path`",
        );
    }
}

fn argocd(environment: &Environment, c: &mut Collector<'_>) -> Option<ArgoCd> {
    let written = &environment.argocd;
    repository("/argocd/repository", &written.repository, c);
    if written.revision.is_empty() || written.revision.contains(char::is_whitespace) || written.revision == "HEAD" {
        c.error(
            "/argocd/revision",
            "spec/revision",
            format!("`{}` does not name a revision", written.revision),
            "write a branch, a tag or a commit, such as `main`",
        );
    }
    let relative = !written.path.is_empty() && written.path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    if !relative {
        c.error(
            "/argocd/path",
            "spec/path",
            format!("`{}` is not a path inside the repository", written.path),
            "write it without leading slash, `.` and `..`, such as `generated`",
        );
    }
    for (i, key) in written.signing_keys.iter().enumerate() {
        if !matches!(key.len(), 16 | 40) || !key.bytes().all(|b| b.is_ascii_hexdigit()) {
            let problem = format!("`{key}` is not an OpenPGP key id");
            c.error(
                &format!("/argocd/signingKeys/{i}"),
                "spec/openpgp",
                problem,
                "write 16 or 40 hexadecimal digits",
            );
        }
    }
    let project = c.parse("/argocd/project", written.project.as_ref().unwrap_or(&environment.name));
    Some(ArgoCd {
        repository: written.repository.clone(),
        revision: written.revision.clone(),
        path: written.path.clone(),
        project: project?,
        signing_keys: written.signing_keys.clone(),
    })
}

fn gitops(environment: &Environment, c: &mut Collector<'_>) {
    if let Some(gitops) = &environment.gitops {
        repository("/gitops/repository", &gitops.repository, c);
    }
}
