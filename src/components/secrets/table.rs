//! Every Secret that the platform may need, with its keys and where in the store each value stands.
//!
//! The store holds an entry `PATH/NAME` with a property for each key. A value that two Secrets need stands in it once.

use crate::topology::names::{Namespace, accounts, secrets};
use crate::topology::{Bucket, Topology};

/// A key of a Secret.
pub(super) enum Key {
    /// Its value is a property of an entry of the store.
    Stored {
        key: String,
        entry: &'static str,
        property: String,
    },
    /// Its value is no secret and always the same.
    Fixed { key: &'static str, value: &'static str },
}

/// A Secret that is made where something uses it.
pub(super) struct Wanted {
    pub(super) namespace: Namespace,
    pub(super) name: &'static str,
    pub(super) keys: Vec<Key>,
    pub(super) why: &'static str,
    pub(super) source: &'static str,
}

fn own(name: &'static str, keys: &[&str]) -> Vec<Key> {
    keys.iter().map(|key| stored(key, name, key)).collect()
}

fn stored(key: &str, entry: &'static str, property: &str) -> Key {
    Key::Stored {
        key: key.to_owned(),
        entry,
        property: property.to_owned(),
    }
}

/// The password of a database account, which its user and the database read from one entry.
fn password(key: &str, account: &str) -> Key {
    stored(key, secrets::DATABASE_ACCOUNTS, account)
}

fn account(name: &'static str) -> Vec<Key> {
    let [user, key] = secrets::ACCOUNT_KEYS;
    vec![Key::Fixed { key: user, value: name }, password(key, name)]
}

pub(super) fn wanted(topology: &Topology) -> Vec<Wanted> {
    let mut list = of_the_application(topology);
    list.extend(of_the_database());
    for namespace in [Namespace::Data, Namespace::Rehearsal] {
        list.extend(of_backups(topology, namespace));
    }
    list.extend(of_infrastructure());
    list
}

fn of_the_application(topology: &Topology) -> Vec<Wanted> {
    let [database, sealing] = secrets::API_KEYS;
    let providers: Vec<&str> = topology
        .api
        .oidc
        .iter()
        .map(|provider| provider.name.as_str())
        .collect();
    vec![
        Wanted {
            namespace: Namespace::App,
            name: secrets::API,
            keys: vec![
                password(database, accounts::API),
                stored(sealing, secrets::API, sealing),
            ],
            why: "the API's password for the database, and the key that it seals what it stores with",
            source: "/api",
        },
        Wanted {
            namespace: Namespace::App,
            name: secrets::API_MIGRATION,
            keys: vec![password(secrets::API_MIGRATION_KEYS[0], accounts::API_MIGRATION)],
            why: "the password of the account that owns the tables, apart: requests never need it",
            source: "/api",
        },
        Wanted {
            namespace: Namespace::App,
            name: secrets::API_OIDC,
            keys: own(secrets::API_OIDC, &providers),
            why: "what the API shows identity providers to prove who it is",
            source: "/api/oidc",
        },
    ]
}

fn of_the_database() -> Vec<Wanted> {
    vec![
        Wanted {
            namespace: Namespace::Data,
            name: secrets::DATABASE_ACCOUNTS,
            keys: own(secrets::DATABASE_ACCOUNTS, &secrets::DATABASE_ACCOUNT_KEYS),
            why: "passwords of the database's accounts; keepers keep the accounts in step with them",
            source: "/database",
        },
        Wanted {
            namespace: Namespace::Data,
            name: secrets::BACKUP_ACCOUNT,
            keys: account("backup"),
            why: "the account that copies the database",
            source: "/backup",
        },
        Wanted {
            namespace: Namespace::Data,
            name: secrets::ACCEPTANCE_ACCOUNT,
            keys: account("acceptance"),
            why: "the account that accepts a restored generation",
            source: "/database/active",
        },
    ]
}

