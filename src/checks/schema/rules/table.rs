//! The checks of single fields, by type and field.

use super::FieldCheck::{
    self, AbsolutePath, Address, AddressOrNone, Amount, Annotations, Cidr, ConfigKey, ConfigKeys, DriverName, EnvName,
    EnvPrefix, FileMode, Filled, FilledHost, FilledInnerPath, Finalizers, Host, InnerPath, KindName, Label, Label1035,
    LabelKey, LabelOrNone, LabelValue, Labels, NotNegative, OneOf, PathSegment, Port, PortName, PortOrName, PortOrNone,
    Positive, QualifiedPath, Range, Resources, Schedule, Share, Subdomain, TargetPort, TimeZone,
};

/// The largest user or group, and the longest time in seconds.
const MAX_ID: i64 = 2_147_483_647;

type Fields = &'static [(&'static str, FieldCheck)];

/// The check of a field of a type.
pub(in super::super) fn of_field(definition: &str, field: &str) -> Option<FieldCheck> {
    of_definition(definition)
        .iter()
        .find(|(name, _)| *name == field)
        .map(|(_, check)| *check)
}

fn of_definition(name: &str) -> Fields {
    match name.split('.').next() {
        Some("meta") => metadata(name),
        Some("core") => pods(name)
            .or_else(|| objects(name))
            .or_else(|| volumes(name))
            .unwrap_or_default(),
        Some("apps" | "batch") => workloads(name),
        _ => others(name),
    }
}

fn metadata(name: &str) -> Fields {
    match name {
        "meta.v1.ObjectMeta" => &[
            ("labels", Labels),
            ("annotations", Annotations),
            ("finalizers", Finalizers),
        ],
        "meta.v1.LabelSelector" => &[("matchLabels", Labels)],
        "meta.v1.LabelSelectorRequirement" => &[
            ("key", LabelKey),
            ("operator", OneOf(&["In", "NotIn", "Exists", "DoesNotExist"])),
        ],
        _ => &[],
    }
}

fn pods(name: &str) -> Option<Fields> {
    Some(match name {
        "core.v1.PodSpec" => &[
            ("activeDeadlineSeconds", Range(1, MAX_ID)),
            ("hostname", Label),
            ("hostnameOverride", Subdomain),
            ("nodeName", Subdomain),
            ("nodeSelector", Labels),
            ("overhead", Resources),
            ("priorityClassName", Subdomain),
            ("runtimeClassName", Subdomain),
            ("serviceAccountName", Subdomain),
            ("subdomain", Label),
        ],
        "core.v1.HostAlias" => &[("ip", Address), ("hostnames", Subdomain)],
        "core.v1.PodDNSConfig" => &[("nameservers", Address)],
        "core.v1.PodOS" => &[("name", OneOf(&["linux", "windows"]))],
        "core.v1.PodReadinessGate" => &[("conditionType", LabelKey)],
        "core.v1.PodSchedulingGate" => &[("name", LabelKey)],
        "core.v1.PodSecurityContext" => &[
            ("fsGroup", Range(0, MAX_ID)),
            ("runAsGroup", Range(0, MAX_ID)),
            ("runAsUser", Range(0, MAX_ID)),
            ("supplementalGroups", Range(0, MAX_ID)),
            ("seLinuxChangePolicy", OneOf(&["MountOption", "Recursive"])),
        ],
        "core.v1.SecurityContext" => &[("runAsGroup", Range(0, MAX_ID)), ("runAsUser", Range(0, MAX_ID))],
        "core.v1.TopologySpreadConstraint" => &[
            ("maxSkew", Positive),
            ("minDomains", Positive),
            ("topologyKey", LabelKey),
        ],
        "core.v1.WeightedPodAffinityTerm" | "core.v1.PreferredSchedulingTerm" => &[("weight", Range(1, 100))],
        "core.v1.PodAffinityTerm" => &[("topologyKey", LabelKey)],
        "core.v1.NodeSelectorRequirement" | "core.v1.Toleration" => &[("key", LabelKey)],
        "core.v1.Container" => &[
            ("name", Label),
            ("restartPolicy", OneOf(&["Always", "Never", "OnFailure"])),
        ],
        "core.v1.ContainerPort" => &[
            ("containerPort", Port),
            ("hostPort", PortOrNone),
            ("hostIP", Address),
            ("name", PortName),
        ],
        "core.v1.ContainerResizePolicy" => &[
            ("resourceName", OneOf(&["cpu", "memory"])),
            ("restartPolicy", OneOf(&["NotRequired", "RestartContainer"])),
        ],
        "core.v1.EnvVar" => &[("name", EnvName)],
        "core.v1.EnvFromSource" => &[("prefix", EnvPrefix)],
        "core.v1.ConfigMapKeySelector" | "core.v1.SecretKeySelector" => &[("key", ConfigKey), ("name", Subdomain)],
        "core.v1.Probe" => &[
            ("failureThreshold", NotNegative),
            ("initialDelaySeconds", NotNegative),
            ("periodSeconds", NotNegative),
            ("successThreshold", NotNegative),
            ("terminationGracePeriodSeconds", Positive),
            ("timeoutSeconds", NotNegative),
        ],
        "core.v1.HTTPGetAction" | "core.v1.TCPSocketAction" => &[("port", PortOrName)],
        "core.v1.GRPCAction" => &[("port", Port)],
        "core.v1.ResourceRequirements" | "core.v1.VolumeResourceRequirements" => {
            &[("limits", Resources), ("requests", Resources)]
        }
        _ => return None,
    })
}

