//! What a rule may cost, estimated from above before it is run.
//!
//! The evaluator counts nothing. An expression of CEL always ends, but it can take very long (nested loops) or grow
//! very large (texts made of texts). So the expression is followed once over the value that it is about to see: of each
//! part is known which values of `self` it can be, or, of what the rule makes itself, a size that it cannot exceed.

use cel::common::ast::{ComprehensionExpr, EntryExpr, Expr, IdedEntryExpr, IdedExpr, LiteralValue, operators};
use cel::common::types::{CelBytes, CelList, CelMap, CelString};
use cel::common::value::{CowVal, Val};

/// The most steps that a rule may take, some tens of nanoseconds each; the API server allows as many for all the rules
/// of an object.
const MAX_COST: f64 = 10_000_000.0;
/// The largest value that a rule may make, in bytes.
const MAX_SIZE: f64 = 16_000_000.0;
/// How many values of `self` are followed at once. Of more, only the sizes are kept.
const MAX_NODES: usize = 10_000;

/// Whether an expression over this `self` is sure to end soon.
pub(super) fn is_bearable(expression: &IdedExpr, self_value: &dyn Val) -> bool {
    is_bearable_among(expression, std::iter::once(("self", self_value)))
}

/// Whether an expression over these variables is sure to end soon.
pub(super) fn is_bearable_among<'v>(
    expression: &IdedExpr,
    variables: impl Iterator<Item = (&'v str, &'v dyn Val)>,
) -> bool {
    let mut estimator = Estimator {
        scope: variables
            .map(|(name, value)| (name, Shape::Nodes(vec![value])))
            .collect(),
        largest: 0.0,
    };
    let estimate = estimator.part(expression);
    estimate.cost <= MAX_COST && estimator.largest <= MAX_SIZE
}

/// What a part of an expression can be.
#[derive(Clone)]
enum Shape<'v> {
    /// One of these.
    Nodes(Vec<&'v dyn Val>),
    /// Something of at most this size in bytes, with at most so many items.
    Made { size: f64, count: f64 },
}

impl<'v> Shape<'v> {
    const SCALAR: Self = Self::made(1.0);

    const fn made(size: f64) -> Self {
        Self::Made { size, count: size }
    }

    /// Those values, or how large they are if they are many.
    fn nodes(nodes: Vec<&'v dyn Val>) -> Self {
        let shape = Self::Nodes(nodes);
        match &shape {
            Self::Nodes(nodes) if nodes.len() > MAX_NODES => Self::Made {
                size: shape.size(),
                count: shape.count(),
            },
            _ => shape,
        }
    }

    /// The largest size that it can have.
    fn size(&self) -> f64 {
        match self {
            Self::Nodes(nodes) => nodes.iter().map(|node| size_of(*node)).fold(1.0, f64::max),
            Self::Made { size, .. } => *size,
        }
    }

    /// The most items that it can have.
    #[allow(clippy::cast_precision_loss, reason = "an estimate")]
    fn count(&self) -> f64 {
        match self {
            Self::Nodes(nodes) => nodes.iter().map(|node| children(*node).len()).max().unwrap_or(0) as f64,
            Self::Made { count, .. } => *count,
        }
    }

    /// What a field of it can be. What is not there cannot be used: the evaluation ends with an error.
    fn field(&self, name: &str) -> Self {
        match self {
            Self::Nodes(nodes) => {
                let key = CelString::from(name);
                let fields = nodes.iter().filter_map(|node| {
                    match node.downcast_ref::<CelMap>()?.as_indexer()?.get(&key).ok()? {
                        CowVal::Borrowed(value) => Some(value),
                        CowVal::Owned(_) => None,
                    }
                });
                Self::nodes(fields.collect())
            }
            Self::Made { size, .. } => Self::made(*size),
        }
    }

    /// What its items, or the values of its fields, can be.
    fn items(&self) -> Self {
        match self {
            Self::Nodes(nodes) => Self::nodes(nodes.iter().flat_map(|node| children(*node)).collect()),
            Self::Made { size, .. } => Self::made(*size),
        }
    }

