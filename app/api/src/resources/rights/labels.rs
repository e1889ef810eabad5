//! What the parts and columns of an export are called for people.

use galeno_contract::api::Locale;

use crate::http::{Text, text};

const LABELS: &[(&str, Text)] = &[
    (
        "access_log",
        text("Quién vio o cambió sus datos", "Who saw or changed your data"),
    ),
    ("accounts", text("Acceso", "Access")),
    ("action", text("Qué", "What")),
    ("active", text("Activo", "Active")),
    ("actor", text("Identificador de quien actuó", "Who acted (identifier)")),
    ("actor_kind", text("Quién actuó", "Who acted")),
    ("address", text("Dirección", "Address")),
    (
        "app_tokens",
        text("Aplicaciones con acceso", "Applications with access"),
    ),
    ("appointment", text("Cita", "Appointment")),
    (
        "appointment_events",
        text("Historia de las citas", "History of appointments"),
    ),
    ("appointments", text("Citas", "Appointments")),
    ("at", text("Cuándo", "When")),
    ("atc", text("Principio activo (ATC)", "Substance (ATC)")),
    ("author", text("Autor (identificador)", "Author (identifier)")),
    ("batch", text("Lote", "Batch")),
    ("birth_date", text("Fecha de nacimiento", "Date of birth")),
    ("care_team", text("Quién le atiende", "Who treats you")),
    ("comment", text("Comentario", "Comment")),
    ("consents", text("Consentimientos", "Consents")),
    ("content", text("Contenido", "Content")),
    ("controller", text("Responsable", "Controller")),
    (
        "controller_contact",
        text("Contacto del responsable", "Contact of the controller"),
    ),
    ("created_at", text("Creado", "Created")),
    ("deceased_at", text("Fallecimiento", "Death")),
    ("decided_at", text("Decidido", "Decided")),
    ("decision", text("Decisión", "Decision")),
    ("description", text("Descripción", "Description")),
    ("dispensations", text("Dispensaciones", "Dispensing")),
    ("dispensed", text("Dispensado", "Dispensed")),
    ("document", text("Documento", "Document")),
    ("document_number", text("Número de documento", "Document number")),
    ("document_type", text("Tipo de documento", "Document type")),
    ("documents", text("Documentos", "Documents")),
    ("dose", text("Dosis", "Dose")),
    ("due_at", text("Plazo", "Due")),
    ("duration_days", text("Días", "Days")),
    (
        "elsewhere",
        text(
            "Lo que no cabe aquí, y dónde está",
            "What does not fit here, and where it is",
        ),
    ),
    ("email", text("Correo electrónico", "E-mail")),
    ("emergencies", text("Accesos de urgencia", "Emergency accesses")),
    ("ends_at", text("Fin", "End")),
    ("entries", text("Historia clínica", "Health record")),
    ("erased_at", text("Suprimido", "Erased")),
    ("erasures", text("Supresiones", "Erasures")),
    ("evidence", text("Documento firmado", "Signed paper")),
    ("expires_at", text("Hasta", "Until")),
    ("explanation", text("Explicación", "Explanation")),
    ("family_name", text("Apellidos", "Family name")),
    ("frequency", text("Frecuencia", "Frequency")),
    ("given_name", text("Nombre", "Given name")),
    ("guardian", text("Representante", "Guardian")),
    ("guardians", text("Sus representantes", "Your guardians")),
    ("has_password", text("Con contraseña", "With password")),
    ("icd10", text("Diagnóstico (CIE-10)", "Diagnosis (ICD-10)")),
    ("id", text("Identificador", "Identifier")),
    ("indication", text("Indicación", "Indication")),
    ("kind", text("Clase", "Kind")),
    ("language", text("Idioma", "Language")),
    ("made_by", text("Pedido por", "Asked by")),
    ("media_type", text("Formato", "Format")),
    ("medication", text("Medicamento", "Medication")),
    ("merged", text("Registro unido", "Joined registration")),
    ("merged_into", text("Unido a", "Joined to")),
    ("merges", text("Registros unidos", "Joined registrations")),
    ("name", text("Nombre", "Name")),
    ("national_code", text("Código nacional", "National code")),
    ("not_before", text("No antes de", "Not before")),
    ("number", text("Número", "Number")),
    (
        "officer_contact",
        text("Delegado de protección de datos", "Data-protection officer"),
    ),
    ("oidc_provider", text("Proveedor de identidad", "Identity provider")),
    ("opened_at", text("Abierto", "Opened")),
    ("outcome", text("Resultado", "Outcome")),
    ("overridden", text("Avisos justificados", "Warnings answered")),
    ("part", text("Parte", "Part")),
    ("patient", text("Persona representada", "Ward")),
    ("person", text("Datos personales", "Personal details")),
    ("pharmacist", text("Farmacéutico", "Pharmacist")),
    ("phone", text("Teléfono", "Telephone")),
    ("postal_code", text("Código postal", "Postal code")),
    ("prescriber", text("Prescriptor", "Prescriber")),
    ("prescription", text("Receta", "Prescription")),
    (
        "prescription_events",
        text("Historia de las recetas", "History of prescriptions"),
    ),
    ("prescriptions", text("Recetas", "Prescriptions")),
    ("priority", text("Prioridad", "Priority")),
    ("purpose", text("Fin", "Purpose")),
    ("quantity", text("Cantidad", "Quantity")),
    ("reason", text("Motivo", "Reason")),
    ("registration", text("Registro del que se trata", "Which registration")),
    ("relation", text("En virtud de", "On the strength of")),
    ("relationship", text("Relación", "Relationship")),
    (
        "resource",
        text("Identificador de lo visto", "What was seen (identifier)"),
    ),
    ("resource_kind", text("Clase de lo visto", "What was seen")),
    (
        "responsible",
        text("Responsable del tratamiento", "Who answers for the data"),
    ),
    ("restricted", text("Limitado", "Restricted")),
    (
        "restrictions",
        text("Limitaciones del tratamiento", "Restrictions of processing"),
    ),
    ("retention_years", text("Años de conservación", "Years of retention")),
    ("reviewed_at", text("Revisado", "Reviewed")),
    ("rights_requests", text("Derechos ejercidos", "Rights asked for")),
    ("role", text("Como", "As")),
    ("route", text("Vía", "Route")),
    ("schedule", text("Agenda", "Schedule")),
    ("scopes", text("Alcance", "Scopes")),
    ("sex", text("Sexo", "Sex")),
    ("sha256", text("Huella (SHA-256)", "Digest (SHA-256)")),
    ("shown", text("Filas aquí", "Rows here")),
    ("signed_at", text("Firmado", "Signed")),
    ("since", text("Desde", "Since")),
    ("size", text("Bytes", "Bytes")),
    ("staff", text("Profesional", "Professional")),
    ("starts_at", text("Comienzo", "Start")),
    ("status", text("Estado", "Status")),
    ("synthetic", text("Inventado", "Made up")),
    ("text", text("Texto", "Text")),
    ("title", text("Título", "Title")),
    ("total", text("Filas en total", "Rows in all")),
    ("totp_confirmed", text("Con segundo factor", "With second factor")),
    ("type", text("Tipo", "Type")),
    ("unit", text("Unidad", "Unit")),
    ("until", text("Hasta", "Until")),
    ("updated_at", text("Cambiado", "Changed")),
    ("username", text("Usuario", "User name")),
    ("valid_until", text("Válido hasta", "Valid until")),
    ("value", text("Valor", "Value")),
    ("verdict", text("Juicio", "Verdict")),
    ("version", text("Versión", "Version")),
    (
        "versions",
        text("Historia de sus datos personales", "History of your personal details"),
    ),
    ("waiting", text("Lista de espera", "Waiting list")),
    ("wards", text("A quién representa", "Whom you represent")),
    ("wording", text("Texto", "Wording")),
];

/// The label of a name; the name itself where it has none.
pub(super) fn label(name: &str, locale: Locale) -> &str {
    LABELS
        .binary_search_by_key(&name, |(known, _)| known)
        .map_or(name, |index| LABELS[index].1.in_locale(locale))
}

#[cfg(test)]
mod tests {
    use super::LABELS;

    #[test]
    fn labels_are_in_order_so_that_they_are_found() {
        assert!(LABELS.is_sorted_by(|one, two| one.0 < two.0));
    }
}
