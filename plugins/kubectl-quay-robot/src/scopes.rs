//! A token's scopes as people read them.

use quay_common::cli::Table;
use quay_common::quay::ScopeReport;

/// One row a scope.
pub fn table(report: &ScopeReport) -> Table {
    let mut table = Table::new(["SCOPE", "HELD", "NEEDED FOR"]);
    for scope in &report.scopes {
        table.row([scope.name, scope.held.as_str(), scope.needed_for]);
    }
    table
}
