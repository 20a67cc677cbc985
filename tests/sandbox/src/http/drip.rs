//! A server that answers a byte at a time, the head of its answer too.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::authority::Authority;

/// Starts it on 127.0.0.1, with these names in its certificate, and returns its port. Its threads
/// end with the process, or with the client.
///
/// # Errors
/// When there is no port, or no certificate.
pub fn drip(authority: &Authority, names: &[String], every: Duration) -> io::Result<u16> {
    let mut config = authority.server_config(names)?;
    config.alpn_protocols.clear();
    let config = Arc::new(config);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let config = Arc::clone(&config);
            // A client that leaves is what the test waits for.
            std::thread::spawn(move || serve(client, config, every).ok());
        }
    });
    Ok(port)
}

fn serve(client: TcpStream, config: Arc<ServerConfig>, every: Duration) -> io::Result<()> {
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(connection, client);
    // The beginning of a request is request enough.
    stream.read_exact(&mut [0; 16])?;
    stream.write_all(b"HTTP/1.1 200 OK\r\nx-drip: ")?;
    loop {
        stream.write_all(b"x")?;
        stream.flush()?;
        std::thread::sleep(every);
    }
}
