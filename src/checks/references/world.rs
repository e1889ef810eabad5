//! What is known across clusters: which Argo CD Application brings which files and charts to which cluster.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

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
    /// A folder of the repository that the items stand in, with the items in it.
    Folder { path: String, items: Vec<usize> },
    /// Something of another repository.
    Elsewhere { repository: &'a str },
}

/// Everything across clusters.
pub(super) struct World<'a> {
    /// All items.
    pub(super) items: &'a [Item],
    /// The items of each cluster, by number.
    pub(super) clusters: BTreeMap<&'a str, Vec<usize>>,
    /// All Applications.
    pub(super) apps: Vec<App<'a>>,
    /// All Argo CD projects, by number.
    pub(super) projects: Vec<usize>,
    /// The service accounts of all clusters, by namespace and name; only filled where there are projects.
    pub(super) accounts: HashSet<(&'a str, &'a str)>,
    /// The namespaces that each cluster has by an object, or by an Application that creates its own.
    pub(super) namespaces: HashMap<&'a str, HashSet<&'a str>>,
    files: Files<'a>,
}

/// The files of the items, in order.
struct Files<'a> {
    sorted: Vec<(&'a str, usize)>,
    roots: HashSet<&'a str>,
}

impl<'a> Files<'a> {
    fn new(items: &'a [Item]) -> Self {
        let mut sorted: Vec<_> = items
            .iter()
            .enumerate()
            .map(|(i, item)| (plain(&item.file), i))
            .collect();
        sorted.sort_unstable();
        let roots = sorted
            .iter()
            .filter_map(|(file, _)| Some(file.split_once('/')?.0))
            .collect();
        Self { sorted, roots }
    }

    /// The items below a folder; without `recurse` only those directly in it.
    fn below(&self, folder: &str, recurse: bool) -> Vec<usize> {
        let prefix = if folder.is_empty() {
            String::new()
        } else {
            format!("{folder}/")
        };
        let start = self.sorted.partition_point(|(file, _)| *file < prefix.as_str());
        let inside = self.sorted[start..]
            .iter()
            .map_while(|(file, i)| Some((file.strip_prefix(&prefix)?, *i)));
        inside
            .filter(|(rest, _)| recurse || !rest.contains('/'))
            .map(|(_, i)| i)
            .collect()
    }
}

fn plain(path: &str) -> &str {
    path.trim_start_matches("./").trim_end_matches('/')
}

/// Whether an Application makes its namespace itself.
pub(super) fn creates_namespace(app: &Value) -> bool {
    each(&app["spec"]["syncPolicy"]["syncOptions"]).any(|option| option == "CreateNamespace=true")
}

impl<'a> World<'a> {
    pub(super) fn new(items: &'a [Item]) -> Self {
        let mut clusters: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut namespaces: HashMap<&str, HashSet<&str>> = HashMap::new();
        let (mut applications, mut projects) = (Vec::new(), Vec::new());
        for (i, item) in items.iter().enumerate() {
            clusters.entry(&item.cluster).or_default().push(i);
            let value = item.object.value();
            match text(&value["kind"]) {
                "Namespace" => {
                    namespaces
                        .entry(&item.cluster)
                        .or_default()
                        .insert(text(&value["metadata"]["name"]));
                }
                "Application" if text(&value["apiVersion"]).starts_with("argoproj.io/") => applications.push(i),
                "AppProject" => projects.push(i),
                _ => {}
            }
        }
        let needs_files = !applications.is_empty();
        let files = if needs_files {
            Files::new(items)
        } else {
            Files {
                sorted: Vec::new(),
                roots: HashSet::new(),
            }
        };
        let mut apps: Vec<_> = applications.into_iter().map(|i| read(items, &files, i)).collect();
        find_targets(&mut apps, items, &clusters);
        for app in apps.iter().filter(|app| creates_namespace(app.item.object.value())) {
            for target in &app.targets {
                namespaces.entry(target).or_default().insert(app.ns);
            }
        }
        let accounts = if projects.is_empty() {
            HashSet::new()
        } else {
            accounts(items)
        };
        Self {
            items,
            clusters,
            apps,
            projects,
            accounts,
            namespaces,
            files,
        }
    }

    /// Whether a path names a folder of the repository that the items stand in.
    pub(super) fn is_ours(&self, path: &str) -> bool {
        is_ours(&self.files, path)
    }

    /// The folders with items that no Application delivers, each with its first item; nothing if no Application
    /// delivers any folder.
    pub(super) fn undelivered(&self) -> Vec<(&'a str, usize)> {
        let mut delivered = vec![false; self.items.len()];
        for source in self.apps.iter().flat_map(|app| &app.sources) {
            if let Delivery::Folder { items, .. } = &source.what {
                for i in items {
                    delivered[*i] = true;
                }
            }
        }
        if !delivered.contains(&true) {
            return Vec::new();
        }
        let mut folders: Vec<(&str, usize)> = Vec::new();
        for (file, i) in self.files.sorted.iter().filter(|(_, i)| !delivered[*i]) {
            let head = self.items[*i].object.value();
            let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
            let is_argo = text(&head["apiVersion"]).starts_with("argoproj.io/");
            if !is_argo && folders.last().is_none_or(|(last, _)| *last != folder) {
                folders.push((folder, *i));
            }
        }
        folders
    }
}

fn accounts(items: &[Item]) -> HashSet<(&str, &str)> {
    let values = items
        .iter()
        .map(|item| item.object.value())
        .filter(|value| value["kind"] == "ServiceAccount");
    values
        .map(|v| (text(&v["metadata"]["namespace"]), text(&v["metadata"]["name"])))
        .collect()
}

fn is_ours(files: &Files<'_>, path: &str) -> bool {
    let path = plain(path);
    let root = path.split_once('/').map_or(path, |(root, _)| root);
    root == "generated" || files.roots.contains(root)
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
            } else if !path.is_empty() && is_ours(files, path) {
                let recurse = source["directory"]["recurse"] == true;
                Delivery::Folder {
                    path: plain(path).to_owned(),
                    items: files.below(plain(path), recurse),
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
    for app in apps.iter_mut().filter(|app| app.targets.is_empty()) {
        let (home, to) = destination(app);
        if let Some(known) = learned.get(&(home, to)) {
            app.targets.clone_from(known);
            continue;
        }
        let named = |cluster: &&&str| {
            let last = cluster.rsplit('/').next().unwrap_or_default();
            !to.is_empty() && (**cluster == to || last == to || cluster.replace('/', "-") == to)
        };
        app.targets.push(clusters.keys().find(named).copied().unwrap_or(home));
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
        assert_eq!(world.undelivered(), [("generated/prod/us/a", 5)]);
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
