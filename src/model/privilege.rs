//! The plan's privilege delta: what becomes possible, what stops being possible, and why.

use std::collections::BTreeSet;
use std::fmt::Display;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Address, Scope};

/// Everything a plan makes possible and everything it takes away.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PrivilegeDelta {
    /// In unit order, scopes before uses, each in its own order.
    pub changes: Vec<PrivilegeChange>,
}

impl PrivilegeDelta {
    /// Iterates what becomes possible.
    pub fn widening(&self) -> impl Iterator<Item = &PrivilegeChange> {
        self.changes.iter().filter(|c| c.direction == Direction::Widening)
    }

    /// Iterates what stops being possible.
    pub fn narrowing(&self) -> impl Iterator<Item = &PrivilegeChange> {
        self.changes.iter().filter(|c| c.direction == Direction::Narrowing)
    }
}

/// Which way a privilege moves.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Something becomes possible.
    Widening,
    /// Something stops being possible.
    Narrowing,
}

/// One right gained or lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PrivilegeChange {
    /// The integration or client that it happens to.
    pub unit: Address,
    /// Gained or lost.
    pub direction: Direction,
    /// The right itself.
    pub right: Right,
    /// Why, most telling first: at least one in a plan, none in what apply works out anew to hold against a plan.
    pub causes: Vec<Cause>,
    /// Whether a tenant administrator must consent before anybody can connect; `None` where no source says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin_consent: Option<bool>,
    /// How powerful the provider says the right is; `None` where no source says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<PrivilegeLevel>,
    /// Whether a scope only reads; `None` where no source says, and for rights that are no scope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<ScopeAccess>,
    /// What is doubtful about a scope, in words: that it is not published, and which one may have been meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
}

impl PrivilegeChange {
    /// Returns whether calls that the right allows before are refused from the moment of the change: those of a token or key
    /// that ends or no longer has full access, and those that a tier or a verb beside it no longer allows. Rights of other
    /// sorts take effect later, when people reconnect.
    #[must_use]
    pub fn refuses(&self) -> bool {
        match &self.right {
            Right::Tier(tier) => tier.refuses(),
            Right::Credential { .. } => self.direction == Direction::Narrowing,
            Right::Scope(_) | Right::Use { .. } | Right::Setting { .. } => false,
        }
    }
}

/// What a scope allows.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ScopeAccess {
    /// It reads and does nothing else.
    Read,
    /// It does something beside reading.
    Write,
}

/// The provider's own grading, 1 (least) to 4 or 5 (most).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct PrivilegeLevel(pub u8);

/// What is gained or lost.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// An OAuth scope is requested from everybody who connects.
    Scope(Scope),
    /// A thing may be used by more or fewer people.
    Use {
        /// What may be used.
        address: Address,
        /// Who could use it.
        before: String,
        /// Who can use it now.
        after: String,
    },
    /// The access tier of a resource moves.
    Tier(TierMove),
    /// Somebody's token, or an API key, comes into being or ends.
    Credential {
        /// The token or key.
        address: Address,
        /// What becomes of it and of whom it is, in words.
        what: String,
    },
    /// A setting lets something in, or no longer does, that no scope, use, tier or credential of today shows.
    Setting {
        /// The setting.
        address: Address,
        /// What it is about.
        lets_in: LetsIn,
    },
}

/// How the access tier of one resource moves. One move can widen one thing and narrow another; it then counts as widening,
/// and both are said.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct TierMove {
    /// The resource of one client or key.
    pub address: Address,
    /// The tier before.
    pub before: String,
    /// The tier after.
    pub after: String,
    /// Verbs outside the ladder that are allowed beside the tier before.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub verbs_before: BTreeSet<String>,
    /// Verbs outside the ladder that are allowed beside the tier after.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub verbs_after: BTreeSet<String>,
    /// Whether the tier alone, without the verbs beside it, allows something more.
    #[serde(default)]
    pub tier_widens: bool,
    /// Whether the tier alone allows something less. One that moves and of which nothing is known either way counts as the
    /// move itself does.
    #[serde(default)]
    pub tier_narrows: bool,
    /// The gravest of what becomes possible, verbs included; `None` where nothing does, or nobody knows what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens: Option<TierGrade>,
    /// What becomes possible, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub widens: Vec<String>,
    /// What stops being possible, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub narrows: Vec<String>,
}

