//! Version 1 of the plan document. Terraform's names stand where the meaning is terraform's.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

pub(super) use privilege::{
    Cause, CauseKind, LetsIn, PrivilegeChange, PrivilegeDelta, Right, ScopeAccess, TierGrade,
};

mod privilege;

/// One plan: what would change in one workspace, what that does, and the writes that carry it out.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Plan {
    /// Version of this document: readers refuse another major version and ignore unknown fields of a newer minor one.
    #[schemars(regex(pattern = r"^1\.[0-9]+$"))]
    pub(super) format_version: &'static str,
    /// Version of the program that wrote it.
    pub(super) tool_version: &'static str,
    /// The kind of live system, such as `odeus`.
    pub(super) platform: String,
    /// The tenant.
    pub(super) workspace: String,
    /// Where the live system answers.
    pub(super) endpoint: String,
    /// The digest that an approval names and that apply checks.
    pub(super) digest: String,
    /// The UTC date the plan was made for.
    pub(super) today: String,
    /// The last day on which the plan can be applied, where it relies on something that ends.
    pub(super) valid_until: Option<String>,
    /// The snapshot file that it was made from instead of the live system; such a plan is never applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) snapshot: Option<Snapshot>,
    /// Whether apply can carry it out and has something to do.
    pub(super) applyable: bool,
    /// Whether the live system is what the files ask for once the plan is applied.
    pub(super) complete: bool,
    /// Whether planning failed. A plan that could be made has not failed; its blockers are findings.
    pub(super) errored: bool,
    /// The counts that the text form prints.
    pub(super) summary: Summary,
    /// Rules about approvals that the plan meets: apply needs what each of them asks for.
    pub(super) approvals_required: Vec<ApprovalRequired>,
    /// What the files say about each integration, client or key that changes: by address, then by the label's name.
    pub(super) labels: BTreeMap<String, BTreeMap<String, String>>,
    /// Everything that changes, in address order.
    pub(super) resource_changes: Vec<ResourceChange>,
    /// What the vendor's catalogue changed by itself; also part of `resource_changes`.
    pub(super) resource_drift: Vec<ResourceChange>,
    /// What becomes possible and what stops being possible.
    pub(super) privilege_delta: PrivilegeDelta,
    /// What stops working or will not work.
    pub(super) breakage: Vec<Breakage>,
    /// Who must reconnect, and who still holds what is removed. Observed, not covered by the digest.
    pub(super) people: Vec<People>,
    /// When a change becomes true for people who are connected already: a property of the platform.
    pub(super) takes_effect: TakesEffect,
    /// What changes for the holders of tokens, per client. Observed, not covered by the digest.
    pub(super) tokens: Vec<Tokens>,
    /// Who is in the groups that the plan newly shares something with, by group. Observed, not covered by the digest. In the
    /// plan of a snapshot, people whom no file and no rule names are pseudonyms.
    pub(super) groups: BTreeMap<String, BTreeSet<String>>,
    /// Whether each scope of a list kept by hand that the plan changes only reads, by unit, as far as a source says: also of
    /// those that were requested before. Observed, not covered by the digest.
    pub(super) scope_access: BTreeMap<String, BTreeMap<String, ScopeAccess>>,
    /// Scopes that would be requested although no line of the files names them: `--auto-approve` does not cover them.
    pub(super) unreviewed: Vec<Unreviewed>,
    /// Lints, most severe first.
    pub(super) findings: Vec<Finding>,
    /// The writes, in their order.
    pub(super) operations: Vec<Operation>,
    /// What no program can do.
    pub(super) requires_human: Vec<RequiresHuman>,
    /// Calls, counted before they are made.
    pub(super) api_cost: ApiCost,
    /// Live things that no line of the files asks about.
    pub(super) left_alone: Vec<LeftAlone>,
    /// Live values that the plan was computed on; apply refuses it when one has moved.
    pub(super) preconditions: Vec<Precondition>,
}

/// The snapshot file that a plan was made from.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Snapshot {
    /// When it was taken (UTC).
    pub(super) taken: String,
    /// Its digest.
    pub(super) digest: String,
    /// Who signed it; nobody when that was not asked.
    pub(super) signed_by: Vec<String>,
}

