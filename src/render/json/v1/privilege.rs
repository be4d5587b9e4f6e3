//! The privilege delta in version 1 of the plan document: rights gained and lost, each with its causes.

use schemars::JsonSchema;
use serde::Serialize;

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::render::json) struct PrivilegeDelta {
    pub(in crate::render::json) widening: Vec<PrivilegeChange>,
    pub(in crate::render::json) narrowing: Vec<PrivilegeChange>,
}

/// One right gained or lost.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::render::json) struct PrivilegeChange {
    pub(in crate::render::json) unit: String,
    pub(in crate::render::json) right: Right,
    /// Whether calls that it allows before are refused from the moment of the change: a tier with the verbs beside it no
    /// longer allows them, or a token or key ends or loses full access.
    pub(in crate::render::json) refuses: bool,
    /// Why, most telling first.
    pub(in crate::render::json) causes: Vec<Cause>,
    /// Whether a tenant administrator must consent; `null` where no source says.
    pub(in crate::render::json) admin_consent: Option<bool>,
    /// The provider's own grading; `null` where no source says.
    pub(in crate::render::json) level: Option<u8>,
    /// Whether a scope only reads; `null` where no source says, and for rights that are no scope.
    pub(in crate::render::json) access: Option<ScopeAccess>,
    /// What is doubtful about a scope, in words; else `null`.
    pub(in crate::render::json) doubt: Option<String>,
}

#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::render::json) enum ScopeAccess {
    Read,
    /// It does something beside reading.
    Write,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(in crate::render::json) enum Right {
    /// A scope is requested from everybody who connects.
    Scope { scope: String },
    /// A thing may be used by more or fewer people.
    Use { address: String, before: String, after: String },
    /// The access tier of a resource moves.
    Tier {
        address: String,
        before: String,
        after: String,
        /// Verbs outside the ladder that are allowed beside the tier.
        verbs_before: Vec<String>,
        verbs_after: Vec<String>,
        /// The gravest of what becomes possible, verbs included; `null` where nothing does, or nobody knows what.
        opens: Option<TierGrade>,
        widens: Vec<String>,
        narrows: Vec<String>,
    },
    /// A token or an API key comes into being or ends.
    Credential { address: String, what: String },
    /// A setting lets something in, or no longer does, that no scope, use, tier or credential of today shows.
    Setting { address: String, lets_in: LetsIn },
}

/// What kind of thing a tier makes possible, from the least to the most grave.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::render::json) enum TierGrade {
    Reads,
    WritesWithApproval,
    DeletesWithApproval,
    ActsWithApproval,
    WritesAutomatically,
    DeletesAutomatically,
    ActsAutomatically,
}

#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::render::json) enum LetsIn {
    /// Actions that the vendor adds later.
    FutureActions,
    /// An OAuth client that was not there before: it gets what people have agreed to or agree to from now on.
    Client,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::render::json) struct Cause {
    pub(in crate::render::json) kind: CauseKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::render::json) address: Option<String>,
}

#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::render::json) enum CauseKind {
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
    /// A scope that the action needs is requested now, or is missing now; the address ends with the scope.
    NeededScope,
    LiveAction,
    NativeAction,
    BaseScope,
    FixedList,
    CatalogChange,
    NoLongerNeeded,
    /// A line of the files says so.
    Declared,
}
