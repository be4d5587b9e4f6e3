//! A platform as the command line uses it: what to plan with, what to read and write with. One implementation per
//! platform, and every command is written once.

use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;

use super::args::ExportTable;
use super::commands;
use super::git;
use super::secret::Secrets;
use super::ui::Failure;
use crate::apply::{Adapter, Inverse, Unrestored};
use crate::config::{Config, Desired};
use crate::diag::Problem;
use crate::model::{Address, WorkspaceId};
use crate::plan::assemble::Inputs;
use crate::plan::{Bound, Plan, PlannedOperation};
use crate::platform::Found;
use crate::platform::http::Http;
use crate::platform::provider::{Read, Write};
use crate::platform::trustpager::deliver::Deliver as _;
use crate::platform::{odeus, trustpager};
use crate::render::palette::Palette;
use crate::snapshot::{self, Book, Content, Impostor, Known, Nameless, Names};

/// A platform.
pub(super) trait Product {
    /// What apply knows of it.
    type Adapter: Adapter<Snapshot = Self::Snapshot, Operation = Self::Operation>;
    /// What one read returns.
    type Snapshot;
    /// One write.
    type Operation;
    /// What the files ask for.
    type Desired;
    /// Reads and writes it.
    type Client: Read<Snapshot = Self::Snapshot>
        + Write<Operation = Self::Operation, Resource = <Self::Adapter as Adapter>::Resource>;

    /// Returns the wishes of a configuration, or `None` when it is for another platform.
    fn desired(config: &Config) -> Option<&Self::Desired>;

    /// Returns the units that the files declare: what `--target` may name.
    fn units(desired: &Self::Desired) -> Vec<Address>;

    /// Returns every address of the workspace that a protection may name.
    fn addresses(snapshot: &Self::Snapshot) -> Vec<Address>;

    /// Returns the addresses under earlier or other names that the vendor knows, each with the present one.
    fn renamed(snapshot: &Self::Snapshot) -> Vec<(Address, Address)>;

    /// Returns a client of one workspace.
    fn client(
        http: Arc<Http>,
        workspace: WorkspaceId,
        secrets: Secrets,
        root: &Path,
    ) -> Self::Client;

    /// Plans.
    fn plan(
        desired: &Self::Desired,
        snapshot: &Self::Snapshot,
        inputs: Inputs<'_>,
    ) -> (Option<Plan>, Vec<Problem>);

    /// Returns what is live as `status` prints it: everything in short, or one integration or client in full.
    ///
    /// # Errors
    /// When there is no `only`.
    fn status(
        snapshot: &Self::Snapshot,
        only: Option<&str>,
        shown: Shown,
    ) -> Result<String, Failure>;

    /// Returns a table of what is live as CSV.
    ///
    /// # Errors
    /// When the platform has no such table.
    fn export(
        snapshot: &Self::Snapshot,
        table: ExportTable,
        today: Date,
    ) -> Result<String, Failure>;

    /// Returns the wishes that lead back from a run that found `found` and did `applied`; `files` are what the files ask
    /// for, and their folder.
    fn inverse(
        found: &[&Found],
        applied: &[&PlannedOperation],
        snapshot: &Self::Snapshot,
        files: (&Self::Desired, &Path),
        reason: &str,
    ) -> Inverse<Self::Desired>;

    /// Returns what else is not as it was once the plan of an inverse has been carried out.
    fn unrestored(
        found: &[&Found],
        applied: &[&PlannedOperation],
        snapshot: &Self::Snapshot,
        plan: &Bound,
        inverse: &Inverse<Self::Desired>,
    ) -> Vec<Unrestored>;

    /// Returns what is live once a plan has been carried out.
    fn after(plan: &Bound, snapshot: &Self::Snapshot) -> Self::Snapshot;

    /// Returns every name in a configuration, and every name in a workspace, that a snapshot has a pseudonym for.
    fn written(desired: &Self::Desired) -> Names;
    /// See [`Product::written`].
    fn names(snapshot: &Self::Snapshot) -> Names;

    /// Returns what a snapshot file holds of a workspace.
    ///
    /// # Errors
    /// When a name is not in the book; that is a bug.
    fn redact(snapshot: &Self::Snapshot, book: &Book) -> Result<Content, Nameless>;

    /// Returns the workspace that a snapshot file holds; `None` when it is of another platform.
    ///
    /// # Errors
    /// When a pseudonym is written in the files as a name.
    fn restore(
        content: &Content,
        workspace: &WorkspaceId,
        known: &Known,
    ) -> Result<Option<Self::Snapshot>, Impostor>;

    /// Returns what is below `root` that planning cannot see, each with what to do about it: what is in the way of this
    /// plan, and what a run left that was ended.
    fn at_the_place(desired: &Self::Desired, snapshot: &Self::Snapshot, root: &Path)
    -> Vec<String>;
}

