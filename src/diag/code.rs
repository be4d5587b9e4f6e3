//! The registry of diagnostic codes: stable names, titles, and what `scopeform explain CODE` says.

use super::Severity;

macro_rules! codes {
    ($($variant:ident $severity:ident $name:literal $title:literal $explain:literal)*) => {
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
                match self { $(Self::$variant => $explain),* }
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
"Integrations are named by their catalogue key, such as `outlook-calendar`. An integration that the vendor removed is
reported the same way.

```yaml
integrations:
  sharepiont: {access: everyone}    # did you mean `sharepoint`?
```
"
    UnknownAction Error "unknown-action" "the integration has no such action"
"Actions are named by their catalogue key. When the vendor removes an action, the line that names it must go too.

```yaml
integrations:
  sharepoint:
    actions: {get_paeg: enabled}    # did you mean `get_page`?
```
"
    UnknownUser Error "unknown-user" "the workspace has no such user"
"Users are named by e-mail address, in any case.

```yaml
create_list: {users: [anna@acme.example]}    # did you mean `ana@acme.example`?
```
"
    UnknownGroup Error "unknown-group" "the workspace has no such group"
"Groups are named by their key. A group that the identity provider removed is reported the same way.

```yaml
create_list: {groups: [content-taem]}    # did you mean `content-team`?
```
"
    NativeAction Error "native-action" "a native action has no switch"
"Native actions power platform features and are always enabled, in every mode. With `mode: fixed` their scopes can be left
out of the list; the plan then names the features that break.

```yaml
actions:
  check_file_access: disabled    # remove this line
```
"
    NoManagedClient Error "no-managed-client" "`mode: managed` where there is no managed client"
"Some integrations have no client of the platform's own, and workspaces on a dedicated deployment have none at all.

```yaml
oauth:
  mode: sync                      # behaves like `managed`, with your own client
  client: {id: 6f1c2b1e, secret: {env: CLIENT_SECRET}}
```
"
    ScopesNotManaged Error "scopes-not-managed" "scopes cannot be managed for this integration yet"
"The platform adds scope management integration by integration. Until it arrives, `access` and `actions` can be declared
and `oauth` cannot.

```yaml
integrations:
  teams:
    access: everyone
    # no `oauth` yet
```
"
    NotOauth Error "not-oauth" "an integration without OAuth has no scopes"
"An integration that is connected with an API key, or with nothing, has no client, no mode and no scopes.

```yaml
integrations:
  weather:
    access: everyone
    # no `oauth`
```
"
    GlobsDisagree Error "globs-disagree" "two patterns ask for different things of one action"
"No order of lines decides which pattern wins. An exact key beats every pattern.

```yaml
actions:
  \"list_*\": enabled
  \"*_users\": disabled
  list_users: disabled            # says which is meant
```
"
    GlobMatchesNothing Warning "glob-matches-nothing" "a pattern matches no action"
"Either it is misspelt, or the vendor removed what it matched. Patterns never match native actions.

```yaml
actions: {\"lits_*\": enabled}    # did you mean `list_*`?
```
"
    ActionRenamed Warning "action-renamed" "the vendor renamed an action"
"The old key still works, and nothing is turned off and on because of the rename. Write the new key.

```yaml
actions: {fetch_page: enabled}    # now `get_page`
```
"
    UnknownClient Error "unknown-client" "the workspace has no such OAuth client"
"OAuth clients are registered by integrations, not by admins: a client comes to be when its integration registers over
OAuth and a user connects it for the first time. From then on it can be declared.

```yaml
oauth_clients:
  Claud Connection: {}    # did you mean `Claude Connection`?
```
"
    UnknownResource Error "unknown-resource" "the platform has no such resource"
"Resources are named by the part of their scope value before the colon.

```yaml
resources: {contact: read}    # did you mean `contacts`?
```
"
    TierNotOnLadder Error "tier-not-on-ladder" "the resource does not have this tier"
"Each resource has its own ladder of tiers: messages are sent, records are written and deleted, and some ladders are short.
The message shows the ladder.

```yaml
resources:
  contacts: send_automatically    # contacts are not sent
  billing: delete_automatically   # billing is read only
```
"
    UnknownVerb Error "unknown-verb" "the resource has no such verb"
"A few resources have verbs outside their ladder, such as initiating a call. Everything else is a tier.

```yaml
verbs: {calls: [initiate]}
```
"
    ResourceRenamed Warning "resource-renamed" "the vendor renamed a resource"
"Both names mean the same access, and nothing is taken away and given again because of the rename. Write the name that the
platform uses.

```yaml
resources: {customers: read}    # now `companies`
```
"
    AcceptanceWithoutEffect Warning "acceptance-without-effect" "an acceptance of a scope that cannot be missing, or that nothing needs"
"In `managed` and `sync` mode the scopes of an action that is on are requested, so none is missing. Without OAuth there are
no scopes at all. `accept_missing_scopes` has no effect there, and it would take effect unseen when the mode becomes `fixed`.
A scope under `accept_scopes` that no action and no base scope of the integration declares is misspelt, or the vendor took it
back; should the vendor ever declare it, it would be requested unseen.

```yaml
oauth: {mode: sync, client: {id: 6f1c2b1e}}
actions:
  create_folder: enabled    # no `accept_missing_scopes`
```
"
    ProtectsNothing Warning "protects-nothing" "a protection of something that is not there"
"`protect` names an address of the live system. One that names nothing protects nothing: it is misspelt, or what it named is
gone, or not there yet.

```yaml
protect: [sharepoint/actions/get_paeg]    # did you mean `sharepoint/actions/get_page`?
```
"
    // Found in the text alone.
    NotUtf8 Error "not-utf8" "the file is not UTF-8 text"
"Configuration files are UTF-8. A file in another encoding would be read differently on another machine.

Save the file as UTF-8; a byte order mark is fine.

```yaml
workspace: acme   # saved as UTF-8, not as UTF-16 or Latin-1
```
"
    TooLarge Error "too-large" "the file is too large"
"A configuration file may have 5 MB. A file of that size is generated, and a mistake in it is not reviewable.

Split it: several files may describe the same workspace.

```yaml
# acme/sharepoint.yaml and acme/excel.yaml, both with
version: 1
platform: odeus
workspace: acme
```
"
    EmptyFile Error "empty-file" "the file says nothing"
"An empty file in a configuration folder is more often a lost file than a wish. Delete it, or give it its header.

```yaml
version: 1
platform: odeus
workspace: acme
```
"
    YamlSyntax Error "yaml-syntax" "the file is not YAML"
"The text cannot be read as YAML 1.2. Only the first such error of a file is known: what follows it has no structure.

```yaml
scopes: [openid, User.Read]   # a bracket that is opened must be closed
```
"
    TabIndentation Error "tab-indentation" "a tab is used as indentation"
"YAML is indented with spaces. How wide a tab is depends on the editor, so YAML forbids it.

```yaml
integrations:
  sharepoint: {}   # two spaces
```
"
    SeveralDocuments Error "several-documents" "several documents in one file"
"A `---` in the middle of a file begins a second document. One file is one document here, so that every line of a
review belongs to one header. Move the second document to its own file.

```yaml
# acme.yaml
version: 1
platform: odeus
workspace: acme
```
"
    TooDeep Error "too-deep" "the document is nested too deeply"
"The deepest legal document has ten levels; the reader stops at 32. Deeper nesting is a mistake in the indentation or
an attempt to exhaust the reader.

```yaml
integrations: {sharepoint: {actions: {get_page: {access: {groups: [content-team]}}}}}
```
"
    AliasBomb Error "alias-bomb" "aliases expand to too much"
"An alias (`*name`) repeats what its anchor (`&name`) holds. Aliases of aliases grow exponentially, so their total is
limited to 10,000 values per file, and an anchor may not contain itself.

```yaml
actions:
  create_list: &editors {groups: [content-team]}
  create_page: *editors
```
"
    MergeKey Error "merge-key" "merge keys are not supported"
"`<<` is not part of YAML 1.2, and it hides which line declares a permission. Write the keys out, or repeat a whole value
with an alias.

```yaml
actions:
  create_list: &editors {groups: [content-team]}
  create_page: *editors
```
"
    YamlTag Error "yaml-tag" "a YAML tag is used"
"Tags such as `!secret` or `!!binary` would change what a value means. None is supported.

```yaml
client: {id: 6f1c2b1e, secret: {env: EXCEL_CLIENT_SECRET}}   # not: secret: !env EXCEL_CLIENT_SECRET
```
"
    YamlBoolean Error "yaml-boolean" "a word that some YAML readers take for a boolean"
"Unquoted `yes`, `no`, `on` and `off` are booleans in YAML 1.1 and text in YAML 1.2. A permission must not depend on the
version of a reader. Say what is meant, or quote the text.

```yaml
new_actions_enabled_by_default: false   # not: no
actions: {create_page: disabled}        # not: off
```
"
    DuplicateKey Error "duplicate-key" "the same key twice in one mapping"
"Many YAML readers keep the last of two equal keys and say nothing; then the line that was reviewed is not the line that
counts. Keep one.

```yaml
actions:
  create_page: disabled   # once
```
"
    UnknownKey Error "unknown-key" "a key that means nothing here"
"An unknown key is refused, because a mistyped one would silently leave the live system as it is.

```yaml
integrations:
  sharepoint:
    unlisted_actions: disabled   # not: unlisted_action
```
"
    MissingKey Error "missing-key" "a key that must be there is missing"
"Some keys have no safe default: which platform, which workspace, which OAuth client mode.

```yaml
version: 1
platform: odeus
workspace: acme
integrations: {excel: {oauth: {mode: managed}}}
```
"
    WrongType Error "wrong-type" "text where a list or mapping is meant, or the other way round"
"The value has another shape than the key needs.

```yaml
scopes: [openid, User.Read]   # a list, not: openid User.Read
```
"
    InvalidValue Error "invalid-value" "a word that is not one of the choices"
"The key takes one of a few words, or a value of a certain form.

```yaml
oauth: {mode: managed}   # managed, sync or fixed
```
"
    InvalidName Error "invalid-name" "a name with characters that names do not have"
"Names of workspaces, integrations, resources and verbs have lower-case letters, digits, `-` and `_`; action keys may also
have upper-case letters, `.` and `:`; users are e-mail addresses; OAuth clients and API keys may have any name without `/`.

```yaml
workspace: acme-crm
```
"
    UnsupportedVersion Error "unsupported-version" "a version of the language that this program does not know"
"This program reads version 1. A file with a later version may hold keys whose meaning it would miss.

```yaml
version: 1
```
"
    UnknownPlatform Error "unknown-platform" "a platform that this program does not know"
"The platform decides which keys a document has.

```yaml
platform: odeus
```
"
    InvalidEndpoint Error "invalid-endpoint" "an endpoint that is neither `embedded` nor an address"
"The endpoint is `embedded` or an `https://` address (`http://` for the loopback interface). It holds no user name or
password: the token comes from the environment.

```yaml
endpoint: https://odeus.example.com
```
"
    HeaderMismatch Error "header-mismatch" "two files describe one workspace differently"
"Several files may contribute to a workspace. They must agree about its platform and endpoint.

```yaml
# both files, or only one of them
endpoint: https://odeus.example.com
```
"
    DuplicateDeclaration Error "duplicate-declaration" "the same thing declared in two files"
"Several files may describe the same workspace and even the same integration, but each thing is declared once. Otherwise
the order of the files would decide who has access.

```yaml
# acme/sharepoint.yaml has `create_page`, so no other file has it
integrations: {sharepoint: {actions: {create_page: disabled}}}
```
"
    ConflictingAccess Error "conflicting-access" "two answers to who may use something"
"The platform has one switch and one list. *Everyone* together with a list, or *off* together with a list, cannot exist
there, and choosing one silently would give or take access that nobody reviewed.

```yaml
access: {groups: [content-team]}   # or: everyone, or: nobody
```
"
    EmptyShareList Error "empty-share-list" "shared with nobody in particular"
"An empty list can mean everybody or nobody. Say which.

```yaml
access: nobody                     # for an integration
actions: {create_page: disabled}   # for an action
```
"
    InvalidScope Error "invalid-scope" "a text that is not one OAuth scope"
"A scope is one token without spaces and commas (RFC 6749 section 3.3). Two scopes in one text would be requested as one
scope that does not exist, and the whole sign-in would fail.

```yaml
scopes: [Files.Read.All, User.Read]   # not: \"Files.Read.All User.Read\"
```
"
    ScopePlaceholder Error "scope-placeholder" "a scope with a placeholder that nobody filled in"
"The vendor documents some scopes with a placeholder such as `{organization-url}`. The provider does not know that text;
write the address of your organisation in its place. Actions that declare the placeholder are covered by it.

```yaml
scopes: [\"https://acme.crm4.dynamics.com/user_impersonation\"]
```
"
    Placeholder Error "placeholder" "a text that nobody filled in"
"Values are taken as they are written: `${CLIENT_ID}`, `{{ tenant }}` or `<CLIENT_ID>` would be sent to the platform as they
stand, and a client of that id does not exist. Only secrets come from outside, by a reference.

```yaml
oauth: {mode: sync, client: {id: 91aa07d2, secret: {env: CLIENT_SECRET}}}
```
"
    DuplicateScope Warning "duplicate-scope" "the same scope twice in one list"
"A list of scopes is a set: repeating one changes nothing, and may hide that another one was meant.

```yaml
scopes: [openid, User.Read]
```
"
    FixedWithoutScopes Error "fixed-without-scopes" "fixed mode without a list of scopes"
"In `fixed` mode the list is the source of truth, so there must be one. The platform offers its recommended scopes or your
own list and does not say which wins; say it.

```yaml
oauth: {mode: fixed, client: {id: 91aa07d2}, scopes: recommended}
```
"
    ScopesNotFixed Error "scopes-not-fixed" "a list of scopes in a mode that has none"
"In `managed` and `sync` mode the platform derives the scopes from the enabled actions. A list would be ignored, so it is
refused. The same holds for `substitutes`.

```yaml
oauth: {mode: sync, client: {id: 6f1c2b1e}}   # scopes follow the actions
```
"
    MissingClient Error "missing-client" "an own OAuth client is asked for and not named"
"`sync` and `fixed` use the workspace's own OAuth client, so its id must be given.

```yaml
oauth: {mode: sync, client: {id: 6f1c2b1e, secret: {env: EXCEL_CLIENT_SECRET}}}
```
"
    ClientNotUsed Error "client-not-used" "an own OAuth client in managed mode"
"`managed` means the platform's own client. A client that is named and not used is a misunderstanding about who asks
people for consent.

```yaml
oauth: {mode: managed}
```
"
    LiteralSecret Error "literal-secret" "a secret is written into the file"
"Files are shared, reviewed and kept for ever. A secret that was committed must be considered known: rotate it, then
refer to the new one by environment variable or file. The value is not printed here.

```yaml
client: {id: 6f1c2b1e, secret: {env: EXCEL_CLIENT_SECRET}}
client: {id: 91aa07d2, secret: {file: /run/secrets/onedrive, version: \"2026-10\"}}
```
"
    InvalidSecretReference Error "invalid-secret-reference" "a secret reference that names no place, or two"
"A secret is in one place: an environment variable or a file.

```yaml
secret: {env: EXCEL_CLIENT_SECRET}
```
"
    MissingReason Error "missing-reason" "a claim without a reason"
"`substitutes` and `accept_missing_scopes` say that an action works although scopes are missing, and `revoke` cuts a token
or an API key off. Nothing can check why, so the reason is what a reviewer has.

```yaml
create_folder: {access: everyone, accept_missing_scopes: \"pilot until the new registration, SEC-150\"}
```
"
    UnknownFinding Error "unknown-finding" "a severity for a finding that does not exist"
"Findings are named by their code. A severity for a misspelt code would raise nothing, and nobody would notice.

```yaml
findings: {unknown-scope: blocker}   # not: unkown-scope
```
"
    SignersFile Error "signers-file" "the allowed-signers file cannot be used"
"Approvals are checked with the keys of an allowed-signers file, the format of `ssh-keygen -Y verify` and of git. It is a
regular file in the configuration folder or below it, so that it is reviewed with the rules and is known for every
revision of them. `approvals.signers` is its path below the folder, with `/`.

```yaml
approvals:
  signers: allowed_signers      # not: ../allowed_signers, not: /etc/allowed_signers
  rules: [{when: widening, of: [ana@acme.example]}]
```
"
    InvalidSigners Error "invalid-signers" "a line of the allowed-signers file that cannot be used"
"Each line is `PRINCIPAL [OPTIONS] TYPE BASE64 [COMMENT]`; options are `namespaces`, `valid-after` and `valid-before`. A
line that would be read differently from what was meant is refused rather than passed over: certificate authorities and
patterns of principals, where one key speaks for several people, a key that is listed for two people, and RSA and DSA keys.

```text
ana@acme.example namespaces=\"scopeform-plan\" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA... laptop
```

```yaml
approvals:
  signers: allowed_signers   # the file that holds such lines
  rules: [{when: widening, of: [ana@acme.example]}]
```
"
    UnknownApprover Error "unknown-approver" "a rule names somebody who is no team and has no key"
"A rule about approvals names teams of `approvals.teams` and people. A person is a principal of the allowed-signers file,
written as it is there: upper and lower case are different.

```yaml
approvals:
  signers: allowed_signers
  teams: {security: [ana@acme.example]}
  rules: [{when: widening, of: [security, ben@acme.example]}]
```
"
    TooFewApprovers Error "too-few-approvers" "a rule needs more people than it names"
"A rule that needs two of one person can never be satisfied, and nothing that meets it could be applied. A person counts
once, in however many teams and with however many keys.

```yaml
approvals:
  signers: allowed_signers
  rules: [{when: breakage, of: [ana@acme.example, ben@acme.example], need: 2}]
```
"
    RegoFile Error "rego-file" "a file of Rego rules that is not there"
"`rego` names files below the configuration folder: rules in `.rego`, JSON objects for them in `.json`. `*` stands for any text
within one segment of a path, `**` for any number of segments. A path or a pattern that names nothing is an error: a rule that
is not found would be no rule, and nobody would notice. Files whose names end with `_test.rego` are not among what a pattern
means.

```yaml
rego: [policies/*.rego, policies/guests.json]
```
"
    InvalidRego Error "invalid-rego" "a Rego rule that cannot be used"
"The files are read as Rego v1 and, where they are not that, as Rego v0. Every package in them is asked, and what it says is in
its rules `deny`, `violation` and `warn`, or `deny_...` and so on: sets of messages, each a text or an object with `msg`. Rules
see the plan (`input`) and the data beside them (`data`) and nothing else: there is no network, environment, clock or
randomness, so functions that would ask for one do not exist here. What day it is says `input.today`. Functions may not call
themselves. As a warning: a rule asks `input` for something that no plan has, as rules for terraform's plans do, and would
never speak because of that.

```yaml
rego: [policies/guests.rego]   # deny contains msg if { ... }, not: deny if { ... }
```
"
    MeaninglessRule Error "meaningless-rule" "a rule about approvals that does nothing"
"What no rule asks for needs no approval, so a rule with `need: 0` only looks like one. The same goes for a rule or a team
that names nobody, and for two rules that ask the same people for the same thing.

```yaml
approvals:
  signers: allowed_signers
  rules: [{when: widening, of: [ana@acme.example]}]   # and none for narrowing
```
"
    SeverityLowered Error "severity-lowered" "a severity below the finding's own"
"The files can raise a finding and never lower it: a blocker that a file can turn off protects nobody. `scopeform explain
CODE` names the finding's own severity.

```yaml
findings: {unknown-scope: blocker}   # a warning by itself; `note` would be less
```
"
    SubstituteNotListed Warning "substitute-not-listed" "a substitute whose scope is not in the list"
"A substitute says that a narrower scope is enough. It helps only while that scope is requested, so it must stand in the
list of fixed scopes. Add it there, or remove the substitute.

```yaml
scopes: [openid, Files.Read]
substitutes:
  - {scope: Files.Read, for: [Files.Read.All], actions: [download_file], reason: \"own files only\"}
```
"
    InvalidDate Error "invalid-date" "a date that does not exist"
"Dates are written year, month, day.

```yaml
until: 2027-03-01
```
"
    InvalidGlob Error "invalid-glob" "an action pattern that cannot match"
"A key with `*`, `?` or `[` is a pattern over action keys.

```yaml
actions: {\"list_*\": enabled, \"get_[a-m]*\": disabled}
```
"
    UnknownReference Error "unknown-reference" "a name that the same file does not define"
"A world file is complete: who is in a group or has a connection is one of its users.

```yaml
kind: world
workspaces:
  acme:
    users: {ana@acme.example: admin}
    groups: {content-team: [ana@acme.example]}
```
"
    InvalidDuration Error "invalid-duration" "a duration that is not whole days"
"The platform records the day on which a token was used last, so how long it may be idle is written in whole days or
weeks.

```yaml
tokens: {max_idle: 90d}   # or 12w; not: 3 months
```
"
    ConflictingKey Error "conflicting-key" "two answers to what an API key may do"
"An API key has full access, or exactly the resources of its list, or it is revoked. Two of them side by side cannot both
be meant. Two keys that are delivered to one file are refused too: the second would overwrite the first, and a key is
shown once.

```yaml
api_keys:
  nightly export: {resources: {contacts: read}, deliver: {file: secrets/nightly-export}}
  old import: {revoke: \"replaced by nightly export, SEC-160\"}
```
"
    InvalidProtection Error "invalid-protection" "a protection that could never protect anything"
"`protect` names addresses as plans print them: an integration, OAuth client or API key, and below it what is meant. `*` stands
for any text within one segment. A reason says why, in words.

```yaml
protect:
  - sharepoint                              # everything about it
  - sharepoint/actions/get_*                # also: sharepoint/access, sharepoint/oauth/scopes/User.Read
  - {address: excel/oauth, reason: \"month-end reports, OPS-12\"}
```

On TrustPager:

```yaml
protect:
  - oauth_clients/Claude Connection         # also below it: resources/contacts, verbs/calls, tokens
  - api_keys/nightly export
```
"
    InvalidLimit Error "invalid-limit" "a limit that is not a number, or limits nothing"
"Limits are whole numbers from 0; a share is whole per cent from `0%` to `100%`, with the sign, so that nobody mistakes it for a
count. The plan is stopped by whichever is exceeded first.

```yaml
limits:
  removals: {count: 10, share: 20%}
  people: 50
  broken_actions: 0        # on Odeus, where actions are
```
"
    LadderOrder Error "ladder-order" "a ladder of tiers that does not widen step by step"
"The tiers of a ladder stand from narrow to wide, and each grants all that the one before it grants and something more.
Otherwise nobody could say which of two tiers is the narrower one. What a tier grants decides, not its name.

```yaml
ladders:
  ai:
    - {tier: no_access, label: No Access, grants: {}}
    - {tier: use_with_approval, label: Use with Approval, grants: {use: approval}}
    - {tier: use_automatically, label: Use Automatically, grants: {use: automatic}}
```
"
}
