//! `/api/v1`: one module for each kind of thing.

mod appointments;
mod break_glass;
mod care_team;
mod guardians;
mod organization;
mod patients;
mod prescriptions;
pub(crate) mod records;
mod staff;

use std::sync::Arc;

use utoipa::openapi::{
    OpenApi, RefOr, Required,
    content::ContentBuilder,
    path::{HttpMethod, Operation, ParameterBuilder, ParameterIn},
    response::ResponseBuilder,
    schema::{ObjectBuilder, Ref, Type},
    security::SecurityRequirement,
};
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// Everything under `/api/v1`.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .merge(crate::auth::router())
        .merge(crate::audit::router())
        .merge(organization::router())
        .merge(staff::router())
        .merge(patients::router())
        .merge(guardians::router())
        .merge(care_team::router())
        .merge(break_glass::router())
        .merge(records::router())
        .merge(appointments::router())
        .merge(prescriptions::router())
}

/// Adds what every operation has: problems as answers, and the headers of idempotency and versions.
pub(crate) fn complete(openapi: &mut OpenApi) {
    for item in openapi.paths.paths.values_mut() {
        for (method, operation) in [
            (HttpMethod::Get, &mut item.get),
            (HttpMethod::Post, &mut item.post),
            (HttpMethod::Put, &mut item.put),
            (HttpMethod::Delete, &mut item.delete),
        ] {
            if let Some(operation) = operation {
                complete_operation(&method, operation);
            }
        }
    }
}

fn complete_operation(method: &HttpMethod, operation: &mut Operation) {
    let problem = ResponseBuilder::new()
        .description("Problem details (RFC 9457)")
        .content(
            "application/problem+json",
            ContentBuilder::new()
                .schema(Some(Ref::from_schema_name("ProblemDetails")))
                .build(),
        )
        .build();
    operation
        .responses
        .responses
        .insert("default".to_owned(), RefOr::T(problem));
    // Before anybody is signed in there is nobody whose key it could be.
    let open = operation
        .security
        .as_ref()
        .is_some_and(|needs| needs.iter().any(|need| *need == SecurityRequirement::default()));
    if *method == HttpMethod::Post && !open {
        header(
            operation,
            "Idempotency-Key",
            "The same request with the same key has one effect and one answer.",
        );
    }
    if *method != HttpMethod::Get {
        header(
            operation,
            "X-Purpose",
            "Why: HL7 PurposeOfUse (TREAT, HOPERAT, PATRQT, …).",
        );
    }
}

fn header(operation: &mut Operation, name: &str, description: &str) {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .max_length(Some(200))
        .build();
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(text))
        .build();
    operation.parameters.get_or_insert_default().push(RefOr::T(parameter));
}
