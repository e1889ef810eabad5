//! The rules that definitions of custom resources state in CEL (`x-kubernetes-validations`).
//!
//! A rule that compares with the object as it was (`oldSelf`) is passed over: here is no older object. A rule that
//! cannot be evaluated here is told as a note, with its text; none is passed over in silence. What a rule may cost is
//! estimated before it is run, so that no rule can take long.

mod convert;
mod cost;
mod expression;
mod functions;

use std::fmt;
use std::sync::{Arc, LazyLock, OnceLock};

use cel::common::ast::IdedExpr;
use cel::common::types::{CelBool, CelOptional};
use cel::{Context, Env, ExecutionError, Value};
use serde::Deserialize;

pub(in crate::checks) use expression::{Expression, Failure, Scope};

use super::model::Schema;
use super::path::Step;
use super::value::Fault;
use super::walk::Walk;

/// The environment of the rules: CEL's own functions and those that Kubernetes adds.
static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(functions::environment()));

/// The longest rule that is parsed, in bytes; the longest of any project that Galeno builds on has 1300.
const MAX_LENGTH: usize = 16 * 1024;
/// The most operators, dots and brackets in a rule that is parsed, and the deepest brackets: each may be a level of the
/// parser's recursion. That longest rule has 300, five deep.
const MAX_SIGNS: usize = 800;
const MAX_DEPTH: usize = 64;

/// One rule of a schema.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rule {
    #[serde(rename = "rule")]
    expression: Box<str>,
    #[serde(default)]
    message: Option<Box<str>>,
    #[serde(default)]
    field_path: Option<Box<str>>,
    #[serde(default)]
    optional_old_self: bool,
    #[serde(skip)]
    compiled: OnceLock<Compiled>,
}

enum Compiled {
    Program(IdedExpr),
    /// It compares with the object as it was.
    Transition,
    /// It cannot be evaluated, because of this.
    Unknown(String),
}

/// Whether parsing a rule might take more stack than there is.
fn is_too_large(rule: &str) -> bool {
    let (mut signs, mut depth, mut deepest) = (0_usize, 0_usize, 0_usize);
    // What is in a literal text is counted as well, which only makes the answer more careful.
    for byte in rule.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
        signs += usize::from(byte.is_ascii_punctuation() && !matches!(byte, b'_' | b'\'' | b'"' | b','));
    }
    rule.len() > MAX_LENGTH || signs > MAX_SIGNS || deepest > MAX_DEPTH
}

/// What came of a rule.
enum Outcome {
    Holds,
    Broken,
    /// The rule failed, as it would in the API server.
    Failed(String),
    /// The rule cannot be evaluated here.
    NotEvaluated(String),
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.expression)
    }
}

impl Rule {
    fn compiled(&self) -> &Compiled {
        self.compiled.get_or_init(|| {
            if is_too_large(&self.expression) {
                return Compiled::Unknown("it is too long or nested too deep".to_owned());
            }
            match ENVIRONMENT.parser().parse(&self.expression) {
                Err(errors) => Compiled::Unknown(format!("it cannot be parsed: {errors}")),
                Ok(expression) => {
                    let compares = expression.references().has_variable("oldSelf");
                    if compares && !self.optional_old_self {
                        Compiled::Transition
                    } else {
                        Compiled::Program(expression)
                    }
                }
            }
        })
    }

    /// Panics if the rule cannot be evaluated: the embedded ones all can.
    #[cfg(test)]
    pub(super) fn assert_known(&self, name: &str) {
        let reason = with_stack(|| match self.compiled() {
            Compiled::Unknown(reason) => Some(reason.clone()),
            _ => None,
        });
        assert_eq!(reason, None, "{name}: {}", self.expression);
    }
}

/// Evaluates the rules of one value, whose structure is sound.
pub(super) fn evaluate<'a>(walk: &mut Walk<'a>, schema: &'a Schema, rules: &'a [Rule], value: &'a serde_json::Value) {
    if rules.iter().all(|rule| matches!(rule.compiled(), Compiled::Transition)) {
        return;
    }
    if !walk.deep_stack {
        let reason = "no thread could be started for it";
        return walk
            .not_evaluated
            .extend(rules.iter().map(|rule| (&*rule.expression, reason.to_owned())));
    }
    let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
    context.add_variable_as_val("self", convert::value(schema, value, walk.depth() == 0));
    context.add_variable_as_val("oldSelf", Box::new(CelOptional::none()));
    for rule in rules {
        let Compiled::Program(expression) = rule.compiled() else {
            if let Compiled::Unknown(reason) = rule.compiled() {
                walk.not_evaluated.push((&rule.expression, reason.clone()));
            }
            continue;
        };
        match run(expression, &context) {
            Outcome::Holds => {}
            Outcome::Broken => broken(walk, rule, None),
            Outcome::Failed(reason) => broken(walk, rule, Some(&reason)),
            Outcome::NotEvaluated(reason) => walk.not_evaluated.push((&rule.expression, reason)),
        }
    }
}

