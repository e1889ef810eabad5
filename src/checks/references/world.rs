//! What is known across clusters: which Argo CD Application brings which files and charts to which cluster.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value;

use super::files::{Files, plain};
use super::json::{each, text};
use super::values::Values;
use crate::bundle::Item;

/// An Argo CD Application.
pub(super) struct App<'a> {
    /// Its number among all items.
    pub(super) number: usize,
    /// The Application.
    pub(super) item: &'a Item,
    /// The clusters that it delivers to, as far as can be known; never empty.
    pub(super) targets: Vec<&'a str>,
    /// The namespace of its destination.
    pub(super) ns: &'a str,
    /// What it delivers.
    pub(super) sources: Vec<Source<'a>>,
}

/// One source of an Application.
pub(super) struct Source<'a> {
    /// The source, as written.
    pub(super) value: &'a Value,
    /// What it is.
    pub(super) what: Delivery<'a>,
}

/// What a source delivers.
pub(super) enum Delivery<'a> {
    /// A Helm chart.
    Chart {
        name: &'a str,
        release: &'a str,
        values: Values<'a>,
    },
    /// A folder of the repository that the items stand in, with the items in it, and those that are left out on purpose.
    Folder {
        path: String,
        items: Vec<usize>,
        left_out: Vec<usize>,
    },
    /// Something of another repository.
    Elsewhere { repository: &'a str },
}

/// Everything across clusters.
pub(super) struct World<'a> {
    /// All items.
    pub(super) items: &'a [Item],
    /// The items of each cluster, by number.
    pub(super) clusters: BTreeMap<&'a str, Vec<usize>>,
    /// The namespaces that each cluster has by an object, or by an Application that creates its own.
    pub(super) namespaces: HashMap<&'a str, HashSet<&'a str>>,
    apps: Vec<App<'a>>,
    /// Which Applications stand in a cluster, and which deliver to it.
    home: HashMap<&'a str, Vec<usize>>,
    delivering: HashMap<&'a str, Vec<usize>>,
    /// The Argo CD projects that stand in a cluster or of which something is delivered to it, by number.
    projects: HashMap<&'a str, BTreeSet<usize>>,
    /// The service accounts of each cluster, by namespace and name; only filled where there are projects.
    accounts: HashMap<&'a str, HashSet<(&'a str, &'a str)>>,
    /// The clusters to which something of a project is delivered.
    reach: HashMap<usize, BTreeSet<&'a str>>,
    undelivered: HashMap<&'a str, Vec<(&'a str, usize)>>,
    files: Files<'a>,
}

/// Whether an Application makes its namespace itself.
pub(super) fn creates_namespace(app: &Value) -> bool {
    each(&app["spec"]["syncPolicy"]["syncOptions"]).any(|option| option == "CreateNamespace=true")
}

impl<'a> World<'a> {
    pub(super) fn new(items: &'a [Item]) -> Self {
        let mut this = Self {
            items,
            clusters: BTreeMap::new(),
            namespaces: HashMap::new(),
            apps: Vec::new(),
            home: HashMap::new(),
            delivering: HashMap::new(),
            projects: HashMap::new(),
            accounts: HashMap::new(),
            reach: HashMap::new(),
            undelivered: HashMap::new(),
            files: Files::default(),
        };
        let (mut applications, mut projects) = (Vec::new(), Vec::new());
        for (i, item) in items.iter().enumerate() {
            this.clusters.entry(&item.cluster).or_default().push(i);
            let value = item.object.value();
            match text(&value["kind"]) {
                "Namespace" => {
                    let names = this.namespaces.entry(&item.cluster).or_default();
                    names.insert(text(&value["metadata"]["name"]));
                }
                "Application" if text(&value["apiVersion"]).starts_with("argoproj.io/") => applications.push(i),
                "AppProject" => projects.push(i),
                _ => {}
            }
        }
        if !applications.is_empty() {
            this.files = Files::new(items);
            this.apps = applications.into_iter().map(|i| read(items, &this.files, i)).collect();
            find_targets(&mut this.apps, items, &this.clusters);
            this.index_apps();
            this.find_undelivered();
        }
        if !projects.is_empty() {
            this.index_projects(&projects);
        }
        this
    }

    fn index_apps(&mut self) {
        for (number, app) in self.apps.iter().enumerate() {
            self.home.entry(&app.item.cluster).or_default().push(number);
            for target in &app.targets {
                self.delivering.entry(target).or_default().push(number);
                if creates_namespace(app.item.object.value()) {
                    self.namespaces.entry(target).or_default().insert(app.ns);
                }
            }
        }
    }

