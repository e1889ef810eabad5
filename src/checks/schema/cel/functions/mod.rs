//! The functions that Kubernetes adds to CEL, as its API server has them (`k8s.io/apiserver/pkg/cel/library`).

mod addresses;
mod expressions;
mod lists;
mod named;
mod quantities;
mod urls;

use cel::common::types::{CelBool, CelInt, CelList, CelString};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError, extensions};

type Answer<'b, 'v> = Result<CowVal<'b, 'v>, ExecutionError>;

/// The environment of rules.
pub(super) fn environment() -> Env {
    let mut env = Env::stdlib();
    // Nothing of this can fail: the names are ours, and the library's own are known.
    let declared = declare(&mut env);
    debug_assert!(declared.is_ok(), "{declared:?}");
    env
}

fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_extension(extensions::strings)?;
    expressions::declare(env)?;
    lists::declare(env)?;
    quantities::declare(env)?;
    addresses::declare(env)?;
    urls::declare(env)?;
    named::declare(env)
}

/// An error of a function, as the API server would have it.
fn failed<'b, 'v>(function: &str, message: impl ToString) -> Answer<'b, 'v> {
    Err(ExecutionError::function_error(function, message))
}

/// The argument of that number, if it is of the type that the overload is declared with.
fn argument<'x, 'b, 'v, T>(arguments: &'x [CowVal<'b, 'v>], index: usize) -> Result<&'x T, ExecutionError>
where
    T: cel::common::value::FromVal<'x, 'v> + 'x,
    'b: 'x,
{
    arguments
        .get(index)
        .and_then(|value| value.as_ref().downcast_ref::<T>())
        .ok_or_else(|| ExecutionError::function_error("argument", "is of another type"))
}

fn text<'x>(arguments: &'x [CowVal<'_, '_>], index: usize) -> Result<&'x str, ExecutionError> {
    argument::<CelString<'_>>(arguments, index).map(CelString::inner)
}

fn integer(arguments: &[CowVal<'_, '_>], index: usize) -> Result<i64, ExecutionError> {
    argument::<CelInt>(arguments, index).map(|value| *value.inner())
}

#[allow(
    clippy::unnecessary_wraps,
    reason = "it is the answer of a function, which could have failed"
)]
fn boolean<'b, 'v>(value: bool) -> Answer<'b, 'v> {
    Ok(CowVal::owned(CelBool::from(value)))
}

#[allow(
    clippy::unnecessary_wraps,
    reason = "it is the answer of a function, which could have failed"
)]
fn number<'b, 'v>(value: i64) -> Answer<'b, 'v> {
    Ok(CowVal::owned(CelInt::from(value)))
}

#[allow(
    clippy::unnecessary_wraps,
    reason = "it is the answer of a function, which could have failed"
)]
fn string<'b, 'v>(value: impl Into<String>) -> Answer<'b, 'v> {
    Ok(CowVal::owned(CelString::from(value.into())))
}

fn strings<'v>(values: impl Iterator<Item = String>) -> CelList<'v> {
    let items: Vec<Box<dyn Val + 'v>> = values
        .map(|v| Box::new(CelString::from(v)) as Box<dyn Val + 'v>)
        .collect();
    CelList::from(items)
}

/// Makes a Rust type a value of CEL: comparable with its own kind, and nothing else.
macro_rules! opaque {
    ($rust:ident, $constant:ident, $name:literal) => {
        static $constant: Type = Type::new_unspecified_type($name);

        impl Val for $rust {
            fn get_type(&self) -> &Type {
                &$constant
            }

            fn cel_type() -> &'static Type {
                &$constant
            }

            fn equals(&self, other: &dyn Val) -> bool {
                other.downcast_ref::<$rust>().is_some_and(|other| other == self)
            }

            fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
                Box::new(self.clone())
            }

            fn as_any(&self) -> Option<&dyn Any> {
                Some(self)
            }
        }

        impl StaticVal for $rust {}
    };
}
use opaque;
