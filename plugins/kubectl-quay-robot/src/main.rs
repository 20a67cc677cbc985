//! `kubectl-quay-robot`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    kubectl_quay_robot::main()
}
