//! The kubelet's own code, asked line by line.

use quay_kubelet::{Answer, Question};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Where `cargo xtask test` says the control plane of `tests/controlplane` is.
const CONTROL_PLANE: &str = "QUAY_TEST_CONTROLPLANE";

/// A process of `controlplane kubelet-credentials`, which ends with its stdin.
pub struct Kubelet {
    process: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    version: String,
}

impl Kubelet {
    /// Starts it; `None`, and a remark, where nobody built it.
    pub fn start() -> Option<Self> {
        let Some(binary) = std::env::var_os(CONTROL_PLANE) else {
            println!(
                "generated cases were not held to the kubelet's own code: {CONTROL_PLANE} is not set"
            );
            return None;
        };
        let version = Command::new(&binary).arg("--version").output().unwrap();
        let version = String::from_utf8(version.stdout).unwrap().trim().to_owned();
        let mut process = Command::new(&binary)
            .arg("kubelet-credentials")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // It logs each key that is no address.
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (questions, answers) = (process.stdin.take(), process.stdout.take().unwrap());
        Some(Self {
            process,
            questions,
            answers: BufReader::new(answers),
            version,
        })
    }

    /// The Kubernetes version of the code.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What the kubelet would do.
    pub fn ask(&mut self, question: &Question) -> Answer {
        let mut line = serde_json::to_vec(question).unwrap();
        line.push(b'\n');
        self.questions.as_mut().unwrap().write_all(&line).unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap()
    }
}

impl Drop for Kubelet {
    fn drop(&mut self) {
        drop(self.questions.take());
        let _ = self.process.wait();
    }
}
