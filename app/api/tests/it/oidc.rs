//! Sign-in at another identity provider, with one that can lie in every way.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{Json, Router, body::Body, extract::State, http::HeaderMap, routing::get};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use galeno_api::{authz::Role, keys::sha256};
use galeno_contract::api::OidcProvider;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    auth::code,
    support::{Answer, World},
};

/// What the provider does with the next code.
#[derive(Clone, Default)]
struct Plan {
    /// Claims that replace the honest ones; null takes one away.
    claims: Value,
    /// The header's algorithm, when it lies about it.
    algorithm: Option<&'static str>,
    /// Signs with a key that it does not publish.
    foreign_key: bool,
}

#[derive(Clone)]
struct Provider(Arc<Inner>);

struct Inner {
    issuer: String,
    /// How it wants clients to prove who they are; null says nothing of it.
    methods: Value,
    key: EcdsaKeyPair,
    foreign: EcdsaKeyPair,
    plan: Mutex<Plan>,
    /// Nonce and PKCE challenge of the sign-in that is under way.
    asked: Mutex<Option<(String, String)>>,
}

fn key() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap()
}

async fn discovery(State(Provider(inner)): State<Provider>) -> Json<Value> {
    let issuer = &inner.issuer;
    let mut document = json!({
        "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"), "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys")
    });
    if !inner.methods.is_null() {
        document["token_endpoint_auth_methods_supported"] = inner.methods.clone();
    }
    Json(document)
}

async fn keys(State(Provider(inner)): State<Provider>) -> Json<Value> {
    let point = inner.key.public_key().as_ref();
    Json(json!({"keys": [{
        "kty": "EC", "crv": "P-256", "kid": "one", "use": "sig", "x": B64.encode(&point[1..33]), "y": B64.encode(&point[33..])
    }]}))
}

async fn token(State(Provider(inner)): State<Provider>, headers: HeaderMap, body: String) -> Json<Value> {
    let form: HashMap<&str, &str> = body.split('&').filter_map(|pair| pair.split_once('=')).collect();
    let (nonce, challenge) = inner.asked.lock().unwrap().clone().expect("a sign-in is under way");
    assert_eq!(B64.encode(sha256(form["code_verifier"])), challenge, "PKCE");
    assert_eq!((form["client_id"], form["code"]), ("galeno", "the-code"));
    let basic = headers.get("authorization").map(|value| value.to_str().unwrap());
    let secret = form.get("client_secret").copied();
    if inner.methods.is_null() {
        assert_eq!((basic, secret), (Some("Basic Z2FsZW5vOmh1c2g="), None));
    } else {
        assert_eq!((basic, secret), (None, Some("hush")));
    }
    let plan = inner.plan.lock().unwrap().clone();
    let now = jiff::Timestamp::now().as_second();
    let mut claims = json!({
        "iss": inner.issuer, "sub": "subject-1", "aud": "galeno", "exp": now + 300, "iat": now, "nonce": nonce, "amr": ["pwd"]
    });
    for (name, value) in plan.claims.as_object().into_iter().flatten() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    let header = json!({"alg": plan.algorithm.unwrap_or("ES256"), "kid": "one"});
    let signed = format!("{}.{}", B64.encode(header.to_string()), B64.encode(claims.to_string()));
    let key = if plan.foreign_key { &inner.foreign } else { &inner.key };
    let signature = key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
    Json(
        json!({"access_token": "x", "token_type": "Bearer", "id_token": format!("{signed}.{}", B64.encode(signature.as_ref()))}),
    )
}

