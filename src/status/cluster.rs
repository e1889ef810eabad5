//! Reading a cluster: the objects of the platform, and what each database node's keeper says of itself.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::CronJob;
use k8s_openapi::api::core::v1::{ConfigMap, Node, Pod};
use kube::api::ListParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config, ResourceExt as _};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::topology::names::{Namespace, objects, ports};

/// Everything that Galeno renders carries it.
const OURS: &str = "app.kubernetes.io/part-of=clinic";
/// One request; a cluster that is in trouble must not keep a person waiting.
const PATIENCE: Duration = Duration::from_secs(10);

/// Which cluster.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// The file; without it, `KUBECONFIG` and then `~/.kube/config`.
    pub kubeconfig: Option<PathBuf>,
    /// Its context; without it, the current one.
    pub context: Option<String>,
}

/// The objects that a status is made of.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    /// Every node.
    pub nodes: Vec<Node>,
    /// The platform's pods.
    pub pods: Vec<Pod>,
    /// The platform's Deployments.
    pub deployments: Vec<Deployment>,
    /// The platform's StatefulSets.
    pub stateful_sets: Vec<StatefulSet>,
    /// The platform's CronJobs.
    pub cron_jobs: Vec<CronJob>,
    /// The database's intent, if it is there.
    pub intent: Option<ConfigMap>,
    /// By pod: what its keeper says at `/status`, or why it could not be asked.
    pub keepers: BTreeMap<String, Result<Value, String>>,
}

/// A connection.
pub struct Cluster {
    client: Client,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cluster")
    }
}

impl Cluster {
    /// Connects. The error says what is wrong with the file or with what it names.
    pub async fn connect(target: &Target) -> Result<Self, String> {
        let options = KubeConfigOptions {
            context: target.context.clone(),
            ..KubeConfigOptions::default()
        };
        let file = match &target.kubeconfig {
            Some(path) => Kubeconfig::read_from(path),
            None => Kubeconfig::read(),
        }
        .map_err(|error| chain(&error))?;
        let mut config = Config::from_custom_kubeconfig(file, &options)
            .await
            .map_err(|error| chain(&error))?;
        config.connect_timeout = Some(PATIENCE);
        config.read_timeout = Some(PATIENCE);
        let client = Client::try_from(config).map_err(|error| chain(&error))?;
        Ok(Self { client })
    }

    /// Reads everything that a status is made of.
    pub async fn read(&self) -> Result<Objects, String> {
        let ours = ListParams::default().labels(OURS);
        let mut read = Objects {
            nodes: self.list("nodes", &ListParams::default()).await?,
            pods: self.list("pods", &ours).await?,
            deployments: self.list("deployments", &ours).await?,
            stateful_sets: self.list("statefulsets", &ours).await?,
            cron_jobs: self.list("cronjobs", &ours).await?,
            intent: Api::<ConfigMap>::namespaced(self.client.clone(), Namespace::Data.name())
                .get_opt(objects::INTENT)
                .await
                .map_err(|error| format!("cannot read configmaps: {}", told(&error)))?,
            keepers: BTreeMap::new(),
        };
        for pod in read.pods.iter().filter(|pod| super::assemble::is_member(pod)) {
            let answer = self.keeper(pod).await;
            read.keepers.insert(pod.name_any(), answer);
        }
        Ok(read)
    }

    async fn list<K>(&self, what: &str, parameters: &ListParams) -> Result<Vec<K>, String>
    where
        K: kube::Resource<DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned,
    {
        Api::<K>::all(self.client.clone())
            .list(parameters)
            .await
            .map(|list| list.items)
            .map_err(|error| format!("cannot list {what}: {}", told(&error)))
    }

    /// Asks a keeper, through the API server: nothing else reaches it from outside.
    async fn keeper(&self, pod: &Pod) -> Result<Value, String> {
        let path = format!(
            "/api/v1/namespaces/{}/pods/{}:{}/proxy/status",
            pod.namespace().unwrap_or_default(),
            pod.name_any(),
            ports::KEEPER_STATUS.number,
        );
        let request = http::Request::get(path)
            .body(Vec::new())
            .map_err(|error| error.to_string())?;
        self.client
            .request::<Value>(request)
            .await
            .map_err(|error| told(&error))
    }
}

/// What the API server says, where it has said something; else the error with its causes.
fn told(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) if !status.message.is_empty() => status.message.clone(),
        _ => chain(error),
    }
}

/// An error with its causes, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let more = inner.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = inner.source();
    }
    text
}
