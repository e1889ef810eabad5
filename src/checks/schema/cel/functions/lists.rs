//! Lists.

use std::cmp::Ordering;

use cel::common::types::{CelDouble, CelInt, CelList, DYN_TYPE, LIST_TYPE};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError};

use super::{Answer, argument, boolean, failed, number};

fn items<'x, 'v>(arguments: &'x [CowVal<'_, 'v>]) -> Result<&'x [Box<dyn Val + 'v>], ExecutionError> {
    argument::<CelList<'v>>(arguments, 0).map(CelList::inner)
}

fn order(a: &dyn Val, b: &dyn Val) -> Result<Ordering, ExecutionError> {
    match a.as_comparer() {
        Some(comparer) => comparer.compare(b),
        None => Err(ExecutionError::function_error("compare", "the items have no order")),
    }
}

pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_member_overload("isSorted", "list_is_sorted", LIST_TYPE, vec![], |arguments| {
        let items = items(&arguments)?;
        for (a, b) in items.iter().zip(items.iter().skip(1)) {
            if order(a.as_ref(), b.as_ref())?.is_gt() {
                return boolean(false);
            }
        }
        boolean(true)
    })?;
    env.add_member_overload("sum", "list_sum", LIST_TYPE, vec![], |arguments| {
        let mut integers: i64 = 0;
        let mut floats: f64 = 0.0;
        let mut is_float = false;
        for item in items(&arguments)? {
            if let Some(value) = item.as_ref().downcast_ref::<CelInt>() {
                match integers.checked_add(*value.inner()) {
                    Some(sum) => integers = sum,
                    None => return failed("sum", "integer overflow"),
                }
            } else if let Some(value) = item.as_ref().downcast_ref::<CelDouble>() {
                is_float = true;
                floats += *value.inner();
            } else {
                return failed("sum", "the items are no numbers");
            }
        }
        if is_float {
            Ok(CowVal::owned(CelDouble::from(floats)))
        } else {
            number(integers)
        }
    })?;
    env.add_member_overload("min", "list_min", LIST_TYPE, vec![], |arguments| {
        extreme(&arguments, Ordering::Less)
    })?;
    env.add_member_overload("max", "list_max", LIST_TYPE, vec![], |arguments| {
        extreme(&arguments, Ordering::Greater)
    })?;
    env.add_member_overload("indexOf", "list_index_of", LIST_TYPE, vec![DYN_TYPE], |arguments| {
        let wanted = arguments.get(1).map(AsRef::as_ref);
        position(
            items(&arguments)?
                .iter()
                .position(|item| wanted.is_some_and(|w| item.as_ref().equals(w))),
        )
    })?;
    env.add_member_overload(
        "lastIndexOf",
        "list_last_index_of",
        LIST_TYPE,
        vec![DYN_TYPE],
        |arguments| {
            let wanted = arguments.get(1).map(AsRef::as_ref);
            position(
                items(&arguments)?
                    .iter()
                    .rposition(|item| wanted.is_some_and(|w| item.as_ref().equals(w))),
            )
        },
    )
}

fn position<'b, 'v>(index: Option<usize>) -> Answer<'b, 'v> {
    number(index.and_then(|index| i64::try_from(index).ok()).unwrap_or(-1))
}

fn extreme<'b, 'v>(arguments: &[CowVal<'b, 'v>], wanted: Ordering) -> Answer<'b, 'v> {
    let mut items = items(arguments)?.iter();
    let Some(mut best) = items.next() else {
        return failed("min or max", "the list is empty");
    };
    for item in items {
        if order(item.as_ref(), best.as_ref())? == wanted {
            best = item;
        }
    }
    Ok(CowVal::Owned(best.clone()))
}
