//! `galeno survive`.

use clap::ValueEnum;

use super::{End, Shell};
use crate::bundle::paths;
use crate::checks::survival::{Matrix, Model, State, text};
use crate::components;
use crate::finding::{Finding, has_errors};
use crate::pipeline;
use crate::report::Sources;

/// What is left of each service when a node, a disk, a zone or a region is lost.
///
/// Read from the objects that would be generated; of all placements that they allow, the worst.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A node or a disk is named by its zone: the one of them that holds the most. The command fails if a loss that \
the environment promises to survive ends a service.\n\nExamples:\n  \
galeno survive prod                                            every single loss, and those that the environment declares\n  \
galeno survive prod --lose zone/eu-central-1a                  one loss\n  \
galeno survive prod --lose node/eu-central-1a --lose disk/eu-central-1b    both at once\n  \
galeno survive prod --format json"
)]
pub(super) struct Args {
    /// The environment.
    #[arg(value_name = "ENV")]
    environment: String,
    /// What is lost: zone/NAME, node/ZONE, disk/ZONE, region/NAME or drain/REGION. Given several times: all at once.
    #[arg(long, value_name = "WHAT")]
    lose: Vec<String>,
    /// The form of the matrix, on standard output.
    #[arg(long, value_name = "FORM", default_value = "text")]
    format: Form,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    Text,
    Json,
}

pub(super) fn run(shell: &Shell, args: &Args) -> End {
    let sources = Sources::below(&shell.root);
    let name = match pipeline::discover(&shell.root).and_then(|all| all.named(&args.environment).map(str::to_owned)) {
        Ok(name) => name,
        Err(finding) => return failed(shell, &sources, &[*finding]),
    };
    let (loaded, findings) = pipeline::load(&shell.root, &name, jiff::Timestamp::now());
    let Some(loaded) = loaded else {
        return failed(shell, &sources, &findings);
    };
    let manifests = components::render(&loaded.topology).manifests;
    let items = pipeline::items(&loaded, &manifests, &paths(&manifests));
    let model = Model::new(&items, pipeline::world(&loaded));
    let matrix = if args.lose.is_empty() {
        let (matrix, unknown) = model.matrix();
        if has_errors(&unknown) {
            let located: Vec<Finding> = unknown
                .into_iter()
                .map(|finding| loaded.source.locate(finding))
                .collect();
            return failed(shell, &sources, &located);
        }
        matrix
    } else {
        match model.loss(&args.lose) {
            Ok(loss) => Matrix {
                rows: vec![model.lose(loss)],
            },
            Err(error) => {
                let finding = Finding::error("survival/unknown", error.to_string()).mend(error.mend());
                return failed(shell, &sources, &[finding]);
            }
        }
    };
    let printed = Shell::print(&match args.format {
        Form::Text => text(&matrix),
        Form::Json => json(&matrix),
    });
    let is_broken = |row: &crate::checks::survival::Row| {
        row.promised && row.services.values().any(|outcome| outcome.state == State::Lost)
    };
    if matrix.rows.iter().any(is_broken) {
        End::Findings
    } else {
        printed
    }
}

fn failed(shell: &Shell, sources: &Sources, findings: &[Finding]) -> End {
    shell.tell(findings, sources, true);
    End::Findings
}

fn json(matrix: &Matrix) -> String {
    // Texts and maps by names always have a form in JSON.
    serde_json::to_string_pretty(matrix).unwrap_or_default() + "\n"
}
