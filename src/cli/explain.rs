//! `galeno explain`.

use super::{End, Shell};
use crate::bundle::{Manifest, paths};
use crate::components;
use crate::finding::{Finding, nearest};
use crate::pipeline;
use crate::report::{self, Sources};

/// Say what an environment means, and why each part of an object is there.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
galeno explain prod                              regions, replicas, addresses, volumes, schedules, defaults\n  \
galeno explain prod database                     the objects of a component, each with its reason\n  \
galeno explain prod StatefulSet/mariadb-g0       one object: each part, its rule and the line it follows\n  \
galeno explain prod generated/prod/eu-central/database/statefulset-mariadb-g0.yaml")]
pub(super) struct Args {
    /// The environment.
    environment: String,
    /// A component, an object (`NAME`, `KIND/NAME`) or a file under `generated/`.
    what: Option<String>,
}

pub(super) fn run(shell: &Shell, args: &Args) -> End {
    let sources = Sources::below(&shell.root);
    let loaded = match pipeline::discover(&shell.root).and_then(|all| all.named(&args.environment).map(str::to_owned)) {
        Err(finding) => {
            shell.tell(&[*finding], &sources, true);
            return End::Findings;
        }
        Ok(name) => pipeline::load(&shell.root, &name, jiff::Timestamp::now()),
    };
    let (loaded, findings) = loaded;
    let Some(loaded) = loaded else {
        shell.tell(&findings, &sources, true);
        return End::Findings;
    };
    let manifests = components::render(&loaded.topology).manifests;
    let file = |path: &String| format!("{}/{}/{path}", pipeline::folders::GENERATED, args.environment);
    let files: Vec<String> = paths(&manifests).iter().map(file).collect();
    let Some(what) = &args.what else {
        let text = report::overview(&loaded.topology, &loaded.source, &manifests);
        shell.tell(&findings, &sources, true);
        return Shell::print(&text);
    };
    let of_component: Vec<&Manifest> = manifests.iter().filter(|m| m.component == what).collect();
    if !of_component.is_empty() {
        return Shell::print(&report::component(&of_component));
    }
    let objects: Vec<(&Manifest, &String)> = manifests
        .iter()
        .zip(&files)
        .filter(|(m, file)| is_meant(m, file, what))
        .collect();
    if objects.is_empty() {
        shell.tell(&[unknown(what, &manifests)], &sources, true);
        return End::Findings;
    }
    let texts: Vec<String> = objects
        .iter()
        .map(|(m, file)| report::object(m, file, &loaded.source))
        .collect();
    Shell::print(&texts.join("\n"))
}

fn is_meant(manifest: &Manifest, file: &str, what: &str) -> bool {
    let object = &manifest.object;
    let by_kind = what
        .split_once('/')
        .is_some_and(|(kind, name)| object.kind().eq_ignore_ascii_case(kind) && object.name() == name);
    object.name() == what || by_kind || what.ends_with(file)
}

fn unknown(what: &str, manifests: &[Manifest]) -> Finding {
    let mut names: Vec<String> = manifests.iter().map(|m| m.component.to_owned()).collect();
    names.extend(
        manifests
            .iter()
            .map(|m| format!("{}/{}", m.object.kind(), m.object.name())),
    );
    names.extend(manifests.iter().map(|m| m.object.name().to_owned()));
    names.sort_unstable();
    names.dedup();
    let mut components: Vec<&str> = manifests.iter().map(|m| m.component).collect();
    components.sort_unstable();
    components.dedup();
    let mend = match nearest(what, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "components: {}; `galeno explain ENV COMPONENT` lists objects",
            components.join(", ")
        ),
    };
    Finding::error(
        "explain/unknown",
        format!("`{what}` is no component and no object of this environment"),
    )
    .mend(mend)
}
