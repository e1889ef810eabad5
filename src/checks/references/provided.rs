//! What exists in a cluster though no manifest holds it: collects it from the table, from what Argo CD installs, from
//! objects that produce others, and from what a person declares.

use std::sync::Arc;

use serde_json::Value;

use super::json::{annotation, dotted, each, entries, text};
use super::objects::Objects;
use super::table::{self, Provision, When};
use super::values::Values;
use super::world::{App, Delivery, World, creates_namespace};
use super::{Options, produced};

/// The annotation by which an object says what else exists, one line each, in the form of the table.
pub(super) const PROVIDES: &str = "galeno.dev/provides";

/// A declaration that cannot be read: whose it is (an object and its annotation, or the caller's options), and why.
pub(super) type Problem<'a> = (Option<(usize, &'a Value)>, String);

/// Everything that is provided, and the declarations that could not be read.
pub(super) struct Provided<'a> {
    pub(super) list: Vec<Provision>,
    pub(super) problems: Vec<Problem<'a>>,
}

/// Collects what is provided in one cluster.
pub(super) fn collect<'a>(objects: &Objects<'a>, world: &World<'a>, cluster: &str, options: &Options) -> Provided<'a> {
    let mut this = Provided {
        list: Vec::new(),
        problems: Vec::new(),
    };
    let kubernetes: Arc<str> = "Kubernetes".into();
    for section in table::sections() {
        match &section.when {
            When::Kubernetes => this.lines(&section.lines, "", &kubernetes, &|_| None),
            When::ArgoCd => this.argo_cd(objects, &section.lines),
            When::Kind(group, kind) => {
                for i in objects.of(group, kind) {
                    let head = objects.heads[*i];
                    let value = objects.value(*i);
                    this.lines(&section.lines, head.ns, &head.to_string().into(), &|key| match key {
                        "ns" => Some(head.ns.to_owned()),
                        "name" => Some(head.name.to_owned()),
                        path => dotted(value, path).as_str().map(str::to_owned),
                    });
                }
            }
            When::Chart(_) | When::Repository(_) => {}
        }
    }
    for app in world.apps_to(cluster) {
        this.application(app);
    }
    this.declared(objects, cluster, options);
    produced::collect(objects, world, cluster, options.complete, &mut this.list);
    this
}

impl<'a> Provided<'a> {
    fn lines(&mut self, lines: &[&str], ns: &str, by: &Arc<str>, value: &dyn Fn(&str) -> Option<String>) {
        let filled = lines.iter().filter_map(|line| table::fill(line, value));
        self.list
            .extend(filled.filter_map(|line| table::line(&line, ns, by).ok()));
    }

    /// Argo CD acts only on Applications and projects in its own namespace: where they are, it runs.
    fn argo_cd(&mut self, objects: &Objects<'_>, lines: &[&str]) {
        let mut seen = Vec::new();
        let kinds = ["Application", "AppProject"].map(|kind| objects.of("argoproj.io", kind));
        for ns in kinds.into_iter().flatten().map(|i| objects.heads[*i].ns) {
            if !seen.contains(&ns) {
                seen.push(ns);
                let by: Arc<str> = "Argo CD, whose Applications are there".into();
                self.list.push(Provision::new("Namespace", "", ns, &by));
                self.lines(lines, ns, &by, &|key| (key == "ns").then(|| ns.to_owned()));
            }
        }
    }

    fn application(&mut self, app: &App<'_>) {
        let value = app.item.object.value();
        let name = text(&value["metadata"]["name"]);
        if creates_namespace(value) && !app.ns.is_empty() {
            let by: Arc<str> = format!("Application `{name}` (CreateNamespace=true)").into();
            let labels = entries(&value["spec"]["syncPolicy"]["managedNamespaceMetadata"]["labels"]);
            let mut namespace = Provision::new("Namespace", "", app.ns, &by);
            namespace.labels = labels.map(|(k, v)| (k.to_owned(), text(v).to_owned())).collect();
            self.list.push(namespace);
        }
        for source in &app.sources {
            match &source.what {
                Delivery::Chart {
                    name: chart,
                    release,
                    values,
                } => {
                    let by: Arc<str> = format!("the chart `{chart}` (Application `{name}`)").into();
                    match lines_of_chart(chart) {
                        Some(lines) => self.chart(chart, lines, app.ns, release, values, &by),
                        None => self.list.push(Provision::new("*", app.ns, "*", &by)),
                    }
                }
                Delivery::Elsewhere { repository } => {
                    let by: Arc<str> = format!("the repository `{repository}` (Application `{name}`)").into();
                    match lines_of_repository(repository) {
                        Some(lines) => self.lines(lines, app.ns, &by, &|key| (key == "ns").then(|| app.ns.to_owned())),
                        None => self.list.push(Provision::new("*", app.ns, "*", &by)),
                    }
                }
                Delivery::Folder { .. } => {}
            }
        }
    }

