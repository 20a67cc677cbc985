//! A session bus of the test's own, with a real gnome-keyring on it.

use super::context::TestContext;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Reaches nothing but what the test starts: no service is activated.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=SOCKET</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

const PASSWORD: &str = "keyring-password";

/// How long a daemon may take to come up.
const PATIENCE: Duration = Duration::from_secs(20);

/// A session bus; ends when dropped.
pub struct SessionBus {
    daemon: Child,
    address: String,
}

/// A gnome-keyring on a session bus; ends when dropped.
pub struct TestKeyring {
    daemon: Child,
}

impl SessionBus {
    /// Starts a bus without any service, and points `context` at it.
    pub fn start(context: &mut TestContext) -> Self {
        let socket = context.path("bus");
        let config = BUS.replace("SOCKET", &socket.to_string_lossy());
        let config = context.file("bus.xml", &config);
        let mut command = Command::new("dbus-daemon");
        command
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--print-address"])
            .stderr(Stdio::null())
            .stdout(Stdio::piped());
        let mut daemon = start(command, "dbus");
        let mut address = String::new();
        let stdout = daemon.stdout.take();
        let read = stdout.map(|stdout| BufReader::new(stdout).read_line(&mut address));
        if !matches!(read, Some(Ok(length)) if length > 0) {
            panic!("dbus-daemon told no address");
        }
        let address = address.trim().to_owned();
        context.set("DBUS_SESSION_BUS_ADDRESS", &address);
        Self { daemon, address }
    }

    fn has_secret_service(&self) -> bool {
        let asked = Command::new("dbus-send")
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .args([
                "--session",
                "--dest=org.freedesktop.DBus",
                "--print-reply",
                "/",
            ])
            .args([
                "org.freedesktop.DBus.NameHasOwner",
                "string:org.freedesktop.secrets",
            ])
            .output();
        asked.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("true"))
    }
}

impl TestKeyring {
    /// A keyring that is open, as after signing in to a desktop.
    pub fn unlocked(context: &TestContext, bus: &SessionBus) -> Self {
        Self::start(context, bus, true)
    }

    /// A keyring that is closed, as in a session without a password; it has to have been
    /// open before in the same home directory. Nobody is there to be asked.
    pub fn locked(context: &TestContext, bus: &SessionBus) -> Self {
        Self::start(context, bus, false)
    }

    fn start(context: &TestContext, bus: &SessionBus, unlock: bool) -> Self {
        let mut command = Command::new("gnome-keyring-daemon");
        command
            .args(["--foreground", "--components=secrets"])
            .env_clear()
            .envs(context.environment())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if unlock {
            command.arg("--unlock");
        }
        let mut daemon = start(command, "gnome-keyring libsecret-tools");
        if let Some(mut stdin) = daemon.stdin.take() {
            let _ = stdin.write_all(PASSWORD.as_bytes());
        }
        let deadline = Instant::now() + PATIENCE;
        while !bus.has_secret_service() {
            if Instant::now() > deadline {
                panic!("gnome-keyring-daemon does not come up");
            }
        }
        Self { daemon }
    }

    /// From now on it takes requests and never answers.
    pub fn freeze(&self) {
        signal(&self.daemon, "-STOP");
    }
}

fn start(mut command: Command, packages: &str) -> Child {
    let program = command.get_program().to_string_lossy().into_owned();
    command.spawn().unwrap_or_else(|error| {
        panic!("cannot start {program}: {error}; install it with: apt-get install -y {packages}")
    })
}

fn signal(process: &Child, signal: &str) {
    let pid = process.id().to_string();
    let sent = Command::new("kill").args([signal, &pid]).status();
    if !sent.is_ok_and(|status| status.success()) {
        panic!("cannot send {signal} to process {pid}");
    }
}

impl Drop for TestKeyring {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

impl Drop for SessionBus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}
