//! Records of processing activities (GDPR, article 30), and who answers for the data.

use std::sync::Arc;

use axum::response::Response;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::retention::{SHORTEST, years};
use crate::{
    app::App,
    authz::Action,
    db::Stamp,
    http::{Body, Check, Cx, Faults, Kind, Problem, Result, Scope, Text, text},
    scoped,
};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(read, write))
        .routes(routes!(activities))
}

/// Who answers for the data, and for how long records are kept.
#[derive(Clone, Debug, Serialize, FromRow, ToSchema)]
pub(crate) struct DataProtection {
    /// The controller: the legal person.
    pub(super) controller: String,
    pub(super) controller_contact: String,
    /// How to reach the data-protection officer.
    pub(super) officer_contact: String,
    /// Years that records are kept after a care process has ended. Ley 41/2002 asks for five at least; some autonomous
    /// communities for more.
    pub(super) retention_years: u16,
    /// 0: nobody has written it yet.
    pub(super) version: u32,
    pub(super) updated_at: Option<Stamp>,
}

/// The same as it is written.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DataProtectionContent {
    controller: String,
    controller_contact: String,
    officer_contact: String,
    #[schema(minimum = 5, maximum = 100)]
    retention_years: u16,
}

impl Check for DataProtectionContent {
    fn check(&self, faults: &mut Faults) {
        faults.line(&self.controller, 200, "/controller");
        faults.line(&self.controller_contact, 300, "/controller_contact");
        faults.line(&self.officer_contact, 300, "/officer_contact");
        faults.expect(
            (SHORTEST..=100).contains(&self.retention_years),
            "/retention_years",
            "Entre 5 (Ley 41/2002, artículo 17) y 100.",
            "Between 5 (Ley 41/2002, article 17) and 100.",
        );
    }
}

pub(super) async fn find(scope: &mut Scope) -> Result<DataProtection> {
    let query = scope.query_as::<DataProtection>(scoped!(
        "SELECT controller, controller_contact, officer_contact, retention_years, version, updated_at \
         FROM data_protection WHERE organization = ?"
    ));
    Ok(query.fetch_optional(scope.db()).await?.unwrap_or(DataProtection {
        controller: String::new(),
        controller_contact: String::new(),
        officer_contact: String::new(),
        retention_years: SHORTEST,
        version: 0,
        updated_at: None,
    }))
}

/// Who answers for the data.
#[utoipa::path(get, path = "/organization/data-protection", tag = "data-protection",
    responses((status = 200, body = DataProtection)))]
async fn read(cx: Cx) -> Result<Response> {
    let mut scope = cx.allow(Action::ProcessingRead).await?;
    let found = find(&mut scope).await?;
    scope.versioned(found.version, &found).await
}

/// Say who answers for the data. The first time, `If-Match` is `"0"`.
#[utoipa::path(put, path = "/organization/data-protection", tag = "data-protection",
    request_body = DataProtectionContent, params(("If-Match" = String, Header)),
    responses((status = 200, body = DataProtection)))]
async fn write(cx: Cx, Body(body): Body<DataProtectionContent>) -> Result<Response> {
    let mut scope = cx.allow(Action::ProcessingManage).await?;
    let version = scope.if_match()?;
    let statement = if version == 0 {
        scoped!(
            "INSERT INTO data_protection (organization, controller, controller_contact, officer_contact, \
             retention_years, updated_at) VALUES (?, ?, ?, ?, ?, ?)"
        )
    } else {
        scoped!(
            "UPDATE data_protection SET controller = ?, controller_contact = ?, officer_contact = ?, \
             retention_years = ?, updated_at = ?, version = version + 1 WHERE organization = ? AND version = ?"
        )
    };
    let query = scope
        .query(statement)
        .bind(body.controller)
        .bind(body.controller_contact)
        .bind(body.officer_contact)
        .bind(body.retention_years)
        .bind(Stamp::now());
    let query = if version == 0 { query } else { query.bind(version) };
    let done = query.execute(scope.db()).await;
    let rows = match done.map_err(|error| crate::db::classify(&error)) {
        Err(crate::db::Fault::Duplicate(_)) => 0,
        other => other?.rows_affected(),
    };
    if rows == 0 {
        return Err(Problem::new(Kind::Changed));
    }
    let found = find(&mut scope).await?;
    scope.note("data-protection", None, None);
    scope.versioned(found.version, &found).await
}

/// One processing activity.
#[derive(Serialize, ToSchema)]
pub(crate) struct Activity {
    name: &'static str,
    purpose: &'static str,
    /// Articles of the GDPR, and national law.
    legal_basis: &'static str,
    people: &'static str,
    data: &'static str,
    recipients: &'static str,
    /// Transfers to third countries.
    transfers: &'static str,
    erasure: String,
    security: &'static str,
}

/// The records of processing activities.
#[derive(Serialize, ToSchema)]
pub(crate) struct Activities {
    responsible: DataProtection,
    activities: Vec<Activity>,
}

struct Known {
    name: Text,
    purpose: Text,
    legal_basis: &'static str,
    people: Text,
    data: Text,
    recipients: Text,
    erasure: Erased,
}

enum Erased {
    /// So many years after this.
    YearsAfter(Text),
    When(Text),
}

const SECURITY: Text = text(
    "TLS en cada salto; cifrado en reposo y de las copias; control de acceso por rol y relación asistencial; segundo \
     factor; registro de accesos encadenado y verificable; copias verificadas.",
    "TLS on every hop; encryption at rest and of backups; access control by role and care relationship; second factor; \
     access log chained and verifiable; verified backups.",
);
const NO_TRANSFERS: Text = text("Ninguna.", "None.");