fn objects(name: &str) -> Option<Fields> {
    Some(match name {
        "core.v1.ConfigMap" => &[("data", ConfigKeys), ("binaryData", ConfigKeys)],
        "core.v1.Secret" => &[("data", ConfigKeys), ("stringData", ConfigKeys)],
        "core.v1.ServiceSpec" => &[
            ("clusterIPs", AddressOrNone),
            ("externalIPs", Address),
            ("healthCheckNodePort", PortOrNone),
            ("loadBalancerSourceRanges", Cidr),
            ("selector", Labels),
            (
                "trafficDistribution",
                OneOf(&["PreferClose", "PreferSameZone", "PreferSameNode"]),
            ),
        ],
        "core.v1.ServicePort" => &[
            ("appProtocol", LabelKey),
            ("name", LabelOrNone),
            ("nodePort", PortOrNone),
            ("port", Port),
            ("targetPort", TargetPort),
        ],
        "core.v1.LimitRangeItem" => &[
            ("default", Resources),
            ("defaultRequest", Resources),
            ("max", Resources),
            ("maxLimitRequestRatio", Resources),
            ("min", Resources),
        ],
        "core.v1.ResourceQuotaSpec" => &[("hard", Resources)],
        "core.v1.PersistentVolumeClaimSpec" => &[("storageClassName", Subdomain), ("volumeName", Subdomain)],
        "core.v1.PersistentVolumeSpec" => &[("capacity", Resources), ("storageClassName", Subdomain)],
        "core.v1.Taint" => &[("key", LabelKey), ("value", LabelValue)],
        "core.v1.TypedLocalObjectReference" | "core.v1.TypedObjectReference" => {
            &[("apiGroup", Subdomain), ("kind", PathSegment), ("name", PathSegment)]
        }
        "core.v1.TopologySelectorLabelRequirement" => &[("key", LabelKey)],
        "core.v1.EndpointPort" => &[("port", Port), ("name", LabelOrNone), ("appProtocol", LabelKey)],
        "core.v1.LocalObjectReference" => &[("name", Subdomain)],
        _ => return None,
    })
}

