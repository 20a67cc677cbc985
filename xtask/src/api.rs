//! A bare client of the Kubernetes API: one TLS connection, HTTP/2, nothing between.
//!
//! It seeds clusters, and it is the limit that the plugins are measured against.

use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::client::WantsClientCert;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio_rustls::TlsConnector;

/// Where an API server is and how to prove who we are; what a kubeconfig's current
/// context comes to.
#[derive(Clone)]
pub struct Access {
    server: http::Uri,
    token: Option<String>,
    tls: Arc<ClientConfig>,
}

impl Access {
    /// Reads a kubeconfig with its certificates inside it, as the sandbox, the control
    /// plane and kind write them.
    pub fn read(kubeconfig: &Path) -> Result<Self> {
        let shown = kubeconfig.display();
        let text =
            std::fs::read_to_string(kubeconfig).with_context(|| format!("cannot read {shown}"))?;
        let config: Value =
            serde_yaml::from_str(&text).with_context(|| format!("{shown} is no kubeconfig"))?;
        let context = named(&config["contexts"], &config["current-context"])
            .with_context(|| format!("{shown} has no current context"))?;
        let cluster = named(&config["clusters"], &context["context"]["cluster"])
            .with_context(|| format!("{shown} has no cluster for its current context"))?;
        let user = named(&config["users"], &context["context"]["user"])
            .with_context(|| format!("{shown} has no user for its current context"))?;
        let server = cluster["cluster"]["server"].as_str().unwrap_or_default();
        Ok(Self {
            server: server
                .parse()
                .with_context(|| format!("{shown}: {server}"))?,
            token: user["user"]["token"].as_str().map(str::to_owned),
            tls: Arc::new(tls(&cluster["cluster"], &user["user"])?),
        })
    }

    /// A server behind a certificate of this authority, asked without a word about who asks.
    pub fn anonymous(server: &str, authority: &str) -> Result<Self> {
        Ok(Self {
            server: server.parse()?,
            token: None,
            tls: Arc::new(over_http2(
                trusting(authority.as_bytes())?.with_no_client_auth(),
            )),
        })
    }

    /// The address without scheme, for a proxy in front of it.
    pub fn address(&self) -> Result<(String, u16)> {
        let host = self.server.host().context("the server has no host")?;
        Ok((host.to_owned(), self.server.port_u16().unwrap_or(443)))
    }

    /// The same server, reached at another port of this machine.
    pub fn through(&self, port: u16) -> Result<Self> {
        Ok(Self {
            server: format!("https://127.0.0.1:{port}").parse()?,
            ..self.clone()
        })
    }
}

fn named<'a>(list: &'a Value, name: &Value) -> Option<&'a Value> {
    let list = list.as_array()?;
    list.iter().find(|item| &item["name"] == name)
}

fn tls(cluster: &Value, user: &Value) -> Result<ClientConfig> {
    let pem = |value: &Value| -> Result<Option<Vec<u8>>> {
        let text = value.as_str();
        Ok(text.map(|text| STANDARD.decode(text)).transpose()?)
    };
    let authority = pem(&cluster["certificate-authority-data"])?
        .context("the kubeconfig has no certificate-authority-data")?;
    let builder = trusting(&authority)?;
    let certificate = pem(&user["client-certificate-data"])?;
    let key = pem(&user["client-key-data"])?;
    Ok(over_http2(match (certificate, key) {
        (Some(certificate), Some(key)) => {
            let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&certificate).collect();
            builder.with_client_auth_cert(chain?, PrivateKeyDer::from_pem_slice(&key)?)?
        }
        _ => builder.with_no_client_auth(),
    }))
}

fn trusting(authority: &[u8]) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authority) {
        roots.add(certificate?)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots))
}

fn over_http2(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

/// One request. The body is JSON, a PATCH a merge patch.
pub struct Call {
    pub method: Method,
    pub path: String,
    pub body: Option<Value>,
}

impl Call {
    pub fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            body: None,
        }
    }

    pub fn post(path: impl Into<String>, body: Value) -> Self {
        Self {
            method: Method::POST,
            path: path.into(),
            body: Some(body),
        }
    }

    pub fn merge_patch(path: impl Into<String>, body: Value) -> Self {
        Self {
            method: Method::PATCH,
            path: path.into(),
            body: Some(body),
        }
    }
}

/// A connection to an API server.
pub struct Api {
    runtime: Runtime,
    sender: SendRequest<Full<Bytes>>,
    access: Access,
}