const KNOWN: &[Known] = &[
    Known {
        name: text("Historia clínica", "Health records"),
        purpose: text(
            "Asistencia sanitaria: diagnóstico, tratamiento y su documentación.",
            "Health care: diagnosis, treatment and their documentation.",
        ),
        legal_basis: "GDPR 6.1.c, 9.2.h, 9.3; Ley 41/2002",
        people: text("Pacientes y sus representantes.", "Patients and their guardians."),
        data: text("Identidad, contacto, salud.", "Identity, contact, health."),
        recipients: text(
            "El personal que atiende al paciente; otros centros, con consentimiento.",
            "Staff who treat the patient; other centres, with consent.",
        ),
        erasure: Erased::YearsAfter(text(
            "tras el fin de cada proceso asistencial",
            "after the end of each care process",
        )),
    },
    Known {
        name: text("Citas y lista de espera", "Appointments and waiting list"),
        purpose: text("Organizar la asistencia.", "To organize care."),
        legal_basis: "GDPR 6.1.b, 6.1.c, 9.2.h",
        people: text("Pacientes, profesionales.", "Patients, professionals."),
        data: text(
            "Identidad, contacto, motivo de la cita.",
            "Identity, contact, reason of the visit.",
        ),
        recipients: text("Admisión y quien atiende.", "Reception and whoever treats."),
        erasure: Erased::YearsAfter(text(
            "tras la cita; las que no tuvieron lugar, al pedirlo",
            "after the visit; those that did not take place, on request",
        )),
    },
    Known {
        name: text("Receta y dispensación", "Prescribing and dispensing"),
        purpose: text(
            "Prescribir y dispensar con seguridad.",
            "To prescribe and dispense safely.",
        ),
        legal_basis: "GDPR 6.1.c, 9.2.h; RD 1718/2010",
        people: text(
            "Pacientes, prescriptores, farmacéuticos.",
            "Patients, prescribers, pharmacists.",
        ),
        data: text(
            "Identidad, medicación, indicación.",
            "Identity, medication, indication.",
        ),
        recipients: text(
            "Farmacia, con el código de la receta.",
            "Pharmacy, with the prescription's code.",
        ),
        erasure: Erased::YearsAfter(text("tras la última dispensación", "after the last dispensing")),
    },
    Known {
        name: text("Registro de accesos", "Access log"),
        purpose: text(
            "Saber quién vio o cambió qué, y poder demostrarlo.",
            "To know who saw or changed what, and to be able to prove it.",
        ),
        legal_basis: "GDPR 5.2, 6.1.c, 32; LOPDGDD 28",
        people: text("Pacientes, profesionales.", "Patients, professionals."),
        data: text(
            "Identificadores, hora, origen, motivo.",
            "Identifiers, time, source, purpose.",
        ),
        recipients: text(
            "El delegado de protección de datos; el propio paciente.",
            "The data-protection officer; the patient.",
        ),
        erasure: Erased::When(text(
            "nunca por separado: no contiene nombres ni datos clínicos",
            "never apart: it holds no names and nothing clinical",
        )),
    },
    Known {
        name: text("Cuentas y sesiones", "Accounts and sessions"),
        purpose: text("Identificar a quien entra.", "To identify whoever signs in."),
        legal_basis: "GDPR 6.1.b, 6.1.c, 32",
        people: text("Pacientes, profesionales.", "Patients, professionals."),
        data: text(
            "Usuario, resumen de la contraseña, segundo factor.",
            "User name, hash of the password, second factor.",
        ),
        recipients: text("Nadie.", "Nobody."),
        erasure: Erased::When(text(
            "al pedirlo o al terminar la relación",
            "on request or at the end of the relation",
        )),
    },
    Known {
        name: text("Investigación", "Research"),
        purpose: text("Estudios con datos seudonimizados.", "Studies with pseudonymised data."),
        legal_basis: "GDPR 6.1.a, 9.2.a, 89; LOPDGDD DA 17",
        people: text("Pacientes que consienten.", "Patients who consent."),
        data: text(
            "Grupo de edad, sexo, provincia, códigos y valores, trimestre.",
            "Age band, sex, province, codes and values, quarter.",
        ),
        recipients: text("El equipo del proyecto.", "The project's team."),
        erasure: Erased::When(text(
            "según el proyecto; no hay vuelta al nombre sin la clave",
            "as the project says; no way back to a name without the key",
        )),
    },
];

/// The records of processing activities, for the supervisory authority.
#[utoipa::path(get, path = "/processing-activities", tag = "data-protection",
    responses((status = 200, body = Activities)))]
async fn activities(cx: Cx) -> Result<Response> {
    let mut scope = cx.allow(Action::ProcessingRead).await?;
    let locale = scope.locale();
    let responsible = find(&mut scope).await?;
    let kept = years(responsible.retention_years, locale);
    let activities = KNOWN
        .iter()
        .map(|known| Activity {
            name: known.name.in_locale(locale),
            purpose: known.purpose.in_locale(locale),
            legal_basis: known.legal_basis,
            people: known.people.in_locale(locale),
            data: known.data.in_locale(locale),
            recipients: known.recipients.in_locale(locale),
            transfers: NO_TRANSFERS.in_locale(locale),
            erasure: match &known.erasure {
                Erased::YearsAfter(when) => format!("{kept} {}", when.in_locale(locale)),
                Erased::When(when) => when.in_locale(locale).to_owned(),
            },
            security: SECURITY.in_locale(locale),
        })
        .collect();
    scope.note("processing-activities", None, None);
    scope
        .ok(&Activities {
            responsible,
            activities,
        })
        .await
}
