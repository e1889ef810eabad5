//! `galeno schema`.

use clap::ValueEnum;

use super::{End, Shell};
use crate::spec::{environment_schema, restore_schema};

/// Print the JSON Schema of an environment file or of a restore request.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Editors with the YAML language server complete and check a file whose first line is\n  \
# yaml-language-server: $schema=../schemas/environment.schema.json\n\nExamples:\n  \
galeno schema environment > schemas/environment.schema.json"
)]
pub(super) struct Args {
    /// Which schema.
    kind: Kind,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// `environments/NAME.yaml`.
    Environment,
    /// `environments/NAME/restores/NUMBER.yaml`.
    Restore,
}

pub(super) fn run(args: &Args) -> End {
    let schema = match args.kind {
        Kind::Environment => environment_schema(),
        Kind::Restore => restore_schema(),
    };
    Shell::print(&text(schema))
}

/// A schema as it is published.
pub(super) fn text(schema: &serde_json::Value) -> String {
    // A `Value` always has a form in JSON.
    serde_json::to_string_pretty(schema).unwrap_or_default() + "\n"
}
