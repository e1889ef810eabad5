//! What the API server checks in code, by the type it checks it of.
//!
//! A type is named as in Go (`core.v1.Container`), and its rules hold wherever it stands: a container's in a Pod, in a
//! Deployment's template, in a `CronJob`'s. The facts are those of Kubernetes' own validation (`pkg/apis/*/validation`,
//! `staging/src/k8s.io/apimachinery`, versions 1.33 to 1.37).

mod access;
mod admission;
mod autoscaling;
mod batch;
mod config;
mod container;
pub(super) mod custom;
mod endpoints;
pub(super) mod lists;
pub(super) mod metadata;
mod network;
mod pod;
mod probes;
mod resources;
mod scheduling;
mod selectors;
mod service;
mod storage;
mod table;
mod volumes;
mod workloads;

use serde_json::{Map, Value};

pub(super) use super::fields::FieldCheck;
use super::path::Step;
use super::value::{Fault, as_integer};
use super::walk::Walk;
pub(super) use table::of_field;

/// A check of one mapping.
pub(super) type ObjectRule = fn(&mut Here<'_, '_>);

/// One mapping under its rules: of the object, and where in it.
pub(super) struct Here<'w, 'a> {
    pub(super) walk: &'w mut Walk<'a>,
    pub(super) map: &'a Map<String, Value>,
}

impl<'a> Here<'_, 'a> {
    /// A field's value, if it is there and not null.
    fn get(&self, field: &str) -> Option<&'a Value> {
        get(self.map, field)
    }

    fn has(&self, field: &str) -> bool {
        self.get(field).is_some()
    }

    /// A field's text; "" where there is none.
    fn text(&self, field: &str) -> &'a str {
        text(self.map, field)
    }

    fn integer(&self, field: &str) -> Option<i64> {
        integer(self.map, field)
    }

    /// The items of a list; none where there is no list.
    fn list(&self, field: &str) -> &'a [Value] {
        list(self.map, field)
    }

    /// The mappings in a list, with their numbers.
    fn maps(&self, field: &str) -> impl Iterator<Item = (usize, &'a Map<String, Value>)> + use<'a> {
        maps(self.list(field))
    }

    fn child(&self, field: &str) -> Option<&'a Map<String, Value>> {
        child(self.map, field)
    }

    fn flag(&self, field: &str) -> bool {
        self.get(field) == Some(&Value::Bool(true))
    }

    /// Tells an error of the value at `path` below here.
    fn error(&mut self, code: &'static str, path: &[Step<'_>], fault: Fault) {
        self.walk.error(code, path, fault);
    }

    /// Tells that a field is there that must not be, or not together with something.
    fn forbidden(&mut self, path: &[Step<'_>], because: &'static str) {
        let fault = Fault::new("must not be set here").because(because).mend("remove it");
        self.error("schema/not-allowed", path, fault);
    }

    /// Tells that a field is needed.
    fn needed(&mut self, path: &[Step<'_>], because: &'static str) {
        let fault = Fault::new("is missing").because(because).mend("add it");
        self.error("schema/missing-field", path, fault);
    }

    /// Tells if not exactly one of some fields is set.
    fn exactly_one(&mut self, path: &[Step<'_>], map: &Map<String, Value>, fields: &[&str]) {
        let set: Vec<&str> = fields
            .iter()
            .copied()
            .filter(|field| get(map, field).is_some())
            .collect();
        if set.len() != 1 {
            let fault = if set.is_empty() {
                Fault::new(format!("must have one of {}", names(fields)))
            } else {
                Fault::new(format!("has {} together, and may have one of them", names(&set)))
                    .mend("keep the one that is meant")
            };
            self.error("schema/exclusive", path, fault);
        }
    }

    /// Tells if more than one of some fields is set.
    fn at_most_one(&mut self, path: &[Step<'_>], map: &Map<String, Value>, fields: &[&str]) {
        if fields.iter().any(|field| get(map, field).is_some()) {
            self.exactly_one(path, map, fields);
        }
    }
}

fn get<'a>(map: &'a Map<String, Value>, field: &str) -> Option<&'a Value> {
    map.get(field).filter(|value| !value.is_null())
}

fn text<'a>(map: &'a Map<String, Value>, field: &str) -> &'a str {
    get(map, field).and_then(Value::as_str).unwrap_or_default()
}

fn integer(map: &Map<String, Value>, field: &str) -> Option<i64> {
    match get(map, field)? {
        Value::Number(number) => as_integer(number).and_then(|n| i64::try_from(n).ok()),
        _ => None,
    }
}

fn list<'a>(map: &'a Map<String, Value>, field: &str) -> &'a [Value] {
    get(map, field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn maps(items: &[Value]) -> impl Iterator<Item = (usize, &Map<String, Value>)> {
    items
        .iter()
        .enumerate()
        .filter_map(|(index, item)| item.as_object().map(|map| (index, map)))
}

fn child<'a>(map: &'a Map<String, Value>, field: &str) -> Option<&'a Map<String, Value>> {
    get(map, field)?.as_object()
}

