//! Regular expressions.

use std::collections::HashMap;
use std::sync::{LazyLock, RwLock};

use cel::common::ast::{CallExpr, Expr, IdedExpr};
use cel::common::types::{INT_TYPE, STRING_TYPE};
use cel::common::value::CowVal;
use cel::parser::{Macro, MacroExprHelper};
use cel::{DeclarationError, Env};

use super::{Answer, boolean, failed, integer, string, strings, text};
use crate::checks::schema::model::compile_regex;

/// Expressions that were compiled before. They are few: those that rules name.
static EXPRESSIONS: LazyLock<RwLock<HashMap<String, Option<regex::Regex>>>> = LazyLock::new(RwLock::default);
/// How many of them are kept.
const KEPT_EXPRESSIONS: usize = 1000;

fn expression(source: &str) -> Option<regex::Regex> {
    if let Some(known) = EXPRESSIONS.read().ok().and_then(|cache| cache.get(source).cloned()) {
        return known;
    }
    let compiled = compile_regex(source);
    if let Ok(mut cache) = EXPRESSIONS.write()
        && cache.len() < KEPT_EXPRESSIONS
    {
        cache.insert(source.to_owned(), compiled.clone());
    }
    compiled
}

pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    // The library's `matches` compiles its expression at each call, so calls of it are turned into calls of ours.
    fn ours(
        helper: &mut MacroExprHelper<'_>,
        target: &mut Option<IdedExpr>,
        arguments: &mut Vec<IdedExpr>,
    ) -> IdedExpr {
        let args: Vec<IdedExpr> = target.take().into_iter().chain(std::mem::take(arguments)).collect();
        helper.next_expr(Expr::Call(CallExpr {
            func_name: "@matches".to_owned(),
            target: None,
            args,
        }))
    }
    env.add_macro(Macro::receiver("matches", 1, |h, t, a| Ok(Some(ours(h, t, a)))))?;
    env.add_macro(Macro::global("matches", 2, |h, t, a| Ok(Some(ours(h, t, a)))))?;
    env.add_overload(
        "@matches",
        "matches",
        vec![STRING_TYPE, STRING_TYPE],
        |arguments| match expression(text(&arguments, 1)?) {
            Some(regex) => boolean(regex.is_match(text(&arguments, 0)?)),
            None => failed("matches", "no regular expression"),
        },
    )?;
    env.add_member_overload(
        "find",
        "string_find",
        STRING_TYPE,
        vec![STRING_TYPE],
        |arguments| match expression(text(&arguments, 1)?) {
            Some(regex) => string(regex.find(text(&arguments, 0)?).map_or("", |m| m.as_str())),
            None => failed("find", "no regular expression"),
        },
    )?;
    env.add_member_overload(
        "findAll",
        "string_find_all",
        STRING_TYPE,
        vec![STRING_TYPE],
        |arguments| find_all(text(&arguments, 0)?, text(&arguments, 1)?, -1),
    )?;
    env.add_member_overload(
        "findAll",
        "string_find_all_limit",
        STRING_TYPE,
        vec![STRING_TYPE, INT_TYPE],
        |arguments| find_all(text(&arguments, 0)?, text(&arguments, 1)?, integer(&arguments, 2)?),
    )
}

fn find_all<'b, 'v>(text: &str, pattern: &str, limit: i64) -> Answer<'b, 'v> {
    let Some(regex) = expression(pattern) else {
        return failed("findAll", "no regular expression");
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    Ok(CowVal::owned(strings(
        regex.find_iter(text).take(limit).map(|m| m.as_str().to_owned()),
    )))
}
