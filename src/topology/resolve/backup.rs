//! Backups.

use super::collect::Collector;
use super::programs::is_mail_address;
use crate::spec::{self, Environment, Role};
use crate::topology::backup::{Alerts, Backup, Bucket, Monthly, Schedule, Smtp};
use crate::topology::names::secrets;

pub(super) fn resolve(environment: &Environment, c: &mut Collector<'_>) -> Option<Backup> {
    let written = &environment.backup;
    let time_zone = c.parse("/backup/timeZone", &written.time_zone);
    let schedule = schedule(&written.schedule, c);
    retention(&written.retention, c);
    let bucket = bucket("/backup/bucket", &written.bucket, secrets::BACKUP_STORAGE, c);
    let monthly = monthly(environment, c);
    openpgp(&written.openpgp, c);
    let ship_every = if written.point_in_time.enabled {
        c.duration("/backup/pointInTime/every", &written.point_in_time.every, 120, 3600)
            .map(Some)
    } else {
        c.no_effect("/backup/pointInTime/every", "shipping is switched off");
        let problem =
            "without shipped binary logs a total disaster loses everything since the last backup: up to a day";
        c.warning("/backup/pointInTime/enabled", "spec/unwise", problem, "leave it on");
        Some(None)
    };
    let alerts = alerts(&written.alerts, c);
    let (bucket, monthly) = in_their_regions(environment, bucket?, monthly?, c);
    Some(Backup {
        time_zone: time_zone?,
        schedule: schedule?,
        keep_daily: written.retention.daily,
        keep_weekly: written.retention.weekly,
        keep_monthly: written.retention.monthly,
        bucket,
        monthly,
        recipients: written
            .openpgp
            .recipients
            .iter()
            .map(|f| f.to_ascii_uppercase())
            .collect(),
        signer: written.openpgp.signer.to_ascii_uppercase(),
        ship_every: ship_every?,
        alerts: alerts?,
    })
}

fn schedule(written: &spec::Schedule, c: &mut Collector<'_>) -> Option<Schedule> {
    let daily = c.parse("/backup/schedule/daily", &written.daily);
    let weekly = c.parse("/backup/schedule/weekly", &written.weekly);
    let monthly = c.parse("/backup/schedule/monthly", &written.monthly);
    let rehearsal = c.parse("/backup/schedule/rehearsal", &written.rehearsal);
    Some(Schedule {
        daily: daily?,
        weekly: weekly?,
        monthly: monthly?,
        rehearsal: rehearsal?,
    })
}

fn retention(written: &spec::Retention, c: &mut Collector<'_>) {
    for (field, kept) in [
        ("daily", written.daily),
        ("weekly", written.weekly),
        ("monthly", written.monthly),
    ] {
        if kept == 0 {
            let problem = format!("a retention of 0 would delete every {field} backup as soon as it is made");
            c.error(
                &format!("/backup/retention/{field}"),
                "spec/retention",
                problem,
                "write 1 or more",
            );
        }
    }
}

fn bucket(at: &str, written: &spec::Bucket, entry: &'static str, c: &mut Collector<'_>) -> Option<Bucket> {
    let endpoint = c.parse(&format!("{at}/endpoint"), &written.endpoint);
    let addresses = c.ranges(&format!("{at}/addresses"), &written.addresses);
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    let name = written.name.as_bytes();
    let good = (3..=63).contains(&name.len())
        && name
            .iter()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(b))
        && name
            .first()
            .zip(name.last())
            .is_some_and(|(a, z)| a.is_ascii_alphanumeric() && z.is_ascii_alphanumeric())
        && !written.name.contains("..");
    if !good {
        let problem = format!("`{}` is not the name of a bucket", written.name);
        c.error(
            &format!("{at}/name"),
            "spec/bucket",
            problem,
            "write 3 to 63 lower-case letters, digits and hyphens",
        );
    }
    if written.region.is_empty() || written.region.contains(char::is_whitespace) {
        c.error(
            &format!("{at}/region"),
            "spec/bucket",
            "the bucket's region is empty",
            "write the service's name for it, such as `eu-central-1`",
        );
    }
    Some(Bucket {
        endpoint: endpoint?,
        name: written.name.clone(),
        region: written.region.clone(),
        addresses: addresses?,
        lock_days: written.lock_days,
        private_authority: written.private_authority,
        entry,
    })
}

