//! Errors as clients see them: RFC 9457 problem details, in the language asked for.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use galeno_contract::api::Locale;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::text::{Text, text};
use crate::{
    db::{Fault, Unavailable, Unfit, classify},
    http::idempotency::Stored,
};

/// The kinds of problems. A client may rely on `type`; the words may change.
macro_rules! kinds {
    ($($name:ident $slug:literal $status:ident $es:literal $en:literal;)*) => {
        /// A kind of problem.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind { $(#[doc = $en] $name,)* }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The last part of the problem's `type`.
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug,)* }
            }

            /// The HTTP status.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            const fn title(self) -> Text {
                match self { $(Self::$name => text($es, $en),)* }
            }
        }
    };
}

kinds! {
    Malformed "malformed" BAD_REQUEST "La petición no se entiende." "The request cannot be understood.";
    Invalid "invalid" UNPROCESSABLE_ENTITY "Algún dato no es válido." "Some of the data is not valid.";
    Unauthenticated "unauthenticated" UNAUTHORIZED "Hay que iniciar sesión." "Sign in first.";
    SignInRefused "sign-in-refused" UNAUTHORIZED "Usuario, contraseña o código no válidos." "Wrong user name, password or code.";
    SignInPaused "sign-in-paused" TOO_MANY_REQUESTS "Demasiados intentos; espere." "Too many attempts; wait.";
    SecondFactorNeeded "second-factor-needed" FORBIDDEN "Falta configurar el segundo factor." "Set up a second factor first.";
    Forbidden "forbidden" FORBIDDEN "No tiene permiso." "You are not allowed to do this.";
    NoCareRelation "no-care-relation" FORBIDDEN "No consta relación asistencial con el paciente." "There is no care relationship with this patient.";
    DataRestricted "data-restricted" FORBIDDEN "El tratamiento de los datos de esta persona está limitado." "The processing of this person's data is restricted.";
    CrossSite "cross-site" FORBIDDEN "La petición viene de otro sitio web." "The request comes from another web site.";
    NotFound "not-found" NOT_FOUND "No existe." "There is no such thing.";
    MethodNotAllowed "method-not-allowed" METHOD_NOT_ALLOWED "Ese método no se admite aquí." "That method is not supported here.";
    Conflict "conflict" CONFLICT "Choca con lo que ya hay." "It conflicts with what is there.";
    SlotTaken "slot-taken" CONFLICT "El hueco ya está reservado." "The slot is already booked.";
    PossibleDuplicate "possible-duplicate" CONFLICT "Quizá ya exista esa persona." "That person may be registered already.";
    IllegalTransition "illegal-transition" CONFLICT "Ese paso no es posible en el estado actual." "That step is not possible in the present state.";
    Locked "locked" CONFLICT "Está firmado: solo se puede añadir una enmienda." "It is signed: only an amendment can be added.";
    UnsafePrescription "unsafe-prescription" CONFLICT "La receta tiene avisos de seguridad sin justificar." "The prescription has safety warnings that nobody has answered.";
    Exceeded "exceeds-prescribed" CONFLICT "Supera la cantidad prescrita." "More than was prescribed.";
    KeyReused "idempotency-key-reused" UNPROCESSABLE_ENTITY "Esa Idempotency-Key se usó para otra petición." "That Idempotency-Key was used for another request.";
    Changed "changed" PRECONDITION_FAILED "Otra persona lo ha cambiado; vuelva a leerlo." "Somebody else changed it; read it again.";
    VersionNeeded "if-match-needed" PRECONDITION_REQUIRED "Falta If-Match con la versión leída." "If-Match with the version that was read is missing.";
    NotAcceptable "not-acceptable" NOT_ACCEPTABLE "No hay representación como la que se pide." "There is no representation of the kind asked for.";
    TooLarge "too-large" PAYLOAD_TOO_LARGE "La petición es demasiado grande." "The request is too large.";
    UnsupportedMedia "unsupported-media-type" UNSUPPORTED_MEDIA_TYPE "Ese tipo de contenido no se admite." "That media type is not supported.";
    TooMany "too-many-requests" TOO_MANY_REQUESTS "Demasiadas peticiones; espere." "Too many requests; wait.";
    Busy "busy" SERVICE_UNAVAILABLE "El servicio está saturado; inténtelo en unos segundos." "The service is saturated; try again in some seconds.";
    DatabaseUnavailable "database-unavailable" SERVICE_UNAVAILABLE "La base de datos no está disponible; no se ha guardado nada." "The database is not available; nothing was saved.";
    Restoring "restoring" SERVICE_UNAVAILABLE "Se está restaurando la base de datos; no se ha guardado nada." "The database is being restored; nothing was saved.";
    OutcomeUnknown "outcome-unknown" SERVICE_UNAVAILABLE "No se sabe si se guardó; léalo de nuevo antes de repetir." "Whether it was saved is not known; read it again before you repeat it.";
    TimedOut "timed-out" GATEWAY_TIMEOUT "Ha tardado demasiado; no se ha guardado nada." "It took too long; nothing was saved.";
    Internal "internal" INTERNAL_SERVER_ERROR "Ha fallado el servicio." "The service failed.";
}

