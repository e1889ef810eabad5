//! How TLS is spoken with clients.

use kcr_traefik_io::v1alpha1::tlsoptions::{TlsOption, TlsOptionSpec};

use super::super::common::namespaced;
use super::super::output::because;
use super::{COMPONENT, Output};
use crate::topology::names::Namespace;
use crate::topology::{Region, Topology};

/// The one that Traefik applies where a route names none.
const NAME: &str = "default";

/// For TLS 1.2: forward secrecy and authenticated encryption only. TLS 1.3 has no others.
const CIPHERS: [&str; 6] = [
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
];

pub(super) fn render(_topology: &Topology, region: &Region, output: &mut Output) {
    let option = TlsOption {
        metadata: namespaced(Namespace::Edge, NAME, COMPONENT),
        spec: TlsOptionSpec {
            min_version: Some("VersionTLS12".to_owned()),
            sni_strict: Some(true),
            cipher_suites: Some(CIPHERS.map(str::to_owned).into()),
            ..TlsOptionSpec::default()
        },
    };
    let whole =
        because("how every TLS connection from outside is spoken; the name `default` makes it apply everywhere");
    let parts = [
        because("older versions are broken").on("/spec/minVersion"),
        because("a name that has no certificate here is refused, not answered with another one").on("/spec/sniStrict"),
        because("forward secrecy and authenticated encryption only").on("/spec/cipherSuites"),
    ];
    output.add(region, COMPONENT, &option, whole, parts);
}
