//! Arbitrary objects: nothing panics, every finding points at a part that is there, and the same input gives the same.

use galeno::bundle::Item;
use galeno::checks::references::{Options, check};
use proptest::prelude::*;
use serde_json::{Map, Value};

use super::support::{item, platform};

/// Field names that the rules look at, and a few that they do not.
const KEYS: &str = "spec template metadata labels annotations name namespace selector matchLabels matchExpressions key \
    operator values containers initContainers ports containerPort port targetPort protocol endPort env valueFrom \
    secretKeyRef configMapKeyRef envFrom secretRef volumes secret configMap items optional projected sources \
    persistentVolumeClaim claimName volumeMounts subPath serviceAccountName volumeClaimTemplates storageClassName rules \
    backendRefs parentRefs sectionName listeners tls certificateRefs hostnames hostname allowedRoutes namespaces from to \
    ingress egress podSelector namespaceSelector ipBlock cidr policyTypes subjects roleRef apiGroups resources kind \
    group sourceRepos destinations source sources path chart helm values valuesObject destination server project \
    ignoreDifferences syncPolicy syncOptions data stringData target secretName issuerRef hard parameters provisioner \
    clusterID fsName pool replicas minAvailable maxUnavailable serviceName clusterIP topologySpreadConstraints \
    labelSelector endpoints podMetricsEndpoints route receiver routes receivers paramRef paramKind policyName \
    matchResources webhooks clientConfig service aggregationRule jobTemplate a/b ~c galeno.dev/provides";

const KINDS: &str = "v1/Pod v1/Service v1/ConfigMap v1/Secret v1/Namespace v1/ServiceAccount v1/ResourceQuota \
    v1/PersistentVolumeClaim apps/v1/Deployment apps/v1/StatefulSet batch/v1/CronJob batch/v1/Job \
    autoscaling/v2/HorizontalPodAutoscaler policy/v1/PodDisruptionBudget networking.k8s.io/v1/NetworkPolicy \
    networking.k8s.io/v1/Ingress rbac.authorization.k8s.io/v1/Role rbac.authorization.k8s.io/v1/RoleBinding \
    storage.k8s.io/v1/StorageClass gateway.networking.k8s.io/v1/Gateway gateway.networking.k8s.io/v1/HTTPRoute \
    gateway.networking.k8s.io/v1/ReferenceGrant traefik.io/v1alpha1/Middleware traefik.io/v1alpha1/IngressRoute \
    cert-manager.io/v1/Certificate cert-manager.io/v1/ClusterIssuer external-secrets.io/v1/ExternalSecret \
    external-secrets.io/v1/ClusterSecretStore trust.cert-manager.io/v1alpha1/Bundle ceph.rook.io/v1/CephCluster \
    ceph.rook.io/v1/CephFilesystem monitoring.coreos.com/v1/ServiceMonitor monitoring.coreos.com/v1/Prometheus \
    monitoring.coreos.com/v1alpha1/AlertmanagerConfig argoproj.io/v1alpha1/Application \
    argoproj.io/v1alpha1/AppProject apiextensions.k8s.io/v1/CustomResourceDefinition cilium.io/v2/CiliumNetworkPolicy \
    admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy x.y/v1/Thing \
    admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding";

const WORDS: &str = "a b web db-0 data-db-18446744073709551615 -- * ! traefik cert-manager Secret Ingress Egress In \
    Selector Same Deny clinic kube-system a-b@kubernetescrd {ns} http 80 0% \u{e9}\u{1f9ea} generated/c system:serviceaccount:a:b";

fn words(list: &'static str) -> impl Strategy<Value = String> {
    prop::sample::select(list.split_ascii_whitespace().collect::<Vec<_>>()).prop_map(str::to_owned)
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        prop_oneof![any::<u64>(), 0..70_000_u64].prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words(WORDS).prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 96, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((words(KEYS), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

prop_compose! {
    fn object()(kind in words(KINDS), name in words(WORDS), ns in words("a b clinic"), labels in json(), spec in json(), rest in json()) -> Item {
        let (version, kind) = kind.rsplit_once('/').unwrap();
        let mut value = rest.as_object().cloned().unwrap_or_default();
        let metadata = serde_json::json!({"name": name, "namespace": ns, "labels": labels, "annotations": spec.clone()});
        for (key, part) in [("apiVersion", version.into()), ("kind", kind.into()), ("metadata", metadata), ("spec", spec)] {
            value.insert(key.to_owned(), part);
        }
        item("c", &format!("generated/c/{kind}-{name}.yaml"), Value::Object(value))
    }
}

/// Checks items as a whole and as a part: twice the same, each finding at a part that is there.
fn holds(items: &[Item]) {
    for complete in [true, false] {
        let options = Options {
            complete,
            ..Options::default()
        };
        let findings = check(items, &options);
        assert_eq!(findings, check(items, &options));
        for finding in &findings {
            let pointer = finding.place.pointer.as_deref().expect("a pointer");
            let there = items
                .iter()
                .any(|item| Some(item.object.id()) == finding.place.object && item.object.at(pointer).is_some());
            assert!(there, "nothing is at {:?}", finding.place);
            assert!(
                !finding.message.is_empty() && !finding.reason.is_empty() && !finding.mend.is_empty(),
                "{finding:?}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_objects_are_no_trouble(items in prop::collection::vec(object(), 1..12)) {
        holds(&items);
    }

    #[test]
    fn a_platform_with_an_arbitrary_part_is_no_trouble(at in any::<prop::sample::Index>(), part in any::<prop::sample::Index>(), value in json()) {
        let mut items = platform();
        let at = at.index(items.len());
        let mut changed = items[at].object.value().clone();
        // A path to some part of the object's spec.
        let mut node = &mut changed;
        let mut steps = part.index(usize::MAX);
        loop {
            let count = node.as_object().map(Map::len).or(node.as_array().map(Vec::len)).unwrap_or(0);
            if count == 0 || steps % 7 == 0 {
                break;
            }
            let step = steps % count;
            node = match node {
                Value::Object(map) => map.values_mut().nth(step).unwrap(),
                other => &mut other[step],
            };
            steps /= 3;
        }
        *node = value;
        if let Ok(object) = galeno::bundle::Object::new(changed) {
            items[at].object = object;
            holds(&items);
        }
    }
}