/// How `status` is printed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    /// As JSON.
    pub(super) json: bool,
    /// With colour or not.
    pub(super) palette: Palette,
    /// The date (UTC), for what is idle.
    pub(super) today: Date,
}

/// Odeus.
#[derive(Debug)]
pub(super) struct Odeus;

impl Product for Odeus {
    type Adapter = odeus::adapter::Odeus;
    type Snapshot = odeus::state::Snapshot;
    type Operation = odeus::operation::Operation;
    type Desired = odeus::desired::Desired;
    type Client = odeus::client::OdeusClient;

    fn desired(config: &Config) -> Option<&Self::Desired> {
        match &config.desired {
            Desired::Odeus(desired) => Some(desired),
            Desired::Trustpager(_) => None,
        }
    }

    fn units(desired: &Self::Desired) -> Vec<Address> {
        desired.integrations.keys().map(|key| Address::of(&[key.as_str()])).collect()
    }

    fn addresses(snapshot: &Self::Snapshot) -> Vec<Address> {
        odeus::loss::addresses(snapshot)
    }

    fn renamed(snapshot: &Self::Snapshot) -> Vec<(Address, Address)> {
        odeus::loss::renamed(snapshot)
    }

    fn client(http: Arc<Http>, workspace: WorkspaceId, secrets: Secrets, _: &Path) -> Self::Client {
        odeus::client::OdeusClient::new(http, workspace, secrets)
    }

    fn plan(
        desired: &Self::Desired,
        snapshot: &Self::Snapshot,
        inputs: Inputs<'_>,
    ) -> (Option<Plan>, Vec<Problem>) {
        odeus::planner::plan(desired, snapshot, inputs)
    }

    fn status(
        snapshot: &Self::Snapshot,
        only: Option<&str>,
        shown: Shown,
    ) -> Result<String, Failure> {
        commands::status::of_odeus(snapshot, only, shown)
    }

    fn export(snapshot: &Self::Snapshot, table: ExportTable, _: Date) -> Result<String, Failure> {
        commands::export::of_odeus(snapshot, table)
    }

    fn inverse(
        found: &[&Found],
        applied: &[&PlannedOperation],
        snapshot: &Self::Snapshot,
        (wishes, _): (&Self::Desired, &Path),
        reason: &str,
    ) -> Inverse<Self::Desired> {
        odeus::inverse::inverse(&Self::found(found), applied, snapshot, wishes, reason)
    }

    fn unrestored(
        found: &[&Found],
        applied: &[&PlannedOperation],
        snapshot: &Self::Snapshot,
        plan: &Bound,
        inverse: &Inverse<Self::Desired>,
    ) -> Vec<Unrestored> {
        odeus::inverse::unrestored(&Self::found(found), applied, snapshot, plan, inverse)
    }

    fn after(plan: &Bound, snapshot: &Self::Snapshot) -> Self::Snapshot {
        odeus::adapter::after(plan, snapshot)
    }

    fn written(desired: &Self::Desired) -> Names {
        snapshot::odeus::written(desired)
    }

    fn names(snapshot: &Self::Snapshot) -> Names {
        snapshot::odeus::names(snapshot)
    }

    fn redact(snapshot: &Self::Snapshot, book: &Book) -> Result<Content, Nameless> {
        snapshot::odeus::redact(snapshot, book).map(Content::Odeus)
    }

    fn restore(
        content: &Content,
        workspace: &WorkspaceId,
        known: &Known,
    ) -> Result<Option<Self::Snapshot>, Impostor> {
        match content {
            Content::Odeus(content) => {
                snapshot::odeus::restore(content, workspace, known).map(Some)
            }
            Content::Trustpager(_) => Ok(None),
        }
    }

    fn at_the_place(_: &Self::Desired, _: &Self::Snapshot, _: &Path) -> Vec<String> {
        Vec::new()
    }
}

impl Odeus {
    fn found<'f>(found: &[&'f Found]) -> Vec<&'f odeus::inverse::Found> {
        let own = found.iter().filter_map(|one| match one {
            Found::Odeus(found) => Some(found),
            Found::Trustpager(_) => None,
        });
        own.collect()
    }
}

/// TrustPager.
#[derive(Debug)]
pub(super) struct Trustpager;

impl Product for Trustpager {
    type Adapter = trustpager::adapter::Trustpager;
    type Snapshot = trustpager::state::Snapshot;
    type Operation = trustpager::operation::Operation;
    type Desired = trustpager::desired::Desired;
    type Client = trustpager::client::TrustpagerClient;

    fn desired(config: &Config) -> Option<&Self::Desired> {
        match &config.desired {
            Desired::Odeus(_) => None,
            Desired::Trustpager(desired) => Some(desired),
        }
    }

