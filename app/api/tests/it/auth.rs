//! Sign-in: passwords, codes, passkeys, pauses, sessions.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use ciborium::Value as Cbor;
use galeno_api::{authz::Role, keys::sha256};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};
use sqlx::MySqlConnection;

use crate::support::{Client, World, world::Organization};

const PASSWORD: &str = "cuatro palabras muy largas";

/// A nurse who has just been given access; the activation code.
async fn access(world: &mut World, alfa: &Organization) -> (String, String) {
    let body = json!({"role": "nurse", "given_name": "Nuria", "family_name": "Enfermera"});
    let administrator = alfa.client(Role::Administrator);
    let id = administrator.post("/staff", body).await.expect(201).id();
    let body = json!({"username": "nuria"});
    let access = administrator
        .post(&format!("/staff/{id}/access"), body)
        .await
        .expect(200)
        .json();
    let code = access["activation_code"].as_str().unwrap().to_owned();
    let _ = world;
    (id, code)
}

fn sign_in(password: &str) -> Value {
    json!({"organization": "alfa", "username": "nuria", "password": password})
}

pub fn code(secret: &str, ahead: u64) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
    let now = u64::try_from(jiff::Timestamp::now().as_second()).unwrap() + ahead;
    galeno_api::auth::totp(secret.as_bytes())
        .unwrap()
        .generate(now)
        .to_string()
}

/// Activates, signs in, sets up a code generator. Returns the client, the secret and the device's mark.
async fn enrol(world: &mut World, alfa: &Organization) -> (Client, String, String) {
    let (_, activation) = access(world, alfa).await;
    let client = world.anonymous.clone();
    let body = json!({"organization": "alfa", "username": "nuria", "code": activation, "password": PASSWORD});
    client.post("/auth/sign-in/activate", body.clone()).await.expect(204);
    client.post("/auth/sign-in/activate", body).await.expect(401);
    let state = client.post("/auth/sign-in", sign_in(PASSWORD)).await.expect(200).json();
    assert_eq!(
        (&state["state"], &state["must_enrol"]),
        (&json!("signed-in"), &json!(true))
    );
    let half = client.with(state["token"].as_str().unwrap());
    // Staff without a second factor can set one up, and nothing else.
    assert_eq!(
        half.get("/organization").await.expect(403).problem(),
        "second-factor-needed"
    );
    let secret = half.post("/auth/totp", json!({})).await.expect(200).json()["secret"]
        .as_str()
        .unwrap()
        .to_owned();
    half.post("/auth/totp/confirm", json!({"code": "000000"}))
        .await
        .expect(422);
    half.post("/auth/totp/confirm", json!({"code": code(&secret, 0)}))
        .await
        .expect(204);
    half.get("/organization").await.expect(200);
    (half, secret, state["device"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn staff_sign_in_with_two_factors_and_a_code_is_good_once() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let (_, secret, _) = enrol(&mut world, &alfa).await;
    let client = world.anonymous.clone();
    client
        .post("/auth/sign-in", sign_in("no es esta contraseña"))
        .await
        .expect(401);
    let first = || async {
        let state = client.post("/auth/sign-in", sign_in(PASSWORD)).await.expect(200).json();
        assert_eq!(
            (&state["state"], &state["methods"]),
            (&json!("second-factor"), &json!(["totp"]))
        );
        state["token"].as_str().unwrap().to_owned()
    };
    let token = first().await;
    // The code that confirmed the generator was used; the next one is accepted a little early, once.
    let next = code(&secret, 30);
    let finish = |token: String, code: String| {
        let client = client.clone();
        async move {
            client
                .post("/auth/sign-in/totp", json!({"token": token, "code": code}))
                .await
        }
    };
    let done = finish(token.clone(), next.clone()).await.expect(200).json();
    assert_eq!(
        (&done["state"], &done["must_enrol"]),
        (&json!("signed-in"), &json!(false))
    );
    finish(token, next.clone()).await.expect(401);
    finish(first().await, next).await.expect(401);
    let session = client.with(done["token"].as_str().unwrap());
    assert_eq!(session.get("/auth/me").await.expect(200).json()["role"], "nurse");
    // Neither passwords nor tokens nor secrets are in the database.
    let dump: Vec<(String, Vec<u8>)> =
        sqlx::query_as("SELECT password_hash, totp_secret FROM account WHERE username = 'nuria'")
            .fetch_all(&mut world.db)
            .await
            .unwrap();
    assert!(dump[0].0.starts_with("$argon2id$"));
    let raw = totp_rs::Secret::try_from_base32(&secret).unwrap();
    assert!(!dump[0].1.windows(20).any(|part| part == raw.as_bytes()));
}

#[tokio::test]
async fn sessions_are_seen_and_revoked_at_once() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let (client, secret, _) = enrol(&mut world, &alfa).await;
    let state = world
        .anonymous
        .post("/auth/sign-in", sign_in(PASSWORD))
        .await
        .expect(200)
        .json();
    let body = json!({"token": state["token"], "code": code(&secret, 30)});
    let other = world
        .anonymous
        .post("/auth/sign-in/totp", body)
        .await
        .expect(200)
        .json();
    let other = world.anonymous.with(other["token"].as_str().unwrap());
    let sessions = client.get("/auth/sessions").await.expect(200).json();
    assert_eq!(sessions.as_array().unwrap().len(), 2);
    let foreign = sessions
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["current"] == false)
        .unwrap();
    client
        .delete(&format!("/auth/sessions/{}", foreign["id"].as_str().unwrap()))
        .await
        .expect(204);
    other.get("/auth/me").await.expect(401);
    // A new password ends the others; leaving ends this one.
    let wrong = json!({"current": "no es esta contraseña", "password": "otra frase bastante larga"});
    // The same request again has the same answer: nothing was changed, and nothing else may be said of it.
    for _ in 0..2 {
        let key = [("idempotency-key", "one")];
        client
            .send("POST", "/auth/password", &key, Some(&wrong))
            .await
            .expect(422);
    }
    client
        .post(
            "/auth/password",
            json!({"current": PASSWORD, "password": "password1234"}),
        )
        .await
        .expect(422);
    let change = json!({"current": PASSWORD, "password": "otra frase bastante larga"});
    client.post("/auth/password", change).await.expect(204);
    client.get("/auth/me").await.expect(200);
    client.post("/auth/sign-out", json!({})).await.expect(204);
    client.get("/auth/me").await.expect(401);
    // Deactivation ends everything at once.
    let path = format!("/staff/{}", alfa.staff[&Role::Physician]);
    let administrator = alfa.client(Role::Administrator);
    let member = administrator.get(&path).await.expect(200).json();
    let body = json!({
        "role": "physician", "given_name": "x", "family_name": "y", "license_number": member["license_number"], "active": false
    });
    alfa.physician().get("/auth/me").await.expect(200);
    administrator.change("PUT", &path, 1, body).await.expect(200);
    alfa.physician().get("/auth/me").await.expect(401);
}

