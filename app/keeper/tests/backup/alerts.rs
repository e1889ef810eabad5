//! Somebody is told: by webhook and by e-mail, also when they fail at first.

use serde_json::{Value, json};

use crate::fixture::{World, free_port};
use crate::stand_ins::{MailServer, Webhook};

fn failing(webhook: Option<u16>, mail: Option<u16>) -> World {
    let mut world = World::without_database("any");
    world.config["storage"]["endpoint"] = json!(format!("http://127.0.0.1:{}", free_port()));
    world.config["deadlines"]["request"] = json!("500ms");
    let mut alerts = json!({"deadline": "20s", "retryAfter": "100ms"});
    if let Some(port) = webhook {
        let url = world.directory.path().join("url");
        std::fs::write(&url, format!("http://127.0.0.1:{port}/hook/secret-part\n")).unwrap();
        alerts["webhook"] = json!({"urlFile": url});
    }
    if let Some(port) = mail {
        alerts["email"] = json!({
            "host": "127.0.0.1", "port": port, "security": "none", "from": "Keeper <keeper@clinic.test>",
            "to": ["ops@clinic.test", "duty@clinic.test"],
        });
    }
    world.config["alerts"] = alerts;
    world
}

#[test]
fn a_failed_backup_is_told_by_webhook_and_mail_after_retries() {
    let (webhook, mail) = (Webhook::start(2), MailServer::start(1));
    let world = failing(Some(webhook.port), Some(mail.port));
    let ran = world.run(&["backup", "--kind", "daily"]);
    ran.refusal();
    assert!(!ran.log.contains("secret-part"), "the webhook's address is a secret");
    let taken = webhook.taken.lock().unwrap();
    assert_eq!(taken.len(), 1, "told once");
    let alert: Value = serde_json::from_str(&taken[0]).unwrap();
    assert_eq!(alert["cluster"], "test");
    assert_eq!(alert["command"], "keeper backup --kind daily");
    assert!(alert["summary"].as_str().unwrap().contains("failed"), "{alert}");
    assert!(alert["detail"].as_str().unwrap().contains("gave up"), "{alert}");
    let letters = mail.taken.lock().unwrap();
    assert_eq!(letters.len(), 1);
    for part in [
        "RCPT TO:<ops@clinic.test>",
        "RCPT TO:<duty@clinic.test>",
        "Subject: [test] keeper backup --kind daily failed",
        "gave up",
    ] {
        assert!(letters[0].contains(part), "{part:?} is not in {}", letters[0]);
    }
}

#[test]
fn one_way_that_is_broken_does_not_stop_the_other_and_is_said() {
    let mail = MailServer::start(0);
    let mut world = failing(Some(free_port()), Some(mail.port));
    world.config["alerts"]["deadline"] = json!("5s");
    let ran = world.run(&["prune"]);
    ran.refusal();
    assert_eq!(mail.taken.lock().unwrap().len(), 1);
    assert!(
        ran.log.contains("the alert by webhook was not delivered within 5s"),
        "{}",
        ran.log
    );
}

#[test]
fn mail_in_the_clear_is_refused_but_for_loopback() {
    let mut world = failing(None, Some(25));
    world.config["alerts"]["email"]["host"] = json!("192.0.2.1");
    let ran = world.run(&["prune"]);
    assert!(ran.log.contains("would get the alert in the clear"), "{}", ran.log);
}

/// The mail server's certificate is by an authority of its own; what is said before STARTTLS is nothing.
#[test]
fn a_letter_goes_by_starttls_and_never_without() {
    let tls = crate::certificates::Tls::new();
    let mail = MailServer::start_with(0, Some(tls.server()));
    let mut world = failing(None, Some(mail.port));
    world.config["alerts"]["email"]["security"] = json!("starttls");
    world.config["alerts"]["email"]["caFile"] = json!(tls.authority());
    world.run(&["prune"]).refusal();
    assert_eq!(mail.taken.lock().unwrap().len(), 1, "told, encrypted");
    let clear = mail.clear.lock().unwrap().join("");
    assert!(
        !clear.contains("MAIL") && !clear.contains("ops@clinic.test"),
        "something was said in the clear: {clear}"
    );

    // A server that offers no STARTTLS, or that somebody in between has robbed of it, gets nothing.
    let robbed = MailServer::start(0);
    world.config["alerts"]["email"]["port"] = json!(robbed.port);
    world.config["alerts"]["deadline"] = json!("1s");
    let ran = world.run(&["prune"]);
    ran.refusal();
    assert!(robbed.taken.lock().unwrap().is_empty());
    assert!(ran.log.contains("the alert by e-mail was not delivered"), "{}", ran.log);

    // Nor does one whose certificate nobody vouches for.
    let stranger = MailServer::start_with(0, Some(crate::certificates::Tls::new().server()));
    world.config["alerts"]["email"]["port"] = json!(stranger.port);
    world.run(&["prune"]).refusal();
    assert!(stranger.taken.lock().unwrap().is_empty());
}

#[test]
fn success_tells_nobody() {
    let webhook = Webhook::start(0);
    let (bucket, id) = crate::fixture::made();
    let mut world = World::without_database(bucket);
    let url = world.directory.path().join("url");
    std::fs::write(&url, format!("http://127.0.0.1:{}/", webhook.port)).unwrap();
    world.config["alerts"] = json!({"webhook": {"urlFile": url}});
    world.restore(id, None);
    world.must(&["restore"]);
    assert!(webhook.taken.lock().unwrap().is_empty());
}
