//! Who objects are: identities, namespaces, and the CRDs that make their kinds known.

use std::collections::{BTreeMap, HashSet};

use super::apis;
use super::codes;
use super::json::text;
use super::provided::Problem;
use super::report::Check;
use super::targets::NAMESPACE;
use crate::finding::Finding;

pub(super) fn check(c: &mut Check<'_>) {
    duplicates(c);
    namespaces(c);
    if c.complete {
        crds(c);
    }
}

fn duplicates(c: &mut Check<'_>) {
    let ix = c.ix;
    for (earlier, later) in &ix.objects.duplicates {
        let head = ix.objects.heads[*later];
        let place = ix.objects.items[*earlier].place("/metadata/name");
        let line = place.span.map_or(String::new(), |span| format!(":{}", span.line));
        let message = format!(
            "{head} is there twice: also in {}{line}",
            ix.objects.items[*earlier].file
        );
        let finding = Finding::error(codes::DUPLICATE, message)
            .because("the one applied last wins, and with two Applications they overwrite each other for ever")
            .mend("rename one, or take it away");
        c.say(*later, &ix.objects.value(*later)["metadata"]["name"], finding);
    }
}

/// One finding for each namespace that is missing, at its first object.
fn namespaces(c: &mut Check<'_>) {
    let ix = c.ix;
    let mut missing: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut known: HashSet<&str> = HashSet::new();
    for (i, head) in ix.objects.heads.iter().enumerate() {
        if head.ns.is_empty() || known.contains(head.ns) {
            continue;
        }
        if ix.namespace(head.ns).is_some() {
            known.insert(head.ns);
        } else {
            missing.entry(head.ns).or_insert((i, 0)).1 += 1;
        }
    }
    for (ns, (first, count)) in missing {
        let at = &ix.objects.value(first)["metadata"]["namespace"];
        let effect = match count {
            1 => NAMESPACE.effect.to_owned(),
            n => format!("{} ({} more objects are meant for it)", NAMESPACE.effect, n - 1),
        };
        let mend = c.near_namespace(ns);
        let message = format!("Namespace `{ns}` {}", c.nowhere());
        c.say(
            first,
            at,
            Finding::new(c.missing(), codes::NAMESPACE, message)
                .because(effect)
                .mend(mend),
        );
    }
}

/// Kinds that the API server does not know by itself must come from a CRD, of an object or of a chart.
fn crds(c: &mut Check<'_>) {
    let ix = c.ix;
    let defined: HashSet<_> = ix
        .objects
        .of("apiextensions.k8s.io", "CustomResourceDefinition")
        .iter()
        .map(|i| &ix.objects.value(*i)["spec"])
        .map(|spec| (text(&spec["group"]), text(&spec["names"]["kind"])))
        .collect();
    let mut groups: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
    for (group, kind, first) in ix.objects.kinds() {
        let built_in = apis::group(group).is_some_and(|known| known.built_in);
        if built_in || ix.has_api(group) || defined.contains(&(group, kind)) {
            continue;
        }
        let entry = groups.entry(group).or_insert((kind, first));
        if first < entry.1 {
            *entry = (kind, first);
        }
    }
    for (group, (kind, first)) in groups {
        let finding = Finding::error(
            codes::NO_CRD,
            format!("nothing installs the CRDs of `{group}` ({kind})"),
        )
        .because("the API server knows no such kind: the sync fails as a whole")
        .mend(format!(
            "install its chart or its CRDs by an Application, or say `API {group}` in `galeno.dev/provides`"
        ));
        c.say(first, &ix.objects.value(first)["apiVersion"], finding);
    }
}

/// Says which declarations of what exists could not be read.
pub(super) fn problems(c: &mut Check<'_>, problems: &[Problem<'_>], loose: &mut Vec<Finding>) {
    for (place, why) in problems {
        let finding = Finding::error(codes::PROVIDES, why.clone())
            .because("what it declares is not known, so that references to it are taken as broken")
            .mend("write `KIND [NAMESPACE/]NAME FACT...`, one a line");
        match place {
            Some((item, at)) => c.say(*item, at, finding),
            None => loose.push(finding),
        }
    }
}