fn volumes(name: &str) -> Option<Fields> {
    Some(match name {
        "core.v1.Volume" => &[("name", Label)],
        "core.v1.VolumeMount" => &[
            ("mountPath", Filled),
            ("subPath", InnerPath),
            ("subPathExpr", InnerPath),
        ],
        "core.v1.VolumeDevice" => &[("devicePath", Filled)],
        "core.v1.ConfigMapVolumeSource" | "core.v1.SecretVolumeSource" => &[
            ("defaultMode", FileMode),
            ("name", Subdomain),
            ("secretName", Subdomain),
        ],
        "core.v1.ProjectedVolumeSource" | "core.v1.DownwardAPIVolumeSource" => &[("defaultMode", FileMode)],
        "core.v1.KeyToPath" => &[("key", Filled), ("mode", FileMode), ("path", FilledInnerPath)],
        "core.v1.DownwardAPIVolumeFile" | "core.v1.ServiceAccountTokenProjection" => {
            &[("mode", FileMode), ("path", FilledInnerPath)]
        }
        "core.v1.EmptyDirVolumeSource" => &[("sizeLimit", Amount)],
        "core.v1.NFSVolumeSource" => &[("path", AbsolutePath), ("server", Filled)],
        "core.v1.CSIVolumeSource" | "core.v1.CSIPersistentVolumeSource" => {
            &[("driver", DriverName), ("volumeHandle", Filled)]
        }
        "core.v1.PersistentVolumeClaimVolumeSource" => &[("claimName", Subdomain)],
        "core.v1.HostPathVolumeSource" | "core.v1.LocalVolumeSource" => &[("path", Filled)],
        _ => return None,
    })
}

fn workloads(name: &str) -> Fields {
    match name {
        "apps.v1.DeploymentSpec" | "apps.v1.ReplicaSetSpec" => &[
            ("minReadySeconds", NotNegative),
            ("progressDeadlineSeconds", NotNegative),
            ("replicas", NotNegative),
            ("revisionHistoryLimit", NotNegative),
        ],
        "apps.v1.RollingUpdateDeployment" | "apps.v1.RollingUpdateDaemonSet" => {
            &[("maxSurge", Share), ("maxUnavailable", Share)]
        }
        "apps.v1.RollingUpdateStatefulSetStrategy" => &[("maxUnavailable", Share), ("partition", NotNegative)],
        "apps.v1.StatefulSetSpec" => &[
            ("minReadySeconds", NotNegative),
            ("replicas", NotNegative),
            ("revisionHistoryLimit", NotNegative),
            ("serviceName", LabelOrNone),
        ],
        "apps.v1.StatefulSetOrdinals" => &[("start", NotNegative)],
        "apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy" => &[
            ("whenDeleted", OneOf(&["Delete", "Retain"])),
            ("whenScaled", OneOf(&["Delete", "Retain"])),
        ],
        "apps.v1.ControllerRevision" => &[("revision", NotNegative)],
        "apps.v1.DaemonSetSpec" => &[("minReadySeconds", NotNegative), ("revisionHistoryLimit", NotNegative)],
        "batch.v1.JobSpec" => &[
            ("activeDeadlineSeconds", NotNegative),
            ("backoffLimit", NotNegative),
            ("backoffLimitPerIndex", NotNegative),
            ("completions", NotNegative),
            ("managedBy", QualifiedPath),
            ("maxFailedIndexes", NotNegative),
            ("parallelism", NotNegative),
            ("ttlSecondsAfterFinished", NotNegative),
        ],
        "batch.v1.CronJobSpec" => &[
            ("failedJobsHistoryLimit", NotNegative),
            ("schedule", Schedule),
            ("startingDeadlineSeconds", NotNegative),
            ("successfulJobsHistoryLimit", NotNegative),
            ("timeZone", TimeZone),
        ],
        "batch.v1.PodFailurePolicyOnPodConditionsPattern" => {
            &[("status", OneOf(&["True", "False", "Unknown"])), ("type", LabelKey)]
        }
        _ => &[],
    }
}

