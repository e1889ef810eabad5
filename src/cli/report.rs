//! `galeno report`.

use std::path::PathBuf;

use super::{End, Shell, environments};
use crate::bundle::paths;
use crate::checks::survival::Model;
use crate::finding::{Finding, Place, has_errors};
use crate::report::Sources;
use crate::{components, page, pipeline};

/// Draw an environment as one page: where it runs, who may speak to whom, what is survived, what
/// runs when, what carries each requirement.
///
/// The page is one file that needs nothing else: no script, no network. It is the same as long as the environment is.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  galeno report prod --html prod.html\n  galeno report prod --html - > prod.html")]
pub(super) struct Args {
    /// The environment.
    environment: String,
    /// The file to write; `-` for standard output.
    #[arg(long, value_name = "FILE")]
    html: PathBuf,
}

pub(super) fn run(shell: &Shell, args: &Args) -> End {
    match work(shell, args) {
        Ok(end) => end,
        Err(findings) => {
            shell.tell(&findings, &Sources::below(&shell.root), true);
            End::Findings
        }
    }
}

fn work(shell: &Shell, args: &Args) -> Result<End, Vec<Finding>> {
    environments(shell, std::slice::from_ref(&args.environment))?;
    let (loaded, findings) = pipeline::load(&shell.root, &args.environment, jiff::Timestamp::now());
    let Some(loaded) = loaded else { return Err(findings) };
    let manifests = components::render(&loaded.topology).manifests;
    let files = paths(&manifests);
    let items = pipeline::items(&loaded, &manifests, &files);
    let (matrix, unknown) = Model::new(&items, pipeline::world(&loaded)).matrix();
    if has_errors(&unknown) {
        return Err(unknown
            .into_iter()
            .map(|finding| loaded.source.locate(finding))
            .collect());
    }
    let page = page::page(&loaded.topology, &manifests, &files, &matrix);
    let page = page.map_err(|error| vec![Finding::error("galeno/render", error)])?;
    if args.html.as_os_str() == "-" {
        return Ok(Shell::print(&page));
    }
    std::fs::write(&args.html, page).map_err(|error| {
        vec![
            Finding::error("io/write", format!("cannot be written: {error}")).at(Place {
                file: Some(args.html.display().to_string()),
                ..Place::default()
            }),
        ]
    })?;
    shell.say(&format!("wrote {}", args.html.display()));
    Ok(End::Done)
}
