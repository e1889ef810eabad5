//! An e-mail by SMTP.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use galeno_contract::backup::{Email, SmtpSecurity};
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{Message, SmtpTransport, Transport as _};

use super::{Alert, Failure};

pub(super) fn send(email: &Email, alert: &Alert, left: Duration) -> Result<(), Failure> {
    let message = message(email, alert).map_err(Failure::Lasting)?;
    let transport = transport(email, left).map_err(Failure::Lasting)?;
    transport.send(&message).map(drop).map_err(|error| {
        let text = format!("{}:{}: {error}", email.host, email.port);
        if error.is_permanent() {
            Failure::Lasting(text)
        } else {
            Failure::Passing(text)
        }
    })
}

fn message(email: &Email, alert: &Alert) -> Result<Message, String> {
    let mailbox = |text: &str| {
        text.parse::<Mailbox>()
            .map_err(|error| format!("{text:?} is no e-mail address: {error}"))
    };
    let mut builder = Message::builder()
        .from(mailbox(&email.from)?)
        .header(ContentType::TEXT_PLAIN);
    for to in &email.to {
        builder = builder.to(mailbox(to)?);
    }
    let body = format!(
        "{}\n\nenvironment: {}\ncommand: {}\ntime: {}\n\n{}\n",
        alert.summary, alert.cluster, alert.command, alert.at, alert.detail
    );
    builder
        .subject(format!("[{}] {}", alert.cluster, alert.summary))
        .body(body)
        .map_err(|error| error.to_string())
}

fn transport(email: &Email, left: Duration) -> Result<SmtpTransport, String> {
    let tls = match email.security {
        SmtpSecurity::Starttls => Tls::Required(tls_parameters(email)?),
        SmtpSecurity::Tls => Tls::Wrapper(tls_parameters(email)?),
        SmtpSecurity::None if is_loopback(&email.host) => Tls::None,
        SmtpSecurity::None => {
            return Err(format!(
                "{} would get the alert in the clear; use starttls or tls",
                email.host
            ));
        }
    };
    let mut builder = SmtpTransport::builder_dangerous(&email.host)
        .port(email.port)
        .tls(tls)
        .timeout(Some(left.min(Duration::from_secs(30))));
    if let (Some(user), Some(password)) = (&email.user_file, &email.password_file) {
        builder = builder.credentials(Credentials::new(read(user)?, read(password)?));
    }
    Ok(builder.build())
}

fn tls_parameters(email: &Email) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(email.host.clone());
    if let Some(path) = &email.ca_file {
        let pem = std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let certificate =
            Certificate::from_pem(&pem).map_err(|error| format!("{} holds no certificate: {error}", path.display()))?;
        builder = builder
            .certificate_store(CertificateStore::None)
            .add_root_certificate(certificate);
    }
    builder
        .build()
        .map_err(|error| format!("TLS towards {}: {error}", email.host))
}

fn read(path: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
