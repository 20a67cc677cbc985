//! A server that leaves in the middle of each answer: half of it over HTTP/2, then GOAWAY.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::authority::Authority;

/// The types of frames, RFC 9113 section 6.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;

const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

/// `:status: 200`, as HPACK has it in its table.
const STATUS_200: [u8; 1] = [0x88];
const ENHANCE_YOUR_CALM: [u8; 4] = [0, 0, 0, 0xb];
/// What a client of HTTP/2 sends first has this length.
const PREFACE: usize = 24;

/// Starts it on 127.0.0.1, with these names in its certificate, and returns its port. Its threads
/// end with the process, or with the client. Every answer begins with `half`.
///
/// # Errors
/// When there is no port, or no certificate.
pub fn goaway(authority: &Authority, names: &[String], half: &'static str) -> io::Result<u16> {
    let config = Arc::new(authority.server_config(names)?);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let config = Arc::clone(&config);
            // A client that leaves first is its own business.
            std::thread::spawn(move || serve(client, config, half).ok());
        }
    });
    Ok(port)
}

fn serve(client: TcpStream, config: Arc<ServerConfig>, half: &str) -> io::Result<()> {
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(connection, client);
    stream.read_exact(&mut [0; PREFACE])?;
    send(&mut stream, SETTINGS, 0, [0; 4], &[])?;
    let stream_id = loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head)?;
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        stream.read_exact(&mut vec![0; length])?;
        match head[3] {
            HEADERS => break [head[5], head[6], head[7], head[8]],
            SETTINGS if head[4] & ACK == 0 => send(&mut stream, SETTINGS, ACK, [0; 4], &[])?,
            _ => {}
        }
    };
    send(&mut stream, HEADERS, END_HEADERS, stream_id, &STATUS_200)?;
    send(&mut stream, DATA, 0, stream_id, half.as_bytes())?;
    let last = [stream_id, ENHANCE_YOUR_CALM].concat();
    send(&mut stream, GOAWAY, 0, [0; 4], &last)?;
    stream.conn.send_close_notify();
    stream.flush()
}

fn send(
    stream: &mut impl Write,
    kind: u8,
    flags: u8,
    stream_id: [u8; 4],
    payload: &[u8],
) -> io::Result<()> {
    let length = u32::try_from(payload.len()).map_err(io::Error::other)?;
    stream.write_all(&length.to_be_bytes()[1..])?;
    stream.write_all(&[kind, flags])?;
    stream.write_all(&stream_id)?;
    stream.write_all(payload)?;
    stream.flush()
}
