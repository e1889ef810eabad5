//! `galeno status`.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use jiff::Timestamp;

use super::{End, Shell};
use crate::finding::Finding;
use crate::pipeline;
use crate::report::Sources;
use crate::status::{Asked, Cluster, Status, Target, assemble, text};

/// What runs now: each zone's nodes and pods, the database and its gate, the last backup and the last rehearsal.
///
/// Reads the cluster, by the rights of your kubeconfig, and changes nothing. Fails while anything is not as it should be.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "What the keepers say of Galera is read through the API server, which needs the right to `get` `pods/proxy` in \
clinic-data; without it the rest is shown.\n\nExamples:\n  \
galeno status prod                              the primary region, by the current context\n  \
galeno status prod --region eu-west --context west\n  \
galeno status local --watch                     again and again, until Ctrl-C\n  \
galeno status prod --format json | jq .problems"
)]
pub(super) struct Args {
    /// The environment.
    #[arg(value_name = "ENV")]
    environment: String,
    /// The region; the primary one where none is named.
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
    /// The context of the kubeconfig that leads to the region's cluster.
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// The kubeconfig; `KUBECONFIG` or ~/.kube/config where none is named.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Show it anew every so many seconds.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2", conflicts_with = "format",
        value_parser = clap::value_parser!(u64).range(1..))]
    watch: Option<u64>,
    /// The form, on standard output.
    #[arg(long, value_name = "FORM", default_value = "text")]
    format: Form,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    Text,
    Json,
}

pub(super) fn run(shell: &Shell, args: &Args) -> End {
    let asked = match asked(shell, args) {
        Ok(asked) => asked,
        Err(findings) => {
            shell.tell(&findings, &Sources::below(&shell.root), false);
            return End::Findings;
        }
    };
    let target = Target {
        kubeconfig: args.kubeconfig.clone(),
        context: args.context.clone(),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return unreadable(shell, &error.to_string()),
    };
    match args.watch {
        Some(seconds) => runtime.block_on(watch(shell, &asked, &target, Duration::from_secs(seconds))),
        None => match runtime.block_on(read(&asked, &target)) {
            Ok(status) => print(shell, args.format, &status),
            Err(error) => unreadable(shell, &error),
        },
    }
}

fn asked(shell: &Shell, args: &Args) -> Result<Asked, Vec<Finding>> {
    let name = pipeline::discover(&shell.root)
        .and_then(|all| all.named(&args.environment).map(str::to_owned))
        .map_err(|finding| vec![*finding])?;
    let (loaded, findings) = pipeline::load(&shell.root, &name, Timestamp::now());
    let Some(loaded) = loaded else { return Err(findings) };
    let topology = &loaded.topology;
    let primary = topology.primary();
    let region = match &args.region {
        None => primary.region(),
        Some(name) => {
            let known: Vec<&str> = topology.regions.iter().map(|region| region.name.as_str()).collect();
            topology
                .regions
                .iter()
                .find(|region| region.name.as_str() == name)
                .ok_or_else(|| {
                    vec![Finding::error(
                        "status/region",
                        format!(
                            "{} has no region {name}; its regions: {}",
                            args.environment,
                            known.join(", ")
                        ),
                    )]
                })?
        }
    };
    Ok(Asked {
        environment: name,
        region: region.name.to_string(),
        zones: region.zones.iter().map(ToString::to_string).collect(),
        generation: topology.database.active,
    })
}

async fn read(asked: &Asked, target: &Target) -> Result<Status, String> {
    let cluster = Cluster::connect(target).await?;
    Ok(assemble(asked, &cluster.read().await?))
}

async fn watch(shell: &Shell, asked: &Asked, target: &Target, every: Duration) -> End {
    let color = shell.colored(std::io::stdout().is_terminal());
    loop {
        let shown = match read(asked, target).await {
            Ok(status) => text(&status, Timestamp::now(), color),
            // A cluster in trouble is what this is for: it goes on asking.
            Err(error) => format!("{} · {}\n\nno answer: {error}\n", asked.environment, asked.region),
        };
        // The screen is cleared only when the next picture is there.
        let end = Shell::print(&format!("\u{1b}[2J\u{1b}[H{shown}"));
        if end != End::Done {
            return end;
        }
        tokio::time::sleep(every).await;
    }
}

fn print(shell: &Shell, form: Form, status: &Status) -> End {
    let shown = match form {
        Form::Text => text(status, Timestamp::now(), shell.colored(std::io::stdout().is_terminal())),
        Form::Json => match serde_json::to_string_pretty(status) {
            Ok(json) => format!("{json}\n"),
            Err(error) => return unreadable(shell, &error.to_string()),
        },
    };
    match Shell::print(&shown) {
        End::Done if !status.problems.is_empty() => End::Findings,
        end => end,
    }
}

fn unreadable(shell: &Shell, error: &str) -> End {
    shell.say(&format!(
        "error[status/unreadable]: {error}\n  help: `kubectl --context NAME get nodes` must work with the same kubeconfig"
    ));
    End::Unreadable
}