    /// What a loop with one variable goes over: items, or keys.
    fn looped(&self) -> Self {
        match self {
            Self::Nodes(nodes) => {
                let inside = nodes.iter().flat_map(|node| match node.downcast_ref::<CelMap>() {
                    Some(map) => map.inner().keys().map(|key| key.inner() as &dyn Val).collect(),
                    None => children(*node),
                });
                Self::nodes(inside.collect())
            }
            Self::Made { size, .. } => Self::made(*size),
        }
    }

    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nodes(mut nodes), Self::Nodes(others)) => {
                nodes.extend(others);
                Self::nodes(nodes)
            }
            (one, other) => Self::Made {
                size: one.size().max(other.size()),
                count: one.count().max(other.count()),
            },
        }
    }
}

/// The items of a list, or the values of a mapping.
fn children(value: &dyn Val) -> Vec<&dyn Val> {
    if let Some(list) = value.downcast_ref::<CelList>() {
        list.inner().iter().map(|item| &**item as &dyn Val).collect()
    } else if let Some(map) = value.downcast_ref::<CelMap>() {
        map.inner().values().map(|item| &**item as &dyn Val).collect()
    } else {
        Vec::new()
    }
}

/// How much there is to look at in a value: its bytes, roughly.
#[allow(clippy::cast_precision_loss, reason = "an estimate")]
fn size_of(value: &dyn Val) -> f64 {
    if let Some(text) = value.downcast_ref::<CelString>() {
        text.inner().len() as f64 + 1.0
    } else if let Some(bytes) = value.downcast_ref::<CelBytes>() {
        bytes.inner().len() as f64 + 1.0
    } else if let Some(map) = value.downcast_ref::<CelMap>() {
        let entries = map.inner().iter();
        1.0 + entries
            .map(|(key, value)| size_of(key.inner()) + size_of(&**value))
            .sum::<f64>()
    } else {
        1.0 + children(value).into_iter().map(size_of).sum::<f64>()
    }
}

/// What a part can be, and what it takes to make it.
struct Estimate<'v> {
    shape: Shape<'v>,
    cost: f64,
}

struct Estimator<'e, 'v> {
    scope: Vec<(&'e str, Shape<'v>)>,
    /// The largest that was made.
    largest: f64,
}

