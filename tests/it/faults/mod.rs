//! Whatever goes wrong at whichever call: the fault matrix, the budget, kill -9, and two applies at once.

mod answers;
mod budget;
mod gateway;
mod laws;
mod lies;
mod matrix;
mod odeus;
mod patience;
mod program;
mod proxy;
mod shared_budget;
pub(crate) mod stage;
pub(crate) mod trustpager;

use scopeform::plan::ApiCost;

use stage::{Plane, Runner, Stage};

/// What the plan of a workspace says that it costs.
fn cost<S: Stage>(plane: &Plane<S>, workspace: &str) -> ApiCost {
    let url = format!("http://{}", plane.address);
    Runner::new(plane, workspace).plan(&url).0.observed.api_cost
}

/// What is live, as the planner sees it.
fn snapshot<S: Stage>(plane: &Plane<S>, workspace: &str) -> S::Snapshot {
    let url = format!("http://{}", plane.address);
    Runner::new(plane, workspace).plan(&url).1
}
