//! An environment, compiled.

use std::path::Path;
use std::process::Command;

use galeno::bundle::{Manifest, Object};
use galeno::components::{Output, render};
use galeno::spec::Environment;
use galeno::topology::{Ledger, Topology, resolve};

/// Every environment that ships.
pub(crate) const ENVIRONMENTS: [&str; 3] = ["prod", "staging", "local"];

/// What an environment means.
pub(crate) fn topology(name: &str) -> Topology {
    changed(name, |_| {})
}

/// What an environment means after a change of what is written.
pub(crate) fn changed(name: &str, change: impl FnOnce(&mut Environment)) -> Topology {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("environments/{name}.yaml"));
    let text = std::fs::read_to_string(&path).unwrap();
    let mut environment: Environment = serde_saphyr::from_str(&text).unwrap();
    change(&mut environment);
    let (topology, findings) = resolve(&environment, &Ledger::default(), &|_| false);
    topology.unwrap_or_else(|| panic!("{name} does not resolve: {findings:#?}"))
}

/// Everything that is rendered for it.
pub(crate) fn rendered(topology: &Topology) -> Output {
    let output = render(topology);
    assert_eq!(output.broken, Vec::<String>::new());
    output
}

/// The objects of one component in one region.
pub(crate) fn component<'a>(output: &'a Output, region: &str, component: &str) -> Vec<&'a Manifest> {
    let mine = |m: &&Manifest| *m.region == *region && m.component == component;
    output.manifests.iter().filter(mine).collect()
}

/// The one object of a kind and a name in a region.
pub(crate) fn object<'a>(output: &'a Output, region: &str, kind: &str, name: &str) -> &'a Object {
    let named = |m: &&Manifest| *m.region == *region && m.object.kind() == kind && m.object.name() == name;
    let found: Vec<&Manifest> = output.manifests.iter().filter(named).collect();
    assert_eq!(found.len(), 1, "{kind} {name} in {region}");
    &found[0].object
}

/// Runs one of upstream's own tools (`tools/setup` installs it) in a directory; what it says, and it must say yes.
pub(crate) fn tool(program: &str, directory: &Path, arguments: &[&str]) -> String {
    let done = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .output()
        .unwrap_or_else(|error| panic!("{program} is installed by tools/setup: {error}"));
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
    assert!(done.status.success(), "{program} {arguments:?}: {said}");
    said
}
