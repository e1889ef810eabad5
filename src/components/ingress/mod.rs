//! Component `ingress`: Traefik, the only way in; its routes; and what it does to every request.
//!
//! A recovery region gets Traefik but no route: it stands ready and answers nobody until it becomes primary.

mod gateway;
mod middlewares;
mod objects;
mod ready;
mod rights;
mod tls;
mod traefik;

use super::Output;
use crate::spec::{IngressKind, Role};
use crate::topology::{Region, Topology};

pub(super) use gateway::{parent, path};
pub(super) use objects::service_annotations;

/// The component's name.
pub(super) const COMPONENT: &str = "ingress";

/// The group of Traefik's own kinds.
pub(super) const CRD_GROUP: &str = "traefik.io";

pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    traefik::render(topology, region, output);
    rights::render(topology, region, output);
    tls::render(topology, region, output);
    if region.role == Role::Recovery {
        return;
    }
    ready::render(topology, region, output);
    middlewares::render(topology, region, output);
    match topology.ingress.kind {
        IngressKind::Gateway => {
            gateway::class(topology, region, output);
            gateway::render(topology, region, output);
        }
        IngressKind::Traefik => {
            objects::class(topology, region, output);
            objects::render(topology, region, output);
        }
    }
}