    fn chart(&mut self, chart: &str, lines: &[&str], ns: &str, release: &str, values: &Values<'_>, by: &Arc<str>) {
        let full = full_name(chart, release, values);
        for line in lines {
            let service = line.starts_with("Service");
            let Some(line) = table::holds(line, &|path| values.get(path)) else {
                continue;
            };
            let filled = table::fill(line, &|key| match key {
                "ns" => Some(ns.to_owned()),
                "release" => Some(release.to_owned()),
                "name" => Some(full.clone()),
                "ports" => Some(more_ports(values, service)),
                path => path
                    .strip_prefix('*')
                    .map_or_else(|| values.get(path), |path| Some(labels(values, path))),
            });
            self.list
                .extend(filled.and_then(|line| table::line(&line, ns, by).ok()));
        }
    }

    fn declared(&mut self, objects: &Objects<'a>, cluster: &str, options: &Options) {
        for (i, item) in objects.items.iter().enumerate() {
            let declaration = annotation(item.object.value(), PROVIDES);
            let Some(lines) = declaration.as_str() else { continue };
            let head = objects.heads[i];
            let destination = text(&item.object.value()["spec"]["destination"]["namespace"]);
            let ns = if destination.is_empty() { head.ns } else { destination };
            let by: Arc<str> = format!("the annotation `{PROVIDES}` of {head}").into();
            for line in lines.lines().filter(|line| !line.trim().is_empty()) {
                match table::line(line, ns, &by) {
                    Ok(provision) => self.list.push(provision),
                    Err(why) => self.problems.push((Some((i, declaration)), why)),
                }
            }
        }
        let by: Arc<str> = "what is said to exist".into();
        for line in ["", cluster]
            .iter()
            .filter_map(|name| options.provides.get(*name))
            .flatten()
        {
            match table::line(line, "", &by) {
                Ok(provision) => self.list.push(provision),
                Err(why) => self.problems.push((None, why)),
            }
        }
    }
}

/// The lines of a chart; `None` if the table does not know it.
pub(super) fn lines_of_chart(chart: &str) -> Option<&'static [&'static str]> {
    let section = table::sections()
        .iter()
        .find(|section| section.when == When::Chart(known_chart(chart)));
    section.map(|section| section.lines.as_slice())
}

fn known_chart(chart: &str) -> &'static str {
    let names = table::sections().iter().filter_map(|section| match section.when {
        When::Chart(name) => Some(name),
        _ => None,
    });
    names.into_iter().find(|name| *name == chart).unwrap_or_default()
}

/// The lines of a repository; `None` if the table does not know it.
pub(super) fn lines_of_repository(url: &str) -> Option<&'static [&'static str]> {
    let sections = table::sections().iter();
    let mut found = sections.filter(|section| matches!(section.when, When::Repository(part) if url.contains(part)));
    found.next().map(|section| section.lines.as_slice())
}

/// Helm's usual full name: the release, followed by the chart's name unless the release holds it already.
fn full_name(chart: &str, release: &str, values: &Values<'_>) -> String {
    let limit = if chart == "kube-prometheus-stack" { 26 } else { 63 };
    let name = values.get("fullnameOverride").unwrap_or_else(|| {
        let name = values.get("nameOverride").unwrap_or_else(|| chart.to_owned());
        if release.contains(&name) {
            release.to_owned()
        } else {
            format!("{release}-{name}")
        }
    });
    let cut: String = name.chars().take(limit).collect();
    cut.trim_end_matches('-').to_owned()
}

/// Labels in the values, as words of a line.
fn labels(values: &Values<'_>, path: &str) -> String {
    let words = entries(values.mapping(path)).filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)));
    words.collect::<Vec<_>>().join(" ")
}

/// The ports that the values of the Traefik chart add to its own.
fn more_ports(values: &Values<'_>, exposed: bool) -> String {
    let ports =
        entries(values.mapping("ports")).filter(|(name, _)| !["web", "websecure", "traefik", "metrics"].contains(name));
    let words = ports.filter_map(|(name, port)| {
        let number = if exposed {
            port["exposedPort"].as_u64()?
        } else {
            port["port"].as_u64()?
        };
        let short: String = name.to_lowercase().chars().take(15).collect();
        Some(format!(
            "{short}:{number}/{}",
            port["protocol"].as_str().unwrap_or("TCP")
        ))
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The namespace in which a chart is installed in a cluster, if an Application does so.
pub(super) fn namespace_of_chart<'a>(world: &World<'a>, cluster: &str, chart: &str) -> Option<&'a str> {
    let apps = world.apps_to(cluster);
    let mut charts = apps.flat_map(|app| app.sources.iter().map(move |source| (app, source)));
    charts
        .find(|(_, s)| matches!(s.what, Delivery::Chart { name, .. } if name == chart))
        .map(|(app, _)| app.ns)
}

/// The namespace in which cert-manager looks for the Secrets of a `ClusterIssuer`, and trust-manager for its sources.
pub(super) fn trust_namespace<'a>(world: &World<'a>, cluster: &str) -> &'a str {
    namespace_of_chart(world, cluster, "cert-manager").unwrap_or("cert-manager")
}

/// The objects that a value lists by name.
pub(super) fn names<'v>(list: &'v Value, field: &'v str) -> impl Iterator<Item = &'v str> {
    each(list)
        .map(move |entry| text(&entry[field]))
        .filter(|name| !name.is_empty())
}
