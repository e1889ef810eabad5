//! External Secrets itself, from its chart.

use serde_json::{Value, json};

use crate::components::Output;
use crate::components::charts::{Chart, replicas, resources, spread};
use crate::components::output::because;
use crate::spec::Promise;
use crate::topology::names::{Namespace, certificates, ports};
use crate::topology::versions::EXTERNAL_SECRETS;
use crate::topology::{Region, Topology};

pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    let chart = Chart {
        name: "external-secrets",
        repository: "https://charts.external-secrets.io",
        chart: "external-secrets",
        version: EXTERNAL_SECRETS.to_string(),
        namespace: Namespace::ExternalSecrets,
        values: values(topology, region),
        namespaced: &[
            ("", "Service"),
            ("", "ServiceAccount"),
            ("apps", "Deployment"),
            ("cert-manager.io", "Certificate"),
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
    let whole =
        because("External Secrets reads values from the secret store, so that none is ever in git").from("/secrets");
    let reasons = [
        because("a second replica takes over when a zone with the first one is lost").on("/replicaCount").from("/promise"),
        because("the webhook's certificate comes from the platform's authority: the chart's own maker of certificates may write \
                 every webhook's configuration")
            .on("/certController"),
        because("references to the store are all that is used here; what could push Secrets out is not started")
            .on("/processPushSecret"),
        because("when the webhook is away, references cannot be changed; those that exist go on being read")
            .on("/webhook/replicaCount"),
    ];
    output.install(region, chart, whole, reasons);
}

fn values(topology: &Topology, region: &Region) -> Value {
    let survives = topology.promise != Promise::None;
    let monitor = topology.monitoring.is_some();
    let labels = |name| {
        [
            ("app.kubernetes.io/instance", "external-secrets"),
            ("app.kubernetes.io/name", name),
        ]
    };
    json!({
        "installCRDs": true,
        "replicaCount": replicas(topology),
        "leaderElect": true,
        "concurrent": 4,
        "processClusterExternalSecret": false,
        "processClusterPushSecret": false,
        "processPushSecret": false,
        "priorityClassName": "system-cluster-critical",
        "resources": resources("50m", "192Mi"),
        "topologySpreadConstraints": spread(topology, region, &labels("external-secrets")),
        "podDisruptionBudget": {"enabled": survives, "minAvailable": 1},
        "serviceMonitor": {"enabled": monitor},
        "certController": {"create": false},
        "webhook": {
            "create": true,
            "port": ports::WEBHOOK.number,
            "replicaCount": replicas(topology),
            "priorityClassName": "system-cluster-critical",
            "resources": resources("20m", "128Mi"),
            "topologySpreadConstraints": spread(topology, region, &labels("external-secrets-webhook")),
            "podDisruptionBudget": {"enabled": survives, "minAvailable": 1},
            "certManager": {
                "enabled": true,
                "addInjectorAnnotations": true,
                "cert": {
                    "create": true,
                    "issuerRef": {
                        "group": "cert-manager.io",
                        "kind": "ClusterIssuer",
                        "name": certificates::INTERNAL_ISSUER,
                    },
                    "duration": "2160h0m0s",
                    "renewBefore": "720h0m0s",
                },
            },
        },
    })
}
