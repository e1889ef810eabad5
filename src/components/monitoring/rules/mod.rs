//! What people are told of: each rule says what is wrong and what to do.
//!
//! Names of figures come from the programs' own contract, from kube-state-metrics and the kubelet, from Ceph,
//! cert-manager, Traefik, External Secrets and Argo CD. `promtool` checks and runs them in the tests.

mod backup;
mod database;
mod delivery;
mod programs;
mod storage;
mod watch;

use super::super::kinds::prometheus::{
    PrometheusRule, PrometheusRuleGroups, PrometheusRuleGroupsRules, PrometheusRuleSpec,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::super::common::namespaced;
use super::super::output::because;
use super::{COMPONENT, Output};
use crate::topology::names::Namespace;
use crate::topology::{Monitoring, Region, Topology};

/// How urgent an alert is.
#[derive(Clone, Copy)]
enum Severity {
    /// Somebody is woken.
    Critical,
    /// Somebody looks today.
    Warning,
    /// Somebody should know.
    Info,
    /// Always there; its absence is the alert.
    None,
}

impl Severity {
    const fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Info => "info",
            Self::None => "none",
        }
    }
}

/// One rule.
struct Alert {
    name: &'static str,
    severity: Severity,
    /// How long it must hold.
    after: &'static str,
    expr: String,
    /// What is wrong, with Prometheus's own templates.
    summary: &'static str,
    /// What it means and what to do.
    advice: &'static str,
}

/// The rules of one topic: one object.
struct Topic {
    name: &'static str,
    /// The field of the environment file that they follow.
    source: &'static str,
    why: &'static str,
    alerts: Vec<Alert>,
}

pub(super) fn render(topology: &Topology, region: &Region, _monitoring: &Monitoring, output: &mut Output) {
    let topics = [
        database::topic(topology, region),
        backup::topic(topology, region),
        storage::topic(topology, region),
        programs::topic(topology, region),
        delivery::topic(),
        watch::topic(topology, region),
    ];
    for topic in topics.into_iter().filter(|topic| !topic.alerts.is_empty()) {
        let rule = PrometheusRule {
            metadata: namespaced(Namespace::Monitoring, topic.name, COMPONENT),
            spec: PrometheusRuleSpec {
                groups: Some(vec![PrometheusRuleGroups {
                    name: topic.name.to_owned(),
                    rules: Some(topic.alerts.iter().map(|alert| rule(alert, topic.name)).collect()),
                }]),
            },
        };
        output.add(region, COMPONENT, &rule, because(topic.why).from(topic.source), []);
    }
}

fn rule(alert: &Alert, topic: &str) -> PrometheusRuleGroupsRules {
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    PrometheusRuleGroupsRules {
        alert: Some(alert.name.to_owned()),
        expr: IntOrString::String(alert.expr.clone()),
        r#for: Some(alert.after.to_owned()),
        labels: Some([pair("severity", alert.severity.name()), pair("topic", topic)].into()),
        annotations: Some([pair("summary", alert.summary), pair("description", alert.advice)].into()),
    }
}
