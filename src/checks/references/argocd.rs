//! Argo CD: projects, destinations, folders, and what a project allows.

use serde_json::Value;

use super::apis;
use super::codes;
use super::index::Found;
use super::json::{each, text};
use super::provided::{lines_of_chart, lines_of_repository};
use super::report::{Check, Target, did_you_mean, listed};
use super::targets::{PROJECT, SERVICE_ACCOUNT};
use super::world::{App, Delivery, World};
use crate::finding::Finding;

const BUILT_IN: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

pub(super) fn check<'a>(c: &mut Check<'a>, world: &World<'a>, cluster: &str) {
    let Some(numbers) = world.clusters.get(cluster) else {
        return;
    };
    for app in world.apps_in(cluster) {
        if let Ok(item) = numbers.binary_search(&app.number) {
            application(c, world, cluster, app, item);
        }
    }
    for number in world.projects_of(cluster) {
        accounts(c, world, number, numbers.binary_search(&number).ok());
        if let Ok(item) = numbers.binary_search(&number) {
            windows(c, world, cluster, item);
        }
    }
    if c.complete {
        for (folder, number) in world.undelivered(cluster) {
            if let Ok(item) = numbers.binary_search(number) {
                let finding = Finding::warning(
                    codes::UNDELIVERED,
                    format!("no Application delivers the folder `{folder}`"),
                )
                .because("its objects are committed, and never reach a cluster")
                .mend("add an Application for it, or `directory.recurse: true` to the one above it");
                c.say(item, &Value::Null, finding);
            }
        }
    }
}

fn application<'a>(c: &mut Check<'a>, world: &World<'a>, cluster: &str, app: &App<'a>, item: usize) {
    let spec = &app.item.object.value()["spec"];
    let ns = c.ix.objects.heads[item].ns;
    if let Some(Found::Object(project)) = c.expect(item, &spec["project"], &PROJECT, ns) {
        allowed(c, world, app, item, project);
    }
    for source in &app.sources {
        match &source.what {
            Delivery::Folder { path, items, .. } if items.is_empty() => {
                let says = if world.is_ours(path) {
                    "holds no objects"
                } else {
                    "is not known"
                };
                let mut finding = Finding::new(
                    c.missing(),
                    codes::APPLICATION_PATH,
                    format!("the folder `{path}` {says}"),
                )
                .because("Argo CD refuses a path that does not exist; an empty one delivers nothing")
                .mend("correct the path; without `directory.recurse: true` only files directly in the folder count");
                finding.reason.push_str(if app.sources.len() > 1 {
                    ", and the whole Application fails"
                } else {
                    ""
                });
                c.say(item, &source.value["path"], finding);
            }
            Delivery::Chart { name, .. } if lines_of_chart(name).is_none() => {
                trusted(c, item, &source.value["chart"], &format!("chart `{name}`"), app.ns);
            }
            Delivery::Elsewhere { repository } if lines_of_repository(repository).is_none() => {
                trusted(
                    c,
                    item,
                    &source.value["repoURL"],
                    &format!("repository `{repository}`"),
                    app.ns,
                );
            }
            _ => {}
        }
    }
    destination(c, world, cluster, app, item);
    differences(c, world, app, item);
}

fn trusted(c: &mut Check<'_>, item: usize, at: &Value, what: &str, ns: &str) {
    let finding = Finding::note(codes::UNKNOWN_CHART, format!("what the {what} installs is not known"))
        .because(format!("references into namespace `{ns}` are taken on trust"))
        .mend("list what it provides in the annotation `galeno.dev/provides` of the Application");
    c.say(item, at, finding);
}

fn destination<'a>(c: &mut Check<'a>, world: &World<'a>, cluster: &str, app: &App<'a>, item: usize) {
    if app.ns.is_empty() {
        return;
    }
    let has = |target: &&str| {
        let known = world
            .namespaces
            .get(*target)
            .is_some_and(|namespaces| namespaces.contains(app.ns));
        known || BUILT_IN.contains(&app.ns) || (*target == cluster && c.ix.namespace(app.ns).is_some())
    };
    let without: Vec<_> = app.targets.iter().copied().filter(|target| !has(target)).collect();
    if !without.is_empty() {
        let mut known: Vec<_> = without
            .iter()
            .filter_map(|target| world.namespaces.get(target))
            .flatten()
            .copied()
            .collect();
        known.sort_unstable();
        known.dedup();
        let mend = format!("{}its namespaces are {}", did_you_mean(app.ns, &known), listed(&known));
        let place = if without == [cluster] {
            String::new()
        } else {
            format!(" (cluster {})", listed(&without))
        };
        let message = format!("the destination namespace `{}` {}{place}", app.ns, c.nowhere());
        let finding = Finding::new(c.missing(), codes::DESTINATION, message)
            .because("the sync fails: Argo CD makes a namespace only with the option CreateNamespace=true");
        c.say(
            item,
            &app.item.object.value()["spec"]["destination"]["namespace"],
            finding.mend(mend),
        );
    }
}

