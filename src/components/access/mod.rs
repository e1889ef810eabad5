//! Component `access`: the relay of the API in an access region.
//!
//! TLS is passed through by the name in its first message: the connection is carried to the primary region as it is. No
//! key for that name exists here, so that nothing can be decrypted, stored, cached or logged. The web application's files
//! come from `web`, the listener from `ingress`.

mod relay;
mod routes;

use super::Output;
use crate::topology::{Region, Topology};

/// The component's name.
pub(super) const COMPONENT: &str = "access";

pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    relay::render(topology, region, output);
    routes::render(topology, region, output);
}
