//! IP addresses and blocks of them.

use std::any::Any;

use cel::common::types::{STRING_TYPE, Type};
use cel::common::value::{CowVal, StaticVal, Val};
use cel::{DeclarationError, Env};

use super::{argument, boolean, failed, number, opaque, string, text};
use crate::checks::schema::formats;

#[derive(Clone, Debug, PartialEq)]
struct Address(std::net::IpAddr);
opaque!(Address, ADDRESS, "net.IP");

#[derive(Clone, Debug, PartialEq)]
struct Block(ipnet::IpNet);
opaque!(Block, BLOCK, "net.CIDR");

pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
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
