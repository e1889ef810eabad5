//! Applications of upstream charts.

use super::super::kinds::argocd::{
    Application, ApplicationIgnoreDifferences, ApplicationSource, ApplicationSourceHelm, ApplicationSpec,
};

use super::super::Output;
use super::super::charts::Installed;
use super::super::common::namespaced;
use super::super::output::because;
use super::application::{destination, sync_policy, sync_reasons};
use super::{COMPONENT, name_of};
use crate::topology::names::Namespace;
use crate::topology::{Region, Topology};

pub(super) fn render(topology: &Topology, region: &Region, installed: Installed, output: &mut Output) {
    let Installed { chart, reasons, .. } = installed;
    let values = match chart.values {
        serde_json::Value::Object(map) => map.into_iter().collect(),
        other => {
            output
                .broken
                .push(format!("chart {}: its values are no mapping: {other}", chart.name));
            return;
        }
    };
    let source = ApplicationSource {
        repo_url: chart.repository.to_owned(),
        chart: Some(chart.chart.to_owned()),
        target_revision: Some(chart.version),
        helm: Some(ApplicationSourceHelm {
            release_name: Some(chart.name.to_owned()),
            values_object: Some(values),
            skip_crds: Some(true),
        }),
        ..ApplicationSource::default()
    };
    let name = name_of(topology, chart.name);
    let webhooks = chart.clustered.iter().any(|(group, _)| *group == WEBHOOKS);
    let application = Application {
        metadata: namespaced(Namespace::ArgoCd, name.clone(), COMPONENT),
        spec: ApplicationSpec {
            project: name,
            source: Some(source),
            destination: destination(chart.namespace.name()),
            sync_policy: Some(sync_policy(true, &["RespectIgnoreDifferences=true"])),
            ignore_differences: webhooks.then(injected),
            revision_history_limit: Some(10),
            ..ApplicationSpec::default()
        },
    };
    let mut all = reasons.into_iter();
    let whole = all
        .next()
        .unwrap_or_else(|| because("software from upstream, installed from its own chart"));
    let mut parts: Vec<_> = all.collect();
    parts.extend(sync_reasons());
    parts.extend([
        because("one version, exactly: what was tested is what runs")
            .on("/spec/source/targetRevision")
            .from("/versions"),
        because("definitions of custom resources have an Application of their own, which never deletes one")
            .on("/spec/source/helm/skipCrds"),
        because("only the kinds that this chart makes, where it makes them")
            .on("/spec/project")
            .from("/argocd/project"),
    ]);
    if webhooks {
        let rule = "controllers write their own authority into their webhooks";
        parts.push(because(rule).on("/spec/ignoreDifferences"));
    }
    output.add(region, COMPONENT, &application, whole, parts);
}

/// The group of webhooks.
const WEBHOOKS: &str = "admissionregistration.k8s.io";

/// The certificate authority that a controller writes into its own webhooks.
fn injected() -> Vec<ApplicationIgnoreDifferences> {
    ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"]
        .map(|kind| ApplicationIgnoreDifferences {
            group: Some(WEBHOOKS.to_owned()),
            kind: kind.to_owned(),
            jq_path_expressions: Some(vec![".webhooks[]?.clientConfig.caBundle".to_owned()]),
            ..ApplicationIgnoreDifferences::default()
        })
        .into()
}