fn run(expression: &IdedExpr, context: &Context<'_, '_>) -> Outcome {
    let self_value = context.get_variable("self");
    if !self_value.is_some_and(|value| cost::is_bearable(expression, &*value)) {
        return Outcome::NotEvaluated("it could take too long on a value of this size".to_owned());
    }
    // The evaluator is another project's code: a fault of it must not end the program.
    let evaluation = std::panic::AssertUnwindSafe(|| {
        Value::resolve_val(expression, context).map(|v| v.downcast_ref::<CelBool>().map(|b| *b.inner()))
    });
    match std::panic::catch_unwind(evaluation) {
        Ok(Ok(Some(true))) => Outcome::Holds,
        Ok(Ok(Some(false))) => Outcome::Broken,
        Ok(Ok(None)) => Outcome::NotEvaluated("its result is neither true nor false".to_owned()),
        Ok(Err(error)) => failure(&error),
        Err(_) => Outcome::NotEvaluated("the evaluator failed".to_owned()),
    }
}

/// Whether an error would be the API server's as well, or comes of what is not known here.
fn failure(error: &ExecutionError) -> Outcome {
    match error {
        ExecutionError::NoSuchKey(_)
        | ExecutionError::IndexOutOfBounds(_)
        | ExecutionError::DivisionByZero(_)
        | ExecutionError::RemainderByZero(_)
        | ExecutionError::Overflow(..)
        | ExecutionError::FunctionError { .. } => Outcome::Failed(error.to_string()),
        _ => Outcome::NotEvaluated(error.to_string()),
    }
}

fn broken(walk: &mut Walk<'_>, rule: &Rule, failure: Option<&str>) {
    let said = rule.message.as_deref().unwrap_or(&rule.expression).trim();
    let problem = match failure {
        None => format!("breaks a rule of its definition: {said}"),
        Some(failure) => format!("breaks a rule of its definition: {said} (evaluating it failed: {failure})"),
    };
    let fault = Fault::new(problem).because(format!("the definition demands `{}`", rule.expression.trim()));
    let path: Vec<Step<'_>> = field_path(rule.field_path.as_deref().unwrap_or_default());
    walk.error("schema/rule", &path, fault);
}

/// The steps of a rule's `fieldPath`, if they are plain fields: `.spec.name`.
fn field_path(path: &str) -> Vec<Step<'_>> {
    let plain = path.starts_with('.') && !path.contains(['[', '\'']);
    if plain {
        path.split('.')
            .skip(1)
            .filter(|part| !part.is_empty())
            .map(Step::Key)
            .collect()
    } else {
        Vec::new()
    }
}

