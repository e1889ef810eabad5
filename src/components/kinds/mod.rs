//! Custom resources whose upstream types are too large to build: the parts that are rendered, field by field as upstream
//! names them. The schema check holds every object against the whole upstream definition all the same.

pub(super) mod argocd;
pub(super) mod prometheus;

/// Declares an object of a kind: metadata and a specification, written with its `apiVersion` and `kind`.
macro_rules! kind {
    ($(#[$doc:meta])* $name:ident, $spec:ident, $api_version:literal) => {
        $(#[$doc])*
        pub(in crate::components) struct $name {
            /// Its metadata.
            pub metadata: k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta,
            /// What is asked for.
            pub spec: $spec,
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct as _;
                let mut object = serializer.serialize_struct(stringify!($name), 4)?;
                object.serialize_field("apiVersion", $api_version)?;
                object.serialize_field("kind", stringify!($name))?;
                object.serialize_field("metadata", &self.metadata)?;
                object.serialize_field("spec", &self.spec)?;
                object.end()
            }
        }
    };
}

use kind;
