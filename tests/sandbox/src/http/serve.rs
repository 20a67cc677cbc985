//! One connection: the router behind the log, the faults and the delay.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio::time::{Sleep, sleep};
use tower::Service;

use super::faults::{FaultAction, Faults};
use super::log::{RequestLog, Slot};

/// As kube-apiserver: so many requests at once on one HTTP/2 connection.
const STREAMS: u32 = 100;

/// How long the first half of a cut body is given to reach the client.
const HALF_BODY_FLUSH: Duration = Duration::from_millis(20);

/// What every connection of a server shares.
pub(super) struct Shared {
    pub(super) router: Router,
    pub(super) log: RequestLog,
    pub(super) faults: Faults,
    pub(super) delay: Duration,
}

/// Serves one connection until the client leaves or a fault cuts it.
pub(super) async fn connection<S>(stream: S, shared: Arc<Shared>, number: u64)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let (cut, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let service = service_fn({
        let (cut, leave) = (Arc::clone(&cut), Arc::clone(&leave));
        move |request: Request<Incoming>| {
            let (shared, cut, leave) = (Arc::clone(&shared), Arc::clone(&cut), Arc::clone(&leave));
            async move { answer(request, &shared, cut, &leave, number).await }
        }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http2().max_concurrent_streams(STREAMS);
    let mut serving = pin!(builder.serve_connection(TokioIo::new(stream), service));
    loop {
        tokio::select! {
            // A client that leaves in the middle is its own business.
            _ = serving.as_mut() => return,
            () = cut.notified() => return,
            () = leave.notified() => serving.as_mut().graceful_shutdown(),
        }
    }
}

/// An error makes hyper drop the connection (HTTP/1.1) or the stream (HTTP/2).
async fn answer(
    request: Request<Incoming>,
    shared: &Shared,
    cut: Arc<Notify>,
    leave: &Notify,
    connection: u64,
) -> io::Result<Response<Body>> {
    let (parts, body) = request.into_parts();
    let slot = shared.log.begin(&parts, connection);
    let mut ending = Ending {
        shared,
        slot,
        status: None,
    };
    if !shared.delay.is_zero() {
        sleep(shared.delay / 2).await;
    }
    let fault = shared.faults.next(&parts);
    let mut body = Body::new(body);
    if shared.log.keeps_transcript() {
        let whole = body.collect().await.map_err(io::Error::other)?.to_bytes();
        shared.log.write_down(&parts, &whole);
        body = Body::from(whole);
    }
    let request = Request::from_parts(parts, body);
    let response = match fault {
        None => route(shared, request).await,
        Some(FaultAction::GoAway) => {
            leave.notify_one();
            route(shared, request).await
        }
        Some(action) => faulty(action, shared, request, cut).await?,
    };
    if !shared.delay.is_zero() {
        sleep(shared.delay / 2).await;
    }
    ending.status = Some(response.status().as_u16());
    Ok(response)
}

async fn faulty(
    action: FaultAction,
    shared: &Shared,
    request: Request<Body>,
    cut: Arc<Notify>,
) -> io::Result<Response<Body>> {
    if let Some(response) = action.answer() {
        return Ok(response);
    }
    match action {
        FaultAction::Stall => std::future::pending().await,
        FaultAction::Delay(time) => {
            sleep(time).await;
            Ok(route(shared, request).await)
        }
        FaultAction::HoldBefore(hold) => {
            hold.pass().await;
            Ok(route(shared, request).await)
        }
        FaultAction::HoldAfter(hold) => {
            let response = route(shared, request).await;
            hold.pass().await;
            Ok(response)
        }
        FaultAction::HalfBody => half(route(shared, request).await, cut).await,
        FaultAction::AnswerLost => {
            drop(route(shared, request).await);
            cut.notify_one();
            Err(io::ErrorKind::ConnectionReset.into())
        }
        _ => {
            cut.notify_one();
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
}

/// The router's answer, without anything around it.
pub(super) async fn route(shared: &Shared, request: Request<Body>) -> Response<Body> {
    let mut router = shared.router.clone();
    let Ok(()) = poll_fn(|context| {
        <Router as Service<Request<Body>>>::poll_ready(&mut router, context)
            .map(|ready: Result<(), Infallible>| ready)
    })
    .await;
    let Ok(response) = router.call(request).await;
    response
}

/// Writes the end of a request down even where its future is dropped.
struct Ending<'a> {
    shared: &'a Shared,
    slot: Slot,
    status: Option<u16>,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.shared.log.end(self.slot, self.status);
    }
}

/// The first half of a body under the length of the whole, then the cut.
struct HalfBody {
    first: Option<Bytes>,
    length: u64,
    wait: Pin<Box<Sleep>>,
    cut: Arc<Notify>,
}

async fn half(response: Response<Body>, cut: Arc<Notify>) -> io::Result<Response<Body>> {
    let (parts, body) = response.into_parts();
    let whole = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let body = HalfBody {
        first: Some(whole.slice(..whole.len() / 2)),
        length: whole.len() as u64,
        wait: Box::pin(sleep(HALF_BODY_FLUSH)),
        cut,
    };
    Ok(Response::from_parts(parts, Body::new(body)))
}

impl HttpBody for HalfBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        std::task::ready!(self.wait.as_mut().poll(context));
        self.cut.notify_one();
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into())))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}
