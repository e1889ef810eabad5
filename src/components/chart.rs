//! Upstream charts: each an Argo CD Application of its own, at one exact version.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kcr_argoproj_io::v1alpha1::applications::{
    Application, ApplicationDestination, ApplicationSource, ApplicationSourceHelm, ApplicationSpec,
    ApplicationSyncPolicy, ApplicationSyncPolicyAutomated, ApplicationSyncPolicyRetry,
    ApplicationSyncPolicyRetryBackoff,
};
use serde_json::Value;

use super::common::namespaced;
use super::output::{Output, because};
use crate::bundle::Reason;
use crate::spec::Promise;
use crate::topology::names::Namespace;
use crate::topology::{CHARTS_PROJECT, Chart, Region, Topology, project};

/// The cluster that Argo CD itself runs in: each region has an Argo CD of its own, so that no region's loss takes the
/// deployment of another with it.
pub(super) const THIS_CLUSTER: &str = "https://kubernetes.default.svc";

/// What happens to objects that a newer version of a chart no longer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leftovers {
    /// They are removed.
    Prune,
    /// They stay: what holds data is never deleted by a chart's update.
    Keep,
}

/// A chart with its settings.
pub(super) struct Install {
    /// The component that the chart belongs to.
    pub(super) component: &'static str,
    /// The chart.
    pub(super) chart: Chart,
    /// Its values: a mapping, which goes to `/spec/source/helm/valuesObject`.
    pub(super) values: Value,
    /// What happens to objects that a newer version no longer has.
    pub(super) leftovers: Leftovers,
    /// Reasons for parts of the Application; [`value`] names a place in its values.
    pub(super) reasons: Vec<Reason>,
}

/// The place of a value in the Application, for reasons.
pub(super) fn value(path: &str) -> String {
    format!("/spec/source/helm/valuesObject/{path}")
}

/// Adds the Application of a chart.
pub(super) fn install(topology: &Topology, region: &Region, install: Install, output: &mut Output) {
    let Install {
        component,
        chart,
        values,
        leftovers,
        reasons,
    } = install;
    let values = match values {
        Value::Object(values) => values.into_iter().collect(),
        _ => BTreeMap::new(),
    };
    let whole = because(format!(
        "{} comes from its upstream chart, at one exact version, and Argo CD installs it: nobody runs Helm by hand.",
        chart.name()
    ));
    let mut parts = vec![
        because("The version that is known to work with the others of this environment.")
            .on("/spec/source/targetRevision")
            .from("/versions"),
        because("Charts have a project and an account of their own: only they may make cluster-wide roles.")
            .on("/spec/project"),
        because(
            "Custom resource definitions are larger than the annotation of client-side apply may be (262144 bytes), \
             so that the server applies; an object that another Application owns already is refused, not fought over.",
        )
        .on("/spec/syncPolicy/syncOptions"),
    ];
    if leftovers == Leftovers::Keep {
        let why = "What a newer chart no longer has stays: no update of a chart deletes what holds data.";
        parts.push(because(why).on("/spec/syncPolicy/automated/prune"));
    }
    parts.extend(reasons);
    let object = application(topology, chart, values, leftovers);
    output.add(region, component, &object, whole, parts);
}

fn application(
    topology: &Topology,
    chart: Chart,
    values: BTreeMap<String, Value>,
    leftovers: Leftovers,
) -> Application {
    let keep = leftovers == Leftovers::Keep;
    let metadata = ObjectMeta {
        annotations: keep.then(|| {
            let never = "Prune=false,Delete=false".to_owned();
            BTreeMap::from([("argocd.argoproj.io/sync-options".to_owned(), never)])
        }),
        ..namespaced(Namespace::ArgoCd, chart.name(), CHARTS_PROJECT)
    };
    let spec = ApplicationSpec {
        project: project(&topology.argocd.project, CHARTS_PROJECT),
        source: Some(ApplicationSource {
            repo_url: chart.repository().to_owned(),
            chart: Some(chart.name().to_owned()),
            target_revision: Some(chart.version(topology)),
            helm: Some(ApplicationSourceHelm {
                release_name: Some(chart.name().to_owned()),
                values_object: Some(values),
                ..ApplicationSourceHelm::default()
            }),
            ..ApplicationSource::default()
        }),
        destination: ApplicationDestination {
            server: Some(THIS_CLUSTER.to_owned()),
            namespace: Some(chart.namespace().name().to_owned()),
            name: None,
        },
        sync_policy: Some(sync_policy(keep)),
        revision_history_limit: Some(10),
        ..ApplicationSpec::default()
    };
    Application {
        metadata,
        spec,
        status: None,
    }
}

fn sync_policy(keep: bool) -> ApplicationSyncPolicy {
    let mut options = vec![
        "ServerSideApply=true".to_owned(),
        "FailOnSharedResource=true".to_owned(),
    ];
    if !keep {
        options.push("PruneLast=true".to_owned());
    }
    ApplicationSyncPolicy {
        automated: Some(ApplicationSyncPolicyAutomated {
            enabled: Some(true),
            prune: Some(!keep),
            self_heal: Some(true),
            allow_empty: Some(false),
        }),
        // What a chart needs (a webhook, a definition of another chart) may come later than the chart itself.
        retry: Some(ApplicationSyncPolicyRetry {
            limit: Some(10),
            refresh: Some(true),
            backoff: Some(ApplicationSyncPolicyRetryBackoff {
                duration: Some("15s".to_owned()),
                factor: Some(2),
                max_duration: Some("5m".to_owned()),
            }),
        }),
        sync_options: Some(options),
        ..ApplicationSyncPolicy::default()
    }
}

/// How many replicas a controller has that elects a leader: one more than may be lost.
pub(super) fn replicas(topology: &Topology) -> u8 {
    if topology.promise == Promise::None { 1 } else { 2 }
}

/// A chart's `topologySpreadConstraints` over zones and nodes.
pub(super) fn spread(topology: &Topology, labels: &Value) -> Value {
    let hard = if topology.promise == Promise::Zone {
        "DoNotSchedule"
    } else {
        "ScheduleAnyway"
    };
    let constraint = |key: &str, when: &str| {
        serde_json::json!({
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": when,
            "nodeTaintsPolicy": "Honor",
            "labelSelector": { "matchLabels": labels },
        })
    };
    Value::Array(vec![
        constraint(super::common::ZONE, hard),
        constraint(super::common::HOSTNAME, "ScheduleAnyway"),
    ])
}

/// A chart's `resources`: memory asked for and limited alike.
pub(super) fn resources(cpu: &str, memory: &str) -> Value {
    serde_json::json!({ "requests": { "cpu": cpu, "memory": memory }, "limits": { "memory": memory } })
}
