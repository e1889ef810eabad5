//! The kinds that references name, and what happens when one of them is not there.

use super::codes;
use super::report::Target;

macro_rules! targets {
    ($($name:ident = $group:literal $kind:literal $code:ident $effect:literal;)*) => {
        $(pub(super) const $name: Target<'static> =
            Target { group: $group, kind: $kind, code: codes::$code, effect: $effect };)*
    };
}

targets! {
    SECRET = "" "Secret" SECRET "the pods wait in CreateContainerConfigError or ContainerCreating until it exists";
    CONFIG_MAP = "" "ConfigMap" CONFIG_MAP
        "the pods wait in CreateContainerConfigError or ContainerCreating until it exists";
    USED_SECRET = "" "Secret" SECRET "what reads it fails, or goes without it, until it exists";
    USED_CONFIG_MAP = "" "ConfigMap" CONFIG_MAP "what reads it fails, or goes without it, until it exists";
    SERVICE_ACCOUNT = "" "ServiceAccount" SERVICE_ACCOUNT "no pod is created: the API server refuses it";
    CLAIM = "" "PersistentVolumeClaim" CLAIM "the pod stays Pending until the claim exists";
    SOURCE_CLAIM = "" "PersistentVolumeClaim" CLAIM "there is nothing to copy from";
    PERSISTENT_VOLUME = "" "PersistentVolume" PERSISTENT_VOLUME "the claim stays Pending until the volume exists";
    NAMESPACE = "" "Namespace" NAMESPACE "the API server refuses an object whose namespace does not exist";
    SERVICE = "" "Service" SERVICE "requests are answered with an error: there is nowhere to send them";
    CALLED_SERVICE = "" "Service" WEBHOOK "each call fails, and with failurePolicy Fail each request it should judge";
    SUBJECT = "" "ServiceAccount" SUBJECT "the permissions are granted to nobody";
    PRIORITY_CLASS = "scheduling.k8s.io" "PriorityClass" PRIORITY_CLASS "no pod is created: the API server refuses it";
    RUNTIME_CLASS = "node.k8s.io" "RuntimeClass" RUNTIME_CLASS "no pod is created: the API server refuses it";
    STORAGE_CLASS = "storage.k8s.io" "StorageClass" STORAGE_CLASS "the claims stay Pending, and so do their pods";
    CSI_DRIVER = "storage.k8s.io" "CSIDriver" CSI_DRIVER "nobody provisions or mounts the volumes";
    INGRESS_CLASS = "networking.k8s.io" "IngressClass" INGRESS_CLASS "no controller serves the Ingress";
    GATEWAY = "gateway.networking.k8s.io" "Gateway" GATEWAY "nothing serves the route";
    GATEWAY_CLASS = "gateway.networking.k8s.io" "GatewayClass" GATEWAY_CLASS "no controller serves the Gateway";
    MIDDLEWARE = "traefik.io" "Middleware" TRAEFIK "Traefik disables the whole router: its requests are answered 404";
    MIDDLEWARE_TCP = "traefik.io" "MiddlewareTCP" TRAEFIK "Traefik disables the whole router";
    SERVERS_TRANSPORT = "traefik.io" "ServersTransport" TRAEFIK "Traefik cannot reach the backend as was meant";
    SERVERS_TRANSPORT_TCP = "traefik.io" "ServersTransportTCP" TRAEFIK "Traefik cannot reach the backend as was meant";
    TLS_OPTION = "traefik.io" "TLSOption" TRAEFIK "Traefik disables the router, or serves it with other TLS settings";
    TLS_STORE = "traefik.io" "TLSStore" TRAEFIK "Traefik serves another certificate";
    TRAEFIK_SERVICE = "traefik.io" "TraefikService" TRAEFIK "requests are answered with an error";
    ROLE = "rbac.authorization.k8s.io" "Role" ROLE "the binding grants nothing until it exists";
    CLUSTER_ROLE = "rbac.authorization.k8s.io" "ClusterRole" ROLE "the binding grants nothing until it exists";
    ISSUER = "cert-manager.io" "Issuer" ISSUER "the certificate is never issued, and its Secret never made";
    CLUSTER_ISSUER = "cert-manager.io" "ClusterIssuer" ISSUER
        "the certificate is never issued, and its Secret never made";
    CERTIFICATE = "cert-manager.io" "Certificate" CERTIFICATE "no CA is injected: the API server trusts nobody there";
    SECRET_STORE = "external-secrets.io" "SecretStore" SECRET_STORE "the Secret is never made";
    CLUSTER_SECRET_STORE = "external-secrets.io" "ClusterSecretStore" SECRET_STORE "the Secret is never made";
    CEPH_CLUSTER = "ceph.rook.io" "CephCluster" CEPH "Rook waits for it, or the CSI driver knows no such cluster";
    CEPH_FILESYSTEM = "ceph.rook.io" "CephFilesystem" CEPH "no volume can be made in it";
    CEPH_BLOCK_POOL = "ceph.rook.io" "CephBlockPool" CEPH "no volume can be made in it";
    CEPH_OBJECT_STORE = "ceph.rook.io" "CephObjectStore" CEPH "Rook waits for it";
    CEPH_CONNECTION = "csi.ceph.io" "CephConnection" CEPH "the CSI driver cannot connect";
    SNAPSHOT_CLASS = "snapshot.storage.k8s.io" "VolumeSnapshotClass" SNAPSHOT "the snapshot is never taken";
    SNAPSHOT = "snapshot.storage.k8s.io" "VolumeSnapshot" SNAPSHOT "there is nothing to restore from";
    SNAPSHOT_CONTENT = "snapshot.storage.k8s.io" "VolumeSnapshotContent" SNAPSHOT "there is nothing to restore from";
    PROJECT = "argoproj.io" "AppProject" PROJECT "Argo CD refuses to sync the Application";
    POLICY = "admissionregistration.k8s.io" "ValidatingAdmissionPolicy" POLICY "the binding enforces nothing";
    MUTATING_POLICY = "admissionregistration.k8s.io" "MutatingAdmissionPolicy" POLICY "the binding changes nothing";
}