fn others(name: &str) -> Fields {
    match name {
        "networking.v1.NetworkPolicyPort" => &[("endPort", Port), ("port", PortOrName)],
        "networking.v1.IPBlock" => &[("cidr", Cidr), ("except", Cidr)],
        "networking.v1.IngressSpec" => &[("ingressClassName", Subdomain)],
        "networking.v1.IngressRule" => &[("host", Host)],
        "networking.v1.IngressTLS" => &[("hosts", FilledHost), ("secretName", Subdomain)],
        "networking.v1.ServiceBackendPort" => &[("name", PortName), ("number", PortOrNone)],
        "networking.v1.IngressServiceBackend" => &[("name", Label)],
        "networking.v1.IngressClassSpec" => &[("controller", QualifiedPath)],
        "policy.v1.PodDisruptionBudgetSpec" => &[("maxUnavailable", Share), ("minAvailable", Share)],
        "autoscaling.v2.HorizontalPodAutoscalerSpec" | "autoscaling.v1.HorizontalPodAutoscalerSpec" => &[
            ("maxReplicas", Positive),
            ("minReplicas", NotNegative),
            ("targetCPUUtilizationPercentage", Positive),
        ],
        "autoscaling.v2.CrossVersionObjectReference" | "autoscaling.v1.CrossVersionObjectReference" => {
            &[("kind", PathSegment), ("name", PathSegment)]
        }
        "autoscaling.v2.MetricSpec" => &[(
            "type",
            OneOf(&["ContainerResource", "External", "Object", "Pods", "Resource"]),
        )],
        "autoscaling.v2.MetricTarget" => &[
            ("averageUtilization", Positive),
            ("type", OneOf(&["AverageValue", "Utilization", "Value"])),
        ],
        "autoscaling.v2.MetricIdentifier" => &[("name", PathSegment)],
        "autoscaling.v2.ContainerResourceMetricSource" => &[("container", Label)],
        "autoscaling.v2.HPAScalingRules" => &[
            ("selectPolicy", OneOf(&["Disabled", "Max", "Min"])),
            ("stabilizationWindowSeconds", Range(0, 3600)),
            ("tolerance", Amount),
        ],
        "autoscaling.v2.HPAScalingPolicy" => &[
            ("periodSeconds", Range(1, 1800)),
            ("type", OneOf(&["Percent", "Pods"])),
            ("value", Positive),
        ],
        "storage.v1.CSIDriverSpec" => &[
            ("fsGroupPolicy", OneOf(&["File", "None", "ReadWriteOnceWithFSType"])),
            ("volumeLifecycleModes", OneOf(&["Ephemeral", "Persistent"])),
        ],
        "storage.v1.VolumeAttributesClass" => &[("driverName", DriverName)],
        "coordination.v1.LeaseSpec" => &[("leaseDurationSeconds", Positive), ("leaseTransitions", NotNegative)],
        "discovery.v1.EndpointPort" => &[("appProtocol", LabelKey), ("name", LabelOrNone)],
        "node.v1.Overhead" => &[("podFixed", Resources)],
        "node.v1.RuntimeClass" => &[("handler", Label)],
        "admissionregistration.v1.ValidatingWebhook" | "admissionregistration.v1.MutatingWebhook" => {
            &[("timeoutSeconds", Range(1, 30))]
        }
        "admissionregistration.v1.ServiceReference" | "apiregistration.v1.ServiceReference" => {
            &[("name", Filled), ("namespace", Filled), ("port", Port)]
        }
        "admissionregistration.v1.Validation" => &[(
            "reason",
            OneOf(&["Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized"]),
        )],
        "admissionregistration.v1.ParamRef" => &[("parameterNotFoundAction", OneOf(&["Allow", "Deny"]))],
        "apiextensions.v1.CustomResourceDefinitionSpec" => {
            &[("group", Subdomain), ("scope", OneOf(&["Cluster", "Namespaced"]))]
        }
        "apiextensions.v1.CustomResourceDefinitionVersion" => &[("name", Label1035)],
        "apiextensions.v1.CustomResourceDefinitionNames" => &[
            ("kind", KindName),
            ("listKind", KindName),
            ("plural", Label1035),
            ("singular", Label1035),
            ("shortNames", Label1035),
        ],
        "apiregistration.v1.APIServiceSpec" => &[
            ("groupPriorityMinimum", Range(0, 20_000)),
            ("versionPriority", Range(0, 1_000)),
        ],
        _ => &[],
    }
}