    fn index_projects(&mut self, projects: &[usize]) {
        let mut named: HashMap<(&str, &str), usize> = HashMap::new();
        for number in projects {
            let item = &self.items[*number];
            named.insert((&item.cluster, text(&item.object.value()["metadata"]["name"])), *number);
            self.projects.entry(&item.cluster).or_default().insert(*number);
        }
        for app in &self.apps {
            let project = text(&app.item.object.value()["spec"]["project"]);
            if let Some(number) = named.get(&(&*app.item.cluster, project)) {
                for target in &app.targets {
                    self.projects.entry(target).or_default().insert(*number);
                    self.reach.entry(*number).or_default().insert(target);
                }
            }
        }
        for item in self.items {
            let value = item.object.value();
            if value["kind"] == "ServiceAccount" {
                let account = (text(&value["metadata"]["namespace"]), text(&value["metadata"]["name"]));
                self.accounts.entry(&item.cluster).or_default().insert(account);
            }
        }
    }

    /// Folders with items that no Application delivers, each with its first item; none if nothing is delivered at all.
    fn find_undelivered(&mut self) {
        let mut delivered = vec![false; self.items.len()];
        for source in self.apps.iter().flat_map(|app| &app.sources) {
            if let Delivery::Folder { items, left_out, .. } = &source.what {
                for i in items.iter().chain(left_out) {
                    delivered[*i] = true;
                }
            }
        }
        if !delivered.contains(&true) {
            return;
        }
        let mut last = None;
        for (file, i) in self.files.sorted.iter().filter(|(_, i)| !delivered[*i]) {
            let item = &self.items[*i];
            let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
            let is_argo = text(&item.object.value()["apiVersion"]).starts_with("argoproj.io/");
            if !is_argo && last != Some(folder) {
                last = Some(folder);
                self.undelivered.entry(&item.cluster).or_default().push((folder, *i));
            }
        }
    }

    /// The Applications that stand in a cluster.
    pub(super) fn apps_in(&self, cluster: &str) -> impl Iterator<Item = &App<'a>> {
        self.home.get(cluster).into_iter().flatten().map(|i| &self.apps[*i])
    }

    /// The Applications that deliver to a cluster.
    pub(super) fn apps_to(&self, cluster: &str) -> impl Iterator<Item = &App<'a>> {
        self.delivering
            .get(cluster)
            .into_iter()
            .flatten()
            .map(|i| &self.apps[*i])
    }

    /// The projects that stand in a cluster or of which something is delivered to it.
    pub(super) fn projects_of(&self, cluster: &str) -> impl Iterator<Item = usize> {
        self.projects.get(cluster).into_iter().flatten().copied()
    }

    /// Whether a cluster to which a project delivers has an account; if it delivers nowhere, whether any has.
    pub(super) fn has_account(&self, project: usize, ns: &str, name: &str) -> bool {
        let has = |cluster: &&str| self.accounts.get(cluster).is_some_and(|all| all.contains(&(ns, name)));
        match self.reach.get(&project) {
            Some(clusters) => clusters.iter().any(has),
            None => self.clusters.keys().any(has),
        }
    }

    /// The folders of a cluster that no Application delivers, each with its first item.
    pub(super) fn undelivered(&self, cluster: &str) -> &[(&'a str, usize)] {
        self.undelivered.get(cluster).map_or(&[], Vec::as_slice)
    }

    /// Whether a path names a folder of the repository that the items stand in.
    pub(super) fn is_ours(&self, path: &str) -> bool {
        self.files.is_ours(path)
    }
}

fn read<'a>(items: &'a [Item], files: &Files<'a>, number: usize) -> App<'a> {
    let item = &items[number];
    let value = item.object.value();
    let spec = &value["spec"];
    let single = Some(&spec["source"]).filter(|source| source.is_object());
    // A source that only has a `ref` lends its files to the others, and delivers nothing itself.
    let delivers =
        |source: &&Value| !(source["ref"].is_string() && source["path"].is_null() && source["chart"].is_null());
    let sources = single
        .into_iter()
        .chain(each(&spec["sources"]))
        .filter(delivers)
        .map(|source| {
            let helm = &source["helm"];
            let release = Some(text(&helm["releaseName"])).filter(|name| !name.is_empty());
            let chart = text(&source["chart"]);
            let path = text(&source["path"]);
            let what = if !chart.is_empty() {
                let name = chart.rsplit('/').next().unwrap_or(chart);
                let release = release.unwrap_or_else(|| text(&value["metadata"]["name"]));
                Delivery::Chart {
                    name,
                    release,
                    values: Values::of(helm),
                }
            } else if !path.is_empty() && files.is_ours(path) {
                let (items, left_out) = files.of_source(plain(path), &source["directory"]);
                Delivery::Folder {
                    path: plain(path).to_owned(),
                    items,
                    left_out,
                }
            } else {
                Delivery::Elsewhere {
                    repository: text(&source["repoURL"]),
                }
            };
            Source { value: source, what }
        });
    App {
        number,
        item,
        targets: Vec::new(),
        ns: text(&spec["destination"]["namespace"]),
        sources: sources.collect(),
    }
}

