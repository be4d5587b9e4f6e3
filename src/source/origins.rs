//! Where each declared address stands. Changes and findings carry addresses; this is how a renderer finds the line.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::Origin;
use crate::model::Address;

/// The place of every declared address of one workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins {
    places: BTreeMap<Address, Origin>,
}

impl Origins {
    /// Returns where `address` is declared: the line itself, or the nearest line above it in the tree.
    #[must_use]
    pub fn get(&self, address: &Address) -> Option<Origin> {
        let mut path = address.as_str();
        loop {
            if let Some(origin) = self.places.get(&Address::of(&[path])) {
                return Some(*origin);
            }
            (path, _) = path.rsplit_once('/')?;
        }
    }

    /// Returns where `address` itself is declared.
    #[must_use]
    pub fn exact(&self, address: &Address) -> Option<Origin> {
        self.places.get(address).copied()
    }

    /// Iterates all declared addresses in address order.
    pub fn iter(&self) -> impl Iterator<Item = (&Address, Origin)> {
        self.places.iter().map(|(address, origin)| (address, *origin))
    }

    /// Remembers the first place of something that several files may open, such as an integration.
    pub fn note(&mut self, address: Address, origin: Origin) {
        self.places.entry(address).or_insert(origin);
    }

    /// Remembers the only place of something that may be declared once.
    ///
    /// # Errors
    ///
    /// Returns the earlier place when there is one.
    pub fn declare(&mut self, address: Address, origin: Origin) -> Result<(), Origin> {
        match self.places.entry(address) {
            Entry::Vacant(free) => {
                free.insert(origin);
                Ok(())
            }
            Entry::Occupied(taken) => Err(*taken.get()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{SourceMap, Span};

    #[test]
    fn an_address_without_a_line_falls_back_to_the_nearest_one_above() {
        let file = SourceMap::new().add("a.yaml", "");
        let at = |n| Origin { file, span: Span::new(n, n + 1) };
        let mut origins = Origins::default();
        origins.note(Address::of(&["excel"]), at(1));
        origins.note(Address::of(&["excel", "oauth"]), at(2));
        for (path, want) in [
            ("excel/oauth", Some(at(2))),
            ("excel/oauth/scopes/https://graph.example/Files.Read", Some(at(2))),
            ("excel/actions/add_sheet", Some(at(1))),
            ("excellent", None),
            ("sharepoint/oauth", None),
        ] {
            assert_eq!(origins.get(&Address::of(&[path])), want, "{path}");
        }
        assert_eq!(origins.declare(Address::of(&["excel"]), at(9)), Err(at(1)));
    }
}
