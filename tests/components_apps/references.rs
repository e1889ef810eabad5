//! What these components' objects name exists, and what they select matches.

use std::sync::Arc;

use galeno::bundle::{Item, Manifest};
use galeno::checks::references::{Options, check};
use galeno::finding::Severity;

use crate::platform::{ENVIRONMENTS, rendered, topology};

/// Where an object will stand.
fn file(environment: &str, manifest: &Manifest) -> String {
    let (region, component) = match manifest.component {
        "argocd" => ("argocd", &*manifest.region),
        component => (&*manifest.region, component),
    };
    let object = &manifest.object;
    format!(
        "generated/{environment}/{region}/{component}/{}-{}.yaml",
        object.kind().to_lowercase(),
        object.name()
    )
}

/// Everything that the references check has to say of objects of these components.
pub(crate) fn complaints(environment: &str) -> Vec<String> {
    let output = rendered(&topology(environment));
    let mine = ["access", "api", "argocd", "deployers", "ingress", "monitoring", "web"];
    let items: Vec<Item> = output
        .manifests
        .iter()
        .map(|manifest| Item {
            cluster: Arc::from(format!("{environment}/{}", manifest.region)),
            file: Arc::from(file(environment, manifest)),
            positions: None,
            object: manifest.object.clone(),
        })
        .collect();
    let options = Options {
        complete: true,
        provides: [(String::new(), vec!["ClusterSecretStore vault".to_owned()])].into(),
    };
    check(&items, &options)
        .into_iter()
        .filter(|finding| finding.severity > Severity::Note)
        .filter(|finding| {
            let file = finding.place.file.as_deref().unwrap_or_default();
            let component = file.split('/').nth(3).unwrap_or_default();
            mine.contains(&component) || file.contains("/argocd/")
        })
        .map(|f| {
            format!(
                "{:?} {} {}: {} ({})",
                f.severity,
                f.code,
                f.place.file.unwrap_or_default(),
                f.message,
                f.reason
            )
        })
        .collect()
}

#[test]
fn nothing_dangles() {
    for environment in ENVIRONMENTS {
        let complaints = complaints(environment);
        assert!(complaints.is_empty(), "{environment}:\n{}", complaints.join("\n"));
    }
}