/// One rule that the plan meets.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ApprovalRequired {
    /// What the plan does that meets it, in the configuration's word.
    pub(super) when: &'static str,
    /// How many different people must approve.
    pub(super) need: u32,
    /// Who may approve, by the principals of the allowed-signers file.
    pub(super) of: Vec<String>,
    /// The teams and people that the rule names.
    pub(super) named: Vec<String>,
    /// The lines of the plan that meet it.
    pub(super) because: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Summary {
    /// The one-line verdict of the text form.
    pub(super) verdict: String,
    pub(super) add: usize,
    pub(super) change: usize,
    pub(super) remove: usize,
    pub(super) scopes_wider: usize,
    pub(super) scopes_narrower: usize,
    /// Actions that somebody can run who could not. One that changes hands is here and in the next.
    pub(super) uses_wider: usize,
    /// Actions that somebody can no longer run.
    pub(super) uses_narrower: usize,
    /// Tiers that allow something more. One that also allows something less is here and in the next.
    pub(super) tiers_wider: usize,
    /// Tiers that allow something less.
    pub(super) tiers_narrower: usize,
    /// Verbs outside the ladders that are allowed anew.
    pub(super) verbs_wider: usize,
    /// Verbs outside the ladders that are allowed no longer.
    pub(super) verbs_narrower: usize,
    /// API keys that come into being.
    pub(super) credentials_new: usize,
    /// Tokens and API keys that end.
    pub(super) credentials_end: usize,
    /// Settings that let in what no right of today shows.
    pub(super) settings_wider: usize,
    pub(super) settings_narrower: usize,
    pub(super) tokens_re_resolved: usize,
    /// Rights of the privilege delta with `refuses`: how many refuse calls at once that they allow before. On platforms
    /// where changes take effect on reconnect there are none; what stops there, the next four count.
    pub(super) rights_refused: usize,
    pub(super) actions_stop_running: usize,
    pub(super) actions_will_not_run: usize,
    pub(super) actions_unverified: usize,
    pub(super) features_break: usize,
    /// Different people who must reconnect and had not to before the plan, over all integrations.
    pub(super) people_must_reconnect: usize,
    /// People who must reconnect who need not do so before, or whose tokens change or end: what `limits` counts.
    pub(super) people_affected: usize,
    /// Scopes, uses, tiers, tokens and keys that the plan takes away: what `limits` counts.
    pub(super) removals: usize,
    /// What could be removed of the whole workspace: what the share of removals is of.
    pub(super) rights_before: usize,
    pub(super) blockers: usize,
    pub(super) warnings: usize,
    pub(super) notes: usize,
    /// Lines of the files that ask for something and do nothing, such as a pattern that matches no action.
    pub(super) lines_without_effect: usize,
}

/// One thing that changes.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ResourceChange {
    /// Stable path, such as `sharepoint/actions/create_page`.
    pub(super) address: String,
    /// The integration or client it belongs to.
    pub(super) unit: String,
    /// Always `managed`: a plan changes nothing that it only reads. Here for rules that were written for terraform's plans.
    pub(super) mode: Mode,
    /// The sort of thing, such as `odeus_action`.
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// The kind of live system that has such things, such as `odeus`.
    pub(super) provider_name: String,
    /// Last segment of the address.
    pub(super) name: String,
    /// What happens to it.
    pub(super) change: ChangeRepresentation,
    /// Why, where no line of the files moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) action_reason: Option<ActionReason>,
    /// The address that the files declare: this one, or the glob or policy that covers it.
    pub(super) declared_at: String,
    /// Where that stands.
    pub(super) source: Option<Source>,
}

#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Mode {
    /// The files say what it should be.
    Managed,
}

#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ActionReason {
    /// The vendor changed the catalogue.
    CatalogChange,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ChangeRepresentation {
    /// Always one.
    #[schemars(length(min = 1, max = 1))]
    pub(super) actions: Vec<Action>,
    /// The live value; `null` when it does not exist.
    pub(super) before: Value,
    /// The planned value; `null` when it will not exist.
    pub(super) after: Value,
}

#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Action {
    NoOp,
    Create,
    Update,
    Delete,
}