#[tokio::test]
async fn a_stranger_cannot_lock_a_doctor_out() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let (own_session, _, device) = enrol(&mut world, &alfa).await;
    let stranger = world.anonymous.clone();
    let mut paused = None;
    for _ in 0..8 {
        let answer = stranger.post("/auth/sign-in", sign_in("no es esta contraseña")).await;
        if answer.status == 429 {
            paused = Some(answer);
        }
    }
    let paused = paused.expect("guessing is paused");
    assert_eq!(paused.problem(), "sign-in-paused");
    assert!(paused.header("retry-after").parse::<u64>().unwrap() > 1);
    // Even the right password waits, for whoever comes from there...
    stranger.post("/auth/sign-in", sign_in(PASSWORD)).await.expect(429);
    // ...but not on the device where its owner has signed in before.
    let mut own = sign_in(PASSWORD);
    own["device"] = json!(device);
    stranger.post("/auth/sign-in", own).await.expect(200);
    // A mark that is made up, or of another account, is none.
    let mut forged = sign_in(PASSWORD);
    let other = if &device[20..21] == "A" { "B" } else { "A" };
    forged["device"] = json!(format!("{}{other}{}", &device[..20], &device[21..]));
    stranger.post("/auth/sign-in", forged).await.expect(429);
    // Whether an account exists makes no difference to a guesser, who is in the log of the organization either way.
    let refused = "SELECT COUNT(*) FROM access_log WHERE action = 'account.sign-in.password' AND outcome = 'refused' \
                   AND (actor_kind = 'stranger') = ?";
    let lines = async |db: &mut MySqlConnection, strangers: bool| -> i64 {
        sqlx::query_scalar(refused).bind(strangers).fetch_one(db).await.unwrap()
    };
    assert_eq!(lines(&mut world.db, true).await, 0);
    assert!(lines(&mut world.db, false).await >= 5);
    let mut unknown = sign_in("no es esta contraseña");
    unknown["username"] = json!("nobody");
    let first = stranger.post("/auth/sign-in", unknown.clone()).await.expect(401).json();
    assert_eq!(first["type"], "urn:galeno:problem:sign-in-refused");
    assert_eq!(lines(&mut world.db, true).await, 1);
    let mut statuses = Vec::new();
    for _ in 0..8 {
        statuses.push(stranger.post("/auth/sign-in", unknown.clone()).await.status.as_u16());
    }
    assert!(statuses.contains(&429), "{statuses:?}");
    // Whoever is signed in changes the password meanwhile. Guesses at the present one are paused there too.
    let change = |current: &str| {
        let (client, body) = (
            own_session.clone(),
            json!({"current": current, "password": "otra frase bastante larga"}),
        );
        async move { client.post("/auth/password", body).await.status.as_u16() }
    };
    assert_eq!(change(PASSWORD).await, 204);
    let mut statuses = Vec::new();
    for _ in 0..8 {
        statuses.push(change("no es esta contraseña").await);
    }
    assert!(statuses[0] == 422 && statuses.contains(&429), "{statuses:?}");
}

