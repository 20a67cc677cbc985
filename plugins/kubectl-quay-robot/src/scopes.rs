//! A token's scopes as people read them.

use quay_common::cli::Table;
use quay_common::quay::ScopeReport;

/// One row a scope.
pub fn table(report: &ScopeReport) -> Table {
    Table::of(&report.scopes, false)
        .col("SCOPE", |scope| scope.name)
        .col("HELD", |scope| scope.held.as_str())
        .col("NEEDED FOR", |scope| scope.needed_for)
        .table()
}