fn of_backups(topology: &Topology, namespace: Namespace) -> Vec<Wanted> {
    let [webhook, user, password] = secrets::ALERT_KEYS;
    let alerts = &topology.backup.alerts;
    let mut targets = Vec::new();
    if alerts.webhook {
        targets.push(webhook);
        targets.extend(alerts.webhook_private_authority.then_some(secrets::AUTHORITY_KEY));
    }
    if alerts.smtp.is_some() {
        targets.extend([user, password]);
    }
    let of = |name, keys, why, source| Wanted {
        namespace,
        name,
        keys,
        why,
        source,
    };
    let storage = |bucket: &Bucket| {
        let mut keys = secrets::STORAGE_KEYS.to_vec();
        keys.extend(bucket.private_authority.then_some(secrets::AUTHORITY_KEY));
        own(bucket.entry, &keys)
    };
    let monthly = topology.backup.monthly.as_ref();
    vec![
        of(
            secrets::BACKUP_STORAGE,
            storage(&topology.backup.bucket),
            "access to the bucket of backups",
            "/backup/bucket",
        ),
        of(
            secrets::BACKUP_MONTHLY_STORAGE,
            monthly.map(|copy| storage(&copy.bucket)).unwrap_or_default(),
            "access to the bucket of monthly copies",
            "/backup/monthly",
        ),
        of(
            secrets::OPENPGP_PUBLIC,
            own(secrets::OPENPGP_PUBLIC, &secrets::OPENPGP_PUBLIC_KEYS),
            "public keys: who can read backups, and whose signature is believed",
            "/backup/openpgp",
        ),
        of(
            secrets::OPENPGP_SIGNING,
            own(secrets::OPENPGP_SIGNING, &secrets::OPENPGP_SIGNING_KEYS),
            "the private key that signs, only where something is signed",
            "/backup/openpgp/signer",
        ),
        of(
            secrets::OPENPGP_DECRYPTION,
            own(secrets::OPENPGP_DECRYPTION, &secrets::OPENPGP_DECRYPTION_KEYS),
            "the private key that decrypts, only where something is restored",
            "/backup/openpgp/recipients",
        ),
        of(
            secrets::ALERTS,
            own(secrets::ALERTS, &targets),
            "who is told of a failed backup: the webhook's address is a secret in itself",
            "/backup/alerts",
        ),
    ]
}

fn of_infrastructure() -> Vec<Wanted> {
    vec![
        Wanted {
            namespace: Namespace::Monitoring,
            name: secrets::GRAFANA,
            keys: own(secrets::GRAFANA, &secrets::GRAFANA_KEYS),
            why: "the first account of Grafana; a password that the chart made up would change with each sync",
            source: "/monitoring",
        },
        Wanted {
            namespace: Namespace::CertManager,
            name: secrets::ACME_DNS,
            keys: own(secrets::ACME_DNS, &[secrets::ACME_DNS_KEY]),
            why: "the key that signs updates of the DNS, by which the domain is proved to be ours",
            source: "/ingress/tls/dns",
        },
        Wanted {
            namespace: Namespace::RookCeph,
            name: secrets::VAULT_CA,
            keys: own(secrets::VAULT_CA, &[secrets::VAULT_CA_KEY]),
            why: "the authority that vouches for Vault, which no system list knows",
            source: "/storage/kms",
        },
        Wanted {
            namespace: Namespace::Longhorn,
            name: secrets::LONGHORN_CRYPTO,
            keys: vec![
                stored(
                    secrets::LONGHORN_CRYPTO_KEY,
                    secrets::LONGHORN_CRYPTO,
                    secrets::LONGHORN_CRYPTO_KEY,
                ),
                Key::Fixed {
                    key: "CRYPTO_KEY_PROVIDER",
                    value: "secret",
                },
            ],
            why: "the key that volumes are encrypted with",
            source: "/storage/encryption",
        },
    ]
}
