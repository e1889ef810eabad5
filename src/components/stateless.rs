//! What the API and the web application have in common: replicas that hold nothing, behind a Service, that come and go
//! without losing a request.

use std::collections::BTreeMap;

use galeno_contract::Duration;
use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment};
use k8s_openapi::api::autoscaling::v2::{
    CrossVersionObjectReference, HPAScalingPolicy, HPAScalingRules, HorizontalPodAutoscaler,
    HorizontalPodAutoscalerBehavior, HorizontalPodAutoscalerSpec, MetricSpec, MetricTarget, ResourceMetricSource,
};
use k8s_openapi::api::core::v1::{
    Container, PodSpec, PodTemplateSpec, Probe, Service, ServiceSpec, Volume, VolumeMount,
};
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde::Serialize;

use super::common::{
    container, container_port, http_probe, namespaced, node_spread, of_program, pod_security, resources, selecting,
    service_port, stateless_zone_spread,
};
use super::ingress::service_annotations;
use super::output::because;
use crate::bundle::Reason;
use crate::digest::sha256;
use crate::spec::IngressKind;
use crate::topology::names::{Port, Program, priorities};
use crate::topology::values::Image;
use crate::topology::{Region, Replicas, Resources, Topology};

/// The user and group of programs that need no rights: `nonroot` of distroless images.
pub(super) const NOBODY: i64 = 65532;

/// The annotation of pods that tells one configuration from another.
const CHECKSUM: &str = "galeno.dev/config-checksum";

/// A program whose replicas hold nothing.
pub(super) struct Stateless<'a> {
    pub program: Program,
    pub component: &'static str,
    pub image: &'a Image,
    pub replicas: Replicas,
    pub resources: &'a Resources,
    pub args: Vec<String>,
    pub port: Port,
    pub management: Port,
    pub volumes: Vec<Volume>,
    pub mounts: Vec<VolumeMount>,
    /// Of the configuration that is only read at start.
    pub checksum: String,
    /// How long the program goes on accepting after it was told to stop, and then finishes what it has.
    pub drain: (Duration, Duration),
}

/// JSON pointers into the environment file that this program's fields follow.
pub(super) struct Sources {
    pub image: &'static str,
    pub replicas: &'static str,
    pub resources: &'static str,
}