/// One field that is not valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldFault {
    /// JSON pointer.
    pub pointer: String,
    /// What is wrong with it.
    pub text: Text,
}

/// What a retry may do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// Nothing of it was done: the request may run again at once.
    Safe,
    /// COMMIT had been sent and its answer did not come.
    Unknown,
}

/// Why a request was not done.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Its kind.
    pub kind: Kind,
    detail: Option<Text>,
    fields: Vec<FieldFault>,
    extra: Option<(&'static str, serde_json::Value)>,
    retry_after: Option<u64>,
    again: Option<Again>,
    stored: Option<Box<Stored>>,
    bug: Option<String>,
}

/// The result of everything that a request does.
pub type Result<T, E = Problem> = std::result::Result<T, E>;

impl Problem {
    /// A problem of a kind.
    pub const fn new(kind: Kind) -> Self {
        Self {
            kind,
            detail: None,
            fields: Vec::new(),
            extra: None,
            retry_after: None,
            again: None,
            stored: None,
            bug: None,
        }
    }

    /// Says more about it.
    #[must_use]
    pub const fn detail(mut self, es: &'static str, en: &'static str) -> Self {
        self.detail = Some(text(es, en));
        self
    }

    /// Adds a member with data that helps the client.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Serialize) -> Self {
        self.extra = serde_json::to_value(value).ok().map(|value| (name, value));
        self
    }

    /// Says when to try again, in seconds.
    #[must_use]
    pub const fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Fields that are not valid.
    pub fn invalid(fields: Vec<FieldFault>) -> Self {
        let mut problem = Self::new(Kind::Invalid);
        problem.fields = fields;
        problem
    }

    /// One field that is not valid.
    pub fn field(pointer: &str, es: &'static str, en: &'static str) -> Self {
        Self::invalid(vec![FieldFault {
            pointer: pointer.to_owned(),
            text: text(es, en),
        }])
    }

    /// Not a problem: the answer that the same request had before.
    pub(crate) fn replay(stored: Stored) -> Self {
        let mut problem = Self::new(Kind::Conflict);
        problem.stored = Some(Box::new(stored));
        problem
    }

    /// A mistake in the program; `what` goes to the log and must not hold data about a person.
    pub fn bug(what: impl Into<String>) -> Self {
        let mut problem = Self::new(Kind::Internal);
        problem.bug = Some(what.into());
        problem
    }

    /// Whether and how the request may run again.
    pub(crate) const fn again(&self) -> Option<Again> {
        self.again
    }

    /// The same failure when COMMIT had already been sent.
    pub(crate) fn after_commit(mut self) -> Self {
        if self.again == Some(Again::Safe) && self.kind == Kind::DatabaseUnavailable {
            self.kind = Kind::OutcomeUnknown;
            self.again = Some(Again::Unknown);
        }
        self
    }

    /// What the log says, when this is a mistake in the program.
    pub(crate) fn bug_text(&self) -> Option<&str> {
        self.bug.as_deref()
    }

    /// Names the fields as another representation of the same thing does.
    #[must_use]
    pub(crate) fn rename_fields(mut self, name: impl Fn(&str) -> String) -> Self {
        for fault in &mut self.fields {
            fault.pointer = name(&fault.pointer);
        }
        self
    }

    /// The problem in words.
    pub fn render(&self, locale: Locale, request: Uuid) -> Response {
        let body = self.document(locale, request);
        self.respond("application/problem+json", &serde_json::Value::Object(body))
    }

    /// The members of the problem's description.
    pub(crate) fn document(&self, locale: Locale, request: Uuid) -> serde_json::Map<String, serde_json::Value> {
        let mut body = serde_json::Map::new();
        let mut put = |name: &str, value: serde_json::Value| body.insert(name.to_owned(), value);
        put("type", format!("urn:galeno:problem:{}", self.kind.slug()).into());
        put("title", self.kind.title().in_locale(locale).into());
        put("status", self.kind.status().as_u16().into());
        if let Some(detail) = self.detail {
            put("detail", detail.in_locale(locale).into());
        }
        put("instance", format!("urn:uuid:{request}").into());
        if !self.fields.is_empty() {
            let field = |fault: &FieldFault| serde_json::json!({"pointer": fault.pointer, "detail": fault.text.in_locale(locale)});
            put("errors", self.fields.iter().map(field).collect());
        }
        if let Some((name, value)) = &self.extra {
            put(name, value.clone());
        }
        body
    }

    /// An answer with this problem's status and headers.
    pub(crate) fn respond(&self, media_type: &'static str, body: &serde_json::Value) -> Response {
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() = self.kind.status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        if self.kind.status() == StatusCode::UNAUTHORIZED {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"galeno\""),
            );
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl IntoResponse for Problem {
    /// The words are put in by the outermost layer, which knows the language and the request's id.
    fn into_response(self) -> Response {
        if let Some(stored) = self.stored {
            return stored.into_response();
        }
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.kind.status();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        let again = matches!(fault, Fault::Conflict | Fault::NodeLost).then_some(Again::Safe);
        let mut problem = match fault {
            Fault::Conflict | Fault::Busy => Self::new(Kind::Busy).retry_after(1),
            Fault::NodeLost => Self::new(Kind::DatabaseUnavailable).retry_after(2),
            Fault::Duplicate(_) | Fault::Refused(_) => Self::new(Kind::Conflict),
            Fault::Missing => Self::new(Kind::Invalid).detail(
                "Se refiere a algo que no existe en esta organización.",
                "It refers to something that this organization does not have.",
            ),
            Fault::Letters => Self::new(Kind::Malformed).detail(
                "Un texto tiene letras que no puede tener donde está.",
                "A text has letters that it cannot have where it stands.",
            ),
            Fault::NoRow => Self::new(Kind::NotFound),
            Fault::Bug(what) => return Self::bug(what),
        };
        problem.again = again;
        problem
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        classify(&error).into()
    }
}

impl From<Unavailable> for Problem {
    fn from(Unavailable(why): Unavailable) -> Self {
        match why {
            Unfit::NotAccepted | Unfit::ReadOnly | Unfit::OtherGeneration => Self::new(Kind::Restoring).retry_after(10),
            _ => Self::new(Kind::DatabaseUnavailable).retry_after(5),
        }
    }
}

/// What an error's body looks like (RFC 9457).
#[derive(Serialize, ToSchema)]
pub struct ProblemDetails {
    /// `urn:galeno:problem:…`, the kind.
    #[schema(example = "urn:galeno:problem:slot-taken")]
    pub r#type: String,
    /// The kind in words, in the language of `Accept-Language`.
    pub title: String,
    /// The HTTP status again.
    pub status: u16,
    /// More about this occurrence.
    pub detail: Option<String>,
    /// The request, as the access log and the service's log know it.
    pub instance: String,
    /// Fields that are not valid.
    pub errors: Option<Vec<FieldError>>,
}

/// A field that is not valid.
#[derive(Serialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer to the field.
    pub pointer: String,
    /// What is wrong with it.
    pub detail: String,
}