/// Says for each Application which cluster its destination is: that of the files it delivers; else that of the files
/// that another Application delivers to the same destination; else the cluster of the destination's name; else its own.
fn find_targets<'a>(apps: &mut [App<'a>], items: &'a [Item], clusters: &BTreeMap<&'a str, Vec<usize>>) {
    let destination = |app: &App<'a>| {
        let to = &app.item.object.value()["spec"]["destination"];
        let name = text(&to["name"]);
        (
            &*app.item.cluster,
            if name.is_empty() { text(&to["server"]) } else { name },
        )
    };
    let mut learned: HashMap<_, Vec<&'a str>> = HashMap::new();
    for app in &mut *apps {
        let first = app.sources.iter().find_map(|source| match &source.what {
            Delivery::Folder { items, .. } => items.first(),
            _ => None,
        });
        if let Some(first) = first {
            let cluster = &*items[*first].cluster;
            app.targets.push(cluster);
            let known = learned.entry(destination(app)).or_default();
            if !known.contains(&cluster) {
                known.push(cluster);
            }
        }
    }
    let hyphened: HashMap<_, _> = clusters
        .keys()
        .map(|cluster| (cluster.replace('/', "-"), *cluster))
        .collect();
    for app in apps.iter_mut().filter(|app| app.targets.is_empty()) {
        let (home, to) = destination(app);
        if let Some(known) = learned.get(&(home, to)) {
            app.targets.clone_from(known);
            continue;
        }
        // `eu` of `prod/argocd` is `prod/eu`; a name may also be that of the whole cluster, perhaps joined by hyphens.
        let beside = home
            .rsplit_once('/')
            .map_or_else(|| to.to_owned(), |(environment, _)| format!("{environment}/{to}"));
        let found = clusters
            .get_key_value(beside.as_str())
            .or_else(|| clusters.get_key_value(to));
        let named = found.map(|(cluster, _)| *cluster).or_else(|| hyphened.get(to).copied());
        app.targets.push(named.unwrap_or(home));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::Object;
    use serde_json::json;

    fn item(cluster: &str, file: &str, value: Value) -> Item {
        let object = Object::new(value).expect("an object");
        Item {
            cluster: cluster.into(),
            file: file.into(),
            positions: None,
            object,
        }
    }

    fn app(name: &str, destination: &str, source: &Value) -> Value {
        json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": name},
            "spec": {"destination": {"name": destination, "namespace": "x"}, "source": source}})
    }

    fn config(name: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "x"}})
    }

    #[test]
    fn a_chart_goes_where_the_folders_of_the_same_destination_go() {
        let items = [
            item(
                "prod/argocd",
                "generated/prod/argocd/a.yaml",
                app("a", "eu", &json!({"path": "generated/prod/eu/a"})),
            ),
            item(
                "prod/argocd",
                "generated/prod/argocd/b.yaml",
                app("b", "eu", &json!({"chart": "traefik"})),
            ),
            item(
                "prod/argocd",
                "generated/prod/argocd/c.yaml",
                app("c", "us-east", &json!({"chart": "traefik"})),
            ),
            item(
                "prod/argocd",
                "generated/prod/argocd/d.yaml",
                app("d", "mars", &json!({"chart": "traefik"})),
            ),
            item("prod/eu-central", "generated/prod/eu/a/ConfigMap-a.yaml", config("a")),
            item("prod/us-east", "generated/prod/us/a/ConfigMap-a.yaml", config("a")),
        ];
        let world = World::new(&items);
        let targets: Vec<_> = world.apps.iter().map(|app| app.targets.clone()).collect();
        assert_eq!(
            targets,
            [
                ["prod/eu-central"],
                ["prod/eu-central"],
                ["prod/us-east"],
                ["prod/argocd"]
            ]
        );
        assert_eq!(world.undelivered("prod/us-east"), [("generated/prod/us/a", 5)]);
        assert_eq!(world.apps_to("prod/eu-central").count(), 2);
        assert_eq!(world.apps_in("prod/argocd").count(), 4);
    }

    #[test]
    fn a_folder_without_recursion_holds_only_its_own_files() {
        let source = json!({"path": "./generated/prod/eu/"});
        let deep = json!({"path": "generated/prod/eu", "directory": {"recurse": true}});
        let items = [
            item("c", "generated/prod/argocd/a.yaml", app("a", "", &source)),
            item("c", "generated/prod/argocd/b.yaml", app("b", "", &deep)),
            item("c", "generated/prod/eu/x/ConfigMap-a.yaml", config("a")),
            item("c", "generated/prod/eu/ConfigMap-b.yaml", config("b")),
        ];
        let held: Vec<_> = World::new(&items)
            .apps
            .iter()
            .map(|app| match &app.sources[0].what {
                Delivery::Folder { items, .. } => items.clone(),
                _ => Vec::new(),
            })
            .collect();
        assert_eq!(held, [vec![3], vec![3, 2]]);
    }
}