/// The bucket beside the primary region takes what is made every day, the other one the monthly copy: where the region of
/// the monthly copy was promoted, they change places by themselves.
fn in_their_regions(
    environment: &Environment,
    daily: Bucket,
    monthly: Option<Monthly>,
    c: &mut Collector<'_>,
) -> (Bucket, Option<Monthly>) {
    let Some(copy) = monthly else { return (daily, None) };
    let of = |role: Role| environment.regions.iter().find(move |region| region.role == role);
    let promoted = of(Role::Primary).is_some_and(|primary| primary.name == copy.region.as_str());
    let Some(other) = of(Role::Recovery)
        .and_then(|region| region.name.parse().ok())
        .filter(|_| promoted)
    else {
        return (daily, Some(copy));
    };
    let message = format!(
        "`{}` is the primary region: its bucket `{}` takes the daily backups, and `{}`, taken to be in `{other}`, the monthly copies",
        copy.region, copy.bucket.name, daily.name
    );
    let mend = "leave it so: each bucket stays where it is written, in its region, with the keys that it has in the secret store";
    c.note("/backup/monthly/region", "spec/promoted", message, mend);
    let monthly = Monthly {
        region: other,
        bucket: daily,
    };
    (copy.bucket, Some(monthly))
}

/// The outer `None`: something is wrong. The inner: there is no monthly copy.
#[allow(clippy::option_option, reason = "wrong, absent and present are three answers")]
fn monthly(environment: &Environment, c: &mut Collector<'_>) -> Option<Option<Monthly>> {
    let Some(written) = &environment.backup.monthly else {
        for field in ["schedule/monthly", "retention/monthly"] {
            c.no_effect(
                &format!("/backup/{field}"),
                "there is no monthly copy: `backup.monthly` is absent",
            );
        }
        if environment.regions.len() > 1 {
            let problem = "no monthly copy is kept in another region: a lost site takes its backups along, unless the bucket is elsewhere";
            c.warning(
                "/backup",
                "spec/unwise",
                problem,
                "write `monthly: {region: …, bucket: …}`",
            );
        }
        return Some(None);
    };
    let at = "/backup/monthly/region";
    let bucket = bucket(
        "/backup/monthly/bucket",
        &written.bucket,
        secrets::BACKUP_MONTHLY_STORAGE,
        c,
    );
    let same_place = (&written.bucket.endpoint, &written.bucket.name)
        == (&environment.backup.bucket.endpoint, &environment.backup.bucket.name);
    if same_place {
        c.error(
            "/backup/monthly/bucket",
            "spec/monthly",
            "the monthly copy is in the same bucket as the daily backups",
            "write a bucket of another region",
        );
    }
    let region = environment.regions.iter().find(|r| r.name == written.region);
    match region {
        None => {
            let names = environment.regions.iter().map(|r| r.name.as_str());
            let near = crate::finding::nearest(&written.region, names.clone());
            let mend = near.map_or_else(
                || format!("write one of {}", names.collect::<Vec<_>>().join(", ")),
                |near| format!("write `{near}`"),
            );
            c.error(
                at,
                "spec/monthly",
                format!("there is no region `{}`", written.region),
                mend,
            );
        }
        Some(region)
            if region.role == Role::Primary && !environment.regions.iter().any(|r| r.role == Role::Recovery) =>
        {
            let problem = format!(
                "the monthly copy is in the primary region `{}`: what takes the region takes the copy",
                region.name
            );
            c.error(
                at,
                "spec/monthly",
                problem,
                "write another region, one with `role: recovery` by preference",
            );
        }
        Some(region) if region.jurisdiction != environment.jurisdiction => match &written.transfer_basis {
            Some(basis) if !basis.trim().is_empty() => {
                let message = format!(
                    "backups, encrypted, are kept in {:?}, outside {:?}",
                    region.jurisdiction, environment.jurisdiction
                );
                c.note(
                    at,
                    "spec/transfer",
                    message,
                    "keep the decryption key inside the patients' jurisdiction, always",
                )
                .explain(format!("stated basis: {basis}"));
            }
            _ => {
                let problem = format!(
                    "the monthly copy is in {:?}, outside the patients' jurisdiction {:?}",
                    region.jurisdiction, environment.jurisdiction
                );
                let mend = "write a region inside it, or state the legal basis: `transferBasis: …`";
                c.error(at, "spec/transfer", problem, mend).explain(
                    "storing patients' data in another country is a transfer, even encrypted (GDPR chapter V)",
                );
            }
        },
        Some(_) => c.no_effect(
            "/backup/monthly/transferBasis",
            "the region is inside the patients' jurisdiction",
        ),
    }
    let region = c.parse(at, &written.region);
    Some(Some(Monthly {
        region: region?,
        bucket: bucket?,
    }))
}

