//! The codes of this check: stable, since documentation and acknowledgements name them.

macro_rules! codes {
    ($($name:ident = $code:literal: $what:literal;)*) => {
        $(pub(super) const $name: &str = concat!("references/", $code);)*
        /// Every code of this check, with what it says; the documentation holds the same table.
        pub const CODES: &[(&str, &str)] = &[$((concat!("references/", $code), $what)),*];
    };
}

codes! {
    CONFIG_MAP = "config-map": "A ConfigMap that is named does not exist.";
    SECRET = "secret": "A Secret that is named does not exist, and nothing produces it.";
    KEY = "key": "A ConfigMap or Secret exists, but not with the key that is named.";
    SERVICE_ACCOUNT = "service-account": "A ServiceAccount that is named does not exist.";
    CLAIM = "claim": "A PersistentVolumeClaim that is named does not exist, and no StatefulSet makes it.";
    VOLUME = "volume": "A container mounts a volume that its pod does not have, or a volume is mounted by no container.";
    PRIORITY_CLASS = "priority-class": "A PriorityClass that is named does not exist.";
    RUNTIME_CLASS = "runtime-class": "A RuntimeClass that is named does not exist.";
    STORAGE_CLASS = "storage-class": "A StorageClass that is named does not exist, or none is named and there is no default.";
    PERSISTENT_VOLUME = "persistent-volume": "A PersistentVolume that is named does not exist.";
    SERVICE = "service": "A Service that is named does not exist.";
    SERVICE_PORT = "service-port": "A Service exists, but not with the port that is named.";
    TARGET_PORT = "target-port": "A Service sends to a port that its pods do not have.";
    CONTAINER_PORT = "container-port": "A probe or hook names a port that its container does not have.";
    CONTAINER = "container": "A container that is named does not exist in the pod.";
    NOT_HEADLESS = "not-headless": "The governing Service of a StatefulSet is not headless, or does not select its pods.";
    NO_ENDPOINTS = "no-endpoints": "A Service without a selector has no endpoints.";
    SELECTS_NOTHING = "selects-nothing": "A selector matches nothing, so that what carries it has no effect.";
    SPREAD = "spread": "A topology spread constraint does not count the pods that it spreads.";
    AFFINITY = "affinity": "An affinity or anti-affinity term matches no pods.";
    OVERLAP = "overlap": "The selectors of two workloads match the same pods.";
    INGRESS_CLASS = "ingress-class": "An IngressClass that is named does not exist.";
    GATEWAY = "gateway": "A Gateway that is named does not exist.";
    GATEWAY_CLASS = "gateway-class": "A GatewayClass that is named does not exist.";
    LISTENER = "listener": "A Gateway exists, but has no listener that takes this route.";
    REFERENCE_GRANT = "reference-grant": "A Gateway API reference crosses namespaces without a ReferenceGrant.";
    EXTENSION = "extension": "An object that a route or policy extends itself by does not exist.";
    TRAEFIK = "traefik": "A Traefik object (Middleware, ServersTransport, TLSOption …) that is named does not exist.";
    SCALE_TARGET = "scale-target": "The workload that a HorizontalPodAutoscaler scales does not exist.";
    PDB_BLOCKS = "pdb-blocks": "A PodDisruptionBudget never lets a pod be evicted, so that no node can be drained.";
    PDB_TWO_WORKLOADS = "pdb-two-workloads": "A PodDisruptionBudget counts the pods of two workloads as one.";
    MONITOR_PORT = "monitor-port": "A monitor scrapes a port that what it selects does not have.";
    MONITOR_UNSELECTED = "monitor-unselected": "No Prometheus selects this monitor or rule.";
    RECEIVER = "receiver": "An alert route names a receiver that is not defined.";
    ROLE = "role": "A Role or ClusterRole that a binding names does not exist.";
    SUBJECT = "subject": "A ServiceAccount that a binding names does not exist.";
    RBAC_GROUP = "rbac-group": "A rule names an API group that is not known.";
    RBAC_RESOURCE = "rbac-resource": "A rule names a resource that its API group does not have.";
    RBAC_NAME = "rbac-name": "A rule is restricted to objects that do not exist.";
    WEBHOOK = "webhook": "What an admission webhook or an API service calls does not exist.";
    ISSUER = "issuer": "An Issuer or ClusterIssuer that is named does not exist.";
    CERTIFICATE = "certificate": "A Certificate that is named does not exist.";
    SECRET_STORE = "secret-store": "A SecretStore that is named does not exist, or does not serve the namespace.";
    CEPH = "ceph": "A Ceph object (cluster, filesystem, pool, subvolume group, store) that is named does not exist.";
    CSI_DRIVER = "csi-driver": "A CSI driver that is named is not installed.";
    SNAPSHOT = "snapshot": "A VolumeSnapshot or its class that is named does not exist.";
    POLICY = "policy": "The policy that a binding names does not exist.";
    PARAMETER = "parameter": "The parameter object that a policy binding names does not exist.";
    PROJECT = "project": "The AppProject of an Application does not exist.";
    PROJECT_FORBIDS = "project-forbids": "The AppProject of an Application does not allow what the Application delivers.";
    APPLICATION_PATH = "application-path": "An Application delivers a folder that holds no objects.";
    DESTINATION = "destination": "An Application delivers to a namespace that does not exist.";
    IGNORE_DIFFERENCE = "ignore-difference": "An Application ignores differences of a kind that it does not deliver.";
    SYNC_WINDOW = "sync-window": "A sync window names no Application of its project.";
    UNDELIVERED = "undelivered": "A folder of objects that no Application delivers.";
    UNKNOWN_CHART = "unknown-chart": "What a chart or a repository installs is not known, so that it is taken on trust.";
    PROVIDES = "provides": "A declaration of what exists cannot be read.";
    NAMESPACE = "namespace": "The namespace of an object does not exist.";
    NO_CRD = "no-crd": "Nothing installs the CustomResourceDefinition of a kind that is used.";
    QUOTA = "quota": "A ResourceQuota counts something that does not exist.";
    DUPLICATE = "duplicate": "Two objects have the same identity.";
    TWO_PRODUCERS = "two-producers": "Two objects produce the same Secret or ConfigMap.";
    PORT_NOT_LISTENED = "port-not-listened": "A NetworkPolicy opens a port that no selected pod listens on.";
    CLOSED_AT_INGRESS = "closed-at-ingress": "A NetworkPolicy lets traffic out that no NetworkPolicy lets in.";
    CLOSED_AT_EGRESS = "closed-at-egress": "A NetworkPolicy lets traffic in that no NetworkPolicy lets out.";
    SERVICE_CLOSED = "service-closed": "A Service exposes a port of isolated pods that no NetworkPolicy opens.";
    ORPHAN = "orphan": "An object that nothing uses.";
}
