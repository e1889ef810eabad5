//! A certificate for each identity of a server and of a client.

use kcr_cert_manager_io::v1::certificates::{
    Certificate, CertificateIssuerRef, CertificatePrivateKey, CertificatePrivateKeyAlgorithm,
    CertificatePrivateKeyEncoding, CertificatePrivateKeyRotationPolicy, CertificateSpec,
};

use super::{COMPONENT, GROUP};
use crate::components::Output;
use crate::components::common::namespaced;
use crate::components::output::because;
use crate::topology::names::{Namespace, Program, accounts, certificates, objects};
use crate::topology::{Generation, Region, Topology};

/// Who signs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Issuer {
    /// The platform's own authority.
    Internal,
    /// The authority of the database alone.
    Database,
    /// ACME, or the platform's own authority where there is none.
    Public,
}

impl Issuer {
    fn name(self, topology: &Topology) -> &'static str {
        match self {
            Self::Database => certificates::DATABASE_ISSUER,
            Self::Public if topology.ingress.acme.is_some() => certificates::PUBLIC_ISSUER,
            Self::Internal | Self::Public => certificates::INTERNAL_ISSUER,
        }
    }
}

/// One identity.
pub(super) struct Identity {
    pub(super) namespace: Namespace,
    /// Name of the Certificate and of its Secret.
    pub(super) secret: String,
    common_name: Option<String>,
    names: Vec<String>,
    server: bool,
    client: bool,
    issuer: Issuer,
    why: &'static str,
    source: &'static str,
}

/// A name inside the cluster, as short and as long as clients may write it.
fn inside(name: &str) -> Vec<String> {
    vec![name.to_owned(), format!("{name}.cluster.local")]
}

fn server(program: Program, secret: &str, why: &'static str, source: &'static str) -> Identity {
    Identity {
        namespace: program.namespace(),
        secret: secret.to_owned(),
        common_name: Some(program.name().to_owned()),
        names: inside(&program.service_host()),
        server: true,
        client: false,
        issuer: Issuer::Internal,
        why,
        source,
    }
}

fn client(namespace: Namespace, secret: &str, name: &str, why: &'static str, source: &'static str) -> Identity {
    Identity {
        namespace,
        secret: secret.to_owned(),
        common_name: Some(name.to_owned()),
        names: vec![name.to_owned()],
        server: false,
        client: true,
        issuer: Issuer::Database,
        why,
        source,
    }
}

fn public(secret: &str, host: String, why: &'static str) -> Identity {
    Identity {
        namespace: Namespace::Edge,
        secret: secret.to_owned(),
        common_name: None,
        names: vec![host],
        server: true,
        client: false,
        issuer: Issuer::Public,
        why,
        source: "/domain",
    }
}

fn generation(generation: &Generation) -> Identity {
    let data = Namespace::Data.name();
    let mut names = inside(&format!("*.{}.{data}.svc", generation.name()));
    names.extend(inside(&format!("{}.{data}.svc", objects::DATABASE_SERVICE)));
    Identity {
        namespace: Namespace::Data,
        secret: generation.certificate(),
        common_name: Some(generation.name()),
        names,
        server: true,
        client: true,
        issuer: Issuer::Database,
        why: "what the nodes of this generation show each other and their clients: replication, state transfer, the keepers' \
              agreement and SQL",
        source: "/database",
    }
}

/// Every identity that the platform may need.
pub(super) fn all(topology: &Topology) -> Vec<Identity> {
    let mut list: Vec<Identity> = topology.database.generations.iter().map(generation).collect();
    list.extend([
        client(
            Namespace::App,
            certificates::API_DATABASE_CLIENT,
            accounts::API,
            "what the API shows the database",
            "/api",
        ),
        client(
            Namespace::Data,
            certificates::BACKUP_CLIENT,
            Program::Backup.name(),
            "what backups show the database",
            "/backup",
        ),
        server(
            Program::Api,
            certificates::API_SERVER,
            "what the API shows Traefik",
            "/api",
        ),
        server(
            Program::Web,
            certificates::WEB_SERVER,
            "what the web application shows Traefik",
            "/web",
        ),
        server(
            Program::Rehearsal,
            certificates::REHEARSAL,
            "the throw-away database of a rehearsal, which speaks to itself alone",
            "/backup/schedule/rehearsal",
        ),
        public(
            certificates::PUBLIC_APP,
            topology.web_host(),
            "the web application's public name",
        ),
        public(certificates::PUBLIC_API, topology.api_host(), "the API's public name"),
    ]);
    list
}

pub(super) fn add(topology: &Topology, region: &Region, identity: &Identity, users: &str, output: &mut Output) {
    let mut usages = vec!["digital signature".to_owned()];
    if identity.server {
        usages.push("server auth".to_owned());
    }
    if identity.client {
        usages.push("client auth".to_owned());
    }
    let acme = identity.issuer == Issuer::Public && topology.ingress.acme.is_some();
    let object = Certificate {
        metadata: namespaced(identity.namespace, &identity.secret, COMPONENT),
        spec: CertificateSpec {
            secret_name: identity.secret.clone(),
            common_name: identity.common_name.clone().filter(|_| !acme),
            dns_names: Some(identity.names.clone()),
            duration: Some("2160h0m0s".to_owned()),
            renew_before: Some("720h0m0s".to_owned()),
            private_key: Some(private_key(CertificatePrivateKeyRotationPolicy::Always, 256)),
            usages: Some(usages),
            revision_history_limit: Some(3),
            issuer_ref: issuer_ref(identity.issuer.name(topology)),
            ..CertificateSpec::default()
        },
        status: None,
    };
    let whole = because(format!("{}; used by {users}", identity.why)).from(identity.source);
    let mut parts = vec![
        because("ninety days, renewed thirty days before: there is a month to notice that renewal fails")
            .on("/spec/duration"),
        because(
            "a new key each time: a key that leaked is of use for two months at most; programs read the files anew",
        )
        .on("/spec/privateKey/rotationPolicy"),
        because("what it may be used for, and nothing else").on("/spec/usages"),
    ];
    parts.push(match identity.issuer {
        Issuer::Internal => because("inside the cluster the platform's own authority signs").on("/spec/issuerRef"),
        Issuer::Database => because(
            "an authority of the database's own: Galera asks who signed a certificate and not for whom, so that the \
             platform's other identities must not be of the same authority",
        )
        .on("/spec/issuerRef"),
        Issuer::Public if acme => because("browsers know this authority")
            .on("/spec/issuerRef")
            .from("/ingress/tls"),
        Issuer::Public => {
            because("no ACME account is named, so that the platform's own authority signs; browsers do not know it")
                .on("/spec/issuerRef")
                .from("/ingress/tls/acmeEmail")
        }
    });
    output.add(region, COMPONENT, &object, whole, parts);
}

/// An ECDSA key, in the form that every program here reads.
pub(super) fn private_key(rotation: CertificatePrivateKeyRotationPolicy, size: i64) -> CertificatePrivateKey {
    CertificatePrivateKey {
        algorithm: Some(CertificatePrivateKeyAlgorithm::Ecdsa),
        encoding: Some(CertificatePrivateKeyEncoding::Pkcs8),
        rotation_policy: Some(rotation),
        size: Some(size),
    }
}

pub(super) fn issuer_ref(name: &str) -> CertificateIssuerRef {
    CertificateIssuerRef {
        group: Some(GROUP.to_owned()),
        kind: Some("ClusterIssuer".to_owned()),
        name: name.to_owned(),
    }
}