/// The group, kind and namespace of an object that an Application delivers.
fn delivered<'a>(world: &World<'a>, app: &App<'a>) -> Vec<[&'a str; 3]> {
    let items = app.sources.iter().flat_map(|source| match &source.what {
        Delivery::Folder { items, .. } => items.as_slice(),
        _ => &[],
    });
    let mut all: Vec<_> = items
        .map(|number| {
            let value = world.items[*number].object.value();
            let group = text(&value["apiVersion"])
                .split_once('/')
                .map_or("", |(group, _)| group);
            [group, text(&value["kind"]), text(&value["metadata"]["namespace"])]
        })
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn allowed<'a>(c: &mut Check<'a>, world: &World<'a>, app: &App<'a>, item: usize, project: usize) {
    let head = c.ix.objects.heads[project];
    let rules = &c.ix.objects.value(project)["spec"];
    let spec = &app.item.object.value()["spec"];
    let mut refuse = |at: &'a Value, what: String, field: &str| {
        let finding = Finding::error(codes::PROJECT_FORBIDS, format!("{head} does not allow {what}"))
            .because("Argo CD refuses to sync the Application")
            .mend(format!("add it to the project's {field}, or use another project"));
        c.say(item, at, finding);
    };
    for source in &app.sources {
        let url = &source.value["repoURL"];
        if !permits(each(&rules["sourceRepos"]).map(text), text(url)) {
            refuse(url, format!("the repository `{}`", text(url)), "sourceRepos");
        }
    }
    let to = &spec["destination"];
    if !reaches(rules, to, app.ns) {
        refuse(to, format!("the destination {}", title(to, app.ns)), "destinations");
    }
    let objects = delivered(world, app);
    let mut namespaces: Vec<_> = objects
        .iter()
        .map(|object| object[2])
        .filter(|ns| !ns.is_empty() && *ns != app.ns)
        .collect();
    namespaces.sort_unstable();
    namespaces.dedup();
    for ns in namespaces.into_iter().filter(|ns| !reaches(rules, to, ns)) {
        refuse(
            source_path(app),
            format!("objects in the namespace `{ns}`"),
            "destinations",
        );
    }
    let mut kinds: Vec<_> = objects.iter().map(|[group, kind, _]| (*group, *kind)).collect();
    kinds.dedup();
    for (group, kind) in kinds {
        let (white, black) = if apis::is_cluster_scoped(group, kind) {
            ("clusterResourceWhitelist", "clusterResourceBlacklist")
        } else {
            ("namespaceResourceWhitelist", "namespaceResourceBlacklist")
        };
        let named = |list: &Value| each(list).any(|r| glob(text(&r["group"]), group) && glob(text(&r["kind"]), kind));
        // Cluster-scoped kinds are refused unless listed; namespaced ones are allowed unless a list leaves them out.
        let open = white == "namespaceResourceWhitelist" && rules[white].is_null();
        if named(&rules[black]) || !(open || named(&rules[white])) {
            let group = if group.is_empty() { "core" } else { group };
            refuse(source_path(app), format!("the kind {kind} ({group})"), white);
        }
    }
}

fn source_path<'a>(app: &App<'a>) -> &'a Value {
    app.sources.first().map_or(&Value::Null, |source| &source.value["path"])
}

fn title(to: &Value, ns: &str) -> String {
    let cluster = to["name"].as_str().or(to["server"].as_str()).unwrap_or_default();
    format!("`{cluster}`, namespace `{ns}`")
}

/// Whether a list of patterns lets a text through; `!` before one refuses what it matches.
fn permits<'p>(patterns: impl Iterator<Item = &'p str>, name: &str) -> bool {
    let mut found = false;
    for pattern in patterns {
        match pattern.strip_prefix('!') {
            Some(refused) if glob(refused, name) => return false,
            Some(_) => {}
            None => found |= glob(pattern, name),
        }
    }
    found
}

