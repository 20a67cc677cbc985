//! An HTTP proxy that lets clients through to this machine, and tells who came.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// A proxy on 127.0.0.1 that knows `CONNECT`. Wherever a client wants to go, it ends at that port
/// of this machine, or at one for all. Its thread ends with the test's process.
pub struct ConnectProxy {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl ConnectProxy {
    /// Starts it.
    pub fn start() -> Self {
        Self::leading(None)
    }

    /// Starts one that leads every client to this port, whatever name and port it asks for.
    pub fn leading_to(port: u16) -> Self {
        Self::leading(Some(port))
    }

    fn leading(to: Option<u16>) -> Self {
        let listener =
            TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("no port: {error}"));
        let port = listener.local_addr().map_or(0, |address| address.port());
        let heads = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&heads);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let seen = Arc::clone(&seen);
                // A client that leaves in the middle is its own business.
                std::thread::spawn(move || serve(client, to, &seen).ok());
            }
        });
        Self { port, heads }
    }

    /// Its address, for `HTTPS_PROXY`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The same with a name and a password.
    pub fn url_with(&self, userinfo: &str) -> String {
        format!("http://{userinfo}@127.0.0.1:{}", self.port)
    }

    /// The head of every request since the last call: its line and its headers.
    pub fn heads(&self) -> Vec<String> {
        std::mem::take(&mut *self.heads.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn serve(mut client: TcpStream, to: Option<u16>, seen: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut head = String::new();
    while reader.read_line(&mut head)? > 2 {}
    let asked: Option<u16> = head
        .split_whitespace()
        .nth(1)
        .and_then(|target| target.rsplit(':').next())
        .and_then(|port| port.parse().ok());
    let is_connect = head.starts_with("CONNECT ");
    seen.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(head);
    let Some(port) = to.or(asked).filter(|_| is_connect) else {
        return client.write_all(b"HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\n\r\n");
    };
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else {
        return client.write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n");
    };
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let mut to_server = server.try_clone()?;
    let back = std::thread::spawn(move || pass(&mut &server, &mut client));
    let forth = pass(&mut reader, &mut to_server);
    back.join().unwrap_or(Ok(()))?;
    forth
}

fn pass(from: &mut impl Read, to: &mut TcpStream) -> std::io::Result<()> {
    std::io::copy(from, to)?;
    to.shutdown(Shutdown::Write)
}
