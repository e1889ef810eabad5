//! cert-manager and trust-manager, from their charts.

use serde_json::{Value, json};

use crate::components::Output;
use crate::components::charts::{Chart, replicas, resources, spread};
use crate::components::output::because;
use crate::spec::{IngressKind, Promise};
use crate::topology::names::{Namespace, ports};
use crate::topology::versions::TRUST_MANAGER;
use crate::topology::{Region, Topology};

const REPOSITORY: &str = "https://charts.jetstack.io";

pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    cert_manager(topology, region, output);
    trust_manager(topology, region, output);
}

fn cert_manager(topology: &Topology, region: &Region, output: &mut Output) {
    let chart = Chart {
        name: "cert-manager",
        repository: REPOSITORY,
        chart: "cert-manager",
        version: format!("v{}", topology.versions.cert_manager),
        namespace: Namespace::CertManager,
        values: cert_manager_values(topology, region),
        namespaced: &[
            ("", "ConfigMap"),
            ("", "Service"),
            ("", "ServiceAccount"),
            ("apps", "Deployment"),
            ("monitoring.coreos.com", "ServiceMonitor"),
            ("policy", "PodDisruptionBudget"),
            ("rbac.authorization.k8s.io", "Role"),
            ("rbac.authorization.k8s.io", "RoleBinding"),
        ],
        clustered: &[
            ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
            ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
            ("apiextensions.k8s.io", "CustomResourceDefinition"),
            ("rbac.authorization.k8s.io", "ClusterRole"),
            ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ],
        elsewhere: &[],
    };
    let whole =
        because("cert-manager issues and renews every certificate of the platform").from("/versions/certManager");
    let reasons = [
        because("the definitions go with the controller that reads them, and stay when it goes: with them every certificate would go")
            .on("/crds"),
        because("a second replica takes over when a zone with the first one is lost").on("/replicaCount").from("/promise"),
        because("while no replica of the webhook answers, no certificate can be asked for or changed").on("/webhook/replicaCount"),
        because("leases stay in its own namespace: the chart would else write to kube-system")
            .on("/global/leaderElection/namespace"),
        because("a Helm hook that Argo CD would run at every sync; nothing waits for it").on("/startupapicheck"),
        because("a Secret outlives its Certificate: a deleted object must not end connections").on("/enableCertificateOwnerRef"),
        because("proofs for public certificates go by the Gateway's routes").on("/config").from("/ingress/kind"),
        because("the one port that the API server's calls are let in on").on("/webhook/securePort"),
    ];
    output.install(region, chart, whole, reasons);
}

fn cert_manager_values(topology: &Topology, region: &Region) -> Value {
    let survives = topology.promise != Promise::None;
    let labels = |component| {
        [
            ("app.kubernetes.io/instance", "cert-manager"),
            ("app.kubernetes.io/component", component),
        ]
    };
    let budget = json!({"enabled": survives, "maxUnavailable": 1});
    json!({
        "crds": {"enabled": true, "keep": true},
        "global": {
            "priorityClassName": "system-cluster-critical",
            "leaderElection": {"namespace": Namespace::CertManager.name()},
        },
        "config": {
            "apiVersion": "controller.config.cert-manager.io/v1alpha1",
            "kind": "ControllerConfiguration",
            "enableGatewayAPI": topology.ingress.kind == IngressKind::Gateway && topology.ingress.proves_by_http(),
        },
        "enableCertificateOwnerRef": false,
        "replicaCount": replicas(topology),
        "resources": resources("50m", "256Mi"),
        "topologySpreadConstraints": spread(topology, region, &labels("controller")),
        "podDisruptionBudget": budget.clone(),
        "prometheus": {"enabled": true, "servicemonitor": {"enabled": topology.monitoring.is_some()}},
        "startupapicheck": {"enabled": false},
        "webhook": {
            "replicaCount": replicas(topology),
            "securePort": ports::WEBHOOK.number,
            "resources": resources("20m", "64Mi"),
            "topologySpreadConstraints": spread(topology, region, &labels("webhook")),
            "podDisruptionBudget": budget.clone(),
        },
        "cainjector": {
            "replicaCount": replicas(topology),
            "resources": resources("20m", "256Mi"),
            "topologySpreadConstraints": spread(topology, region, &labels("cainjector")),
            "podDisruptionBudget": budget,
        },
    })
}

fn trust_manager(topology: &Topology, region: &Region, output: &mut Output) {
    let survives = topology.promise != Promise::None;
    let values = json!({
        "crds": {"enabled": true, "keep": true},
        "replicaCount": replicas(topology),
        "priorityClassName": "system-cluster-critical",
        "resources": resources("20m", "128Mi"),
        "topologySpreadConstraints": spread(topology, region, &[("app.kubernetes.io/name", "trust-manager")]),
        "podDisruptionBudget": {"enabled": survives, "maxUnavailable": 1},
        "defaultPackage": {"enabled": false},
        "secretTargets": {"enabled": false},
        "filterExpiredCertificates": {"enabled": true},
        "app": {
            "trust": {"namespace": Namespace::CertManager.name()},
            "webhook": {"port": ports::WEBHOOK.number},
            "metrics": {
                "port": ports::CERT_MANAGER_METRICS.number,
                "service": {"servicemonitor": {"enabled": topology.monitoring.is_some()}},
            },
        },
    });
    let chart = Chart {
        name: "trust-manager",
        repository: REPOSITORY,
        chart: "trust-manager",
        version: format!("v{TRUST_MANAGER}"),
        namespace: Namespace::CertManager,
        values,
        namespaced: &[
            ("", "Service"),
            ("", "ServiceAccount"),
            ("apps", "Deployment"),
            ("cert-manager.io", "Certificate"),
            ("cert-manager.io", "Issuer"),
            ("monitoring.coreos.com", "ServiceMonitor"),
            ("policy", "PodDisruptionBudget"),
            ("rbac.authorization.k8s.io", "Role"),
            ("rbac.authorization.k8s.io", "RoleBinding"),
        ],
        clustered: &[
            ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
            ("apiextensions.k8s.io", "CustomResourceDefinition"),
            ("rbac.authorization.k8s.io", "ClusterRole"),
            ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ],
        elsewhere: &[],
    };
    let whole = because("trust-manager puts the platform's authority where programs look for it");
    let reasons = [
        because("it writes ConfigMaps alone: to write Secrets it would have to read every one of the cluster")
            .on("/secretTargets/enabled"),
        because("public authorities come with each program's image; this bundle is about the platform's own")
            .on("/defaultPackage/enabled"),
        because("an authority that has expired is trusted no more").on("/filterExpiredCertificates/enabled"),
        because("the one port that the API server's calls are let in on").on("/app/webhook/port"),
    ];
    output.install(region, chart, whole, reasons);
}
