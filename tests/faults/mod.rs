//! What becomes of runs that are killed, refused, cut off or raced: a proxy in front of the
//! cluster fails at exactly one request, and the promise is that nothing is lost and that
//! the same command, run again, brings everything about.

mod answers;
mod any_moment;
mod kill;
mod killed_references;
mod killed_sync;
mod quay;
mod replaced;
mod signals;
mod world;
mod writers;
