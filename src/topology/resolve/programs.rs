//! The API, the web application and the way in.

use std::net::IpAddr;

use super::collect::Collector;
use crate::spec::{self, Environment, Promise, Role};
use crate::topology::programs::{Acme, Api, Ingress, Oidc, Replicas, Resources, Web};
use crate::topology::values::{Cpu, DnsName, HttpsUrl, Size};

/// Resources with defaults `(processors, memory)`.
pub(super) fn resources(
    at: &str,
    written: &spec::Resources,
    (cpu, memory): (&str, &str),
    c: &mut Collector<'_>,
) -> Option<Resources> {
    let cpu: Option<Cpu> = c.parse(&format!("{at}/cpu"), written.cpu.as_deref().unwrap_or(cpu));
    let memory: Option<Size> = c.parse(&format!("{at}/memory"), written.memory.as_deref().unwrap_or(memory));
    if let Some(memory) = memory.as_ref().filter(|memory| memory.mebibytes() < 32) {
        c.error(
            &format!("{at}/memory"),
            "spec/memory",
            format!("{memory} of memory starts no program"),
            "write 32Mi or more",
        );
    }
    Some(Resources {
        cpu: cpu?,
        memory: memory?,
    })
}

fn replicas(
    at: &str,
    environment: &Environment,
    written: &spec::Replicas,
    zones: usize,
    c: &mut Collector<'_>,
) -> Replicas {
    if written.max < written.min {
        let problem = format!("at most {} replicas, but at least {}", written.max, written.min);
        c.error(
            &format!("{at}/max"),
            "spec/replicas",
            problem,
            format!("write {} or more", written.min),
        );
    }
    let least = match environment.promise {
        Promise::None => 1,
        Promise::Node => 2,
        Promise::Zone => zones.max(2),
    };
    if usize::from(written.min) < least {
        let promise = format!("{:?}", environment.promise).to_lowercase();
        let problem = format!(
            "{} replicas at least, and the promise is `{promise}`: it takes {least}",
            written.min
        );
        c.error(
            &format!("{at}/min"),
            "spec/replicas",
            problem,
            format!("write {least} or more, or promise less"),
        );
    }
    Replicas {
        min: written.min,
        max: written.max,
        cpu_percent: written.cpu_percent,
    }
}

fn zones_of(environment: &Environment, role: Role) -> usize {
    environment
        .regions
        .iter()
        .filter(|r| r.role == role)
        .map(|r| r.zones.len())
        .max()
        .unwrap_or(0)
}

pub(super) fn api(environment: &Environment, c: &mut Collector<'_>) -> Option<Api> {
    let written = &environment.api;
    let image = c.parse("/api/image", &written.image);
    let replicas = replicas(
        "/api/replicas",
        environment,
        &written.replicas,
        zones_of(environment, Role::Primary),
        c,
    );
    let resources = resources("/api/resources", &written.resources, ("500m", "256Mi"), c);
    let mut oidc = Vec::new();
    for (i, provider) in written.oidc.iter().enumerate() {
        let at = format!("/api/oidc/{i}");
        if written.oidc[..i].iter().any(|other| other.name == provider.name) {
            let problem = format!("two identity providers are named `{}`", provider.name);
            c.error(
                &format!("{at}/name"),
                "spec/duplicate",
                problem,
                "give one of them another name",
            );
        }
        let name = c.parse(&format!("{at}/name"), &provider.name);
        let issuer = c.parse(&format!("{at}/issuer"), &provider.issuer);
        let addresses = c.ranges(&format!("{at}/addresses"), &provider.addresses);
        if let (Some(name), Some(issuer), Some(addresses)) = (name, issuer, addresses) {
            oidc.push(Oidc {
                name,
                issuer,
                client_id: provider.client_id.clone(),
                organization: provider.organization.clone(),
                addresses,
                second_factor: provider.second_factor,
            });
        }
    }
    Some(Api {
        image: image?,
        replicas,
        resources: resources?,
        oidc,
    })
}

pub(super) fn web(environment: &Environment, c: &mut Collector<'_>) -> Option<Web> {
    let written = &environment.web;
    let image = c.parse("/web/image", &written.image);
    let replicas = replicas(
        "/web/replicas",
        environment,
        &written.replicas,
        zones_of(environment, Role::Primary),
        c,
    );
    let resources = resources("/web/resources", &written.resources, ("100m", "64Mi"), c);
    Some(Web {
        image: image?,
        replicas,
        resources: resources?,
    })
}

pub(super) fn access(environment: &Environment, c: &mut Collector<'_>) -> Replicas {
    let zones = zones_of(environment, Role::Access);
    if zones == 0 {
        c.no_effect("/access", "no region has `role: access`");
        return Replicas {
            min: 1,
            max: 1,
            cpu_percent: 70,
        };
    }
    replicas("/access/replicas", environment, &environment.access.replicas, zones, c)
}

