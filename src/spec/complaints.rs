//! What a JSON Schema validator says, told to a person.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use serde_json::Value;

use super::schema;
use crate::finding::{Finding, Place, nearest};

/// Every way in which a value does not fit a schema. `NGINX`-like special cases are the resolver's.
pub(super) fn complaints(root: &Value, value: &Value) -> Vec<Finding> {
    let validator = match jsonschema::validator_for(root) {
        Ok(validator) => validator,
        // The schema is made from this program's own types; should it be invalid, nothing may pass.
        Err(error) => {
            return vec![Finding::error(
                "spec/schema",
                format!("the schema itself is not valid: {error}"),
            )];
        }
    };
    validator
        .iter_errors(value)
        .flat_map(|error| tell(root, &error))
        .collect()
}

fn at(pointer: &str, finding: Finding) -> Finding {
    finding.at(Place {
        pointer: Some(pointer.to_owned()),
        ..Place::default()
    })
}

/// The last name in a pointer, for a sentence.
fn name_of(pointer: &str) -> String {
    let mut names = pointer.rsplit('/');
    match names.next() {
        None | Some("") => "the file".to_owned(),
        Some(index) if index.bytes().all(|b| b.is_ascii_digit()) => {
            let number = index.parse::<usize>().map_or(0, |i| i + 1);
            format!("item {number} of `{}`", names.next().unwrap_or_default())
        }
        Some(name) => format!("`{name}`"),
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

fn tell(root: &Value, error: &ValidationError<'_>) -> Vec<Finding> {
    let pointer = error.instance_path().as_str();
    let part = schema::part_at(root, pointer);
    let what = name_of(pointer);
    let found = error.instance().as_ref();
    // An optional part that is there: it is the part that is wrong, and not that it is there.
    if let Kind::AnyOf { context } = error.kind() {
        let here = |one: &ValidationError<'_>| {
            matches!(one.kind(), Kind::Type { .. }) && one.instance_path() == error.instance_path()
        };
        let mut of_its_kind = context.iter().filter(|branch| !branch.iter().any(here));
        if let (Some(branch), None) = (of_its_kind.next(), of_its_kind.next()) {
            return branch.iter().flat_map(|one| tell(root, one)).collect();
        }
    }
    let one = match error.kind() {
        Kind::AdditionalProperties { unexpected } => return unknown_fields(root, part, pointer, unexpected),
        Kind::Required { property } => {
            let field = property.as_str().unwrap_or_default();
            let said = part
                .and_then(|p| p.pointer(&format!("/properties/{field}/description")))
                .and_then(Value::as_str);
            let mut finding = Finding::error("spec/missing", format!("{what} has no `{field}`"));
            if let Some(said) = said {
                finding = finding.because(format!("`{field}`: {}", first_sentence(said)));
            }
            finding.mend(
                example(part, field).map_or_else(|| format!("add `{field}: …`"), |e| format!("add `{field}: {e}`")),
            )
        }
        Kind::Type { .. } | Kind::AnyOf { .. } if part.is_none_or(|p| schema::choices(p).is_empty()) => {
            wrong_type(&what, found, part)
        }
        Kind::OneOfNotValid { .. }
        | Kind::Enum { .. }
        | Kind::Constant { .. }
        | Kind::AnyOf { .. }
        | Kind::Type { .. } => match part.map(schema::choices).filter(|choices| !choices.is_empty()) {
            Some(choices) => wrong_choice(&what, found, &choices),
            None => one_of(root, &what, part),
        },
        Kind::OneOfMultipleValid { .. } => one_of(root, &what, part),
        Kind::Minimum { limit } => Finding::error("spec/range", format!("{what} is {found}, below {limit}"))
            .mend(format!("write {limit} or more")),
        Kind::Maximum { limit } => Finding::error("spec/range", format!("{what} is {found}, above {limit}"))
            .mend(format!("write {limit} or less")),
        Kind::MinItems { limit } => {
            Finding::error("spec/range", format!("{what} has too few items")).mend(format!("write at least {limit}"))
        }
        Kind::MinLength { .. } => {
            Finding::error("spec/value", format!("{what} is empty")).mend("write a text, or remove the field")
        }
        Kind::MaxLength { limit } => Finding::error("spec/value", format!("{what} is too long"))
            .mend(format!("write at most {limit} characters")),
        _ => Finding::error("spec/value", format!("{what}: {error}")),
    };
    vec![at(pointer, one)]
}

fn first_sentence(text: &str) -> &str {
    text.split_inclusive(". ")
        .next()
        .unwrap_or(text)
        .trim_end()
        .trim_end_matches('.')
}

fn example(part: Option<&Value>, field: &str) -> Option<String> {
    let example = part?.pointer(&format!("/properties/{field}/examples/0"))?;
    Some(example.as_str().map_or_else(|| example.to_string(), str::to_owned))
}

fn unknown_fields(root: &Value, part: Option<&Value>, pointer: &str, unexpected: &[String]) -> Vec<Finding> {
    let known = part.map(|p| schema::fields(root, p)).unwrap_or_default();
    let place = if pointer.is_empty() {
        "an environment or request".to_owned()
    } else {
        name_of(pointer)
    };
    let tell = |field: &String| {
        let mend = match nearest(field, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known fields: {}", known.join(", ")),
        };
        let escaped = field.replace('~', "~0").replace('/', "~1");
        at(
            &format!("{pointer}/{escaped}"),
            Finding::error("spec/unknown-field", format!("{place} has no field `{field}`")).mend(mend),
        )
    };
    unexpected.iter().map(tell).collect()
}

fn wrong_type(what: &str, found: &Value, part: Option<&Value>) -> Finding {
    let types = part.and_then(|p| p.get("type"));
    let wanted = match types.and_then(|t| t.as_str().or_else(|| t.as_array()?.first()?.as_str())) {
        Some("integer") => "a whole number",
        Some("number") => "a number",
        Some("boolean") => "`true` or `false`",
        Some("array") => "a list",
        Some("object") => "a mapping",
        Some("string") => "a text",
        _ => "another kind of value",
    };
    let finding = Finding::error("spec/type", format!("{what} is {}, not {wanted}", kind_of(found)));
    match (wanted, found) {
        ("a text", Value::Bool(_) | Value::Number(_)) => {
            let reason = "unquoted, YAML takes `yes`, `no`, `on`, `off` and numbers for something else than text";
            finding.because(reason).mend(format!("put it in quotes: \"{found}\""))
        }
        ("a list", _) => finding.mend("write the items in brackets, `[a, b]`, or each in a line of its own after `- `"),
        _ => finding.mend(format!("write {wanted}")),
    }
}

fn wrong_choice(what: &str, found: &Value, choices: &[&str]) -> Finding {
    let written = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
    let mend = match nearest(&written, choices.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("write one of {}", choices.join(", ")),
    };
    let finding = Finding::error(
        "spec/choice",
        format!("{what} is `{written}`, which is none of {}", choices.join(", ")),
    );
    if written.contains("nginx") {
        let reason = "ingress-nginx is retired: no release and no security fix since March 2026";
        return finding.because(reason).mend("write `gateway` or `traefik`");
    }
    finding.mend(mend)
}

fn one_of(root: &Value, what: &str, part: Option<&Value>) -> Finding {
    let names = part.map(|p| schema::fields(root, p)).unwrap_or_default();
    Finding::error(
        "spec/choice",
        format!("{what} does not have exactly one of {}", names.join(", ")),
    )
    .mend(format!("write one of {}", names.join(", ")))
}
