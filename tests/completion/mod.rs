//! What TAB offers, asked of kubectl.

#![cfg(unix)]

mod asking;
mod pullsecret;
mod robot;
