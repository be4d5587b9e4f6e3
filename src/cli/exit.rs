//! Exit codes: one documented table, so that pipelines can branch on them.

use std::process::ExitCode;

/// Why the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done; with `--detailed-exitcode`: no changes.
    Done,
    /// Error, or the configuration is invalid.
    Error,
    /// Changes are present (only when asked).
    Changes,
    /// The plan is stale: nothing was done.
    Stale,
    /// Blocked by a finding.
    Blocked,
    /// Approval is missing or does not cover the plan.
    NotApproved,
    /// Applied in part; running again resumes.
    Partial,
    /// The live system is unreachable or does not authorise us.
    NoAccess,
    /// The command line itself is wrong.
    Usage,
    /// A bug of ours.
    Bug,
    /// Interrupted before anything was written.
    Interrupted,
}

impl Exit {
    /// Every code with what it means, for help and documentation.
    pub const ALL: &'static [(Self, &'static str)] = &[
        (Self::Done, "done; with --detailed-exitcode: no changes"),
        (Self::Error, "error, or the configuration is invalid"),
        (Self::Changes, "changes present (only with --detailed-exitcode)"),
        (Self::Stale, "plan stale: nothing done"),
        (Self::Blocked, "blocked by a finding"),
        (Self::NotApproved, "approval missing, or it does not cover the plan"),
        (Self::Partial, "applied in part; the report says what, and running again resumes"),
        (Self::NoAccess, "live system unreachable or not authorised"),
        (Self::Usage, "usage"),
        (Self::Bug, "a bug of ours"),
        (Self::Interrupted, "interrupted before anything was written"),
    ];

    /// Returns the number.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::Changes => 2,
            Self::Stale => 3,
            Self::Blocked => 4,
            Self::NotApproved => 5,
            Self::Partial => 6,
            Self::NoAccess => 8,
            Self::Usage => 64,
            Self::Bug => 70,
            Self::Interrupted => 130,
        }
    }

    /// Returns the stable name by which programs know it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Error => "error",
            Self::Changes => "changes",
            Self::Stale => "stale",
            Self::Blocked => "blocked",
            Self::NotApproved => "not-approved",
            Self::Partial => "partial",
            Self::NoAccess => "no-access",
            Self::Usage => "usage",
            Self::Bug => "bug",
            Self::Interrupted => "interrupted",
        }
    }

    /// Returns the table as text.
    #[must_use]
    pub fn table() -> String {
        let rows = Self::ALL.iter().map(|(exit, means)| format!("  {:>3}  {means}\n", exit.code()));
        rows.collect()
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
