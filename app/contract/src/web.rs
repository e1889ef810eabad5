//! Configuration of the web application's file server.
//!
//! The container holds static files (`index.html`, hashed scripts and styles, translations). Its server needs no secret
//! but its certificate's key, speaks to no other program, and keeps nothing. What the browser must know of the
//! environment is in [`Browser`], which the server gives out as `/config.json`; the image is the same everywhere.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Duration;
use crate::api::ServerTls;

/// Where a container of the web application finds its [`WebConfig`].
pub const CONFIG_FILE: &str = "/etc/galeno/web/web.yaml";

/// What the web application's file server reads at start. Certificates are read again when their files change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct WebConfig {
    /// Address of the files, for example `[::]:8443`.
    pub listen: SocketAddr,
    /// Address of `/livez`, `/readyz` and `/metrics`, plain HTTP, for example `[::]:9090`.
    pub management_listen: SocketAddr,
    /// TLS of `listen`. Without it the server speaks plain HTTP, and then only on a loopback address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<ServerTls>,
    /// Value of the `Content-Security-Policy` header of every page.
    pub content_security_policy: String,
    /// What the browser is told, as `/config.json`.
    pub browser: Browser,
    /// What is answered on behalf of a program that cannot answer itself.
    #[serde(default)]
    pub maintenance: Maintenance,
    /// How long `/readyz` already says no before the server stops accepting, so that balancers have noticed.
    #[serde(default = "drain_delay")]
    pub drain_delay: Duration,
    /// How long requests in flight may go on after that.
    #[serde(default = "drain_timeout")]
    pub drain_timeout: Duration,
}

fn drain_delay() -> Duration {
    Duration::from_secs(5)
}

fn drain_timeout() -> Duration {
    Duration::from_secs(15)
}

/// What the browser is told of the environment. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Browser {
    /// Origin of the API, for example `https://api.clinic.example`. No trailing slash.
    pub api_origin: String,
    /// Languages that the application offers, the first one where the browser asks for none of them (BCP 47).
    #[schemars(length(min = 1))]
    pub languages: Vec<String>,
    /// Name of the environment, shown to staff outside production.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
}

/// The answer that the ingress fetches here when a program behind it is away: a page where the client accepts HTML,
/// `application/problem+json` where it does not. It carries `Retry-After`; its status is set by the ingress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Maintenance {
    /// Path of the answer.
    pub path: String,
    /// Value of `Retry-After`, in whole seconds.
    pub retry_after: Duration,
}

impl Default for Maintenance {
    fn default() -> Self {
        Self {
            path: "/.well-known/maintenance".to_owned(),
            retry_after: Duration::from_secs(30),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Maintenance, WebConfig};

    #[test]
    fn the_smallest_configuration_is_completed_and_typing_errors_are_refused() {
        let smallest = r#"{
            "listen": "[::]:8443", "managementListen": "[::]:9090", "contentSecurityPolicy": "default-src 'self'",
            "browser": {"apiOrigin": "https://api.clinic.example", "languages": ["es"]}
        }"#;
        let config: WebConfig = serde_json::from_str(smallest).unwrap();
        assert_eq!(config.maintenance, Maintenance::default());
        assert_eq!(config.tls, None);
        let error = serde_json::from_str::<WebConfig>(&smallest.replace("apiOrigin", "apiOrgin")).unwrap_err();
        assert!(error.to_string().contains("apiOrgin"), "{error}");
    }
}