fn openpgp(written: &spec::OpenPgp, c: &mut Collector<'_>) {
    let recipients = written
        .recipients
        .iter()
        .enumerate()
        .map(|(i, f)| (format!("/backup/openpgp/recipients/{i}"), f));
    let signer = std::iter::once(("/backup/openpgp/signer".to_owned(), &written.signer));
    for (at, fingerprint) in recipients.chain(signer) {
        if !matches!(fingerprint.len(), 40 | 64) || !fingerprint.bytes().all(|b| b.is_ascii_hexdigit()) {
            let problem = format!("`{fingerprint}` is not the fingerprint of an OpenPGP key");
            c.error(
                &at,
                "spec/openpgp",
                problem,
                "write its 40 hexadecimal digits without spaces; `gpg --fingerprint` prints them",
            );
        }
    }
    if written.recipients.len() == 1 {
        let message = "one key alone can read the backups: if it is lost, they are";
        c.note(
            "/backup/openpgp/recipients",
            "spec/escrow",
            message,
            "add the key of an escrow that is kept offline",
        );
    }
}

fn alerts(written: &spec::Alerts, c: &mut Collector<'_>) -> Option<Alerts> {
    if written.email.is_empty() && !written.webhook {
        c.error(
            "/backup/alerts",
            "spec/alerts",
            "nobody is told when a backup fails",
            "write `email: […]` with `smtp`, or `webhook: true`",
        );
    }
    if written.email.is_empty() {
        c.no_effect("/backup/alerts/smtp", "there is no `email` to send to");
    } else if written.smtp.is_none() {
        c.error(
            "/backup/alerts/email",
            "spec/alerts",
            "there is no mail server to send by",
            "write `smtp: {host: …, from: …}`",
        );
    }
    if !written.webhook {
        for field in ["webhookAddresses", "webhookPrivateAuthority"] {
            c.no_effect(&format!("/backup/alerts/{field}"), "no webhook is called");
        }
    }
    let senders = written
        .smtp
        .iter()
        .map(|smtp| ("/backup/alerts/smtp/from".to_owned(), &smtp.from));
    let receivers = written
        .email
        .iter()
        .enumerate()
        .map(|(i, email)| (format!("/backup/alerts/email/{i}"), email));
    for (at, address) in receivers.chain(senders) {
        if !is_mail_address(address) {
            c.error(
                &at,
                "spec/value",
                format!("`{address}` is not a mail address"),
                "write it like `oncall@clinic.example.org`",
            );
        }
    }
    let webhook_addresses = c.ranges("/backup/alerts/webhookAddresses", &written.webhook_addresses);
    let smtp = match &written.smtp {
        None => Some(None),
        Some(smtp) => {
            let host = c.parse("/backup/alerts/smtp/host", &smtp.host);
            let addresses = c.ranges("/backup/alerts/smtp/addresses", &smtp.addresses);
            if smtp.port == 0 {
                c.error(
                    "/backup/alerts/smtp/port",
                    "spec/range",
                    "0 is not a port",
                    "write 587, or the port of the mail server",
                );
            }
            host.zip(addresses).map(|(host, addresses)| {
                Some(Smtp {
                    host,
                    port: smtp.port,
                    from: smtp.from.clone(),
                    addresses,
                })
            })
        }
    };
    Some(Alerts {
        email: written.email.clone(),
        smtp: smtp?,
        webhook: written.webhook,
        webhook_addresses: webhook_addresses?,
        webhook_private_authority: written.webhook_private_authority,
    })
}
