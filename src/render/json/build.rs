//! From the core's plan to the document, every field by name.

use super::super::neutral::terminal;
use super::super::outline::{self, Outline};
use super::super::text;
use super::{FORMAT_VERSION, v1};
use crate::model::{
    Address, CauseKind, Direction, Effect, LetsIn, PrivilegeChange, Right, ScopeAccess, ScopeSet,
    TierGrade, TierMove,
};
use crate::plan::guard::{self, Limit};
use crate::plan::policy::{Requirement, required};
use crate::plan::{
    Breakage, Change, Finding, PeopleEffect, Plan, ReconnectReason, Severity, SourceRange,
    TokenChange, TokenEffect, TokenUnchanged,
};
use crate::platform::Latency;

pub(super) fn plan(plan: &Plan, digest: &str) -> v1::Plan {
    let outline = Outline::of(plan);
    let counts = outline.counts;
    let mut privilege = v1::PrivilegeDelta { widening: Vec::new(), narrowing: Vec::new() };
    for change in outline.privilege.values().flatten() {
        match change.direction {
            Direction::Widening => privilege.widening.push(privilege_change(change)),
            Direction::Narrowing => privilege.narrowing.push(privilege_change(change)),
        }
    }
    let changed = || outline.changes.iter().copied();
    v1::Plan {
        format_version: FORMAT_VERSION,
        tool_version: env!("CARGO_PKG_VERSION"),
        platform: plan.bound.platform.to_string(),
        workspace: plan.bound.workspace.to_string(),
        endpoint: plan.bound.endpoint.clone(),
        digest: digest.to_owned(),
        today: plan.observed.today.to_string(),
        valid_until: plan.bound.valid_until.map(|date| date.to_string()),
        snapshot: plan.observed.snapshot.as_ref().map(|from| v1::Snapshot {
            taken: from.taken.to_string(),
            digest: from.digest.clone(),
            signed_by: from.signed_by.iter().cloned().collect(),
        }),
        applyable: counts.blockers == 0
            && !plan.bound.operations.is_empty()
            && plan.observed.snapshot.is_none(),
        complete: counts.blockers == 0,
        errored: false,
        summary: v1::Summary {
            verdict: text::verdict(plan),
            add: counts.add,
            change: counts.change,
            remove: counts.remove,
            scopes_wider: counts.scopes_wider,
            scopes_narrower: counts.scopes_narrower,
            uses_wider: counts.uses_wider,
            uses_narrower: counts.uses_narrower,
            tiers_wider: counts.tiers_wider,
            tiers_narrower: counts.tiers_narrower,
            verbs_wider: counts.verbs_wider,
            verbs_narrower: counts.verbs_narrower,
            credentials_new: counts.credentials_new,
            credentials_end: counts.credentials_end,
            settings_wider: counts.settings_wider,
            settings_narrower: counts.settings_narrower,
            tokens_re_resolved: counts.tokens_re_resolved,
            rights_refused: counts.rights_refused,
            actions_stop_running: counts.actions_stop,
            actions_will_not_run: counts.actions_will_not_run,
            actions_unverified: counts.actions_unverified,
            features_break: counts.features_break,
            people_must_reconnect: counts.must_reconnect,
            people_affected: plan.observed.scale.people,
            removals: guard::removals(&plan.bound),
            rights_before: plan.observed.scale.rights,
            blockers: counts.blockers,
            warnings: counts.warnings,
            notes: counts.notes,
            lines_without_effect: counts.lines_idle,
        },
        approvals_required: required(&plan.bound)
            .into_iter()
            .map(|Requirement { rule, because }| v1::ApprovalRequired {
                when: rule.when.name(),
                need: rule.need,
                of: rule.of.into_iter().collect(),
                named: rule.named,
                because,
            })
            .collect(),
        labels: plan
            .bound
            .labels
            .iter()
            .map(|(address, labels)| (address.to_string(), labels.clone()))
            .collect(),
        resource_changes: changed().map(|c| resource_change(plan, &outline, c)).collect(),
        resource_drift: changed()
            .filter(|c| c.catalog_change)
            .map(|c| resource_change(plan, &outline, c))
            .collect(),
        privilege_delta: privilege,
        breakage: outline.breakage.iter().map(|b| breakage(b)).collect(),
        people: outline.people.iter().map(|p| people(p)).collect(),
        takes_effect: match plan.bound.platform.takes_effect() {
            Latency::OnReconnect => v1::TakesEffect::OnReconnect,
            Latency::AtOnce => v1::TakesEffect::AtOnce,
        },
        tokens: plan.observed.tokens.iter().map(tokens).collect(),
        groups: plan.observed.groups.clone(),
        scope_access: plan
            .observed
            .scope_access
            .iter()
            .map(|(unit, scopes)| {
                let known = scopes.iter().map(|(scope, is)| (scope.to_string(), access(*is)));
                (unit.to_string(), known.collect())
            })
            .collect(),
        unreviewed: plan
            .bound
            .unreviewed
            .iter()
            .map(|u| v1::Unreviewed { unit: u.unit.to_string(), scope: u.scope.to_string() })
            .collect(),
        findings: outline.findings.iter().map(|f| finding(&outline, f, digest)).collect(),
        operations: operations(plan),
        requires_human: requires_human(&outline),
        api_cost: v1::ApiCost {
            plan_reads: plan.observed.api_cost.plan_reads,
            apply_reads: plan.observed.api_cost.apply_reads,
            writes: plan.observed.api_cost.writes,
        },
        left_alone: outline
            .left_alone
            .iter()
            .map(|l| v1::LeftAlone {
                address: l.address.to_string(),
                what: l.to_string(),
                names: l.names.clone(),
            })
            .collect(),
        preconditions: preconditions(plan),
    }
}