impl Stateless<'_> {
    pub(super) fn deployment(&self, topology: &Topology, region: &Region) -> Deployment {
        let labels = self.program.labels(self.component);
        let annotations = BTreeMap::from([(CHECKSUM.to_owned(), self.checksum.clone())]);
        Deployment {
            metadata: self.metadata(),
            spec: Some(DeploymentSpec {
                replicas: (!self.replicas.scales()).then(|| i32::from(self.replicas.min)),
                selector: selecting(self.program.selector()),
                min_ready_seconds: Some(5),
                progress_deadline_seconds: Some(600),
                revision_history_limit: Some(3),
                strategy: Some(DeploymentStrategy {
                    type_: Some("RollingUpdate".to_owned()),
                    rolling_update: Some(RollingUpdateDeployment {
                        max_surge: Some(IntOrString::String("25%".to_owned())),
                        max_unavailable: Some(IntOrString::Int(0)),
                    }),
                }),
                template: PodTemplateSpec {
                    metadata: Some(ObjectMeta {
                        labels: Some(labels),
                        annotations: Some(annotations),
                        ..ObjectMeta::default()
                    }),
                    spec: Some(self.pod(topology, region)),
                },
                ..DeploymentSpec::default()
            }),
            status: None,
        }
    }

    fn pod(&self, topology: &Topology, region: &Region) -> PodSpec {
        let selector = self.program.selector();
        PodSpec {
            service_account_name: Some(self.program.name().to_owned()),
            automount_service_account_token: Some(false),
            enable_service_links: Some(false),
            priority_class_name: Some(priorities::APPLICATION.to_owned()),
            security_context: Some(pod_security(NOBODY)),
            termination_grace_period_seconds: Some(self.grace_seconds()),
            topology_spread_constraints: Some(vec![
                stateless_zone_spread(topology, region, &selector),
                node_spread(&selector),
            ]),
            containers: vec![self.container()],
            volumes: Some(self.volumes.clone()),
            ..PodSpec::default()
        }
    }

    fn container(&self) -> Container {
        let probe = |path, period, failures| http_probe(self.management, path, period, 2, failures);
        Container {
            args: Some(self.args.clone()),
            ports: Some(vec![container_port(self.port), container_port(self.management)]),
            resources: Some(resources(self.resources)),
            startup_probe: Some(probe("/livez", 2, 30)),
            liveness_probe: Some(probe("/livez", 10, 6)),
            readiness_probe: Some(Probe {
                success_threshold: Some(1),
                ..probe("/readyz", 3, 2)
            }),
            volume_mounts: Some(self.mounts.clone()),
            ..container(self.program.name(), self.image)
        }
    }

    /// What the program says it needs to stop, and as long again as a slow node may need to notice.
    fn grace_seconds(&self) -> i64 {
        let (delay, timeout) = self.drain;
        i64::try_from((delay.to_std() + timeout.to_std()).as_secs())
            .unwrap_or(i64::MAX)
            .saturating_add(15)
    }

    fn metadata(&self) -> ObjectMeta {
        of_program(
            namespaced(self.program.namespace(), self.program.name(), self.component),
            self.program,
        )
    }

    pub(super) fn service(&self, topology: &Topology) -> Service {
        let mut metadata = self.metadata();
        if topology.ingress.kind == IngressKind::Traefik {
            metadata.annotations = Some(service_annotations(self.program));
        }
        Service {
            metadata,
            spec: Some(ServiceSpec {
                type_: Some("ClusterIP".to_owned()),
                selector: Some(self.program.selector()),
                ports: Some(vec![service_port(self.port)]),
                ..ServiceSpec::default()
            }),
            status: None,
        }
    }

    pub(super) fn disruption_budget(&self) -> PodDisruptionBudget {
        PodDisruptionBudget {
            metadata: self.metadata(),
            spec: Some(PodDisruptionBudgetSpec {
                max_unavailable: Some(IntOrString::Int(1)),
                min_available: None,
                selector: Some(selecting(self.program.selector())),
                unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
            }),
            status: None,
        }
    }

    /// The autoscaler, where the number of replicas changes with load.
    pub(super) fn autoscaler(&self) -> Option<HorizontalPodAutoscaler> {
        let policy = |kind: &str, value, period_seconds| HPAScalingPolicy {
            type_: kind.to_owned(),
            value,
            period_seconds,
        };
        self.replicas.scales().then(|| HorizontalPodAutoscaler {
            metadata: self.metadata(),
            spec: Some(HorizontalPodAutoscalerSpec {
                scale_target_ref: CrossVersionObjectReference {
                    api_version: Some("apps/v1".to_owned()),
                    kind: "Deployment".to_owned(),
                    name: self.program.name().to_owned(),
                },
                min_replicas: Some(i32::from(self.replicas.min)),
                max_replicas: i32::from(self.replicas.max),
                metrics: Some(vec![MetricSpec {
                    type_: "Resource".to_owned(),
                    resource: Some(ResourceMetricSource {
                        name: "cpu".to_owned(),
                        target: MetricTarget {
                            type_: "Utilization".to_owned(),
                            average_utilization: Some(i32::from(self.replicas.cpu_percent)),
                            ..MetricTarget::default()
                        },
                    }),
                    ..MetricSpec::default()
                }]),
                behavior: Some(HorizontalPodAutoscalerBehavior {
                    scale_up: Some(HPAScalingRules {
                        policies: Some(vec![policy("Percent", 100, 30), policy("Pods", 2, 30)]),
                        select_policy: Some("Max".to_owned()),
                        stabilization_window_seconds: Some(0),
                        ..HPAScalingRules::default()
                    }),
                    scale_down: Some(HPAScalingRules {
                        policies: Some(vec![policy("Pods", 1, 60)]),
                        select_policy: Some("Max".to_owned()),
                        stabilization_window_seconds: Some(600),
                        ..HPAScalingRules::default()
                    }),
                }),
            }),
            status: None,
        })
    }

    /// Why the parts of [`Self::deployment`] are there.
    pub(super) fn deployment_reasons(&self, sources: &Sources) -> Vec<Reason> {
        let pod = "/spec/template/spec";
        let first = format!("{pod}/containers/0");
        let mut reasons = vec![
            because(
                "a roll-out adds a new replica before it takes an old one away: requests always find as many as before",
            )
            .on("/spec/strategy"),
            because("pods restart when a part of their configuration changes that is read only at start").on(format!(
                "/spec/template/metadata/annotations/{}",
                CHECKSUM.replace('/', "~1")
            )),
            because("an image by digest is the very same on every node and every day")
                .on(format!("{first}/image"))
                .from(sources.image),
            because("asked for and, for memory, never exceeded: no neighbour is starved")
                .on(format!("{first}/resources"))
                .from(sources.resources),
            because("replicas spread over zones, so that the loss of one leaves the others; each roll-out by itself")
                .on(format!("{pod}/topologySpreadConstraints"))
                .from("/promise"),
            because(
                "on SIGTERM the program answers on while balancers forget it, then finishes what it has; \
                 it is killed only long after",
            )
            .on(format!("{pod}/terminationGracePeriodSeconds")),
            because("the program never speaks to the Kubernetes API, so it is given no way to")
                .on(format!("{pod}/automountServiceAccountToken")),
            because("what Pod Security `restricted` asks for, and no file system that an intruder could write to")
                .on(format!("{first}/securityContext")),
            because(
                "unready while its database is away or it is stopping; traffic goes elsewhere, and nobody kills it",
            )
            .on(format!("{first}/readinessProbe")),
            because("asks only whether the process answers: killing it cures nothing that is wrong elsewhere")
                .on(format!("{first}/livenessProbe")),
        ];
        if !self.replicas.scales() {
            reasons.push(
                because("as many as written; nothing scales it")
                    .on("/spec/replicas")
                    .from(sources.replicas),
            );
        }
        reasons
    }

    /// Why the parts of [`Self::autoscaler`] are there.
    pub(super) fn autoscaler_reasons(sources: &Sources) -> [Reason; 4] {
        let below = |field: &str| format!("{}/{field}", sources.replicas);
        [
            because("never fewer").on("/spec/minReplicas").from(below("min")),
            because("never more").on("/spec/maxReplicas").from(below("max")),
            because("the mean processor use that is aimed at")
                .on("/spec/metrics/0")
                .from(below("cpuPercent")),
            because("up at once, down one by one after ten quiet minutes: a clinic's day has peaks")
                .on("/spec/behavior"),
        ]
    }
}

/// A Job's name that tells its content: the same work is the same Job and runs once, other work is another Job.
pub(super) fn named_by_content(stem: &str, content: &impl Serialize) -> String {
    format!("{stem}-{}", &checksum(content)[..8])
}

/// SHA-256 of a value's JSON, in hexadecimal. Keys are in one order, so that the same value has the same checksum.
pub(super) fn checksum(value: &impl Serialize) -> String {
    let json = serde_json::to_value(value)
        .map(|value| value.to_string())
        .unwrap_or_default();
    sha256(json.as_bytes())
}
