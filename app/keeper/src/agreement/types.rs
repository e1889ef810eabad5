//! The words of the agreement. All of it is data that goes over the wire or onto the volume.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A member's place in the list of members, from 0.
pub(crate) type Ordinal = u8;

/// The UUID of one history of transactions (`wsrep_cluster_state_uuid`). Never the all-zero one, which Galera uses for
/// "unknown", and which a cluster that has lost its history shows while all its probes are green.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct StateUuid(u128);

impl FromStr for StateUuid {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.replace('-', "");
        let right = text.len() == 36 && digits.len() == 32;
        match u128::from_str_radix(&digits, 16) {
            Ok(0) if right => Err("the all-zero state UUID stands for no state at all".into()),
            Ok(value) if right => Ok(Self(value)),
            _ => Err(format!("`{text}` is not a state UUID")),
        }
    }
}

impl TryFrom<String> for StateUuid {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<StateUuid> for String {
    fn from(value: StateUuid) -> Self {
        value.to_string()
    }
}

impl fmt::Display for StateUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = format!("{:032x}", self.0);
        write!(
            f,
            "{}-{}-{}-{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..]
        )
    }
}

impl fmt::Debug for StateUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A place in a history: everything up to and including transaction `seqno` of `uuid`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Position {
    pub(crate) uuid: StateUuid,
    pub(crate) seqno: i64,
}

impl Position {
    /// Whether everything up to `self` is also in `other`.
    pub(crate) fn is_within(self, other: Position) -> bool {
        self.uuid == other.uuid && self.seqno <= other.seqno
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.uuid, self.seqno)
    }
}

/// A start by which a person gave up what others may have: the history after it is a new one, with a new state UUID, grown
/// from `from`. Under the old one, a volume that turns up again would be taken for one that only lacks the newest.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Fork {
    /// The number of the recovery that ordered it.
    pub(crate) number: u32,
    /// The member that it started from.
    pub(crate) node: Ordinal,
    /// Where that member stood. Whatever another member holds beyond it, the recovery left behind.
    pub(crate) from: Position,
}

/// How far an untouched generation has come towards its first start. Each member goes from one stage to the next by
/// itself, when it has seen *all* members in the stages named; so once anybody is `Sealed`, everybody has been
/// `Enrolled`, and an `Unmarked` volume is one that was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Stage {
    /// Nothing on the volume tells anything.
    Unmarked,
    /// Marked, after all members were seen untouched and unsealed.
    Enrolled,
    /// Marked again, after all members were seen enrolled.
    Sealed,
}

/// What the keeper found in the data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Found {
    /// No data directory, or an empty one.
    Nothing,
    /// `--wsrep-recover` gave a position.
    State(Position),
    /// A data directory that opens, and has never been in a cluster (the all-zero state UUID).
    NoState,
    /// The remains of a state transfer, or something that does not open.
    Unusable,
}

/// What a member has on its volume.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub(crate) enum Holding {
    /// No transaction of this generation. `restored`: the position of a finished, verified restore.
    #[serde(rename_all = "camelCase")]
    Fresh { stage: Stage, restored: Option<Position> },
    /// Nothing usable: it was taking the state of a primary component that stood at `floor` at least. All that this
    /// member ever confirmed was in that component.
    #[serde(rename_all = "camelCase")]
    Transferring { floor: Position },
    /// A usable state.
    #[serde(rename_all = "camelCase")]
    Data { at: Position },
    /// Something that can neither be used nor be dismissed.
    Damaged,
    /// A person has said, in the recovery of this number, that what it holds counts for nothing.
    #[serde(rename_all = "camelCase")]
    Discarded { number: u32 },
}

/// What a member's mariadbd is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub(crate) enum Phase {
    /// It does not run; the keeper is agreeing.
    Waiting,
    /// It starts a new primary component, or is about to.
    Bootstrapping,
    /// It runs, and is on its way into a primary component.
    Joining,
    /// It is in a primary component. `open`: that component has been opened to clients: a majority has been in it, or
    /// a person forced its start.
    #[serde(rename_all = "camelCase")]
    Primary { at: Position, open: bool },
    /// It runs, and has lost its primary component.
    NonPrimary,
}

/// What a member tells the others of itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Report {
    pub(crate) phase: Phase,
    pub(crate) holding: Holding,
    pub(crate) epoch: u64,
    pub(crate) lineage: Vec<Fork>,
}

impl Report {
    /// Whether a person has said that nothing of it counts: not its data, and not where its history leads.
    pub(crate) fn is_discarded(&self) -> bool {
        matches!(self.holding, Holding::Discarded { .. })
    }
}

/// What must survive a crash of the keeper. It lives on the volume, beside the data, and is lost only with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Durable {
    /// The highest epoch that was granted, or seen while in a primary component.
    pub(crate) epoch: u64,
    /// Every forced start that the data of this volume stems from.
    pub(crate) lineage: Vec<Fork>,
    /// How far it got before the first start; meaningless afterwards.
    pub(crate) stage: Option<Stage>,
    /// mariadbd has been told to start with what is on the volume; from then on it is not untouched any more.
    pub(crate) started: bool,
    /// A join that has not ended: the position that the primary component had at least.
    pub(crate) joining: Option<Join>,
    /// The state UUID that the data has had since it was in a primary component.
    pub(crate) uuid: Option<StateUuid>,
    /// Recoveries up to this number are done, or were not needed.
    pub(crate) recoveries_done: u32,
    /// The last recovery for which this member granted a start. What its order says of this very volume counts from then on:
    /// a volume that was away, and turns up later, is not what was given up for lost.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) granted: u32,
    /// Orders up to this number start this member no more: while the last of them stood, it granted another one's start.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) spent: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A join that has begun.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Join {
    /// The position that the primary component had at least.
    pub(crate) floor: Position,
    /// It began with nothing that counts, on a volume that had come back empty or was discarded: as long as nothing of the
    /// component is on it, what it held before is as unknown as it was.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) empty: bool,
}

/// What a candidate says it would start from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub(crate) enum Claim {
    /// Nothing: the first start of an empty generation.
    Initialise,
    /// A restore: the first start of a restored generation.
    #[serde(rename_all = "camelCase")]
    Restored { at: Position },
    /// Its own state.
    #[serde(rename_all = "camelCase")]
    Resume { at: Position },
    /// Its own state, where everybody answers and a person has said that what some had counts for nothing. What only those
    /// had is given up, so a new history begins.
    #[serde(rename_all = "camelCase")]
    Without { at: Position, number: u32 },
    /// Its own state, by a person's order, without those that are silent.
    #[serde(rename_all = "camelCase")]
    Forced { at: Position, number: u32 },
}

/// A message from one keeper to another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Envelope {
    pub(crate) from: Ordinal,
    pub(crate) to: Ordinal,
    /// The keeper process that asked. An answer carries it back, and one that is for an earlier process is dropped.
    pub(crate) boot: u64,
    pub(crate) body: Body,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub(crate) enum Body {
    /// How are you?
    Ask,
    /// So am I.
    #[serde(rename_all = "camelCase")]
    Answer { report: Report },
    /// May I start a new primary component?
    #[serde(rename_all = "camelCase")]
    Propose {
        epoch: u64,
        claim: Claim,
        lineage: Vec<Fork>,
    },
    /// You may.
    #[serde(rename_all = "camelCase")]
    Grant { epoch: u64 },
    /// You may not; I have granted up to `highest`.
    #[serde(rename_all = "camelCase")]
    Refuse { epoch: u64, highest: u64 },
}