fn texts(scopes: &ScopeSet) -> Vec<String> {
    scopes.iter().map(ToString::to_string).collect()
}

fn resource_change(plan: &Plan, outline: &Outline<'_>, change: &Change) -> v1::ResourceChange {
    let Change { address, kind, unit, declared_at, before, after, catalog_change } = change;
    let action = match outline::Action::of(change) {
        outline::Action::Create => v1::Action::Create,
        outline::Action::Update => v1::Action::Update,
        outline::Action::Delete => v1::Action::Delete,
        outline::Action::NoOp => v1::Action::NoOp,
    };
    v1::ResourceChange {
        address: address.to_string(),
        unit: unit.to_string(),
        mode: v1::Mode::Managed,
        kind: kind.clone(),
        provider_name: plan.bound.platform.to_string(),
        name: address.name().to_owned(),
        change: v1::ChangeRepresentation {
            actions: vec![action],
            before: before.clone(),
            after: after.clone(),
        },
        action_reason: catalog_change.then_some(v1::ActionReason::CatalogChange),
        declared_at: declared_at.to_string(),
        source: outline.source_of(address).map(source),
    }
}

fn source(range: &SourceRange) -> v1::Source {
    let SourceRange { address: _, file, line, column, end_line, end_column } = range;
    v1::Source {
        file: file.clone(),
        start: v1::Position { line: *line, column: *column },
        end: v1::Position { line: *end_line, column: *end_column },
    }
}

fn privilege_change(change: &PrivilegeChange) -> v1::PrivilegeChange {
    let PrivilegeChange {
        unit,
        direction: _,
        right,
        causes,
        admin_consent,
        level,
        access: allows,
        doubt,
    } = change;
    v1::PrivilegeChange {
        unit: unit.to_string(),
        right: match right {
            Right::Scope(scope) => v1::Right::Scope { scope: scope.to_string() },
            Right::Use { address, before, after } => v1::Right::Use {
                address: address.to_string(),
                before: before.clone(),
                after: after.clone(),
            },
            Right::Tier(TierMove {
                address,
                before,
                after,
                verbs_before,
                verbs_after,
                tier_widens: _,
                tier_narrows: _,
                opens,
                widens,
                narrows,
            }) => v1::Right::Tier {
                address: address.to_string(),
                before: before.clone(),
                after: after.clone(),
                verbs_before: verbs_before.iter().cloned().collect(),
                verbs_after: verbs_after.iter().cloned().collect(),
                opens: opens.map(tier_grade),
                widens: widens.clone(),
                narrows: narrows.clone(),
            },
            Right::Credential { address, what } => {
                v1::Right::Credential { address: address.to_string(), what: what.clone() }
            }
            Right::Setting { address, lets_in } => v1::Right::Setting {
                address: address.to_string(),
                lets_in: match lets_in {
                    LetsIn::FutureActions => v1::LetsIn::FutureActions,
                    LetsIn::Client => v1::LetsIn::Client,
                },
            },
        },
        refuses: change.refuses(),
        causes: causes
            .iter()
            .map(|cause| v1::Cause {
                kind: cause_kind(cause.kind),
                address: cause.address.as_ref().map(ToString::to_string),
            })
            .collect(),
        admin_consent: *admin_consent,
        level: level.map(|level| level.0),
        access: allows.map(access),
        doubt: doubt.clone(),
    }
}