/// Runs a test with the stack that `check` gives.
#[cfg(test)]
fn with_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    super::THREADS.as_ref().unwrap().install(work)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(rule: &str, value: &serde_json::Value) -> String {
        with_stack(|| outcome_here(rule, value))
    }

    /// Evaluates a rule over a value that has no schema.
    fn outcome_here(rule: &str, value: &serde_json::Value) -> String {
        let expression = ENVIRONMENT.parser().parse(rule).unwrap();
        let schema = Schema {
            open: true,
            ..Schema::default()
        };
        let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
        context.add_variable_as_val("self", convert::value(&schema, value, false));
        match run(&expression, &context) {
            Outcome::Holds => "holds".to_owned(),
            Outcome::Broken => "broken".to_owned(),
            Outcome::Failed(reason) => format!("failed: {reason}"),
            Outcome::NotEvaluated(reason) => format!("not evaluated: {reason}"),
        }
    }

    #[test]
    fn kubernetes_functions_are_known() {
        let value = serde_json::json!({"list": [1, 2, 3], "name": "a-b", "map": {"k": "v"}, "size": "1Gi"});
        for rule in [
            "self.name.matches('^[a-z-]+$') && matches(self.name, 'a')",
            "!self.name.matches('^b')",
            "'abc 123'.find('[0-9]+') == '123' && '1 2'.findAll('[0-9]+') == ['1', '2'] && '1 2'.findAll('[0-9]+', 1) == ['1']",
            "self.list.isSorted() && self.list.sum() == 6 && self.list.min() == 1 && self.list.max() == 3",
            "self.list.indexOf(2) == 1 && self.list.lastIndexOf(9) == -1",
            "self.name.split('-') == ['a', 'b'] && self.name.substring(2) == 'b' && self.name.upperAscii() == 'A-B'",
            "quantity(self.size).isGreaterThan(quantity('1G')) && isQuantity('5m') && !isQuantity('5x')",
            "quantity('50k').add(quantity('20k')) == quantity('70k') && quantity('50k').sub(20000) == quantity('30k')",
            "quantity('1.5').isInteger() == false && quantity('50k').asInteger() == 50000 && quantity('-1').sign() == -1",
            "quantity('200M').compareTo(quantity('0.2G')) == 0 && quantity('1').asApproximateFloat() == 1.0",
            "isIP('10.0.0.1') && !isIP('10.0.0.256') && ip('::1').family() == 6 && ip('127.0.0.1').isLoopback()",
            "isCIDR('10.0.0.0/8') && cidr('10.0.0.0/8').containsIP('10.1.2.3') && cidr('10.0.0.0/8').prefixLength() == 8",
            "cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && string(cidr('10.0.0.0/8').ip()) == '10.0.0.0'",
            "isURL('https://a.b:8080/c?d=e') && !isURL('../a') && url('https://a.b:8080/c').getHostname() == 'a.b'",
            "url('https://a.b:8080/c').getPort() == '8080' && url('https://a.b/c').getEscapedPath() == '/c'",
            "!format.dns1123Label().validate('Not Good').hasValue() == false && !format.dns1123Label().validate('a').hasValue()",
            "self.map.all(k, k.startsWith('k')) && self.list.exists_one(x, x == 2) && size(self.list) == 3",
            "duration('30s') < duration('1m') && 'a' in self.name.split('-')",
            "r\"\"\"^a\\.b\"\"\" == '^a\\\\.b'",
        ] {
            assert_eq!(outcome(rule, &value), "holds", "{rule}");
        }
    }

    #[test]
    fn what_fails_there_fails_here_and_what_is_unknown_is_said() {
        let value = serde_json::json!({"a": 1});
        assert_eq!(outcome("self.a == 2", &value), "broken");
        assert!(outcome("self.b == 2", &value).starts_with("failed: No such key"));
        assert!(outcome("quantity('x').isInteger()", &value).starts_with("failed:"));
        assert!(outcome("1 / 0 == 1", &value).starts_with("failed:"));
        assert!(outcome("semver('1.0.0').major() == 1", &value).starts_with("not evaluated: Undeclared"));
        assert!(
            outcome("authorizer.group('').resource('x').check('get').allowed()", &value).starts_with("not evaluated")
        );
        assert!(outcome("self.a", &value).starts_with("not evaluated"));
    }

    #[test]
    fn no_rule_takes_long() {
        let value = serde_json::json!({"l": vec![1; 300]});
        let heavy = "self.l.all(a, self.l.all(b, self.l.all(c, self.l.all(d, a + b + c + d > 0))))";
        assert!(outcome(heavy, &value).starts_with("not evaluated: it could take too long"));
        let growing = format!("'aaaaaaaa'{}.size() > 0", ".replace('a', 'aaaaaaaa')".repeat(30));
        assert!(outcome(&growing, &value).starts_with("not evaluated: it could take too long"));
        let listing = format!("[1]{} == []", ".map(x, [x, x]).map(y, [y, y])".repeat(20));
        assert!(outcome(&listing, &value).starts_with("not evaluated: it could take too long"));
    }

    #[test]
    fn deep_and_broken_rules_are_refused_and_not_run() {
        let nested = |open: &str, close: &str, n: usize| format!("{}true{}", open.repeat(n), close.repeat(n));
        let mut rules = vec!["self.".to_owned(), "a b".to_owned(), "x".repeat(MAX_LENGTH + 1)];
        for n in [10, MAX_DEPTH, MAX_DEPTH + 1, MAX_SIGNS / 2, MAX_SIGNS, 5000] {
            rules.extend(["(", "[", "!", "-", "{"].map(|text| text.repeat(n)));
            rules.extend([
                nested("(", ")", n),
                nested("[1].all(x, ", ")", n),
                nested("true ? ", " : true", n),
            ]);
            rules.extend(["1 + ", "1 == ", "true && ", "true ? true : "].map(|text| text.repeat(n) + "true"));
            rules.extend([".b", ".size()", "[0]", ".map(x, [x])"].map(|text| "a".to_owned() + &text.repeat(n)));
        }
        for rule in rules {
            let rule: Rule = serde_json::from_value(serde_json::json!({ "rule": rule })).unwrap();
            // Either is fine; what matters is that it returns.
            with_stack(|| {
                if let Compiled::Program(expression) = rule.compiled() {
                    let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
                    context.add_variable_as_val("self", Box::new(CelOptional::none()));
                    run(expression, &context);
                }
            });
        }
    }
}
