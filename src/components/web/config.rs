//! The file server's configuration, in the very type that it reads.

use std::path::Path;

use galeno_contract::Duration;
use galeno_contract::api::ServerTls;
use galeno_contract::web::{Browser, Maintenance, WebConfig};

use super::SERVER_TLS;
use crate::bundle::Reason;
use crate::components::api::everywhere;
use crate::components::output::because;
use crate::topology::names::ports;
use crate::topology::{Region, Topology};

pub(super) fn of(topology: &Topology, region: &Region) -> WebConfig {
    let tls = Path::new(SERVER_TLS);
    let api_origin = format!("https://{}", topology.api_host());
    WebConfig {
        listen: everywhere(region, ports::WEB.number),
        management_listen: everywhere(region, ports::WEB_STATUS.number),
        tls: Some(ServerTls {
            certificate_file: tls.join("tls.crt"),
            key_file: tls.join("tls.key"),
            client_ca_file: None,
        }),
        content_security_policy: content_security_policy(&api_origin),
        browser: Browser {
            api_origin,
            languages: vec!["es".to_owned(), "en".to_owned()],
            environment: (topology.name.as_str() != "prod").then(|| topology.name.to_string()),
        },
        maintenance: Maintenance::default(),
        drain_delay: Duration::from_secs(10),
        drain_timeout: Duration::from_secs(15),
    }
}

/// Scripts and styles of the application's own files only, requests to the API only, and no page may frame it.
fn content_security_policy(api_origin: &str) -> String {
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "font-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        &format!("connect-src 'self' {api_origin}"),
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "upgrade-insecure-requests",
    ]
    .join("; ")
}

/// Why the parts of the `ConfigMap` are there.
pub(super) fn reasons() -> [Reason; 1] {
    [because(
        "browsers load only the application's own files and send requests only to the API below the domain; \
         the name of the environment is shown everywhere but in `prod`",
    )
    .on("/data/web.yaml")
    .from("/domain")]
}
