//! A webhook: one JSON document by POST.

use std::time::Duration;

use galeno_contract::backup::Webhook;

use super::{Alert, Failure};

pub(super) fn send(webhook: &Webhook, alert: &Alert, left: Duration) -> Result<(), Failure> {
    let url = std::fs::read_to_string(&webhook.url_file)
        .map_err(|error| Failure::Lasting(format!("cannot read {}: {error}", webhook.url_file.display())))?;
    let agent = crate::http::agent(webhook.ca_file.as_deref(), left.min(Duration::from_secs(10)))
        .map_err(|error| Failure::Lasting(format!("{error:#}")))?;
    let answer = agent
        .post(url.trim())
        .config()
        .timeout_global(Some(left.min(Duration::from_secs(30))))
        .build()
        .send_json(alert);
    // The address is a secret with most services: it is not in any message.
    match answer {
        Ok(answer) => match answer.status().as_u16() {
            200..=299 => Ok(()),
            status @ (408 | 425 | 429 | 500..=599) => Err(Failure::Passing(format!("it answers {status}"))),
            status => Err(Failure::Lasting(format!(
                "it answers {status}; is the address in the secret right?"
            ))),
        },
        Err(ureq::Error::BadUri(_) | ureq::Error::Http(_)) => {
            Err(Failure::Lasting("the address in the secret is none".to_owned()))
        }
        Err(error) => Err(Failure::Passing(error.to_string())),
    }
}
