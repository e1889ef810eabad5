//! What the operators of custom resources demand beyond the definitions of their kinds: texts that their programs parse.
//!
//! The definitions say `string` and no more, so the API server takes anything, and then a webhook refuses the object or
//! the operator stops at it. The facts are those of the Go types (`metav1.Duration`, schedules of `robfig/cron`) in the
//! releases of `schemas/upstream/SOURCES.tsv`.

use serde_json::Value;

use crate::checks::schema::fields::{self, FieldCheck};
use crate::checks::schema::path::Step;
use crate::checks::schema::walk::Walk;

/// A path with `*` for every item or every key, and the check of what stands there.
type Parsed = (&'static [&'static str], FieldCheck);

fn parsed(group: &str, kind: &str) -> &'static [Parsed] {
    use FieldCheck::{Duration, Schedule, TimeZone};
    match (group, kind) {
        ("cert-manager.io", "Certificate") => {
            &[(&["spec", "duration"], Duration), (&["spec", "renewBefore"], Duration)]
        }
        ("cert-manager.io", "CertificateRequest") => &[(&["spec", "duration"], Duration)],
        ("external-secrets.io", "ExternalSecret") => &[(&["spec", "refreshInterval"], Duration)],
        ("external-secrets.io", "ClusterExternalSecret") => &[
            (&["spec", "refreshTime"], Duration),
            (&["spec", "externalSecretSpec", "refreshInterval"], Duration),
        ],
        ("ceph.rook.io", "CephCluster") => &[
            (&["spec", "healthCheck", "daemonHealth", "*", "interval"], Duration),
            (&["spec", "healthCheck", "daemonHealth", "*", "timeout"], Duration),
            (&["spec", "security", "keyRotation", "schedule"], Schedule),
        ],
        ("argoproj.io", "AppProject") => &[
            (&["spec", "syncWindows", "*", "schedule"], Schedule),
            (&["spec", "syncWindows", "*", "duration"], Duration),
            (&["spec", "syncWindows", "*", "timeZone"], TimeZone),
        ],
        _ => &[],
    }
}

/// Checks the texts of a custom resource that its operator parses.
pub(in super::super) fn check(walk: &mut Walk<'_>) {
    let object = &walk.item.object;
    for (path, field_check) in parsed(object.group(), object.kind()) {
        follow(walk, &mut Vec::new(), object.value(), path, *field_check);
    }
}

fn follow<'a>(walk: &mut Walk<'a>, at: &mut Vec<Step<'a>>, value: &'a Value, path: &[&str], check: FieldCheck) {
    let Some((step, rest)) = path.split_first() else {
        return fields::check_at(walk, check, value, at);
    };
    let mut go = |step: Step<'a>, value: &'a Value| {
        at.push(step);
        follow(walk, at, value, rest, check);
        at.pop();
    };
    match value {
        Value::Object(map) => {
            map.iter()
                .filter(|(key, _)| *step == "*" || key == step)
                .for_each(|(key, value)| go(key.as_str().into(), value));
        }
        Value::Array(items) if *step == "*" => items.iter().enumerate().for_each(|(i, value)| go(i.into(), value)),
        _ => {}
    }
}
