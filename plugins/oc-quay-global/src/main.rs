//! `oc-quay-global`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    oc_quay_global::main()
}
