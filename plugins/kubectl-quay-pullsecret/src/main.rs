//! `kubectl-quay-pullsecret`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    kubectl_quay_pullsecret::main()
}
