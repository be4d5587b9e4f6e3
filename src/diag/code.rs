//! The registry of diagnostic codes: stable names and titles; what `scopeform explain CODE` says stands in `diag/explain/`, one file each.

use super::Severity;

macro_rules! codes {
    ($($variant:ident $severity:ident $name:literal $title:literal)*) => {
        /// A rule about the user's text. Names are stable: scripts and baselines refer to them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $title] $variant,)*
        }

        impl Code {
            /// Every code, in the order of the registry.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Returns the stable kebab-case name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// Returns what the rule finds, in a few words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }

            /// Returns what, why and an example, as Markdown.
            #[must_use]
            pub const fn explain(self) -> &'static str {
                match self { $(Self::$variant => include_str!(concat!("explain/", $name, ".md"))),* }
            }

            /// Returns the severity that the rule has by itself.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity),* }
            }
        }
    };
}

impl Code {
    /// Returns whether the rule needs the live system's names, so that no file alone can break it.
    #[must_use]
    pub const fn needs_live_names(self) -> bool {
        matches!(
            self,
            Self::UnknownIntegration
                | Self::UnknownAction
                | Self::UnknownUser
                | Self::UnknownGroup
                | Self::NativeAction
                | Self::NoManagedClient
                | Self::ScopesNotManaged
                | Self::NotOauth
                | Self::GlobsDisagree
                | Self::GlobMatchesNothing
                | Self::ActionRenamed
                | Self::UnknownClient
                | Self::UnknownResource
                | Self::TierNotOnLadder
                | Self::UnknownVerb
                | Self::ResourceRenamed
                | Self::AmbiguousToken
                | Self::AcceptanceWithoutEffect
                | Self::ProtectsNothing
        )
    }

    /// Returns the code with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }
}

codes! {
    // Found by comparing names with the live system.
    UnknownIntegration Error "unknown-integration" "the workspace has no such integration"
    UnknownAction Error "unknown-action" "the integration has no such action"
    UnknownUser Error "unknown-user" "the workspace has no such user"
    UnknownGroup Error "unknown-group" "the workspace has no such group"
    NativeAction Error "native-action" "a native action has no switch"
    NoManagedClient Error "no-managed-client" "`mode: managed` where there is no managed client"
    ScopesNotManaged Error "scopes-not-managed" "scopes cannot be managed for this integration yet"
    NotOauth Error "not-oauth" "an integration without OAuth has no scopes"
    GlobsDisagree Error "globs-disagree" "two patterns ask for different things of one action"
    GlobMatchesNothing Warning "glob-matches-nothing" "a pattern matches no action"
    ActionRenamed Warning "action-renamed" "the vendor renamed an action"
    UnknownClient Error "unknown-client" "the workspace has no such OAuth client"
    UnknownResource Error "unknown-resource" "the platform has no such resource"
    TierNotOnLadder Error "tier-not-on-ladder" "the resource does not have this tier"
    UnknownVerb Error "unknown-verb" "the resource has no such verb"
    ResourceRenamed Warning "resource-renamed" "the vendor renamed a resource"
    AmbiguousToken Error "ambiguous-token" "a line that several tokens fit"
    AcceptanceWithoutEffect Warning "acceptance-without-effect" "an acceptance of a scope that cannot be missing, or that nothing needs"
    ProtectsNothing Warning "protects-nothing" "a protection of something that is not there"
    // Found in the text alone.
    NotUtf8 Error "not-utf8" "the file is not UTF-8 text"
    TooLarge Error "too-large" "the file is too large"
    EmptyFile Error "empty-file" "the file says nothing"
    YamlSyntax Error "yaml-syntax" "the file is not YAML"
    TabIndentation Error "tab-indentation" "a tab is used as indentation"
    SeveralDocuments Error "several-documents" "several documents in one file"
    TooDeep Error "too-deep" "the document is nested too deeply"
    AliasBomb Error "alias-bomb" "aliases expand to too much"
    MergeKey Error "merge-key" "merge keys are not supported"
    YamlTag Error "yaml-tag" "a YAML tag is used"
    YamlBoolean Error "yaml-boolean" "a word that some YAML readers take for a boolean"
    DuplicateKey Error "duplicate-key" "the same key twice in one mapping"
    UnknownKey Error "unknown-key" "a key that means nothing here"
    MissingKey Error "missing-key" "a key that must be there is missing"
    WrongType Error "wrong-type" "text where a list or mapping is meant, or the other way round"
    InvalidValue Error "invalid-value" "a word that is not one of the choices"
    InvalidName Error "invalid-name" "a name with characters that names do not have"
    UnsupportedVersion Error "unsupported-version" "a version of the language that this program does not know"
    UnknownPlatform Error "unknown-platform" "a platform that this program does not know"
    InvalidEndpoint Error "invalid-endpoint" "an endpoint that is neither `embedded` nor an address"
    HeaderMismatch Error "header-mismatch" "two files describe one workspace differently"
    DuplicateDeclaration Error "duplicate-declaration" "the same thing declared in two files"
    ConflictingAccess Error "conflicting-access" "two answers to who may use something"
    EmptyShareList Error "empty-share-list" "shared with nobody in particular"
    InvalidScope Error "invalid-scope" "a text that is not one OAuth scope"
    ScopePlaceholder Error "scope-placeholder" "a scope with a placeholder that nobody filled in"
    Placeholder Error "placeholder" "a text that nobody filled in"
    DuplicateScope Warning "duplicate-scope" "the same scope twice in one list"
    FixedWithoutScopes Error "fixed-without-scopes" "fixed mode without a list of scopes"
    ScopesNotFixed Error "scopes-not-fixed" "a list of scopes in a mode that has none"
    MissingClient Error "missing-client" "an own OAuth client is asked for and not named"
    ClientNotUsed Error "client-not-used" "an own OAuth client in managed mode"
    LiteralSecret Error "literal-secret" "a secret is written into the file"
    InvalidSecretReference Error "invalid-secret-reference" "a secret reference that names no place, or two"
    MissingReason Error "missing-reason" "a claim without a reason"
    UnknownFinding Error "unknown-finding" "a severity for a finding that does not exist"
    SignersFile Error "signers-file" "the allowed-signers file cannot be used"
    InvalidSigners Error "invalid-signers" "a line of the allowed-signers file that cannot be used"
    UnknownApprover Error "unknown-approver" "a rule names somebody who is no team and has no key"
    TooFewApprovers Error "too-few-approvers" "a rule needs more people than it names"
    RegoFile Error "rego-file" "a file of Rego rules that is not there"
    InvalidRego Error "invalid-rego" "a Rego rule that cannot be used"
    MeaninglessRule Error "meaningless-rule" "a rule about approvals that does nothing"
    SeverityLowered Error "severity-lowered" "a severity below the finding's own"
    SubstituteNotListed Warning "substitute-not-listed" "a substitute whose scope is not in the list"
    InvalidDate Error "invalid-date" "a date that does not exist"
    InvalidGlob Error "invalid-glob" "an action pattern that cannot match"
    UnknownReference Error "unknown-reference" "a name that the same file does not define"
    InvalidDuration Error "invalid-duration" "a duration that is not whole days"
    ConflictingKey Error "conflicting-key" "two answers to what an API key may do"
    InvalidProtection Error "invalid-protection" "a protection that could never protect anything"
    InvalidLimit Error "invalid-limit" "a limit that is not a number, or limits nothing"
    LadderOrder Error "ladder-order" "a ladder of tiers that does not widen step by step"
}
