//! A plan for people and machines: one document, several forms.

mod document;
mod html;
mod markdown;
mod terminal;
mod words;

use super::Plan;

/// The form in which a plan is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people at a terminal.
    #[default]
    Terminal,
    /// For a comment on a pull request: never longer than GitHub takes, by saying what was left out.
    Markdown,
    /// One JSON document, with everything.
    Json,
    /// One page, with everything.
    Html,
}

/// Tells a plan in a form.
pub fn tell(plan: &Plan, format: Format, color: bool) -> String {
    match format {
        Format::Terminal => terminal::tell(&document::of(plan), color),
        Format::Markdown => markdown::tell(&document::of(plan)),
        Format::Html => html::tell(&document::of(plan)),
        // A plan has text keys and plain values alone.
        Format::Json => serde_json::to_string_pretty(plan).unwrap_or_default() + "\n",
    }
}

#[cfg(test)]
mod tests;