impl<'e, 'v> Estimator<'e, 'v> {
    fn part(&mut self, expression: &'e IdedExpr) -> Estimate<'v> {
        let estimate = match &expression.expr {
            Expr::Ident(name) => {
                let known = self.scope.iter().rev().find(|(known, _)| *known == name);
                // A variable is handed on by reference.
                Estimate {
                    shape: known.map_or(Shape::SCALAR, |(_, shape)| shape.clone()),
                    cost: 1.0,
                }
            }
            Expr::Literal(literal) => Estimate {
                shape: Shape::made(literal_size(literal)),
                cost: 1.0,
            },
            Expr::Select(select) => {
                let operand = self.part(&select.operand);
                Estimate {
                    shape: if select.test {
                        Shape::SCALAR
                    } else {
                        operand.shape.field(&select.field)
                    },
                    cost: operand.cost + 1.0,
                }
            }
            Expr::List(list) => self.all(list.elements.iter()),
            Expr::Map(map) => self.entries(&map.entries),
            Expr::Struct(value) => self.entries(&value.entries),
            Expr::Call(call) => {
                let operands = call.target.iter().map(|target| &**target).chain(&call.args);
                let arguments: Vec<Estimate<'v>> = operands.clone().map(|operand| self.part(operand)).collect();
                let second = operands.clone().nth(1).map(|operand| &operand.expr);
                called(&call.func_name, arguments, second)
            }
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::Unspecified => Estimate {
                shape: Shape::SCALAR,
                cost: 1.0,
            },
        };
        if let Shape::Made { size, .. } = estimate.shape {
            self.largest = self.largest.max(size);
        }
        estimate
    }

    fn comprehension(&mut self, comprehension: &'e ComprehensionExpr) -> Estimate<'v> {
        let range = self.part(&comprehension.iter_range);
        let start = self.part(&comprehension.accu_init);
        let rounds = range.shape.count().max(1.0);
        let depth = self.scope.len();
        // What a round adds to the result is found with an empty result; it is added once a round.
        self.scope
            .push((&comprehension.accu_var, Shape::Made { size: 0.0, count: 0.0 }));
        match &comprehension.iter_var2 {
            None => self.scope.push((&comprehension.iter_var, range.shape.looped())),
            Some(second) => {
                // The first is an index or a key, which is no larger than all.
                let first = Shape::made(range.shape.size());
                self.scope.push((&comprehension.iter_var, first));
                self.scope.push((second, range.shape.items()));
            }
        }
        let condition = self.part(&comprehension.loop_cond);
        let step = self.part(&comprehension.loop_step);
        self.scope.truncate(depth);
        let result = Shape::Made {
            size: start.shape.size() + rounds * step.shape.size(),
            count: start.shape.count() + rounds * step.shape.count(),
        };
        self.scope.push((&comprehension.accu_var, result));
        let result = self.part(&comprehension.result);
        self.scope.truncate(depth);
        let round = condition.cost + step.cost + 1.0;
        Estimate {
            shape: result.shape,
            // Each item is copied for its round.
            cost: range.cost + range.shape.size() + start.cost + rounds * round + result.cost,
        }
    }

    /// Something that is made of these.
    fn all(&mut self, parts: impl Iterator<Item = &'e IdedExpr>) -> Estimate<'v> {
        let (mut size, mut count, mut cost) = (1.0, 0.0, 1.0);
        for part in parts {
            let estimate = self.part(part);
            size += estimate.shape.size();
            cost += estimate.cost + estimate.shape.size();
            count += 1.0;
        }
        Estimate {
            shape: Shape::Made { size, count },
            cost,
        }
    }

    fn entries(&mut self, entries: &'e [IdedEntryExpr]) -> Estimate<'v> {
        let parts = entries.iter().flat_map(|entry| match &entry.expr {
            EntryExpr::StructField(field) => [Some(&field.value), None],
            EntryExpr::MapEntry(entry) => [Some(&entry.key), Some(&entry.value)],
        });
        self.all(parts.flatten())
    }
}

/// The result of a call with these arguments, the target first, of which the second may be a literal.
fn called<'v>(name: &str, arguments: Vec<Estimate<'v>>, second: Option<&Expr>) -> Estimate<'v> {
    let before: f64 = arguments.iter().map(|argument| argument.cost).sum();
    let mut shapes = arguments.into_iter().map(|argument| argument.shape);
    let mut next = || shapes.next().unwrap_or(Shape::SCALAR);
    let (shape, own) = match name {
        operators::CONDITIONAL => {
            let _ = next();
            (next().or(next()), 1.0)
        }
        "orValue" | "or" => (next().or(next()), 1.0),
        operators::LOGICAL_AND
        | operators::LOGICAL_OR
        | operators::LOGICAL_NOT
        | operators::NOT_STRICTLY_FALSE
        | "size"
        | "hasValue" => (Shape::SCALAR, 1.0),
        operators::INDEX | operators::OPT_INDEX | operators::OPT_SELECT => {
            let operand = next();
            match second {
                Some(Expr::Literal(LiteralValue::String(key))) => (operand.field(key.inner()), 1.0),
                _ => (operand.items(), next().size()),
            }
        }
        _ => by_size(name, &shapes.collect::<Vec<_>>()),
    };
    Estimate {
        shape,
        cost: before + own + 1.0,
    }
}

/// The result of a call of which only sizes are known: what it looks at is at most all of its arguments.
fn by_size<'v>(name: &str, arguments: &[Shape<'v>]) -> (Shape<'v>, f64) {
    let size = |index: usize| arguments.get(index).map_or(1.0, Shape::size);
    let total: f64 = arguments.iter().map(Shape::size).sum();
    match name {
        operators::ADD => {
            let count = arguments.iter().map(Shape::count).sum();
            (Shape::Made { size: total, count }, total)
        }
        operators::EQUALS
        | operators::NOT_EQUALS
        | operators::IN
        | operators::LESS
        | operators::GREATER
        | operators::LESS_EQUALS
        | operators::GREATER_EQUALS => (Shape::SCALAR, total),
        "replace" => {
            let made = size(0) * (size(2) + 1.0) + size(2);
            (Shape::made(made), made)
        }
        "join" => {
            let made = size(0) * (size(1) + 1.0);
            (Shape::made(made), made)
        }
        // Each item may have to be compared with each.
        "distinct" | "sort" => (
            Shape::made(2.0 * size(0)),
            2.0 * size(0) * arguments.first().map_or(1.0, Shape::count),
        ),
        "split" | "findAll" | "reverse" => (Shape::made(2.0 * size(0) + 1.0), 2.0 * size(0) + total),
        "@matches" | "find" => (Shape::made(size(0)), size(0) * 4.0 + size(1)),
        _ => (
            Shape::made(arguments.iter().map(Shape::size).fold(1.0, f64::max)),
            total,
        ),
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
