//! Every object as a person reads it. A change of one shows up here as a difference to review.

use std::fmt::Write as _;

use crate::platform::{ENVIRONMENTS, component, rendered, topology};

/// Objects of these components, in every region of each environment.
const COMPONENTS: [&str; 6] = ["certificates", "namespaces", "network", "rbac", "secrets", "storage"];

#[test]
fn every_component_of_every_environment() {
    for environment in ENVIRONMENTS {
        let topology = topology(environment);
        let output = rendered(&topology);
        for region in &topology.regions {
            for name in COMPONENTS {
                let mut text = String::new();
                for manifest in component(&output, region.name.as_str(), name) {
                    let yaml = serde_saphyr::to_string(manifest.object.value()).unwrap();
                    write!(text, "---\n{yaml}").unwrap();
                }
                if text.is_empty() {
                    continue;
                }
                let mut settings = insta::Settings::clone_current();
                settings.set_prepend_module_to_snapshot(false);
                settings.set_omit_expression(true);
                settings.bind(|| insta::assert_snapshot!(format!("{environment}-{}-{name}", region.name), text));
            }
        }
    }
}