const fn access(access: ScopeAccess) -> v1::ScopeAccess {
    match access {
        ScopeAccess::Read => v1::ScopeAccess::Read,
        ScopeAccess::Write => v1::ScopeAccess::Write,
    }
}

const fn tier_grade(grade: TierGrade) -> v1::TierGrade {
    match grade {
        TierGrade::Reads => v1::TierGrade::Reads,
        TierGrade::WritesWithApproval => v1::TierGrade::WritesWithApproval,
        TierGrade::DeletesWithApproval => v1::TierGrade::DeletesWithApproval,
        TierGrade::ActsWithApproval => v1::TierGrade::ActsWithApproval,
        TierGrade::WritesAutomatically => v1::TierGrade::WritesAutomatically,
        TierGrade::DeletesAutomatically => v1::TierGrade::DeletesAutomatically,
        TierGrade::ActsAutomatically => v1::TierGrade::ActsAutomatically,
    }
}

const fn cause_kind(kind: CauseKind) -> v1::CauseKind {
    match kind {
        CauseKind::Action => v1::CauseKind::Action,
        CauseKind::Shared => v1::CauseKind::Shared,
        CauseKind::IntegrationAccess => v1::CauseKind::IntegrationAccess,
        CauseKind::Client => v1::CauseKind::Client,
        CauseKind::AcceptedMissing => v1::CauseKind::AcceptedMissing,
        CauseKind::NeededScope => v1::CauseKind::NeededScope,
        CauseKind::LiveAction => v1::CauseKind::LiveAction,
        CauseKind::NativeAction => v1::CauseKind::NativeAction,
        CauseKind::BaseScope => v1::CauseKind::BaseScope,
        CauseKind::FixedList => v1::CauseKind::FixedList,
        CauseKind::CatalogChange => v1::CauseKind::CatalogChange,
        CauseKind::NoLongerNeeded => v1::CauseKind::NoLongerNeeded,
        CauseKind::Declared => v1::CauseKind::Declared,
    }
}

fn breakage(breakage: &Breakage) -> v1::Breakage {
    match breakage {
        Breakage::StopsRunning { address, missing } => {
            v1::Breakage::StopsRunning { address: address.to_string(), missing: texts(missing) }
        }
        Breakage::WillNotRun { address, missing } => {
            v1::Breakage::WillNotRun { address: address.to_string(), missing: texts(missing) }
        }
        Breakage::Unverified { address, accepted, reason } => v1::Breakage::Unverified {
            address: address.to_string(),
            accepted: texts(accepted),
            reason: reason.clone(),
        },
        Breakage::FeatureBreaks { unit, feature, actions, missing } => {
            v1::Breakage::FeatureBreaks {
                unit: unit.to_string(),
                feature: feature.clone(),
                actions: actions.iter().map(Address::to_string).collect(),
                missing: texts(missing),
            }
        }
    }
}

fn tokens(effect: &TokenEffect) -> v1::Tokens {
    let TokenEffect { unit, re_resolved, changed, unchanged, queued_affected } = effect;
    v1::Tokens {
        unit: unit.to_string(),
        re_resolved: *re_resolved,
        changed: changed
            .iter()
            .map(|TokenChange { user, role, token, what, refuses: _ }| v1::TokenChange {
                user: user.clone(),
                role: role.clone(),
                token: token.clone(),
                what: what.clone(),
            })
            .collect(),
        unchanged: unchanged
            .iter()
            .map(|TokenUnchanged { user, token, why }| v1::TokenUnchanged {
                user: user.clone(),
                token: token.clone(),
                why: why.clone(),
            })
            .collect(),
        queued_affected: *queued_affected,
    }
}