pub(super) fn ingress(environment: &Environment, c: &mut Collector<'_>) -> Option<Ingress> {
    let written = &environment.ingress;
    if written.class.contains("nginx") {
        let problem = format!("the class `{}` means ingress-nginx, which is retired", written.class);
        c.error(
            "/ingress/class",
            "spec/ingress-nginx",
            problem,
            "write `class: traefik`, or leave it out",
        )
        .explain(NGINX);
    }
    let class = c.parse("/ingress/class", &written.class);
    let zones = environment.regions.iter().map(|r| r.zones.len()).max().unwrap_or(0);
    let replicas = replicas("/ingress/replicas", environment, &written.replicas, zones, c);
    let server: Option<HttpsUrl> = c.parse("/ingress/tls/acmeServer", &written.tls.acme_server);
    let acme = match &written.tls.acme_email {
        None => {
            for field in ["acmeServer", "dns"] {
                c.no_effect(
                    &format!("/ingress/tls/{field}"),
                    "without `acmeEmail` certificates come from the platform's own authority",
                );
            }
            let message = "public certificates come from the platform's own authority, which browsers do not know";
            c.note(
                "/ingress/tls",
                "spec/private-tls",
                message,
                "write `tls: {acmeEmail: …}` for certificates of a public authority",
            );
            None
        }
        Some(email) if is_mail_address(email) => {
            let dns = written.tls.dns.as_ref().map(|dns| dns_proof(dns, c));
            server.map(|server| Acme {
                server,
                email: email.clone(),
                dns: dns.flatten(),
            })
        }
        Some(email) => {
            c.error(
                "/ingress/tls/acmeEmail",
                "spec/value",
                format!("`{email}` is not a mail address"),
                "write it like `platform@clinic.example.org`",
            );
            None
        }
    };
    if written.rate_limit.burst < written.rate_limit.average {
        let problem = format!(
            "{} requests at once is below {} a second",
            written.rate_limit.burst, written.rate_limit.average
        );
        c.error(
            "/ingress/rateLimit/burst",
            "spec/range",
            problem,
            format!("write {} or more", written.rate_limit.average),
        );
    }
    let allowed_clients = c.ranges("/ingress/allowedClients", &written.allowed_clients);
    if written.trusted_proxies > 0 && written.allowed_clients.is_empty() {
        let problem = "proxies in front are believed, and anybody may connect without passing them";
        let mend = "write the proxies' own ranges: `allowedClients: [203.0.113.0/24]`";
        c.error("/ingress/trustedProxies", "spec/proxies", problem, mend).explain(
            "a client that connects directly writes whatever address it likes into `X-Forwarded-For`: rate limits and the \
             access log would count a lie",
        );
    }
    let proved_by_http = acme.as_ref().is_some_and(|acme| acme.dns.is_none());
    if proved_by_http && environment.regions.iter().any(|region| region.role == Role::Access) {
        let message = "several regions serve the same name, and the name is proved to be ours over HTTP";
        let mend = "write `dns: {server: …, keyName: …}` for proof by DNS";
        c.warning("/ingress/tls", "spec/unwise", message, mend);
    }
    Some(Ingress {
        kind: written.kind,
        class: class?,
        load_balancer_class: written.load_balancer_class.clone(),
        replicas,
        acme,
        rate_average: written.rate_limit.average,
        rate_burst: written.rate_limit.burst,
        allowed_clients: allowed_clients?,
        trusted_proxies: written.trusted_proxies,
    })
}

fn dns_proof(written: &spec::DnsProof, c: &mut Collector<'_>) -> Option<(IpAddr, String)> {
    let key = c.parse::<DnsName>("/ingress/tls/dns/keyName", &written.key_name);
    let Ok(server) = written.server.parse::<IpAddr>() else {
        let problem = format!("`{}` is not an IP address", written.server);
        let mend = "write the address of the domain's primary name server, such as `192.0.2.53`";
        c.error("/ingress/tls/dns/server", "spec/value", problem, mend);
        return None;
    };
    Some((server, key?.as_str().to_owned()))
}

/// Why ingress-nginx is refused.
pub(crate) const NGINX: &str =
    "its repository ended in March 2026: no release, no security fix since; Traefik serves the same routes";

/// Whether a text has the form of a mail address that needs no quoting.
pub(super) fn is_mail_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let local_ok = !local.is_empty() && local.bytes().all(|b| b.is_ascii_alphanumeric() || b"._+-".contains(&b));
    local_ok && domain.contains('.') && domain.parse::<crate::topology::values::DnsName>().is_ok()
}
