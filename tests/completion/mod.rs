//! What TAB offers, asked of kubectl.

#![cfg(unix)]

mod asking;
mod global;
mod pullsecret;
mod robot;
