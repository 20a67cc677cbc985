//! How an account is shown.

use super::client::{Account, Organization};
use crate::cli::{Report, Table};

impl Report for Account {
    fn table(&self, wide: bool) -> Table {
        Table::of(std::slice::from_ref(self), wide)
            .col("ID", |account| &account.id)
            .col("USERNAME", |account| &account.username)
            .col("EMAIL", |account| &account.email)
            .col("ORGANIZATION", organization)
            .table()
    }

    fn names(&self) -> Vec<String> {
        vec![format!("account/{}", self.id)]
    }
}

/// Its name and its id, as far as Red Hat tells them.
fn organization(account: &Account) -> String {
    match &account.organization {
        None => String::new(),
        Some(Organization { id, name }) if name.is_empty() => id.clone(),
        Some(Organization { id, name }) => format!("{name} ({id})"),
    }
}
