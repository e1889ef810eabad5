//! Expressions of admission policies: the same language, functions and bounds as the rules of definitions, over more
//! variables than `self`.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use cel::common::ast::{EntryExpr, Expr, IdedExpr};
use cel::common::types::{CelBool, CelString};
use cel::common::value::Val;
use cel::{Context, Value};

use super::{ENVIRONMENT, Outcome, cost, failure, is_too_large};

/// Functions that Kubernetes and CEL have and that are evaluated here as they are there. A call of any other is refused
/// when the expression is read, whether it would be reached or not.
const FUNCTIONS: &[&str] = &[
    "@in",
    "@matches",
    "@not_strictly_false",
    "add",
    "asApproximateFloat",
    "asInteger",
    "bool",
    "bytes",
    "charAt",
    "cidr",
    "compareTo",
    "contains",
    "containsCIDR",
    "containsIP",
    "double",
    "duration",
    "endsWith",
    "family",
    "find",
    "findAll",
    "getEscapedPath",
    "getHost",
    "getHostname",
    "getPort",
    "getScheme",
    "hasValue",
    "indexOf",
    "int",
    "ip",
    "isCIDR",
    "isGreaterThan",
    "isIP",
    "isInteger",
    "isLessThan",
    "isLoopback",
    "isQuantity",
    "isSorted",
    "isURL",
    "join",
    "lastIndexOf",
    "lowerAscii",
    "matches",
    "max",
    "min",
    "orValue",
    "prefixLength",
    "quantity",
    "replace",
    "sign",
    "size",
    "split",
    "startsWith",
    "string",
    "sub",
    "substring",
    "sum",
    "timestamp",
    "trim",
    "type",
    "uint",
    "upperAscii",
    "url",
    "value",
];

/// The prefix of the name that a policy's own variable has once its expression is read: nobody can write such a name.
const OWN: &str = "@variables-";

/// An expression that can be evaluated here.
#[derive(Debug)]
pub(in crate::checks) struct Expression(IdedExpr);

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::checks) enum Failure {
    /// It fails, as it would in the API server.
    Failed(String),
    /// It cannot be evaluated here.
    NotEvaluated(String),
}

impl Expression {
    /// Reads an expression over these variables; `own` are those of the policy, which it writes `variables.NAME`.
    pub(in crate::checks) fn parse(text: &str, variables: &[&str], own: &[String]) -> Result<Self, String> {
        if is_too_large(text) {
            return Err("it is too long or nested too deep".to_owned());
        }
        let parse = AssertUnwindSafe(|| ENVIRONMENT.parser().parse(text).map_err(|errors| errors.to_string()));
        let mut expression = catch_unwind(parse).map_err(|_| "the parser failed".to_owned())??;
        let mut reader = Reader {
            variables,
            own,
            bound: Vec::new(),
            problem: None,
        };
        reader.read(&mut expression);
        match reader.problem {
            None => Ok(Self(expression)),
            Some(problem) => Err(problem),
        }
    }
}

/// Resolves names, and finds what cannot be evaluated.
struct Reader<'a> {
    variables: &'a [&'a str],
    own: &'a [String],
    bound: Vec<String>,
    problem: Option<String>,
}

impl Reader<'_> {
    fn refuse(&mut self, problem: String) {
        self.problem.get_or_insert(problem);
    }

    fn read(&mut self, expression: &mut IdedExpr) {
        if let Expr::Select(select) = &expression.expr
            && matches!(&select.operand.expr, Expr::Ident(name) if name == "variables")
            && !self.bound.iter().any(|name| name == "variables")
        {
            let name = select.field.clone();
            if select.test {
                return self.refuse(format!("`has(variables.{name})` is not supported"));
            }
            if !self.own.contains(&name) {
                return self.refuse(format!("there is no variable `variables.{name}` before it"));
            }
            expression.expr = Expr::Ident(format!("{OWN}{name}"));
            return;
        }
        match &mut expression.expr {
            Expr::Ident(name) => {
                let known = self.bound.contains(name) || self.variables.contains(&name.as_str());
                // `@result` and its like are the parser's own; type names such as `int` are values.
                let own = name.starts_with('@')
                    || ["int", "string", "bool", "double", "list", "map"].contains(&name.as_str());
                if !known && !own {
                    let problem = match name.as_str() {
                        "authorizer" => "`authorizer` is not supported: nobody's rights are known here".to_owned(),
                        _ => format!("there is no variable `{name}`"),
                    };
                    self.refuse(problem);
                }
            }
            Expr::Select(select) => self.read(&mut select.operand),
            Expr::List(list) => list.elements.iter_mut().for_each(|element| self.read(element)),
            Expr::Map(map) => map.entries.iter_mut().for_each(|entry| self.entry(&mut entry.expr)),
            Expr::Struct(value) => self.refuse(format!("values of the type `{}` are not supported", value.type_name)),
            Expr::Call(call) => {
                if let Some(target) = &mut call.target {
                    self.read(target);
                }
                call.args.iter_mut().for_each(|argument| self.read(argument));
                let name = &call.func_name;
                let is_operator = name.starts_with(['_', '-']) || name.ends_with('_');
                if !is_operator && !FUNCTIONS.contains(&name.as_str()) {
                    let problem = format!("the function `{name}` is not supported");
                    self.refuse(problem);
                }
            }
            Expr::Comprehension(comprehension) => {
                self.read(&mut comprehension.iter_range);
                self.read(&mut comprehension.accu_init);
                let depth = self.bound.len();
                self.bound.push(comprehension.iter_var.clone());
                self.bound.push(comprehension.accu_var.clone());
                self.bound.extend(comprehension.iter_var2.clone());
                self.read(&mut comprehension.loop_cond);
                self.read(&mut comprehension.loop_step);
                self.read(&mut comprehension.result);
                self.bound.truncate(depth);
            }
            Expr::Literal(_) | Expr::Unspecified => {}
        }
    }

    fn entry(&mut self, entry: &mut EntryExpr) {
        match entry {
            EntryExpr::StructField(field) => self.read(&mut field.value),
            EntryExpr::MapEntry(entry) => {
                self.read(&mut entry.key);
                self.read(&mut entry.value);
            }
        }
    }
}