impl Provider {
    async fn start(methods: Value) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let inner = Inner {
            issuer: format!("http://{address}"),
            methods,
            key: key(),
            foreign: key(),
            plan: Mutex::default(),
            asked: Mutex::default(),
        };
        let provider = Self(Arc::new(inner));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/token", axum::routing::post(token))
            .with_state(provider.clone());
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let service = TowerToHyperService::new(tower::util::MapRequest::new(
                    router.clone(),
                    |request: hyper::Request<hyper::body::Incoming>| request.map(Body::new),
                ));
                tokio::spawn(async move {
                    let _ = Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        provider
    }
}

const REDIRECT: &str = "https://clinic.example/signed-in";

/// A whole sign-in, as the browser goes through it.
async fn sign_in(world: &World, provider: &Provider, plan: Plan) -> Answer {
    *provider.0.plan.lock().unwrap() = plan;
    let started = world
        .anonymous
        .post("/auth/sign-in/oidc/idp/start", json!({"redirect_uri": REDIRECT}))
        .await
        .expect(200)
        .json();
    let url = started["authorization_url"].as_str().unwrap();
    assert!(url.starts_with(&format!("{}/authorize?response_type=code&", provider.0.issuer)));
    let query: HashMap<&str, &str> = url
        .split_once('?')
        .unwrap()
        .1
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .collect();
    assert_eq!(query["code_challenge_method"], "S256");
    *provider.0.asked.lock().unwrap() = Some((query["nonce"].to_owned(), query["code_challenge"].to_owned()));
    let body = json!({"token": started["token"], "state": query["state"], "code": "the-code"});
    world.anonymous.post("/auth/sign-in/oidc/idp", body).await
}

/// A world whose organization `alfa` may sign in there, and the file with the client's secret.
async fn beside(provider: &Provider, second_factor: bool) -> (World, tempfile::NamedTempFile) {
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), "hush\n").unwrap();
    let world = World::with(|config| {
        config.security.oidc.push(OidcProvider {
            name: "idp".into(),
            issuer: provider.0.issuer.clone(),
            client_id: "galeno".into(),
            client_secret_file: Some(secret.path().to_owned()),
            ca_file: None,
            organization: "alfa".into(),
            second_factor,
        });
    })
    .await;
    (world, secret)
}

#[tokio::test]
async fn a_provider_signs_in_whom_it_may_and_cannot_lie() {
    let provider = Provider::start(Value::Null).await;
    let (mut world, _secret) = beside(&provider, true).await;
    let alfa = world.organization("alfa").await;
    let (_, _) = world.staff(alfa.id, Role::Nurse, 9).await;
    sqlx::query("UPDATE account SET oidc_provider = 'idp', oidc_subject = 'subject-1' WHERE username = 'nurse9'")
        .execute(&mut world.db)
        .await
        .unwrap();
    let listed = world
        .anonymous
        .get("/auth/sign-in/oidc?organization=alfa")
        .await
        .expect(200)
        .json();
    assert_eq!(listed, json!(["idp"]));
    let elsewhere = json!({"redirect_uri": "https://clinic.example.evil.example/"});
    world
        .anonymous
        .post("/auth/sign-in/oidc/idp/start", elsewhere)
        .await
        .expect(422);

    // A password alone is not enough for staff; the provider's second factor is, as configured.
    let done = sign_in(&world, &provider, Plan::default()).await.expect(200).json();
    assert_eq!(
        (&done["state"], &done["must_enrol"]),
        (&json!("signed-in"), &json!(true))
    );
    let strong = Plan {
        claims: json!({"amr": ["pwd", "otp"]}),
        ..Plan::default()
    };
    let done = sign_in(&world, &provider, strong).await.expect(200).json();
    assert_eq!(done["must_enrol"], json!(false));
    world
        .anonymous
        .with(done["token"].as_str().unwrap())
        .get("/organization")
        .await
        .expect(200);

    let now = jiff::Timestamp::now().as_second();
    for claims in [
        json!({"sub": "subject-2"}),
        json!({"iss": "https://evil.example"}),
        json!({"aud": "another"}),
        json!({"aud": ["galeno", "another"]}),
        json!({"aud": ["galeno", "another"], "azp": "another"}),
        json!({"exp": now - 3600}),
        json!({"iat": now + 3600}),
        json!({"nonce": "another"}),
        json!({"nonce": null}),
        json!({"sub": null}),
    ] {
        let told = claims.to_string();
        let answer = sign_in(
            &world,
            &provider,
            Plan {
                claims,
                ..Plan::default()
            },
        )
        .await;
        assert_eq!(answer.status, 401, "{told}");
    }
    for algorithm in ["none", "HS256", "RS256"] {
        sign_in(
            &world,
            &provider,
            Plan {
                algorithm: Some(algorithm),
                ..Plan::default()
            },
        )
        .await
        .expect(401);
    }
    sign_in(
        &world,
        &provider,
        Plan {
            foreign_key: true,
            ..Plan::default()
        },
    )
    .await
    .expect(401);
    // A state of another sign-in, and a token that was used.
    let started = world
        .anonymous
        .post("/auth/sign-in/oidc/idp/start", json!({"redirect_uri": REDIRECT}))
        .await
        .expect(200)
        .json();
    let body = json!({"token": started["token"], "state": Uuid::now_v7(), "code": "the-code"});
    world
        .anonymous
        .post("/auth/sign-in/oidc/idp", body.clone())
        .await
        .expect(401);
    world.anonymous.post("/auth/sign-in/oidc/idp", body).await.expect(401);
}

