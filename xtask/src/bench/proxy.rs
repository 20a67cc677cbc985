//! A TCP proxy that makes a server far away: later, but no slower.

use anyhow::Result;
use std::net::Ipv4Addr;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// A proxy on 127.0.0.1 with a thread of its own; stops when dropped.
pub struct DelayProxy {
    port: u16,
    round_trip: Duration,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl DelayProxy {
    /// Delays everything to and from `server` by half of `round_trip`, and what a client
    /// says first by a whole one, as the TCP handshake would.
    pub fn start(server: (String, u16), round_trip: Duration) -> Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = accept(listener, server, round_trip) => {}
                    _ = stopped => {}
                }
            });
        });
        Ok(Self {
            port,
            round_trip,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn round_trip(&self) -> Duration {
        self.round_trip
    }
}

impl Drop for DelayProxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(
    listener: std::net::TcpListener,
    server: (String, u16),
    round_trip: Duration,
) -> std::io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (client, _) = listener.accept().await?;
        let server = server.clone();
        tokio::spawn(async move {
            let Ok(upstream) = TcpStream::connect((server.0.as_str(), server.1)).await else {
                return;
            };
            // A delay of the kernel's making must not come on top of ours.
            let _ = client.set_nodelay(true);
            let _ = upstream.set_nodelay(true);
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = upstream.into_split();
            let one_way = round_trip / 2;
            tokio::join!(
                pass(from_client, to_server, one_way, round_trip),
                pass(from_server, to_client, one_way, Duration::ZERO),
            );
        });
    }
}

/// Passes bytes on when they are due; reading never waits for writing.
async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    delay: Duration,
    first_more: Duration,
) {
    let (sender, mut receiver) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let read = async move {
        let mut more = first_more;
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            let due = Instant::now() + delay + more;
            more = Duration::ZERO;
            if sender.send((due, buffer[..length].to_vec())).is_err() {
                break;
            }
        }
    };
    let write = async move {
        while let Some((due, bytes)) = receiver.recv().await {
            tokio::time::sleep_until(due).await;
            if to.write_all(&bytes).await.is_err() {
                break;
            }
        }
        let _ = to.shutdown().await;
    };
    tokio::join!(read, write);
}