/// A range of a file. Lines and columns count from 1, columns in characters; the end is exclusive.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Source {
    /// Path below the configuration folder, with `/`.
    pub(super) file: String,
    pub(super) start: Position,
    pub(super) end: Position,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Position {
    pub(super) line: u32,
    pub(super) column: u32,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Breakage {
    /// An action stops for everybody although it stays on.
    StopsRunning { address: String, missing: Vec<String> },
    /// An action is turned on and will not run.
    WillNotRun { address: String, missing: Vec<String> },
    /// An action relies on a claim that cannot be verified from here.
    Unverified { address: String, accepted: Vec<String>, reason: String },
    /// A platform feature loses a native action's scope.
    FeatureBreaks { unit: String, feature: String, actions: Vec<String>, missing: Vec<String> },
}

#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum TakesEffect {
    /// When each of them reconnects, or when their token expires.
    OnReconnect,
    /// The moment it is saved, for every active token.
    AtOnce,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Tokens {
    pub(super) unit: String,
    /// Active tokens that are re-resolved.
    pub(super) re_resolved: usize,
    /// Holders for whom something changes.
    pub(super) changed: Vec<TokenChange>,
    /// Holders for whom nothing changes although the ceiling does, and why.
    pub(super) unchanged: Vec<TokenUnchanged>,
    /// Queued calls that can no longer be executed when approved.
    pub(super) queued_affected: usize,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TokenChange {
    pub(super) user: String,
    pub(super) role: String,
    pub(super) token: String,
    pub(super) what: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TokenUnchanged {
    pub(super) user: String,
    pub(super) token: String,
    pub(super) why: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Unreviewed {
    pub(super) unit: String,
    pub(super) scope: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct People {
    pub(super) unit: String,
    /// All users with a connection.
    pub(super) connected: usize,
    pub(super) must_reconnect: Vec<String>,
    /// How many of them already had to before this plan.
    pub(super) already: usize,
    /// Those who must reconnect and had not to before this plan.
    pub(super) newly: Vec<String>,
    pub(super) reason: ReconnectReason,
    /// Users whose grant holds a removed scope until they reconnect or their token expires.
    pub(super) still_hold: Vec<StillHolds>,
}

#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ReconnectReason {
    Nobody,
    NewScopes,
    NewClient,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct StillHolds {
    pub(super) scope: String,
    pub(super) users: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    /// Stable kebab-case name of the rule.
    pub(super) code: String,
    pub(super) address: String,
    pub(super) message: String,
    pub(super) help: String,
    /// Scopes meant to be pasted somewhere else.
    pub(super) paste: Vec<String>,
    /// What to give with `--accept` to pass the limit with exactly this plan; `null` for what nobody can accept.
    pub(super) accept: Option<String>,
    pub(super) source: Option<Source>,
}

#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Severity {
    Blocker,
    Warning,
    Note,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Operation {
    /// Place in the order, from 1.
    pub(super) sequence: usize,
    /// Operations of one unit run one after another; units are independent.
    pub(super) unit: String,
    /// The field that is written.
    pub(super) address: String,
    /// The write in words.
    pub(super) description: String,
    /// The value of the field on which the write was computed.
    pub(super) before: Value,
    pub(super) effect: Effect,
}

/// What the write does beyond its own field; it must come true exactly.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Effect {
    pub(super) scopes: ScopeDelta,
    /// Missing scopes that the write newly accepts.
    pub(super) accepts: Vec<String>,
    pub(super) uses: Vec<UseChange>,
    pub(super) features_lost: Vec<String>,
    pub(super) features_restored: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ScopeDelta {
    pub(super) add: Vec<String>,
    pub(super) remove: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct UseChange {
    pub(super) address: String,
    pub(super) before: String,
    pub(super) after: String,
}

/// Something that a person must do.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum RequiresHuman {
    /// A tenant administrator consents to scopes at the provider.
    AdminConsent { unit: String, who: &'static str, what: String, scopes: Vec<String> },
    /// Users reconnect.
    Reconnect { unit: String, who: &'static str, what: String, users: Vec<String> },
    /// Somebody solves a blocker in the files or at the platform.
    SolveBlocker { unit: String, who: &'static str, what: String, code: String },
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ApiCost {
    /// Reads that planning took.
    pub(super) plan_reads: u32,
    /// Reads that apply will make.
    pub(super) apply_reads: u32,
    /// Writes that apply will make.
    pub(super) writes: u32,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct LeftAlone {
    pub(super) address: String,
    pub(super) what: String,
    /// The things by name that it is about; often none.
    pub(super) names: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Precondition {
    pub(super) address: String,
    pub(super) kind: PreconditionKind,
    /// The value at plan time.
    pub(super) value: Value,
}

#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum PreconditionKind {
    /// The value of a field that an operation writes.
    Before,
    /// Another live fact that the plan used.
    ReliedOn,
}
