//! `kubectl quay-robot rotate`: at no moment does a secret hold a dead token, whatever
//! happens on the way, and the same command always brings it to its end.

mod answers;
mod as_kubelets_read;
mod bridge;
mod calls;
mod clocks;
mod clusters;
mod concurrent;
mod follow_up;
mod global;
mod in_place;
mod killed;
mod preview;
mod refused;
mod rehearsal;
pub mod resumed;
mod rights;
mod settle;
mod shared;
mod trust;
mod turn;
pub mod world;
