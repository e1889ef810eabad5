//! One page with everything.

use minijinja::{AutoEscape, Environment, context};

use super::document::Document;

const TEMPLATE: &str = include_str!("plan.html.j2");

pub(super) fn tell(document: &Document) -> String {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    let page = environment.render_named_str(
        "plan.html",
        TEMPLATE,
        context! { document => minijinja::value::Serde(document) },
    );
    // The template is part of the program, and a test renders all of it.
    page.unwrap_or_else(|error| format!("<!doctype html><title>galeno plan</title><p>{}", error.kind()))
}