#[tokio::test]
async fn strangers_do_not_pause_the_second_factor_of_whom_a_provider_vouches_for() {
    let provider = Provider::start(json!(["client_secret_post"])).await;
    let (mut world, _secret) = beside(&provider, false).await;
    let alfa = world.organization("alfa").await;
    world.staff(alfa.id, Role::Nurse, 9).await;
    sqlx::query("UPDATE account SET oidc_provider = 'idp', oidc_subject = 'subject-1' WHERE username = 'nurse9'")
        .execute(&mut world.db)
        .await
        .unwrap();
    let first = sign_in(&world, &provider, Plan::default()).await.expect(200).json();
    let session = world.anonymous.with(first["token"].as_str().unwrap());
    let methods: Vec<String> =
        sqlx::query_scalar("SELECT action FROM access_log WHERE action LIKE 'account.sign-in.%'")
            .fetch_all(&mut world.db)
            .await
            .unwrap();
    assert_eq!(methods, ["account.sign-in.oidc"]);
    let secret = session.post("/auth/totp", json!({})).await.expect(200).json()["secret"]
        .as_str()
        .unwrap()
        .to_owned();
    let confirm = json!({"code": code(&secret, 0)});
    session.post("/auth/totp/confirm", confirm).await.expect(204);
    // What fifty wrong passwords from everywhere leave behind.
    let strangers = sha256([b"strangers", &b"nurse9"[..]].concat());
    sqlx::query(
        "INSERT INTO sign_in_failure (organization, bucket, failures, closed_until, at) \
         VALUES (?, ?, 50, UTC_TIMESTAMP(6) + INTERVAL 1 HOUR, UTC_TIMESTAMP(6))",
    )
    .bind(alfa.id)
    .bind(&strangers[..])
    .execute(&mut world.db)
    .await
    .unwrap();
    let password = json!({"organization": "alfa", "username": "nurse9", "password": "no es esta contraseña"});
    world.anonymous.post("/auth/sign-in", password).await.expect(429);
    let half = sign_in(&world, &provider, Plan::default()).await.expect(200).json();
    assert_eq!(half["state"], "second-factor");
    let finish = |code: String| {
        let (client, body) = (world.anonymous.clone(), json!({"token": half["token"], "code": code}));
        async move { client.post("/auth/sign-in/totp", body).await }
    };
    finish("000000".to_owned()).await.expect(401);
    finish(code(&secret, 30)).await.expect(200);
    // Guesses at the code are paused all the same.
    let half = sign_in(&world, &provider, Plan::default()).await.expect(200).json();
    let mut statuses = Vec::new();
    for _ in 0..8 {
        let body = json!({"token": half["token"], "code": "000000"});
        statuses.push(world.anonymous.post("/auth/sign-in/totp", body).await.status.as_u16());
    }
    assert!(statuses[0] == 401 && statuses.contains(&429), "{statuses:?}");
}