impl Api {
    pub fn connect(access: &Access) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let sender = runtime
            .block_on(connect(access))
            .with_context(|| format!("cannot reach the cluster at {}", access.server))?;
        Ok(Self {
            runtime,
            sender,
            access: access.clone(),
        })
    }

    /// The answer's JSON.
    pub fn call(&self, call: Call) -> Result<Value> {
        let mut answers = self.calls(vec![call], 1)?;
        answers.pop().context("there was no answer")
    }

    /// Sends all of them, so many at a time; every one has to succeed. The answers come
    /// in order of arrival.
    pub fn calls(&self, calls: Vec<Call>, in_flight: usize) -> Result<Vec<Value>> {
        let requests: Result<Vec<_>> = calls.iter().map(|call| self.request(call)).collect();
        let bodies = self.exchange(requests?, in_flight)?;
        bodies
            .iter()
            .map(|body| Ok(serde_json::from_slice(body)?))
            .collect()
    }

    /// A request ready to be sent.
    pub fn request(&self, call: &Call) -> Result<Request<Full<Bytes>>> {
        let server = &self.access.server;
        let authority = server.authority().context("the server has no host")?;
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(format!("https://{authority}{}", call.path))
            .header(header::ACCEPT, "application/json");
        if let Some(token) = &self.access.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if call.body.is_some() {
            let content = match call.method {
                Method::PATCH => "application/merge-patch+json",
                _ => "application/json",
            };
            request = request.header(header::CONTENT_TYPE, content);
        }
        let body = call.body.as_ref().map(Value::to_string).unwrap_or_default();
        Ok(request.body(Full::new(body.into()))?)
    }

    /// Sends requests, so many at a time, and returns the bodies of the answers.
    pub fn exchange(
        &self,
        requests: Vec<Request<Full<Bytes>>>,
        in_flight: usize,
    ) -> Result<Vec<Bytes>> {
        self.runtime.block_on(
            stream::iter(requests)
                .map(|request| answer(self.sender.clone(), request))
                .buffer_unordered(in_flight)
                .try_collect(),
        )
    }

    /// The answer to one request, whatever it is.
    pub fn ask(&self, request: Request<Full<Bytes>>) -> Result<(StatusCode, Bytes)> {
        self.runtime.block_on(ask(self.sender.clone(), request))
    }

    /// Hands over every event of a watch the moment it arrives, until told to stop.
    pub fn watch(
        &self,
        path: &str,
        stop: oneshot::Receiver<()>,
        each: impl FnMut(&Value) -> Result<()>,
    ) -> Result<()> {
        let request = self.request(&Call::get(path))?;
        self.runtime.block_on(async {
            tokio::select! {
                ended = follow(self.sender.clone(), request, each) => ended,
                _ = stop => Ok(()),
            }
        })
    }
}

/// A watch is one JSON object a line, and goes on until it fails.
async fn follow(
    mut sender: SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
    mut each: impl FnMut(&Value) -> Result<()>,
) -> Result<()> {
    let what = request.uri().path().to_owned();
    let response = sender.send_request(request).await?;
    ensure!(
        response.status().is_success(),
        "cannot watch {what}: {}",
        response.status()
    );
    let mut body = response.into_body();
    let mut pending = Vec::new();
    while let Some(frame) = body.frame().await {
        pending.extend_from_slice(&frame?.into_data().unwrap_or_default());
        while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
            each(&serde_json::from_slice(&pending[..end])?)?;
            pending.drain(..=end);
        }
    }
    bail!("the server ended the watch of {what}")
}

async fn ask(
    mut sender: SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Result<(StatusCode, Bytes)> {
    let response = sender.send_request(request).await?;
    let status = response.status();
    Ok((status, response.into_body().collect().await?.to_bytes()))
}

async fn answer(sender: SendRequest<Full<Bytes>>, request: Request<Full<Bytes>>) -> Result<Bytes> {
    let what = format!("{} {}", request.method(), request.uri().path());
    let (status, body) = ask(sender, request).await?;
    if status.is_success() {
        return Ok(body);
    }
    bail!("{what}: {status} {}", reason(status, &body))
}

/// The server's own words; never a whole body, which may hold a credential.
fn reason(status: StatusCode, body: &[u8]) -> String {
    let parsed: Value = serde_json::from_slice(body).unwrap_or_default();
    let message = parsed["message"].as_str();
    message
        .unwrap_or_else(|| status.canonical_reason().unwrap_or_default())
        .to_owned()
}

async fn connect(access: &Access) -> Result<SendRequest<Full<Bytes>>> {
    let (host, port) = access.address()?;
    let stream = TcpStream::connect((host.as_str(), port)).await?;
    stream.set_nodelay(true)?;
    let name = ServerName::try_from(host)?;
    let stream = TlsConnector::from(Arc::clone(&access.tls))
        .connect(name, stream)
        .await?;
    let (_, session) = stream.get_ref();
    ensure!(
        session.alpn_protocol() == Some(b"h2".as_slice()),
        "it does not speak HTTP/2"
    );
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}
