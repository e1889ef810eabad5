//! Probes and hooks.

use super::Here;
use crate::checks::schema::path::at;
use crate::checks::schema::value::Fault;

pub(super) fn probe(here: &mut Here<'_, '_>) {
    let map = here.map;
    here.exactly_one(&[], map, &["exec", "httpGet", "tcpSocket", "grpc"]);
}

pub(super) fn lifecycle_handler(here: &mut Here<'_, '_>) {
    let map = here.map;
    here.exactly_one(&[], map, &["exec", "httpGet", "tcpSocket", "sleep"]);
}

pub(super) fn exec(here: &mut Here<'_, '_>) {
    if here.list("command").is_empty() {
        let fault = Fault::new("is missing")
            .because("there would be nothing to run")
            .mend("add `command`");
        here.error("schema/missing-field", at!["command"], fault);
    }
}
