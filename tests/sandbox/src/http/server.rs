//! A server on loopback with a thread of its own.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use axum::{Json, Router};
use serde_json::Value;
use tokio::runtime;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use super::authority::Authority;
use super::faults::Faults;
use super::log::RequestLog;
use super::serve::{self, Shared};

/// How a server is reached.
#[derive(Default)]
pub struct ServerOptions {
    /// Who signs the server's certificate; `None` means plain HTTP.
    pub authority: Option<Arc<Authority>>,
    /// Names for the certificate besides `localhost`, `127.0.0.1` and `::1`.
    pub names: Vec<String>,
    /// Where it listens; `None` means 127.0.0.1.
    pub address: Option<Ipv4Addr>,
    /// The port there; 0 takes a free one.
    pub port: u16,
    /// Latency added to every request, half before and half after it is carried out.
    pub delay: Duration,
}

/// A server with its own thread and runtime; stops when dropped.
pub struct Server {
    port: u16,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts serving `router`, over HTTP/1.1 and, as ALPN decides, HTTP/2.
    ///
    /// # Errors
    /// When the port is taken, or the certificate or the thread cannot be made.
    pub fn start(router: Router, options: ServerOptions) -> io::Result<Self> {
        let acceptor = match &options.authority {
            Some(authority) => {
                let config = authority.server_config(&options.names)?;
                Some(TlsAcceptor::from(Arc::new(config)))
            }
            None => None,
        };
        let listener =
            TcpListener::bind((options.address.unwrap_or(Ipv4Addr::LOCALHOST), options.port))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            router,
            log: RequestLog::default(),
            faults: Faults::default(),
            delay: options.delay,
        });
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let serving = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name(format!("sandbox-{port}"))
            .spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        () = accept(listener, acceptor, serving) => {}
                        _ = stopped => {}
                    }
                });
                // Requests that stall must not hold up the end.
                runtime.shutdown_background();
            })?;
        Ok(Self {
            port,
            shared,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Starts a server that answers every request with this document.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn answering(document: &Value, options: ServerOptions) -> io::Result<Self> {
        let document = document.clone();
        let router = Router::new().fallback(async move || Json(document.clone()));
        Self::start(router, options)
    }

    /// The port it listens at.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Answers a request as if it had arrived, but past the log, the faults and the delay: for
    /// seeding.
    pub async fn send(&self, request: Request<Body>) -> Response<Body> {
        serve::route(&self.shared, request).await
    }

    /// What arrived.
    pub fn log(&self) -> &RequestLog {
        &self.shared.log
    }

    /// The rules by which this server fails.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic on the server's thread has been reported there.
            drop(thread.join());
        }
    }
}

async fn accept(listener: TcpListener, acceptor: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    let mut number = 0;
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors: some connection has to end first.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        // Without it every small answer waits for the client's delayed acknowledgement.
        drop(stream.set_nodelay(true));
        let (shared, acceptor) = (Arc::clone(&shared), acceptor.clone());
        tokio::spawn(async move {
            match acceptor {
                None => serve::connection(stream, shared, number).await,
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve::connection(stream, shared, number).await;
                    }
                }
            }
        });
        number += 1;
    }
}
