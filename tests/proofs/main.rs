//! What is proven before the merge: policies, survival, upgrade safety.

mod upgrade;
