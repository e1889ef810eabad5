//! What the volume's content is worth, given what the keeper remembers of it.

use super::types::{Durable, Found, Holding, Position, Stage};

/// Judges `found` by what is remembered. `restored` says that a finished, verified restore of this generation laid the
/// data directory.
pub(crate) fn assess(durable: &Durable, found: &Found, restored: bool) -> Holding {
    if let Some(join) = &durable.joining {
        return match found {
            // Short of the component that it was joining, it is no candidate; it still saves a full transfer.
            Found::State(at) if join.floor.is_within(*at) => Holding::Data { at: *at },
            Found::Nothing if join.empty => Holding::Fresh {
                stage: durable.stage.unwrap_or(Stage::Unmarked),
                restored: None,
            },
            // A donor sends nothing before it has applied all that was confirmed until then.
            _ => Holding::Transferring { floor: join.floor },
        };
    }
    let fresh = |restored: Option<Position>| Holding::Fresh {
        stage: durable.stage.unwrap_or(Stage::Unmarked),
        restored,
    };
    match (durable.started, found, durable.uuid) {
        (true, Found::State(at), None) => Holding::Data { at: *at },
        (true, Found::State(at), Some(expected)) if at.uuid == expected => Holding::Data { at: *at },
        // A first start that ended before there was a state.
        (true, Found::Nothing | Found::NoState, None) | (false, Found::Nothing, None) => fresh(None),
        (false, Found::State(at), None) if restored => fresh(Some(*at)),
        _ => Holding::Damaged,
    }
}
