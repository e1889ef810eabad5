//! OpenID Connect: authorization code with PKCE, and the ID token's proof.
//!
//! The usual crate brings sixty others, one of them with an open advisory; what is needed here is one signature check
//! that passkeys need as well. `docs/decisions/0021-openid-connect.md` has the reasons.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use axum::http::{Method, Request, Uri, header};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use galeno_contract::api::{ApiConfig, OidcProvider};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use serde::Deserialize;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring::default_provider};

use super::signature::{Form, PublicKey};

type Http = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// How long discovery and keys are kept.
const KEPT: Duration = Duration::from_mins(10);
const DEADLINE: Duration = Duration::from_secs(8);
const LARGEST: usize = 256 * 1024;
/// How far the provider's clock may be off, in seconds.
const SKEW: i64 = 60;

/// The providers of the configuration.
pub struct Oidc {
    providers: HashMap<String, Arc<Provider>>,
}

pub(super) struct Provider {
    pub(super) config: OidcProvider,
    secret: Option<String>,
    http: Http,
    known: Mutex<Option<(Instant, Known)>>,
}

#[derive(Clone)]
pub(super) struct Known {
    pub(super) authorization: String,
    token: String,
    /// The secret goes into `Authorization`, and not into the form.
    basic: bool,
    keys: Arc<Vec<Jwk>>,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    /// How clients prove who they are. OpenID Connect Discovery: where it is not said, `client_secret_basic`.
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

impl Discovery {
    fn basic(&self) -> bool {
        let methods = self.token_endpoint_auth_methods_supported.as_ref();
        methods.is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic"))
    }
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Jwk>,
}

#[derive(Clone, Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    r#use: Option<String>,
}

/// What the ID token says, once its proof holds.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    iss: String,
    pub(super) sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nonce: Option<String>,
    #[serde(default)]
    pub(super) amr: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Oidc {
    /// Reads secrets and authorities. Nothing is fetched before somebody signs in.
    pub fn new(config: &ApiConfig) -> Result<Self> {
        let mut providers = HashMap::new();
        for provider in &config.security.oidc {
            let name = provider.name.clone();
            let new = Provider::new(provider).with_context(|| name.clone())?;
            if providers.insert(name.clone(), Arc::new(new)).is_some() {
                bail!("{name} stands twice");
            }
        }
        Ok(Self { providers })
    }

    pub(super) fn get(&self, name: &str) -> Option<Arc<Provider>> {
        self.providers.get(name).cloned()
    }

    /// Names, in order.
    pub(super) fn names(&self, organization: &str) -> Vec<String> {
        let of = |provider: &&Arc<Provider>| provider.config.organization == organization;
        let mut names: Vec<_> = self
            .providers
            .values()
            .filter(of)
            .map(|provider| provider.config.name.clone())
            .collect();
        names.sort();
        names
    }
}

fn safe_address(text: &str) -> Result<Uri> {
    let uri: Uri = text.parse().with_context(|| format!("{text:?} is no address"))?;
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let local = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    match uri.scheme_str() {
        Some("https") => Ok(uri),
        Some("http") if local => Ok(uri),
        _ => bail!("{text:?} is not HTTPS"),
    }
}