/// What kind of thing a tier makes possible, from the least to the most grave: to read is the least, then whatever a
/// person looks at before it happens, then what happens at once; of either, what reaches others is graver than what
/// deletes, and that than what writes. The platform grades, since it knows what its verbs do.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TierGrade {
    /// Something is read.
    Reads,
    /// Something is written or used after a person approved it.
    WritesWithApproval,
    /// Something is deleted after a person approved it.
    DeletesWithApproval,
    /// Others get a message or a call, or something is started, after a person approved it.
    ActsWithApproval,
    /// Something is written or used at once.
    WritesAutomatically,
    /// Something is deleted at once.
    DeletesAutomatically,
    /// Others get a message or a call, or something is started, at once.
    ActsAutomatically,
}

impl TierGrade {
    /// Returns its place among the grades, 0 for the least grave.
    #[must_use]
    pub const fn rank(self) -> u8 {
        match self {
            Self::Reads => 0,
            Self::WritesWithApproval => 1,
            Self::DeletesWithApproval => 2,
            Self::ActsWithApproval => 3,
            Self::WritesAutomatically => 4,
            Self::DeletesAutomatically => 5,
            Self::ActsAutomatically => 6,
        }
    }
}

/// How the words for calls end that were allowed before and are not after: `reads are refused`.
pub const REFUSED: &str = " are refused";

impl TierMove {
    /// Returns whether something that was allowed before, at once or after an approval, is not allowed after. It is read off
    /// the words, which an approval covers: beside them it could be taken out of a plan file.
    #[must_use]
    pub fn refuses(&self) -> bool {
        self.narrows.iter().any(|words| words.ends_with(REFUSED))
    }

    /// Returns the tier before with its verbs, and the tier after with its own, as [`tier_words`] says them.
    #[must_use]
    pub fn ends(&self) -> (String, String) {
        (tier_words(&self.before, &self.verbs_before), tier_words(&self.after, &self.verbs_after))
    }

    /// Iterates what becomes possible, then what stops being possible, in words.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.widens.iter().chain(&self.narrows).map(String::as_str)
    }
}

/// Returns a tier and the verbs that are allowed beside it as people read them: `send_with_approval + initiate`.
#[must_use]
pub fn tier_words<V: Display>(tier: &str, verbs: impl IntoIterator<Item = V>) -> String {
    let mut words = tier.to_owned();
    for verb in verbs {
        words.push_str(&format!(" + {verb}"));
    }
    words
}

/// What a setting lets in without moving a right that is there today.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum LetsIn {
    /// Actions that the vendor adds later.
    FutureActions,
    /// An OAuth client that was not there before: it gets what people have agreed to or agree to from now on.
    Client,
}

impl LetsIn {
    /// Returns in words what becomes possible, or stops being possible.
    #[must_use]
    pub const fn words(self, direction: Direction) -> &'static str {
        match (self, direction) {
            (Self::FutureActions, Direction::Widening) => {
                "actions that the vendor adds are on at once"
            }
            (Self::FutureActions, Direction::Narrowing) => {
                "actions that the vendor adds stay off until a line turns them on"
            }
            (Self::Client, Direction::Widening) => "a new OAuth client gets what people agree to",
            (Self::Client, Direction::Narrowing) => {
                "no OAuth client gets what people agree to any more"
            }
        }
    }
}

/// Why a right is gained or lost. Every scope line of a plan says one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Cause {
    /// The sort of cause.
    pub kind: CauseKind,
    /// What caused it, where that is one thing with an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
}

/// The sorts of cause, from the most to the least telling.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum CauseKind {
    /// An action is turned on, or off, by this plan: the one that may be used, or one that needs the scope.
    Action,
    /// The action stays on and is shared with more, or fewer, or other people.
    Shared,
    /// The integration is opened to more people, or closed to some.
    IntegrationAccess,
    /// The integration has an OAuth client now, without which nothing runs.
    Client,
    /// The files accept that scopes which the action needs are missing.
    AcceptedMissing,
    /// A scope that the action needs is requested now, or is missing now; its address ends with the scope.
    NeededScope,
    /// An action that is on before and after needs it.
    LiveAction,
    /// A native action needs it.
    NativeAction,
    /// The integration requests it for every connection.
    BaseScope,
    /// The hand-written list of the client names it, or no longer does.
    FixedList,
    /// The vendor changed the catalogue; nobody wrote a line for it.
    CatalogChange,
    /// No enabled or shared action needs it any more.
    NoLongerNeeded,
    /// A line of the files says so.
    Declared,
}
