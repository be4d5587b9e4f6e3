//! One integration, or the workspace's own switch, on its way through a run: the machine that made the plan goes along, and
//! what the platform shows is held against it, field by field.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::adapter::context;
use super::catalog;
use super::event;
use super::machine::Machine;
use super::operation::Operation;
use super::state::{Directory, IntegrationState, LiveIntegration, Snapshot};
use super::value;
use crate::apply::{self, Difference};
use crate::model::{ActionKey, Address, IntegrationKey, Principal, ScopeSet};

/// What an answer shows of what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// The workspace's own switch. Where the workspace runs is no setting of it.
    NewActions {
        /// The seed's *New actions enabled by default*.
        enabled: bool,
    },
    /// The integration as the admins have it now.
    Integration(IntegrationState),
}

/// One unit on its way.
#[derive(Debug)]
pub enum Course<'s> {
    /// The workspace's own switch.
    NewActions {
        /// Where the writes so far leave it.
        enabled: bool,
    },
    /// An integration.
    Integration(Box<Way<'s>>),
}

/// One integration on its way.
#[derive(Debug)]
pub struct Way<'s> {
    key: IntegrationKey,
    live: &'s LiveIntegration,
    directory: &'s Directory,
    machine: Machine<'s>,
}

impl<'s> apply::Course<'s> for Course<'s> {
    type Snapshot = Snapshot;
    type Operation = Operation;
    type Resource = Resource;

    fn of(operation: &Operation, snapshot: &'s Snapshot) -> Option<Self> {
        match operation {
            Operation::SetNewActionsDefault { .. } => {
                Some(Self::NewActions { enabled: snapshot.settings.new_actions_enabled_by_default })
            }
            Operation::Integration { integration, .. } => {
                let live = snapshot.integrations.get(integration)?;
                let (context, state) = context(snapshot, integration)?;
                let machine = Machine::new(context, state.clone());
                let (key, directory) = (integration.clone(), &snapshot.directory);
                Some(Self::Integration(Box::new(Way { key, live, directory, machine })))
            }
        }
    }

    fn go(&mut self, operation: &Operation) -> Result<(), String> {
        match (self, operation) {
            (Self::NewActions { enabled: now }, Operation::SetNewActionsDefault { enabled }) => {
                *now = *enabled;
                Ok(())
            }
            (Self::Integration(way), Operation::Integration { integration, change })
                if way.key == *integration =>
            {
                way.machine.step(change).map(drop).map_err(|rejected| rejected.to_string())
            }
            _ => Err("the operation is not about this unit".to_owned()),
        }
    }

    fn answered(&self, shown: &Resource) -> Vec<Difference> {
        match (self, shown) {
            (Self::NewActions { enabled }, Resource::NewActions { enabled: shown }) => {
                switch(*enabled, *shown)
            }
            (Self::Integration(way), Resource::Integration(shown)) => {
                way.unlike(&way.live.facts, way.machine.state(), shown)
            }
            (Self::NewActions { .. }, Resource::Integration(_)) => {
                apply::elsewhere(&Address::workspace())
            }
            (Self::Integration(way), Resource::NewActions { .. }) => apply::elsewhere(&way.unit()),
        }
    }

    fn settled(&self, reading: &Snapshot) -> Vec<Difference> {
        match self {
            Self::NewActions { enabled } => {
                switch(*enabled, reading.settings.new_actions_enabled_by_default)
            }
            Self::Integration(way) => match reading.integrations.get(&way.key) {
                None => way.gone(),
                Some(now) => {
                    let mut found = way.unlike(&way.live.facts, way.machine.state(), &now.state);
                    // A publication moves the version token too, and what the next write does may follow from it.
                    if !same(&now.facts, &way.live.facts) {
                        let address = way.unit();
                        let planned = json!("the actions and scopes that the vendor had published");
                        let live = json!("what the vendor has published since");
                        found.push(Difference { address, planned, live });
                    }
                    found
                }
            },
        }
    }

    fn ended(&self, end: &Snapshot) -> Vec<Difference> {
        let way = match self {
            Self::NewActions { enabled } => {
                return switch(*enabled, end.settings.new_actions_enabled_by_default);
            }
            Self::Integration(way) => way,
        };
        let Some(now) = end.integrations.get(&way.key) else { return way.gone() };
        let mut expected = way.machine.state().clone();
        // What happens without anybody planning it is no difference: it is carried out here too.
        if !same(&now.facts, &way.live.facts) {
            expected = event::publish(&now.facts, &expected, &end.settings);
        }
        for gone in departed(way.directory, &end.directory) {
            expected = event::principal_removed(&now.facts, &expected, &gone);
        }
        way.unlike(&now.facts, &expected, &now.state)
    }
}

impl Way<'_> {
    fn unit(&self) -> Address {
        Address::of(&[self.key.as_str()])
    }

    fn gone(&self) -> Vec<Difference> {
        let (planned, live) = (json!("the integration"), Value::Null);
        vec![Difference { address: self.unit(), planned, live }]
    }

    /// Returns the fields in which an integration is not as expected.
    fn unlike(
        &self,
        facts: &catalog::Integration,
        expected: &IntegrationState,
        shown: &IntegrationState,
    ) -> Vec<Difference> {
        // Nearly always.
        if expected == shown {
            return Vec::new();
        }
        let unit = self.unit();
        let mut found = Vec::new();
        let mut line = |address: Address, planned: Value, live: Value| {
            if planned != live {
                found.push(Difference { address, planned, live });
            }
        };
        line(unit.child("access"), value::access(&expected.access), value::access(&shown.access));
        let actions = unit.child("actions");
        let keys: BTreeSet<&ActionKey> =
            expected.actions.keys().chain(shown.actions.keys()).collect();
        for key in keys {
            // What is stored of a native action, which is always on, tells nothing.
            if facts.actions.get(key).is_some_and(|action| action.native) {
                continue;
            }
            let of = |state: &IntegrationState| {
                state.actions.get(key).map_or(Value::Null, value::action)
            };
            line(actions.child(key.as_str()), of(expected), of(shown));
        }
        // The list has a line of its own.
        let client = |state: &IntegrationState| value::client(&state.client, &ScopeSet::new());
        line(unit.oauth(), client(expected), client(shown));
        let (planned, live) = (value::scopes(&expected.requested), value::scopes(&shown.requested));
        line(unit.oauth().child("requested_scopes"), planned, live);
        found
    }
}

/// Returns whether both say the same; the same text in memory most of the time.
fn same(one: &Arc<catalog::Integration>, two: &Arc<catalog::Integration>) -> bool {
    Arc::ptr_eq(one, two) || one == two
}

fn switch(planned: bool, live: bool) -> Vec<Difference> {
    let address = Operation::SetNewActionsDefault { enabled: planned }.address();
    let difference = Difference { address, planned: json!(planned), live: json!(live) };
    if planned == live { Vec::new() } else { vec![difference] }
}

/// Returns the users and groups that are not there any more.
fn departed(before: &Directory, after: &Directory) -> Vec<Principal> {
    let users = before.users.keys().filter(|user| !after.users.contains_key(*user));
    let groups = before.groups.keys().filter(|group| !after.groups.contains_key(*group));
    users.cloned().map(Principal::User).chain(groups.cloned().map(Principal::Group)).collect()
}
