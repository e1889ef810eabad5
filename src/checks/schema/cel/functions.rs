//! The functions that Kubernetes adds to CEL, as its API server has them (`k8s.io/apiserver/pkg/cel/library`).

use std::any::Any;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::{LazyLock, RwLock};

use cel::common::ast::{CallExpr, Expr, IdedExpr};
use cel::common::types::{
    CelBool, CelDouble, CelInt, CelList, CelOptional, CelString, INT_TYPE, LIST_TYPE, STRING_TYPE, Type,
};
use cel::common::value::{CowVal, StaticVal, Val};
use cel::parser::{Macro, MacroExprHelper};
use cel::{DeclarationError, Env, ExecutionError, extensions};

use super::super::formats::{self, Quantity};
use super::super::model::compile_regex;

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
    regular_expressions(env)?;
    lists(env)?;
    quantities(env)?;
    addresses(env)?;
    urls(env)?;
    named_formats(env)
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

fn boolean<'b, 'v>(value: bool) -> Answer<'b, 'v> {
    Ok(CowVal::owned(CelBool::from(value)))
}

fn number<'b, 'v>(value: i64) -> Answer<'b, 'v> {
    Ok(CowVal::owned(CelInt::from(value)))
}

fn string<'b, 'v>(value: impl Into<String>) -> Answer<'b, 'v> {
    Ok(CowVal::owned(CelString::from(value.into())))
}

fn strings<'b, 'v>(values: impl Iterator<Item = String>) -> CelList<'v> {
    let items: Vec<Box<dyn Val + 'v>> = values
        .map(|v| Box::new(CelString::from(v)) as Box<dyn Val + 'v>)
        .collect();
    CelList::from(items)
}

// --- regular expressions --------------------------------------------------------------------------------------------

/// Expressions that were compiled before. They are few: those that rules name.
static EXPRESSIONS: LazyLock<RwLock<HashMap<String, Option<regex::Regex>>>> = LazyLock::new(RwLock::default);
/// How many of them are kept.
const KEPT_EXPRESSIONS: usize = 1000;

fn expression(source: &str) -> Option<regex::Regex> {
    if let Some(known) = EXPRESSIONS.read().ok().and_then(|cache| cache.get(source).cloned()) {
        return known;
    }
    let compiled = compile_regex(source);
    if let Ok(mut cache) = EXPRESSIONS.write() {
        if cache.len() < KEPT_EXPRESSIONS {
            cache.insert(source.to_owned(), compiled.clone());
        }
    }
    compiled
}

