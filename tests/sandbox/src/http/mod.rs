//! What both stand-ins share: a certificate authority, a loopback server, its
//! request log, and the faults it can be told to make.

mod authority;
mod drip;
mod faults;
mod goaway;
mod hold;
mod log;
mod proxy;
mod serve;
mod server;

pub use authority::Authority;
pub use drip::drip;
pub use faults::{Fault, FaultAction, Faults, Pieces};
pub use goaway::goaway;
pub use hold::Hold;
pub use log::{Recorded, RequestLog};
pub use proxy::Proxy;
pub use server::{Server, ServerOptions};
