//! Policies of network plugins.

use serde_json::Value;

use super::State;
use super::policy::Way;
use crate::checks::references::json::{each, text};
use crate::checks::references::placement::nothing;
use crate::checks::references::report::Check;
use crate::checks::references::selector::Selector;

/// Policies of Cilium and Calico: what they select is checked; what they let through is only known to be unknown.
pub(super) fn read(c: &mut Check<'_>, states: &mut [State]) {
    let ix = c.ix;
    for i in ix.objects.of("cilium.io", "CiliumNetworkPolicy") {
        let ns = ix.objects.heads[*i].ns;
        for spec in each(&ix.objects.value(*i)["specs"]).chain([&ix.objects.value(*i)["spec"]]) {
            let at = &spec["endpointSelector"];
            if !at.is_object() {
                continue;
            }
            let mut selector = Selector::of(at);
            for (key, _) in &mut selector.equal {
                *key = key.strip_prefix("k8s:").or(key.strip_prefix("any:")).unwrap_or(key);
            }
            let selected = ix.pods.select(ns, &selector);
            if selected.is_empty() && !selector.is_empty() && !ix.is_trusted("Pods", ns) {
                nothing(c, *i, at, "pods", &selector, ns, "the policy has no effect");
            }
            let among_pods = |rule: &Value| {
                let entities = each(&rule["toEntities"]).any(|e| ["all", "cluster"].contains(&text(e)));
                rule["toEndpoints"].is_array() || rule["toServices"].is_array() || entities
            };
            for set in selected {
                states[set].unknown[Way::In as usize] |= each(&spec["ingress"]).next().is_some();
                states[set].unknown[Way::Out as usize] |= each(&spec["egress"]).any(among_pods);
            }
        }
    }
    for group in ["crd.projectcalico.org", "projectcalico.org"] {
        for i in ix.objects.of(group, "NetworkPolicy") {
            let spec = &ix.objects.value(*i)["spec"];
            let inward = each(&spec["ingress"]).next().is_some();
            let outward = each(&spec["egress"]).any(|rule| rule["destination"]["selector"].is_string());
            for set in ix.pods.in_namespace(ix.objects.heads[*i].ns) {
                states[*set].unknown[Way::In as usize] |= inward;
                states[*set].unknown[Way::Out as usize] |= outward;
            }
        }
    }
}