/// `a`, `b` and `c`.
fn names(fields: &[&str]) -> String {
    let quoted: Vec<String> = fields.iter().map(|field| format!("`{field}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// The rules of a type.
pub(super) fn of_definition(name: &str) -> &'static [ObjectRule] {
    match name {
        "meta.v1.ObjectMeta" => &[metadata::object_meta],
        "meta.v1.LabelSelector" => &[selectors::label_selector],
        "meta.v1.LabelSelectorRequirement" => &[selectors::label_requirement],
        "core.v1.NodeSelectorRequirement" => &[selectors::node_requirement],
        "core.v1.NodeSelector" => &[selectors::node_selector],
        "core.v1.PodSpec" => &[
            pod::pod_spec,
            pod::host,
            pod::containers,
            volumes::mounts,
            scheduling::spread,
        ],
        "core.v1.PodTemplateSpec" => &[pod::template],
        "core.v1.PodSecurityContext" => &[pod::security],
        "core.v1.PodAffinityTerm" => &[scheduling::affinity_term],
        "core.v1.Toleration" => &[scheduling::toleration],
        "core.v1.Container" => &[container::container],
        "core.v1.EnvVar" => &[container::env],
        "core.v1.EnvVarSource" => &[container::env_source],
        "core.v1.EnvFromSource" => &[container::env_from],
        "core.v1.SecurityContext" => &[container::security],
        "core.v1.SeccompProfile" | "core.v1.AppArmorProfile" => &[container::profile],
        "core.v1.Probe" => &[probes::probe],
        "core.v1.LifecycleHandler" => &[probes::lifecycle_handler],
        "core.v1.ExecAction" => &[probes::exec],
        "core.v1.ResourceRequirements" | "core.v1.VolumeResourceRequirements" => &[resources::requirements],
        "core.v1.Volume" => &[volumes::volume],
        "core.v1.VolumeMount" => &[volumes::mount],
        "core.v1.VolumeProjection" => &[volumes::projection],
        "core.v1.DownwardAPIVolumeFile" => &[volumes::downward_file],
        "core.v1.PersistentVolumeClaimSpec" => &[storage::claim],
        "core.v1.PersistentVolumeSpec" => &[storage::volume],
        "core.v1.Pod"
        | "core.v1.Service"
        | "core.v1.PersistentVolumeClaim"
        | "core.v1.PersistentVolume"
        | "networking.v1.Ingress"
        | "networking.v1.IngressClass"
        | "admissionregistration.v1.ValidatingAdmissionPolicy"
        | "batch.v1.JobTemplateSpec" => &[metadata::spec],
        "core.v1.PodTemplate" => &[pod::pod_template],
        "core.v1.EndpointSubset" => &[endpoints::subset],
        "core.v1.EndpointAddress" => &[endpoints::address],
        "discovery.v1.EndpointSlice" => &[endpoints::slice],
        "core.v1.ServiceSpec" => &[service::spec, service::ports, service::addresses, service::outside],
        "core.v1.ConfigMap" => &[config::config_map],
        "core.v1.Secret" => &[config::secret],
        "core.v1.LimitRangeSpec" => &[resources::limit_ranges],
        "core.v1.LimitRangeItem" => &[resources::limit_range],
        "core.v1.ResourceQuotaSpec" => &[resources::quota, resources::quota_scopes],
        "apps.v1.Deployment" => &[metadata::spec, workloads::deployment],
        "apps.v1.ReplicaSet" => &[metadata::spec, workloads::replica_set],
        "core.v1.ReplicationController" => &[metadata::spec, workloads::replication_controller],
        "apps.v1.ControllerRevision" => &[workloads::controller_revision],
        "apps.v1.StatefulSet" => &[metadata::spec, workloads::stateful_set],
        "apps.v1.DaemonSet" => &[metadata::spec, workloads::daemon_set],
        "batch.v1.Job" => &[metadata::spec, batch::job],
        "batch.v1.JobSpec" => &[batch::job_spec],
        "batch.v1.CronJob" => &[metadata::spec, batch::cron_job],
        "batch.v1.PodFailurePolicyRule" => &[batch::failure_rule],
        "networking.v1.NetworkPolicySpec" => &[network::policy],
        "networking.v1.NetworkPolicyPeer" => &[network::peer],
        "networking.v1.NetworkPolicyPort" => &[network::port],
        "networking.v1.IPBlock" => &[network::ip_block],
        "networking.v1.IngressSpec" => &[network::ingress],
        "networking.v1.HTTPIngressPath" => &[network::ingress_path],
        "networking.v1.IngressBackend" => &[network::ingress_backend],
        "networking.v1.ServiceBackendPort" => &[network::ingress_backend_port],
        "policy.v1.PodDisruptionBudgetSpec" => &[autoscaling::disruption_budget],
        "autoscaling.v2.HorizontalPodAutoscalerSpec" | "autoscaling.v1.HorizontalPodAutoscalerSpec" => {
            &[autoscaling::autoscaler]
        }
        "autoscaling.v2.MetricSpec" => &[autoscaling::metric],
        "autoscaling.v2.MetricTarget" => &[autoscaling::metric_target],
        "rbac.v1.Role" => &[access::role],
        "rbac.v1.ClusterRole" => &[access::cluster_role],
        "rbac.v1.RoleBinding" | "rbac.v1.ClusterRoleBinding" => &[access::binding],
        "rbac.v1.Subject" => &[access::subject],
        "scheduling.v1.PriorityClass" => &[scheduling::priority_class],
        "storage.v1.StorageClass" => &[storage::class],
        "admissionregistration.v1.ValidatingAdmissionPolicySpec" => &[admission::policy],
        "admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec" => &[admission::binding],
        "admissionregistration.v1.ValidatingWebhook" | "admissionregistration.v1.MutatingWebhook" => {
            &[admission::webhook]
        }
        "admissionregistration.v1.RuleWithOperations" | "admissionregistration.v1.NamedRuleWithOperations" => {
            &[admission::rule]
        }
        "admissionregistration.v1.ServiceReference" => &[admission::service_path],
        "networking.v1.IngressClassSpec" => &[network::ingress_class],
        "admissionregistration.v1.WebhookClientConfig" => &[admission::client_config],
        "apiextensions.v1.CustomResourceDefinition" => &[admission::custom_resource_definition],
        _ => &[],
    }
}