fn people(effect: &PeopleEffect) -> v1::People {
    let PeopleEffect { unit, must_reconnect, already, reason, still_hold, connected } = effect;
    v1::People {
        unit: unit.to_string(),
        connected: *connected,
        must_reconnect: must_reconnect.clone(),
        already: already.len(),
        newly: effect.newly().map(ToOwned::to_owned).collect(),
        reason: match reason {
            ReconnectReason::Nobody => v1::ReconnectReason::Nobody,
            ReconnectReason::NewScopes => v1::ReconnectReason::NewScopes,
            ReconnectReason::NewClient => v1::ReconnectReason::NewClient,
        },
        still_hold: still_hold
            .iter()
            .map(|h| v1::StillHolds { scope: h.scope.to_string(), users: h.users.clone() })
            .collect(),
    }
}

fn finding(outline: &Outline<'_>, finding: &Finding, digest: &str) -> v1::Finding {
    let accept = Limit::to_accept(finding).map(|limit| limit.acceptance(digest));
    let Finding { severity, code, address, message, help, paste } = finding;
    v1::Finding {
        severity: match severity {
            Severity::Blocker => v1::Severity::Blocker,
            Severity::Warning => v1::Severity::Warning,
            Severity::Note => v1::Severity::Note,
        },
        code: code.clone(),
        address: address.to_string(),
        message: message.clone(),
        help: help.clone(),
        paste: texts(paste),
        accept,
        source: outline.source_of(address).map(source),
    }
}

fn operations(plan: &Plan) -> Vec<v1::Operation> {
    let operations = plan.bound.operations.iter().enumerate();
    operations
        .map(|(n, operation)| v1::Operation {
            sequence: n + 1,
            unit: operation.unit.to_string(),
            address: operation.address.to_string(),
            description: operation.operation.to_string(),
            before: operation.before.clone(),
            effect: effect(&operation.effect),
        })
        .collect()
}

fn effect(effect: &Effect) -> v1::Effect {
    let Effect { scopes, accepts, uses, features_lost, features_restored } = effect;
    v1::Effect {
        scopes: v1::ScopeDelta { add: texts(&scopes.add), remove: texts(&scopes.remove) },
        accepts: texts(accepts),
        uses: uses
            .iter()
            .map(|change| v1::UseChange {
                address: change.address.to_string(),
                before: change.before.clone(),
                after: change.after.clone(),
            })
            .collect(),
        features_lost: features_lost.iter().cloned().collect(),
        features_restored: features_restored.iter().cloned().collect(),
    }
}

fn requires_human(outline: &Outline<'_>) -> Vec<v1::RequiresHuman> {
    let mut tasks = Vec::new();
    for blocker in outline.of_severity(Severity::Blocker) {
        tasks.push(v1::RequiresHuman::SolveBlocker {
            unit: blocker.address.to_string(),
            who: "author of the files",
            what: terminal(&blocker.message).to_string(),
            code: blocker.code.clone(),
        });
    }
    for (unit, scopes) in outline.admin_consent() {
        tasks.push(v1::RequiresHuman::AdminConsent {
            unit: unit.to_string(),
            who: "tenant administrator",
            what: format!("consent to {} scopes at the provider", scopes.len()),
            scopes: scopes.into_iter().map(ToString::to_string).collect(),
        });
    }
    for effect in outline.people.iter().filter(|p| p.newly().next().is_some()) {
        tasks.push(v1::RequiresHuman::Reconnect {
            unit: effect.unit.to_string(),
            who: "users",
            what: "reconnect".to_owned(),
            users: effect.newly().map(ToOwned::to_owned).collect(),
        });
    }
    tasks
}

fn preconditions(plan: &Plan) -> Vec<v1::Precondition> {
    let before = plan.bound.operations.iter().map(|operation| v1::Precondition {
        address: operation.address.to_string(),
        kind: v1::PreconditionKind::Before,
        value: operation.before.clone(),
    });
    let relied = plan.bound.relied_on.iter().map(|fact| v1::Precondition {
        address: fact.address.to_string(),
        kind: v1::PreconditionKind::ReliedOn,
        value: fact.value.clone().into(),
    });
    before.chain(relied).collect()
}