    fn units(desired: &Self::Desired) -> Vec<Address> {
        let clients =
            desired.clients.keys().map(|name| Address::of(&["oauth_clients", name.as_str()]));
        clients
            .chain(desired.keys.keys().map(|name| Address::of(&["api_keys", name.as_str()])))
            .collect()
    }

    fn addresses(snapshot: &Self::Snapshot) -> Vec<Address> {
        trustpager::loss::addresses(snapshot)
    }

    fn renamed(snapshot: &Self::Snapshot) -> Vec<(Address, Address)> {
        trustpager::loss::renamed(snapshot)
    }

    fn client(http: Arc<Http>, workspace: WorkspaceId, _: Secrets, root: &Path) -> Self::Client {
        // The value of a new key goes to the file that the files name, relative to their folder.
        let deliver = trustpager::deliver::Files::below(root.to_owned());
        trustpager::client::TrustpagerClient::new(http, workspace, Box::new(deliver))
    }

    fn plan(
        desired: &Self::Desired,
        snapshot: &Self::Snapshot,
        inputs: Inputs<'_>,
    ) -> (Option<Plan>, Vec<Problem>) {
        trustpager::planner::plan(desired, snapshot, inputs)
    }

    fn status(
        snapshot: &Self::Snapshot,
        only: Option<&str>,
        shown: Shown,
    ) -> Result<String, Failure> {
        commands::status::of_trustpager(snapshot, only, shown)
    }

    fn export(
        snapshot: &Self::Snapshot,
        table: ExportTable,
        today: Date,
    ) -> Result<String, Failure> {
        Ok(commands::export::of_trustpager(snapshot, table, today))
    }

    fn inverse(
        found: &[&Found],
        applied: &[&PlannedOperation],
        snapshot: &Self::Snapshot,
        (_, root): (&Self::Desired, &Path),
        reason: &str,
    ) -> Inverse<Self::Desired> {
        let own = found.iter().filter_map(|one| match one {
            Found::Odeus(_) => None,
            Found::Trustpager(found) => Some(found),
        });
        let files = trustpager::deliver::Files::below(root.to_owned());
        let holds = |place: &str| files.holds(place);
        let own: Vec<_> = own.collect();
        trustpager::inverse::inverse(&own, applied, snapshot, (reason, &holds))
    }

    fn unrestored(
        _: &[&Found],
        _: &[&PlannedOperation],
        _: &Self::Snapshot,
        _: &Bound,
        _: &Inverse<Self::Desired>,
    ) -> Vec<Unrestored> {
        // Tiers and verbs come back exactly or are named by the inverse: nothing follows from anything else here.
        Vec::new()
    }

    fn after(plan: &Bound, snapshot: &Self::Snapshot) -> Self::Snapshot {
        trustpager::adapter::after(plan, snapshot)
    }

    fn written(desired: &Self::Desired) -> Names {
        snapshot::trustpager::written(desired)
    }

    fn names(snapshot: &Self::Snapshot) -> Names {
        snapshot::trustpager::names(snapshot)
    }

    fn redact(snapshot: &Self::Snapshot, book: &Book) -> Result<Content, Nameless> {
        snapshot::trustpager::redact(snapshot, book).map(Content::Trustpager)
    }

    fn restore(
        content: &Content,
        workspace: &WorkspaceId,
        known: &Known,
    ) -> Result<Option<Self::Snapshot>, Impostor> {
        match content {
            Content::Odeus(_) => Ok(None),
            Content::Trustpager(content) => {
                snapshot::trustpager::restore(content, workspace, known).map(Some)
            }
        }
    }

    fn at_the_place(
        desired: &Self::Desired,
        snapshot: &Self::Snapshot,
        root: &Path,
    ) -> Vec<String> {
        use trustpager::desired::DesiredKey;
        let mut left = Vec::new();
        for (name, key) in &desired.keys {
            let (DesiredKey::FullAccess { deliver } | DesiredKey::Custom { deliver, .. }) = key
            else {
                continue;
            };
            let Some(place) = deliver else { continue };
            if !snapshot.keys.contains_key(name) {
                let why = trustpager::deliver::obstacle(root, place);
                // A folder that has to be made gets a rule of its own that keeps it out.
                let exposed = why.is_none() && git::would_take(&root.join(place));
                left.extend(why.map(|why| {
                    format!("the value of the new API key `{name}` has nowhere to go: {why}")
                }));
                if exposed {
                    left.push(format!(
                        "the value of the new API key `{name}` goes to {place}, which git does not ignore, so the next commit may hold it; name a file below .scopeform/, or have git ignore this one"
                    ));
                }
            } else if trustpager::deliver::is_left_behind(root, place) {
                left.push(format!(
                    "the API key `{name}` exists and {place} is empty: a run was ended before the value came, which is lost; revoke the key and create it again"
                ));
            }
        }
        left
    }
}