impl Provider {
    fn new(config: &OidcProvider) -> Result<Self> {
        safe_address(&config.issuer)?;
        let secret = config
            .client_secret_file
            .as_deref()
            .map(crate::db::secret)
            .transpose()?;
        let provider = Arc::new(default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let tls = match &config.ca_file {
            None => builder.with_webpki_roots().with_no_client_auth(),
            Some(file) => {
                let mut roots = RootCertStore::empty();
                for certificate in CertificateDer::pem_file_iter(file).with_context(|| file.display().to_string())? {
                    roots.add(certificate?)?;
                }
                builder.with_root_certificates(roots).with_no_client_auth()
            }
        };
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .build();
        let http = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self {
            config: config.clone(),
            secret,
            http,
            known: Mutex::new(None),
        })
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Bytes> {
        let answer = async {
            let response = self.http.request(request).await?;
            let status = response.status();
            let body = Limited::new(response.into_body(), LARGEST)
                .collect()
                .await
                .map_err(|_| anyhow::anyhow!("the provider's answer broke off or is too large"))?
                .to_bytes();
            if !status.is_success() {
                bail!("the provider answered {status}");
            }
            Ok(body)
        };
        tokio::time::timeout(DEADLINE, answer)
            .await
            .context("the provider did not answer in time")?
    }

    async fn get<T: for<'de> Deserialize<'de>>(&self, address: &str) -> Result<T> {
        let request = Request::builder()
            .uri(safe_address(address)?)
            .header(header::ACCEPT, "application/json");
        Ok(serde_json::from_slice(
            &self.send(request.body(Full::default())?).await?,
        )?)
    }

    /// Discovery and keys, fetched anew when they are old or when `fresh` is asked for.
    pub(super) async fn known(&self, fresh: bool) -> Result<Known> {
        if !fresh
            && let Some((at, known)) = &*self.known.lock().unwrap_or_else(PoisonError::into_inner)
            && at.elapsed() < KEPT
        {
            return Ok(known.clone());
        }
        let address = format!(
            "{}/.well-known/openid-configuration",
            self.config.issuer.trim_end_matches('/')
        );
        let discovery: Discovery = self.get(&address).await.context("discovery")?;
        if discovery.issuer != self.config.issuer {
            bail!("the discovery document names another issuer");
        }
        for address in [&discovery.authorization_endpoint, &discovery.token_endpoint] {
            safe_address(address)?;
        }
        let jwks: Jwks = self.get(&discovery.jwks_uri).await.context("keys")?;
        let known = Known {
            basic: discovery.basic(),
            authorization: discovery.authorization_endpoint,
            token: discovery.token_endpoint,
            keys: Arc::new(jwks.keys),
        };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), known.clone()));
        Ok(known)
    }

    /// Exchanges a code, and proves the ID token that comes back.
    pub(super) async fn redeem(&self, code: &str, redirect: &str, verifier: &str, nonce: &str) -> Result<Claims> {
        #[derive(Deserialize)]
        struct Tokens {
            id_token: String,
        }
        let known = self.known(false).await?;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect),
            ("code_verifier", verifier),
            ("client_id", &self.config.client_id),
        ];
        let mut request = Request::builder();
        match &self.secret {
            Some(secret) if known.basic => {
                // RFC 6749, 2.3.1: both are encoded as in a form first.
                let pair = STANDARD.encode(format!("{}:{}", encode(&self.config.client_id), encode(secret)));
                request = request.header(header::AUTHORIZATION, format!("Basic {pair}"));
            }
            Some(secret) => form.push(("client_secret", secret)),
            None => {}
        }
        let body = form
            .iter()
            .map(|(name, value)| format!("{name}={}", encode(value)))
            .collect::<Vec<_>>()
            .join("&");
        let request = request
            .method(Method::POST)
            .uri(safe_address(&known.token)?)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::from(body))?;
        let tokens: Tokens = serde_json::from_slice(&self.send(request).await?).context("no ID token")?;
        let now = jiff::Timestamp::now().as_second();
        match self.prove(&known.keys, &tokens.id_token, nonce, now) {
            // The provider may have a new key since.
            Err(Refused::UnknownKey) => {
                let known = self.known(true).await?;
                Ok(self.prove(&known.keys, &tokens.id_token, nonce, now)?)
            }
            other => Ok(other?),
        }
    }

    fn prove(&self, keys: &[Jwk], token: &str, nonce: &str, now: i64) -> Result<Claims, Refused> {
        #[derive(Deserialize)]
        struct Header {
            alg: String,
            kid: Option<String>,
        }
        let mut parts = token.split('.');
        let (Some(head), Some(body), Some(signature), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Refused::Malformed);
        };
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Refused::Malformed);
        let header: Header = serde_json::from_slice(&decode(head)?).map_err(|_| Refused::Malformed)?;
        let signed = format!("{head}.{body}");
        let signature = decode(signature)?;
        let fits = |jwk: &&Jwk| {
            (header.kid.is_none() || jwk.kid == header.kid) && jwk.r#use.as_deref().is_none_or(|used| used == "sig")
        };
        let candidates: Vec<PublicKey> = keys
            .iter()
            .filter(fits)
            .filter_map(|jwk| jwk.key(&header.alg))
            .collect();
        if candidates.is_empty() {
            return Err(Refused::UnknownKey);
        }
        if !candidates
            .iter()
            .any(|key| key.verifies(Form::Fixed, signed.as_bytes(), &signature))
        {
            return Err(Refused::Signature);
        }
        let claims: Claims = serde_json::from_slice(&decode(body)?).map_err(|_| Refused::Malformed)?;
        let client = &self.config.client_id;
        let for_us = match &claims.aud {
            Audience::One(audience) => audience == client,
            Audience::Many(audiences) => {
                audiences.contains(client) && (audiences.len() == 1 || claims.azp.as_ref() == Some(client))
            }
        };
        if claims.iss != self.config.issuer || !for_us || claims.azp.as_ref().is_some_and(|azp| azp != client) {
            return Err(Refused::NotForUs);
        }
        if claims.exp < now - SKEW || claims.iat > now + SKEW {
            return Err(Refused::Expired);
        }
        if claims.nonce.as_deref() != Some(nonce) {
            return Err(Refused::Nonce);
        }
        Ok(claims)
    }
}

/// Why an ID token proves nothing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Refused {
    #[error("the ID token is malformed")]
    Malformed,
    #[error("the ID token is signed with a key that the provider does not publish")]
    UnknownKey,
    #[error("the ID token's signature is wrong")]
    Signature,
    #[error("the ID token is for somebody else")]
    NotForUs,
    #[error("the ID token is out of its time")]
    Expired,
    #[error("the ID token is of another sign-in")]
    Nonce,
}

impl Jwk {
    /// The key, if it is one for the algorithm. `none` and symmetric algorithms have none.
    fn key(&self, algorithm: &str) -> Option<PublicKey> {
        let bytes = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
        match (algorithm, self.kty.as_str(), self.crv.as_deref()) {
            ("RS256", "RSA", _) => Some(PublicKey::Rsa(bytes(&self.n)?, bytes(&self.e)?)),
            ("ES256", "EC", Some("P-256")) => PublicKey::p256(&bytes(&self.x)?, &bytes(&self.y)?),
            ("EdDSA", "OKP", Some("Ed25519")) => Some(PublicKey::Ed25519(bytes(&self.x)?)),
            _ => None,
        }
    }
}

/// Percent-encodes a value of a form or a query.
pub(super) fn encode(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}
