//! The plural of a kind, as rights name it.

/// `NetworkPolicy` is `networkpolicies`. Kubernetes has no other rule than English, and every kind that is rendered here
/// follows it (a test compares with the definitions themselves).
pub(super) fn of_kind(kind: &str) -> String {
    let lower = kind.to_ascii_lowercase();
    if lower == "endpoints" {
        return lower;
    }
    let ends = |endings: &[&str]| endings.iter().any(|ending| lower.ends_with(ending));
    if ends(&["s", "x", "ch", "sh"]) {
        return format!("{lower}es");
    }
    match lower.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ => format!("{lower}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::of_kind;

    #[test]
    fn plurals_are_those_of_kubernetes() {
        for (kind, plural) in [
            ("ConfigMap", "configmaps"),
            ("NetworkPolicy", "networkpolicies"),
            ("Ingress", "ingresses"),
            ("StorageClass", "storageclasses"),
            ("Gateway", "gateways"),
            ("BackendTLSPolicy", "backendtlspolicies"),
            ("Prometheus", "prometheuses"),
            ("Endpoints", "endpoints"),
            ("EndpointSlice", "endpointslices"),
            ("CephFilesystemSubVolumeGroup", "cephfilesystemsubvolumegroups"),
            ("ValidatingAdmissionPolicy", "validatingadmissionpolicies"),
        ] {
            assert_eq!(of_kind(kind), plural);
        }
    }
}
