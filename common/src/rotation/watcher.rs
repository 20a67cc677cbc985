//! Who looks on while a rotation runs.

use crate::progress::Progress;
use std::pin::Pin;

/// An answer that is waited for.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Option<bool>> + 'a>>;

/// Is told what happens, and decides where a person has to.
pub trait Watcher {
    /// A step begins.
    fn step(&self, text: &str);
    /// Something a person should know.
    fn warn(&self, text: &str);
    /// Where long work shows how far it is.
    fn progress(&self) -> &dyn Progress;
    /// Asks whether to go on; `None` where nobody can be asked.
    fn ask<'a>(&'a self, question: &'a str) -> Answer<'a>;
}