fn regular_expressions(env: &mut Env) -> Result<(), DeclarationError> {
    // The library's `matches` compiles its expression at each call, so calls of it are turned into calls of ours.
    fn ours(
        helper: &mut MacroExprHelper<'_>,
        target: &mut Option<IdedExpr>,
        arguments: &mut Vec<IdedExpr>,
    ) -> Option<IdedExpr> {
        let args: Vec<IdedExpr> = target.take().into_iter().chain(std::mem::take(arguments)).collect();
        Some(helper.next_expr(Expr::Call(CallExpr {
            func_name: "@matches".to_owned(),
            target: None,
            args,
        })))
    }
    env.add_macro(Macro::receiver("matches", 1, |h, t, a| Ok(ours(h, t, a))))?;
    env.add_macro(Macro::global("matches", 2, |h, t, a| Ok(ours(h, t, a))))?;
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

// --- lists ----------------------------------------------------------------------------------------------------------

fn items<'x, 'v>(arguments: &'x [CowVal<'_, 'v>]) -> Result<&'x [Box<dyn Val + 'v>], ExecutionError> {
    argument::<CelList<'v>>(arguments, 0).map(CelList::inner)
}

fn order(a: &dyn Val, b: &dyn Val) -> Result<Ordering, ExecutionError> {
    match a.as_comparer() {
        Some(comparer) => comparer.compare(b),
        None => Err(ExecutionError::function_error("compare", "the items have no order")),
    }
}

fn lists(env: &mut Env) -> Result<(), DeclarationError> {
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
    env.add_member_overload(
        "indexOf",
        "list_index_of",
        LIST_TYPE,
        vec![cel::common::types::DYN_TYPE],
        |arguments| {
            let wanted = arguments.get(1).map(AsRef::as_ref);
            position(
                items(&arguments)?
                    .iter()
                    .position(|item| wanted.is_some_and(|w| item.as_ref().equals(w))),
            )
        },
    )?;
    env.add_member_overload(
        "lastIndexOf",
        "list_last_index_of",
        LIST_TYPE,
        vec![cel::common::types::DYN_TYPE],
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

// --- types of Kubernetes --------------------------------------------------------------------------------------------

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

opaque!(Quantity, QUANTITY, "kubernetes.Quantity");

fn quantity(arguments: &[CowVal<'_, '_>], index: usize) -> Result<Quantity, ExecutionError> {
    match argument::<Quantity>(arguments, index) {
        Ok(quantity) => Ok(*quantity),
        Err(_) => integer(arguments, index).map(Quantity::from_integer),
    }
}

fn quantities(env: &mut Env) -> Result<(), DeclarationError> {
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

// --- addresses ------------------------------------------------------------------------------------------------------

#[derive(Clone, Debug, PartialEq)]
struct Address(std::net::IpAddr);
opaque!(Address, ADDRESS, "net.IP");

#[derive(Clone, Debug, PartialEq)]
struct Block(ipnet::IpNet);
opaque!(Block, BLOCK, "net.CIDR");

fn addresses(env: &mut Env) -> Result<(), DeclarationError> {
    let (ip, block) = (|| ADDRESS.to_owned(), || BLOCK.to_owned());
    env.add_overload("isIP", "is_ip", vec![STRING_TYPE], |a| {
        boolean(formats::address(text(&a, 0)?).is_some())
    })?;
    env.add_overload("ip", "string_to_ip", vec![STRING_TYPE], |a| {
        match formats::address(text(&a, 0)?) {
            Some(address) => Ok(CowVal::owned(Address(address))),
            None => failed("ip", "the text is no address"),
        }
    })?;
    env.add_overload("ip.isCanonical", "ip_is_canonical", vec![STRING_TYPE], |a| {
        let written = text(&a, 0)?;
        match formats::address(written) {
            Some(address) => boolean(address.to_string() == written),
            None => failed("ip.isCanonical", "the text is no address"),
        }
    })?;
    env.add_overload("string", "ip_to_string", vec![ip()], |a| {
        string(argument::<Address>(&a, 0)?.0.to_string())
    })?;
    env.add_member_overload("family", "ip_family", ip(), vec![], |a| {
        number(if argument::<Address>(&a, 0)?.0.is_ipv4() { 4 } else { 6 })
    })?;
    env.add_member_overload("isLoopback", "ip_is_loopback", ip(), vec![], |a| {
        boolean(argument::<Address>(&a, 0)?.0.is_loopback())
    })?;
    env.add_member_overload("isUnspecified", "ip_is_unspecified", ip(), vec![], |a| {
        boolean(argument::<Address>(&a, 0)?.0.is_unspecified())
    })?;
    env.add_overload("isCIDR", "is_cidr", vec![STRING_TYPE], |a| {
        boolean(formats::cidr(text(&a, 0)?).is_ok())
    })?;
    env.add_overload("cidr", "string_to_cidr", vec![STRING_TYPE], |a| {
        match formats::cidr(text(&a, 0)?) {
            Ok(cidr) => Ok(CowVal::owned(Block(cidr.net))),
            Err(_) => failed("cidr", "the text is no block of addresses"),
        }
    })?;
    env.add_overload("string", "cidr_to_string", vec![block()], |a| {
        string(argument::<Block>(&a, 0)?.0.to_string())
    })?;
    env.add_member_overload("ip", "cidr_ip", block(), vec![], |a| {
        Ok(CowVal::owned(Address(argument::<Block>(&a, 0)?.0.addr())))
    })?;
    env.add_member_overload("masked", "cidr_masked", block(), vec![], |a| {
        Ok(CowVal::owned(argument::<Block>(&a, 0)?.clone()))
    })?;
    env.add_member_overload("prefixLength", "cidr_prefix_length", block(), vec![], |a| {
        number(i64::from(argument::<Block>(&a, 0)?.0.prefix_len()))
    })?;
    env.add_member_overload(
        "containsIP",
        "cidr_contains_ip_string",
        block(),
        vec![STRING_TYPE],
        |a| match formats::address(text(&a, 1)?) {
            Some(address) => boolean(argument::<Block>(&a, 0)?.0.contains(&address)),
            None => failed("containsIP", "the text is no address"),
        },
    )?;
    env.add_member_overload("containsIP", "cidr_contains_ip", block(), vec![ip()], |a| {
        boolean(argument::<Block>(&a, 0)?.0.contains(&argument::<Address>(&a, 1)?.0))
    })?;
    env.add_member_overload(
        "containsCIDR",
        "cidr_contains_cidr_string",
        block(),
        vec![STRING_TYPE],
        |a| match formats::cidr(text(&a, 1)?) {
            Ok(other) => boolean(argument::<Block>(&a, 0)?.0.contains(&other.net)),
            Err(_) => failed("containsCIDR", "the text is no block of addresses"),
        },
    )?;
    env.add_member_overload("containsCIDR", "cidr_contains_cidr", block(), vec![block()], |a| {
        boolean(argument::<Block>(&a, 0)?.0.contains(&argument::<Block>(&a, 1)?.0))
    })
}

// --- addresses of the web -------------------------------------------------------------------------------------------

/// A URL in its parts, as far as rules ask for them.
#[derive(Clone, Debug, PartialEq)]
struct Url {
    scheme: String,
    host: String,
    path: String,
}
opaque!(Url, URL, "kubernetes.URL");

impl Url {
    /// Reads an absolute URL or a path from the root, as Go's `url.ParseRequestURI`.
    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.bytes().any(|b| b.is_ascii_control() || b == b' ') {
            return None;
        }
        let without_query = text.split('?').next().unwrap_or_default();
        if text.starts_with('/') {
            return Some(Self {
                scheme: String::new(),
                host: String::new(),
                path: without_query.to_owned(),
            });
        }
        let (scheme, rest) = without_query.split_once(':')?;
        let valid = scheme.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
        if !valid {
            return None;
        }
        let Some(rest) = rest.strip_prefix("//") else {
            return rest.starts_with('/').then(|| Self {
                scheme: scheme.to_owned(),
                host: String::new(),
                path: rest.to_owned(),
            });
        };
        let end = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        Some(Self {
            scheme: scheme.to_ascii_lowercase(),
            host: host.to_owned(),
            path: path.to_owned(),
        })
    }

    /// The host and the port, apart.
    fn host_and_port(&self) -> (&str, &str) {
        match self.host.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !host.ends_with(':') => (host, port),
            _ => (&self.host, ""),
        }
    }
}

fn urls(env: &mut Env) -> Result<(), DeclarationError> {
    let own = || URL.to_owned();
    env.add_overload("isURL", "is_url", vec![STRING_TYPE], |a| {
        boolean(Url::parse(text(&a, 0)?).is_some())
    })?;
    env.add_overload("url", "string_to_url", vec![STRING_TYPE], |a| {
        match Url::parse(text(&a, 0)?) {
            Some(url) => Ok(CowVal::owned(url)),
            None => failed("url", "the text is no URL"),
        }
    })?;
    env.add_member_overload("getScheme", "url_scheme", own(), vec![], |a| {
        string(argument::<Url>(&a, 0)?.scheme.clone())
    })?;
    env.add_member_overload("getHost", "url_host", own(), vec![], |a| {
        string(argument::<Url>(&a, 0)?.host.clone())
    })?;
    env.add_member_overload("getHostname", "url_hostname", own(), vec![], |a| {
        string(argument::<Url>(&a, 0)?.host_and_port().0.trim_matches(['[', ']']))
    })?;
    env.add_member_overload("getPort", "url_port", own(), vec![], |a| {
        string(argument::<Url>(&a, 0)?.host_and_port().1)
    })?;
    env.add_member_overload("getEscapedPath", "url_path", own(), vec![], |a| {
        string(argument::<Url>(&a, 0)?.path.clone())
    })
}

// --- named formats --------------------------------------------------------------------------------------------------

/// A format that texts can be held against: `format.dns1123Label().validate(text)`.
#[derive(Clone, Debug, PartialEq)]
struct Format(&'static str);
opaque!(Format, FORMAT, "kubernetes.NamedFormat");

impl Format {
    fn complaint(&self, text: &str) -> Option<&'static str> {
        let verdict = match self.0 {
            "dns1123Label" => formats::dns_label(text),
            "dns1123Subdomain" => formats::dns_subdomain(text),
            "dns1035Label" => formats::dns_1035_label(text),
            "dns1123LabelPrefix" => formats::dns_label(text.trim_end_matches('-')),
            "dns1123SubdomainPrefix" => formats::dns_subdomain(text.trim_end_matches(['-', '.'])),
            "dns1035LabelPrefix" => formats::dns_1035_label(text.trim_end_matches('-')),
            "qualifiedName" => formats::label_key(text),
            "labelValue" => formats::label_value(text),
            "uri" => Url::parse(text).map(|_| ()).ok_or("must be a URL"),
            "byte" => formats::base64_length(text).map(|_| ()).ok_or("must be base64"),
            "date" => text
                .parse::<jiff::civil::Date>()
                .map(|_| ())
                .map_err(|_| "must be a date"),
            _ => text
                .parse::<jiff::Timestamp>()
                .map(|_| ())
                .map_err(|_| "must be a time"),
        };
        verdict.err()
    }
}

fn named_formats(env: &mut Env) -> Result<(), DeclarationError> {
    /// Declares the function that names a format.
    macro_rules! named {
        ($($name:literal),* $(,)?) => {
            $(env.add_overload(concat!("format.", $name), concat!("format_", $name), vec![], |_| {
                Ok(CowVal::owned(Format($name)))
            })?;)*
        };
    }
    named!(
        "dns1123Label",
        "dns1123Subdomain",
        "dns1035Label",
        "dns1123LabelPrefix",
        "dns1123SubdomainPrefix",
        "dns1035LabelPrefix",
        "qualifiedName",
        "labelValue",
        "uri",
        "byte",
        "date",
        "datetime",
    );
    env.add_member_overload(
        "validate",
        "format_validate",
        FORMAT.to_owned(),
        vec![STRING_TYPE],
        |a| {
            let complaint = argument::<Format>(&a, 0)?.complaint(text(&a, 1)?);
            Ok(CowVal::owned(match complaint {
                None => CelOptional::none(),
                Some(complaint) => CelOptional::of(Box::new(strings(std::iter::once(complaint.to_owned())))),
            }))
        },
    )?;
    Ok(())
}