fn reaches(rules: &Value, to: &Value, ns: &str) -> bool {
    let (name, server) = (text(&to["name"]), text(&to["server"]));
    let cluster = |entry: &Value| {
        let by_server = !server.is_empty()
            && entry["server"]
                .as_str()
                .is_some_and(|p| permits([p].into_iter(), server));
        let by_name = !name.is_empty() && entry["name"].as_str().is_some_and(|p| permits([p].into_iter(), name));
        // A project and an Application may name the same cluster by different means: that cannot be known here.
        let other = (!server.is_empty() && entry["server"].is_null()) || (!name.is_empty() && entry["name"].is_null());
        by_server || by_name || other
    };
    let there = each(&rules["destinations"]).filter(|entry| cluster(entry));
    permits(there.map(|entry| text(&entry["namespace"])), ns)
}

/// `*` stands for any text, `?` for one character, as in Argo CD's lists.
fn glob(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<_>, Vec<_>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == '?' || *c == name[n] => (p, n) = (p + 1, n + 1),
            _ => match star {
                Some((at, taken)) => {
                    (p, n) = (at + 1, taken + 1);
                    star = Some((at, taken + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// An override of differences that matches nothing is forgotten or misspelt.
fn differences<'a>(c: &mut Check<'a>, world: &World<'a>, app: &App<'a>, item: usize) {
    let folders = app
        .sources
        .iter()
        .all(|source| matches!(&source.what, Delivery::Folder { items, .. } if !items.is_empty()));
    let entries = &app.item.object.value()["spec"]["ignoreDifferences"];
    if !folders || each(entries).next().is_none() {
        return;
    }
    let objects = delivered(world, app);
    for at in each(entries) {
        let (group, kind) = (text(&at["group"]), text(&at["kind"]));
        if !objects.iter().any(|[g, k, _]| glob(group, g) && glob(kind, k)) {
            let finding = Finding::warning(
                codes::IGNORE_DIFFERENCE,
                format!("the Application delivers no {kind} of `{group}`"),
            )
            .because("the entry has no effect")
            .mend("correct the group and the kind, or take it away");
            c.say(item, at, finding);
        }
    }
}

/// The accounts that a project's syncs run as. They stand in the destination's cluster, which may be any.
fn accounts<'a>(c: &mut Check<'a>, world: &World<'a>, number: usize, item: Option<usize>) {
    let project = world.items[number].object.value();
    for entry in each(&project["spec"]["destinationServiceAccounts"]) {
        let (written, at) = (text(&entry["defaultServiceAccount"]), &entry["defaultServiceAccount"]);
        let (ns, name) = written.split_once(':').unwrap_or((text(&entry["namespace"]), written));
        if name.is_empty() || ns.contains(['*', '?', '!']) {
            continue;
        }
        let here = c.look(&SERVICE_ACCOUNT, ns, name).is_some();
        if let Some(item) = item.filter(|_| !here && !world.has_account(number, ns, name)) {
            let effect = "the sync runs as an account that does not exist, and fails";
            c.expect_name(
                item,
                at,
                &Target {
                    effect,
                    ..SERVICE_ACCOUNT
                },
                ns,
                name,
            );
        }
    }
}

fn windows<'a>(c: &mut Check<'a>, world: &World<'a>, cluster: &str, item: usize) {
    let head = c.ix.objects.heads[item];
    let apps = world.apps_in(cluster).map(|app| app.item.object.value());
    let own: Vec<_> = apps
        .filter(|app| app["spec"]["project"] == head.name)
        .map(|app| text(&app["metadata"]["name"]))
        .collect();
    for window in each(&c.ix.objects.value(item)["spec"]["syncWindows"]) {
        for at in each(&window["applications"]) {
            if !own.iter().any(|name| glob(text(at), name)) {
                let finding = Finding::warning(
                    codes::SYNC_WINDOW,
                    format!("no Application of this project is named `{}`", text(at)),
                )
                .because("the window has no effect");
                c.say(
                    item,
                    at,
                    finding.mend(format!("the project's Applications are {}", listed(&own))),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{glob, permits};

    #[test]
    fn patterns() {
        for (pattern, name, fits) in [
            ("*", "anything", true),
            ("https://github.com/o/*", "https://github.com/o/r.git", true),
            ("clinic-?", "clinic-a", true),
            ("clinic-?", "clinic-ab", false),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "aXbY", false),
            ("", "", true),
            ("", "x", false),
        ] {
            assert_eq!(glob(pattern, name), fits, "{pattern} {name}");
        }
        assert!(permits(["*", "!kube-system"].into_iter(), "clinic"));
        assert!(!permits(["*", "!kube-system"].into_iter(), "kube-system"));
        assert!(!permits([].into_iter(), "clinic"));
    }
}