#[tokio::test]
async fn a_cookie_counts_only_for_our_own_pages() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let (_, secret, _) = enrol(&mut world, &alfa).await;
    let client = world.anonymous.clone();
    let mut body = sign_in(PASSWORD);
    body["delivery"] = json!("cookie");
    let half = client.post("/auth/sign-in", body).await.expect(200).json();
    let body = json!({"token": half["token"], "code": code(&secret, 30)});
    let answer = client.post("/auth/sign-in/totp", body).await.expect(200);
    assert!(answer.json().get("token").is_none());
    let set = answer.header("set-cookie").to_owned();
    assert!(
        set.starts_with("__Host-galeno=gs_") && set.ends_with("; Path=/; Secure; HttpOnly; SameSite=Strict"),
        "{set}"
    );
    let cookie = set.split(';').next().unwrap();
    client
        .send("GET", "/auth/me", &[("cookie", cookie)], None)
        .await
        .expect(200);
    let out = |origin: Option<&'static str>| {
        let client = client.clone();
        async move {
            let mut headers = vec![("cookie", cookie)];
            headers.extend(origin.map(|origin| ("origin", origin)));
            client.send("POST", "/auth/sign-out", &headers, Some(&json!({}))).await
        }
    };
    assert_eq!(out(None).await.expect(403).problem(), "cross-site");
    assert_eq!(
        out(Some("https://evil.example")).await.expect(403).problem(),
        "cross-site"
    );
    let answer = out(Some("https://clinic.example")).await.expect(204);
    assert_eq!(answer.header("access-control-allow-origin"), "https://clinic.example");
    let answer = client
        .send("GET", "/auth/me", &[("origin", "https://evil.example")], None)
        .await
        .expect(401);
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

/// An authenticator in software.
struct Authenticator {
    key: EcdsaKeyPair,
    id: Vec<u8>,
    count: u32,
}

