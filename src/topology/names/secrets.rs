//! Names of `Secret`s, with the keys they hold. Their values come from the secret store.

/// Accounts of the database, in `clinic-data`: a key for each account's password.
pub const DATABASE_ACCOUNTS: &str = "mariadb-accounts";
/// Keys of [`DATABASE_ACCOUNTS`].
pub const DATABASE_ACCOUNT_KEYS: [&str; 4] = ["acceptance", "api", "api-migration", "backup"];
/// The backup's account in the database, in `clinic-data`.
pub const BACKUP_ACCOUNT: &str = "backup-database";
/// The acceptance's account in the database, in `clinic-data`; only beside a restored generation.
pub const ACCEPTANCE_ACCOUNT: &str = "acceptance-database";
/// Keys of both: the account's name and its password.
pub const ACCOUNT_KEYS: [&str; 2] = ["user", "password"];
/// The API's own secrets, in `clinic-app`.
pub const API: &str = "api-secrets";
/// Keys of [`API`]: the password of the account that serves requests and the key that seals stored secrets.
pub const API_KEYS: [&str; 2] = ["database-password", "sealing-key-1"];
/// The password of the account that migrates, in `clinic-app`; apart, since requests never need it.
pub const API_MIGRATION: &str = "api-migration-secrets";
/// Keys of [`API_MIGRATION`].
pub const API_MIGRATION_KEYS: [&str; 1] = ["database-password"];
/// Client secrets of identity providers, in `clinic-app`, by the provider's name.
pub const API_OIDC: &str = "api-oidc";
/// Access to the backup's bucket.
pub const BACKUP_STORAGE: &str = "backup-storage";
/// Access to the monthly bucket.
pub const BACKUP_MONTHLY_STORAGE: &str = "backup-monthly-storage";
/// Keys of both: the access key and the secret key.
pub const STORAGE_KEYS: [&str; 2] = ["access-key-id", "secret-access-key"];
/// Beside the keys of a service outside (a bucket, a webhook) that an authority of one's own vouches for.
pub const AUTHORITY_KEY: &str = "ca.crt";
/// Public `OpenPGP` certificates: recipients and signer.
pub const OPENPGP_PUBLIC: &str = "backup-openpgp-public";
/// Keys of [`OPENPGP_PUBLIC`].
pub const OPENPGP_PUBLIC_KEYS: [&str; 2] = ["recipients.asc", "signers.asc"];
/// The private key that signs, only where backups are made.
pub const OPENPGP_SIGNING: &str = "backup-openpgp-signing";
/// Keys of [`OPENPGP_SIGNING`].
pub const OPENPGP_SIGNING_KEYS: [&str; 2] = ["signing.asc", "passphrase"];
/// The private key that decrypts, only where backups are restored.
pub const OPENPGP_DECRYPTION: &str = "backup-openpgp-decryption";
/// Keys of [`OPENPGP_DECRYPTION`].
pub const OPENPGP_DECRYPTION_KEYS: [&str; 2] = ["decryption.asc", "passphrase"];
/// Alert targets: `webhook-url`, `smtp-user`, `smtp-password`.
pub const ALERTS: &str = "backup-alerts";
/// Keys of [`ALERTS`].
pub const ALERT_KEYS: [&str; 3] = ["webhook-url", "smtp-user", "smtp-password"];
/// The certificate of the authority that vouches for Vault, in `rook-ceph`.
pub const VAULT_CA: &str = "ceph-vault-ca";
/// The key of [`VAULT_CA`], as Rook wants it.
pub const VAULT_CA_KEY: &str = "cert";
/// The key that Longhorn encrypts volumes with, in `longhorn-system`.
pub const LONGHORN_CRYPTO: &str = "longhorn-crypto";
/// The key of [`LONGHORN_CRYPTO`], as Longhorn wants it.
pub const LONGHORN_CRYPTO_KEY: &str = "CRYPTO_KEY_VALUE";
/// The key that signs updates of the DNS, in `cert-manager`.
pub const ACME_DNS: &str = "acme-dns";
/// The key of [`ACME_DNS`].
pub const ACME_DNS_KEY: &str = "tsig-secret";
/// Alertmanager's whole configuration, in `monitoring`: made from a text in git and the values of [`ALERTS`].
pub const ALERTMANAGER_CONFIG: &str = "alertmanager-config";
/// The first account of Grafana, in `monitoring`.
pub const GRAFANA: &str = "grafana-admin";
/// Keys of [`GRAFANA`].
pub const GRAFANA_KEYS: [&str; 2] = ["admin-user", "admin-password"];
