//! Quantities.

use std::any::Any;

use cel::common::types::{CelDouble, INT_TYPE, STRING_TYPE, Type};
use cel::common::value::{CowVal, StaticVal, Val};
use cel::{DeclarationError, Env, ExecutionError};

use super::{argument, boolean, failed, integer, number, opaque, text};
use crate::checks::schema::formats::Quantity;

opaque!(Quantity, QUANTITY, "kubernetes.Quantity");

fn quantity(arguments: &[CowVal<'_, '_>], index: usize) -> Result<Quantity, ExecutionError> {
    match argument::<Quantity>(arguments, index) {
        Ok(quantity) => Ok(*quantity),
        Err(_) => integer(arguments, index).map(Quantity::from_integer),
    }
}

pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    let own = || QUANTITY.to_owned();
    env.add_overload(
        "quantity",
        "string_to_quantity",
        vec![STRING_TYPE],
        |arguments| match Quantity::parse(text(&arguments, 0)?) {
            Some(quantity) => Ok(CowVal::owned(quantity)),
            None => failed("quantity", "the text is no quantity"),
        },
    )?;
    env.add_overload("isQuantity", "is_quantity_string", vec![STRING_TYPE], |arguments| {
        boolean(Quantity::parse(text(&arguments, 0)?).is_some())
    })?;
    env.add_member_overload("sign", "quantity_sign", own(), vec![], |a| {
        number(quantity(&a, 0)?.sign())
    })?;
    env.add_member_overload("isInteger", "quantity_is_integer", own(), vec![], |a| {
        boolean(quantity(&a, 0)?.as_integer().is_some())
    })?;
    env.add_member_overload("asInteger", "quantity_as_integer", own(), vec![], |a| {
        match quantity(&a, 0)?.as_integer() {
            Some(value) => number(value),
            None => failed("asInteger", "the quantity is no integer"),
        }
    })?;
    env.add_member_overload("asApproximateFloat", "quantity_as_float", own(), vec![], |a| {
        Ok(CowVal::owned(CelDouble::from(quantity(&a, 0)?.as_float())))
    })?;
    for (suffix, other) in [("quantity", own()), ("int", INT_TYPE)] {
        env.add_member_overload(
            "add",
            &format!("quantity_add_{suffix}"),
            own(),
            vec![other.to_owned()],
            |a| Ok(CowVal::owned(quantity(&a, 0)?.sum(quantity(&a, 1)?))),
        )?;
        env.add_member_overload("sub", &format!("quantity_sub_{suffix}"), own(), vec![other], |a| {
            Ok(CowVal::owned(quantity(&a, 0)?.difference(quantity(&a, 1)?)))
        })?;
    }
    env.add_member_overload("isGreaterThan", "quantity_gt", own(), vec![own()], |a| {
        boolean(quantity(&a, 0)? > quantity(&a, 1)?)
    })?;
    env.add_member_overload("isLessThan", "quantity_lt", own(), vec![own()], |a| {
        boolean(quantity(&a, 0)? < quantity(&a, 1)?)
    })?;
    env.add_member_overload("compareTo", "quantity_compare", own(), vec![own()], |a| {
        number(quantity(&a, 0)?.difference(quantity(&a, 1)?).sign())
    })
}