impl Authenticator {
    fn new() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &random).unwrap();
        Self {
            key,
            id: b"credential-one".to_vec(),
            count: 0,
        }
    }

    fn client_data(kind: &str, challenge: &str, origin: &str) -> Vec<u8> {
        json!({"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false})
            .to_string()
            .into_bytes()
    }

    /// Authenticator data: user present and verified.
    fn data(&mut self, flags: u8, rp: &str) -> Vec<u8> {
        self.count += 1;
        [&sha256(rp)[..], &[flags], &self.count.to_be_bytes()].concat()
    }

    fn register(&mut self, options: &Value, origin: &str, rp: &str) -> (String, String) {
        let client = Self::client_data("webauthn.create", options["challenge"].as_str().unwrap(), origin);
        let point = self.key.public_key().as_ref();
        let int = |value: i64| Cbor::Integer(value.into());
        let cose = Cbor::Map(vec![
            (int(1), int(2)),
            (int(3), int(-7)),
            (int(-1), int(1)),
            (int(-2), Cbor::Bytes(point[1..33].to_vec())),
            (int(-3), Cbor::Bytes(point[33..].to_vec())),
        ]);
        let mut data = self.data(0x45, rp);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        ciborium::into_writer(&cose, &mut data).unwrap();
        let object = Cbor::Map(vec![
            (Cbor::Text("fmt".into()), Cbor::Text("none".into())),
            (Cbor::Text("attStmt".into()), Cbor::Map(Vec::new())),
            (Cbor::Text("authData".into()), Cbor::Bytes(data)),
        ]);
        let mut bytes = Vec::new();
        ciborium::into_writer(&object, &mut bytes).unwrap();
        (B64.encode(client), B64.encode(bytes))
    }

    fn assert(&mut self, start: &Value, origin: &str) -> Value {
        let options = &start["public_key"];
        let client = Self::client_data("webauthn.get", options["challenge"].as_str().unwrap(), origin);
        let data = self.data(0x05, options["rpId"].as_str().unwrap());
        let signed = [&data[..], &sha256(&client)].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        json!({
            "token": start["token"], "credential": B64.encode(&self.id), "client_data": B64.encode(client),
            "authenticator_data": B64.encode(data), "signature": B64.encode(signature.as_ref())
        })
    }
}

#[tokio::test]
async fn a_passkey_alone_signs_in_and_a_copied_or_foreign_one_does_not() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let (client, _, _) = enrol(&mut world, &alfa).await;
    let origin = "https://clinic.example";
    let mut key = Authenticator::new();
    let start = client.post("/auth/passkeys/start", json!({})).await.expect(200).json();
    let finish = |token: Value, (client_data, attestation): (String, String)| {
        let client = client.clone();
        async move {
            let body =
                json!({"token": token, "name": "llavero", "client_data": client_data, "attestation": attestation});
            client.post("/auth/passkeys", body).await
        }
    };
    let options = &start["public_key"];
    finish(
        start["token"].clone(),
        key.register(options, "https://evil.example", "clinic.example"),
    )
    .await
    .expect(422);
    finish(start["token"].clone(), key.register(options, origin, "evil.example"))
        .await
        .expect(422);
    finish(start["token"].clone(), key.register(options, origin, "clinic.example"))
        .await
        .expect(201);

    let anonymous = world.anonymous.clone();
    let begin = || async {
        anonymous
            .post("/auth/sign-in/passkey/start", json!({"organization": "alfa"}))
            .await
            .expect(200)
            .json()
    };
    let start = begin().await;
    let body = key.assert(&start, origin);
    let done = anonymous
        .post("/auth/sign-in/passkey", body.clone())
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&done["state"], &done["must_enrol"]),
        (&json!("signed-in"), &json!(false))
    );
    anonymous.post("/auth/sign-in/passkey", body).await.expect(401);
    // Another site's page, an altered signature, a counter that goes back.
    let body = key.assert(&begin().await, "https://evil.example");
    anonymous.post("/auth/sign-in/passkey", body).await.expect(401);
    let mut body = key.assert(&begin().await, origin);
    body["signature"] = json!(B64.encode(b"no signature"));
    anonymous.post("/auth/sign-in/passkey", body).await.expect(401);
    key.count = 0;
    let body = key.assert(&begin().await, origin);
    anonymous.post("/auth/sign-in/passkey", body).await.expect(401);
    key.count = 50;
    // As a second factor after the password.
    let half = anonymous
        .post("/auth/sign-in", sign_in(PASSWORD))
        .await
        .expect(200)
        .json();
    assert_eq!(half["methods"], json!(["totp", "passkey"]));
    let start = anonymous
        .post("/auth/sign-in/passkey/start", json!({"token": half["token"]}))
        .await
        .expect(200)
        .json();
    assert_eq!(
        start["public_key"]["allowCredentials"][0]["id"],
        B64.encode(b"credential-one")
    );
    let body = key.assert(&start, origin);
    anonymous.post("/auth/sign-in/passkey", body).await.expect(200);
    let listed = client.get("/auth/passkeys").await.expect(200).json();
    let path = format!("/auth/passkeys/{}", listed[0]["id"].as_str().unwrap());
    client.delete(&path).await.expect(204);
    assert_eq!(client.delete("/auth/totp").await.expect(409).problem(), "conflict");
}