/// What expressions see.
pub(in crate::checks) struct Scope<'v> {
    context: Context<'v, 'v>,
    names: BTreeSet<String>,
    /// Variables of the policy that have no value, and why.
    failed: Vec<(String, Failure)>,
}

impl<'v> Scope<'v> {
    /// A scope with these variables.
    pub(in crate::checks) fn new(variables: impl IntoIterator<Item = (&'static str, &'v serde_json::Value)>) -> Self {
        let mut scope = Self {
            context: Context::with_env(Arc::clone(&ENVIRONMENT)),
            names: BTreeSet::new(),
            failed: Vec::new(),
        };
        for (name, value) in variables {
            scope.names.insert(name.to_owned());
            scope.context.add_variable_as_val(name, super::convert::plain(value));
        }
        scope
    }

    /// Adds a variable of the policy, by its expression. Where that fails, whoever needs the variable fails for the same
    /// reason.
    pub(in crate::checks) fn define(&mut self, name: &str, expression: &Expression) {
        let name = format!("{OWN}{name}");
        match self.value(expression) {
            Ok(value) => {
                self.context.add_variable_as_val(name.clone(), value);
                self.names.insert(name);
            }
            Err(failure) => self.failed.push((name, failure)),
        }
    }

    /// The truth that an expression states.
    pub(in crate::checks) fn truth(&self, expression: &Expression) -> Result<bool, Failure> {
        self.evaluate(expression, |value| {
            value.downcast_ref::<CelBool>().map(|flag| *flag.inner())
        })?
        .ok_or_else(|| Failure::NotEvaluated("its result is neither true nor false".to_owned()))
    }

    /// The text that an expression makes.
    pub(in crate::checks) fn text(&self, expression: &Expression) -> Result<String, Failure> {
        self.evaluate(expression, |value| {
            value
                .downcast_ref::<CelString<'_>>()
                .map(|text| text.inner().to_owned())
        })?
        .ok_or_else(|| Failure::NotEvaluated("its result is no text".to_owned()))
    }

    fn value(&self, expression: &Expression) -> Result<Box<dyn Val + 'v>, Failure> {
        let found = self.run(expression)?;
        Ok(found.into_owned())
    }

    fn evaluate<T>(
        &self,
        expression: &Expression,
        take: impl FnOnce(&(dyn Val + 'v)) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        let found = self.run(expression)?;
        Ok(take(&*found))
    }

    fn run<'s>(&'s self, expression: &'s Expression) -> Result<cel::common::value::CowVal<'s, 'v>, Failure> {
        let values: Vec<_> = self
            .names
            .iter()
            .filter_map(|name| Some((name.as_str(), self.context.get_variable(name)?)))
            .collect();
        let scope = values.iter().map(|(name, value)| (*name, &**value as &dyn Val));
        if !cost::is_bearable_among(&expression.0, scope) {
            return Err(Failure::NotEvaluated(
                "it could take too long on an object of this size".to_owned(),
            ));
        }
        // The evaluator is another project's code: a fault of it must not end the program.
        let evaluation = AssertUnwindSafe(|| Value::resolve_val(&expression.0, &self.context));
        match catch_unwind(evaluation) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.because(&error)),
            Err(_) => Err(Failure::NotEvaluated("the evaluator failed".to_owned())),
        }
    }

    fn because(&self, error: &cel::ExecutionError) -> Failure {
        let text = error.to_string();
        if let Some((_, cause)) = self.failed.iter().find(|(name, _)| text.contains(name.as_str())) {
            return cause.clone();
        }
        match failure(error) {
            Outcome::Failed(reason) => Failure::Failed(reason),
            _ => Failure::NotEvaluated(text),
        }
    }
}
