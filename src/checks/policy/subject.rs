//! What policies are asked about: each object as it would be created, and the pods that a workload would make.
//!
//! A policy about pods is the strongest there is, since every pod passes it, whoever makes it. But git holds workloads.
//! So for each workload the pod is made that its controller would make: the template's metadata and spec, the default
//! account, a StatefulSet's claims, the controller as the one who asks. What mutating admission would add (a LimitRange's
//! defaults, say) is not added: what is in git must be right by itself.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use crate::bundle::Item;
use crate::checks::schema::{Catalog, Scope};
use crate::finding::Place;

/// Who asks when nobody is named: an account of Argo CD's, as for every component.
const ASKER: &str = "system:serviceaccount:argocd:deploy";

/// One request.
#[derive(Clone, Debug)]
pub(super) struct Subject<'a> {
    pub(super) item: &'a Item,
    /// Where in the item the object stands, for whoever reads a finding.
    pointer: &'static str,
    /// The object; null where it is removed.
    pub(super) object: Cow<'a, Value>,
    /// The object as it was.
    pub(super) old: Option<Value>,
    pub(super) operation: &'static str,
    pub(super) user: Cow<'static, str>,
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
    /// The plural: `pods`.
    pub(super) resource: String,
    /// "" for what is cluster-scoped.
    pub(super) namespace: String,
}

impl Subject<'_> {
    pub(super) fn place(&self) -> Place {
        self.item.place(self.pointer)
    }

    /// The object as it becomes, or was.
    pub(super) fn current(&self) -> &Value {
        match &self.old {
            Some(old) if self.object.is_null() => old,
            _ => &self.object,
        }
    }

    pub(super) fn name(&self) -> &str {
        self.current()
            .pointer("/metadata/name")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    pub(super) fn is_namespaced(&self) -> bool {
        !self.namespace.is_empty()
    }
}

/// The subjects that an object gives: itself, and its pods.
pub(super) fn of<'a>(item: &'a Item, catalog: &Catalog) -> Vec<Subject<'a>> {
    let object = &item.object;
    let (api_version, kind) = (object.api_version(), object.kind());
    let namespace = match (object.namespace(), catalog.scope(api_version, kind)) {
        (_, Some(Scope::Cluster)) => "",
        // Whoever applies it puts what names no namespace into one; kubectl into this one.
        ("", Some(_)) => "default",
        (written, _) => written,
    };
    let resource = catalog
        .plural(api_version, kind)
        .map_or_else(|| format!("{}s", kind.to_ascii_lowercase()), str::to_owned);
    let mut subjects = vec![Subject {
        item,
        pointer: "",
        object: Cow::Borrowed(object.value()),
        old: None,
        operation: "CREATE",
        user: Cow::Borrowed(ASKER),
        group: object.group().to_owned(),
        version: api_version.rsplit('/').next().unwrap_or_default().to_owned(),
        kind: kind.to_owned(),
        resource,
        namespace: namespace.to_owned(),
    }];
    subjects.extend(pod_of(item, namespace));
    subjects
}

/// Where a workload's pod template stands, and the controller that makes pods of it.
fn template(group: &str, kind: &str) -> Option<(&'static str, &'static str)> {
    Some(match (group, kind) {
        ("apps", "Deployment" | "ReplicaSet") => ("/spec/template", "replicaset-controller"),
        ("apps", "StatefulSet") => ("/spec/template", "statefulset-controller"),
        ("apps", "DaemonSet") => ("/spec/template", "daemon-set-controller"),
        ("batch", "Job") => ("/spec/template", "job-controller"),
        ("batch", "CronJob") => ("/spec/jobTemplate/spec/template", "job-controller"),
        ("", "ReplicationController") => ("/spec/template", "replication-controller"),
        _ => return None,
    })
}

fn pod_of<'a>(item: &'a Item, namespace: &str) -> Option<Subject<'a>> {
    let object = &item.object;
    let (pointer, controller) = template(object.group(), object.kind())?;
    let template = object.at(pointer)?;
    let mut metadata = template
        .get("metadata")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    metadata.insert("namespace".to_owned(), json!(namespace));
    let owner = match object.kind() {
        "Deployment" => "ReplicaSet",
        "CronJob" => "Job",
        kind => kind,
    };
    metadata.insert(
        "ownerReferences".to_owned(),
        json!([{"apiVersion": object.api_version(), "kind": owner, "name": object.name(), "controller": true}]),
    );
    let mut spec = template.get("spec")?.as_object()?.clone();
    if !spec.contains_key("serviceAccountName") {
        spec.insert("serviceAccountName".to_owned(), json!("default"));
    }
    if object.kind() == "StatefulSet" {
        let first = object.at("/spec/ordinals/start").and_then(Value::as_u64).unwrap_or(0);
        metadata.insert("name".to_owned(), json!(format!("{}-{first}", object.name())));
        claims(object.value(), object.name(), first, &mut spec);
    } else {
        metadata.insert("generateName".to_owned(), json!(format!("{}-", object.name())));
    }
    Some(Subject {
        item,
        pointer,
        object: Cow::Owned(json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})),
        old: None,
        operation: "CREATE",
        user: Cow::Owned(format!("system:serviceaccount:kube-system:{controller}")),
        group: String::new(),
        version: "v1".to_owned(),
        kind: "Pod".to_owned(),
        resource: "pods".to_owned(),
        namespace: namespace.to_owned(),
    })
}

/// The volumes that a StatefulSet's controller adds to its first pod.
fn claims(object: &Value, name: &str, ordinal: u64, spec: &mut Map<String, Value>) {
    let templates = object.pointer("/spec/volumeClaimTemplates").and_then(Value::as_array);
    let names = templates
        .into_iter()
        .flatten()
        .filter_map(|claim| claim.pointer("/metadata/name")?.as_str());
    let added: Vec<Value> = names
        .map(
            |claim| json!({"name": claim, "persistentVolumeClaim": {"claimName": format!("{claim}-{name}-{ordinal}")}}),
        )
        .collect();
    if added.is_empty() {
        return;
    }
    match spec.entry("volumes").or_insert_with(|| json!([])) {
        Value::Array(volumes) => volumes.extend(added),
        other => *other = Value::Array(added),
    }
}
