//! What a rule may cost, estimated from above before it is run.
//!
//! The evaluator counts nothing. An expression of CEL always ends, but it can take very long (nested loops) or grow
//! very large (texts made of texts). So each part's result is given a size that it cannot exceed, in bytes, and a cost
//! in steps, for the size of `self` that it is about to see.

use cel::common::ast::{EntryExpr, Expr, IdedEntryExpr, IdedExpr, LiteralValue, operators};

/// The most steps that a rule may take; some tens of nanoseconds each.
const MAX_COST: f64 = 20_000_000.0;
/// The largest value that a rule may make, in bytes.
const MAX_SIZE: f64 = 16_000_000.0;

/// How large a result can be, and what it takes to make it.
#[derive(Clone, Copy)]
struct Estimate {
    size: f64,
    cost: f64,
}

/// Whether an expression over a `self` of the given size is sure to end soon.
pub(super) fn is_bearable(expression: &IdedExpr, size: f64) -> bool {
    let mut scope = vec![("self", size)];
    let mut largest = size;
    let estimate = part(expression, &mut scope, &mut largest);
    estimate.cost <= MAX_COST && largest <= MAX_SIZE
}

type Scope<'e> = Vec<(&'e str, f64)>;

fn part<'e>(expression: &'e IdedExpr, scope: &mut Scope<'e>, largest: &mut f64) -> Estimate {
    let estimate = match &expression.expr {
        Expr::Ident(name) => {
            let size = scope
                .iter()
                .rev()
                .find(|(known, _)| *known == name)
                .map_or(1.0, |(_, size)| *size);
            // A variable is handed on by reference, and copied at worst.
            Estimate { size, cost: 1.0 }
        }
        Expr::Literal(literal) => Estimate {
            size: literal_size(literal),
            cost: 1.0,
        },
        Expr::Select(select) => {
            let operand = part(&select.operand, scope, largest);
            Estimate {
                size: if select.test { 1.0 } else { operand.size },
                cost: operand.cost + 1.0,
            }
        }
        Expr::List(list) => all(list.elements.iter(), scope, largest),
        Expr::Map(map) => entries(&map.entries, scope, largest),
        Expr::Struct(value) => entries(&value.entries, scope, largest),
        Expr::Call(call) => {
            let arguments: Vec<Estimate> = call
                .target
                .iter()
                .map(|target| &**target)
                .chain(&call.args)
                .map(|e| part(e, scope, largest))
                .collect();
            called(&call.func_name, &arguments)
        }
        Expr::Comprehension(loop_) => {
            let range = part(&loop_.iter_range, scope, largest);
            let start = part(&loop_.accu_init, scope, largest);
            let rounds = range.size.max(1.0);
            let depth = scope.len();
            // What a round adds to the result is found with an empty result; it is added once a round.
            scope.push((&loop_.accu_var, 0.0));
            scope.push((&loop_.iter_var, range.size));
            if let Some(second) = &loop_.iter_var2 {
                scope.push((second, range.size));
            }
            let condition = part(&loop_.loop_cond, scope, largest);
            let step = part(&loop_.loop_step, scope, largest);
            scope.truncate(depth);
            let size = start.size + rounds * step.size;
            scope.push((&loop_.accu_var, size));
            let result = part(&loop_.result, scope, largest);
            scope.truncate(depth);
            let cost = range.cost + start.cost + rounds * (condition.cost + step.cost + 1.0) + result.cost;
            Estimate {
                size: result.size,
                cost,
            }
        }
        Expr::Unspecified => Estimate { size: 1.0, cost: 1.0 },
    };
    *largest = largest.max(estimate.size);
    estimate
}

fn all<'e>(parts: impl Iterator<Item = &'e IdedExpr>, scope: &mut Scope<'e>, largest: &mut f64) -> Estimate {
    let sum = |a: Estimate, b: Estimate| Estimate {
        size: a.size + b.size,
        cost: a.cost + b.cost,
    };
    parts
        .map(|e| part(e, scope, largest))
        .fold(Estimate { size: 1.0, cost: 1.0 }, sum)
}

fn entries<'e>(entries: &'e [IdedEntryExpr], scope: &mut Scope<'e>, largest: &mut f64) -> Estimate {
    let parts = entries.iter().flat_map(|entry| match &entry.expr {
        EntryExpr::StructField(field) => [Some(&field.value), None],
        EntryExpr::MapEntry(entry) => [Some(&entry.key), Some(&entry.value)],
    });
    all(parts.flatten(), scope, largest)
}

/// The result of a call with arguments of these sizes, the target first.
fn called(name: &str, arguments: &[Estimate]) -> Estimate {
    let size_of = |index: usize| arguments.get(index).map_or(1.0, |a| a.size);
    let total: f64 = arguments.iter().map(|a| a.size).sum();
    let before: f64 = arguments.iter().map(|a| a.cost).sum();
    let largest = arguments.iter().map(|a| a.size).fold(1.0, f64::max);
    // What is looked at is at most all of the arguments.
    let (size, own) = match name {
        operators::CONDITIONAL => (size_of(1).max(size_of(2)), 1.0),
        operators::ADD => (total, total),
        operators::LOGICAL_AND
        | operators::LOGICAL_OR
        | operators::LOGICAL_NOT
        | operators::NOT_STRICTLY_FALSE
        | "size" => (1.0, 1.0),
        operators::INDEX | operators::OPT_INDEX | operators::OPT_SELECT => (size_of(0), 1.0),
        "replace" => (
            size_of(0) * (size_of(2) + 1.0) + size_of(2),
            size_of(0) * (size_of(2) + 1.0),
        ),
        "join" => (size_of(0) * (size_of(1) + 1.0), size_of(0) * (size_of(1) + 1.0)),
        "split" | "findAll" | "distinct" | "sort" | "reverse" => (2.0 * size_of(0) + 1.0, 2.0 * size_of(0) + total),
        "@matches" | "find" => (size_of(0), size_of(0) * 4.0 + size_of(1)),
        operators::EQUALS
        | operators::NOT_EQUALS
        | operators::IN
        | operators::LESS
        | operators::GREATER
        | operators::LESS_EQUALS
        | operators::GREATER_EQUALS => (1.0, total),
        _ => (largest, total),
    };
    Estimate {
        size,
        cost: before + own + 1.0,
    }
}

#[allow(clippy::cast_precision_loss, reason = "an estimate")]
fn literal_size(literal: &LiteralValue) -> f64 {
    match literal {
        LiteralValue::String(text) => text.inner().len() as f64 + 1.0,
        LiteralValue::Bytes(bytes) => bytes.inner().len() as f64 + 1.0,
        _ => 1.0,
    }
}
