//! One signed-in connection to Quay's API.

use crate::registry::Registry;
use crate::web::{
    Answer, ApiError, Auth, Body, Call, Endpoint, Largest, Repeat, Transport, body, url,
};
use jiff::Timestamp;
use reqwest::Method;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tokio::sync::OnceCell;

/// Quay's API as the owner of one OAuth token sees it.
pub struct Quay {
    transport: Arc<Transport>,
    registry: Registry,
    token: SecretString,
    user: OnceCell<String>,
    /// Set once Quay refused a robot's `/permissions`, which takes `user:admin`.
    pub(super) permissions_refused: AtomicBool,
}

impl Quay {
    /// The API of the transport's endpoint; `user` is whose token it is, where known.
    pub(crate) fn new(
        transport: Arc<Transport>,
        token: SecretString,
        user: Option<String>,
    ) -> Self {
        Self {
            registry: Registry::over(Arc::clone(&transport)),
            transport,
            token,
            user: OnceCell::new_with(user),
            permissions_refused: AtomicBool::new(false),
        }
    }

    /// Where this API is.
    pub fn endpoint(&self) -> &Endpoint {
        self.transport.endpoint()
    }

    /// What time it is at Quay, by its last answer; this machine's time before the first.
    pub fn now(&self) -> Timestamp {
        self.transport.clock().now()
    }

    /// What is to be said where this machine's clock and Quay's are more than five minutes apart.
    pub fn clock_difference(&self) -> Option<String> {
        let difference = self.transport.clock().difference("Quay's")?;
        Some(format!(
            "{difference}; times and days of Quay are by Quay's clock"
        ))
    }

    /// The registry side, over the same connections.
    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The user the token belongs to, asked of the registry's token endpoint, which
    /// answers whatever the token's scopes are.
    ///
    /// # Errors
    /// [`ApiError::BadToken`] when the token is wrong, expired or revoked.
    pub async fn whose(&self) -> Result<String, ApiError> {
        let user = self.user.get_or_try_init(|| self.find_owner()).await?;
        Ok(user.clone())
    }

    async fn find_owner(&self) -> Result<String, ApiError> {
        let error = match self.registry.token_owner(&self.token).await {
            Err(error) if error != ApiError::BadToken => error,
            answered => return answered,
        };
        // The API may be reachable where the registry is not.
        match self.current_user().await {
            Ok(Some(user)) => Ok(user.username),
            _ => Err(error),
        }
    }

    /// Asks the registry again whose token it is, whatever was remembered.
    pub async fn check_token(&self) -> Result<String, ApiError> {
        let owner = self.registry.token_owner(&self.token).await?;
        let _ = self.user.set(owner.clone());
        Ok(owner)
    }

    /// GET, parsed. `needs` names the scopes the request takes.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        needs: &'static str,
    ) -> Result<T, ApiError> {
        let answer = self.get_answer(path, query, needs).await?;
        body::parse(answer.status, &answer.body)
    }

    /// GET of what is there.
    pub(super) async fn get_answer(
        &self,
        path: &str,
        query: &[(&str, &str)],
        needs: &'static str,
    ) -> Result<Answer, ApiError> {
        let call = self.call(Method::GET, path, query, None, Repeat::Safe)?;
        self.accepted(&call, needs).await
    }

    /// PUT, POST or DELETE; the answer is a success.
    pub(super) async fn write(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        repeat: Repeat,
        needs: &'static str,
    ) -> Result<Answer, ApiError> {
        let call = self.call(method, path, &[], body, repeat)?;
        self.accepted(&call, needs).await
    }

    /// DELETE. An object that is gone after a try whose answer was lost has been deleted by it.
    pub(super) async fn remove(&self, path: &str, needs: &'static str) -> Result<(), ApiError> {
        let call = self.call(Method::DELETE, path, &[], None, Repeat::Safe)?;
        let answer = self.transport.send(&call).await?;
        if answer.is_success() {
            return Ok(());
        }
        match ApiError::from_answer(answer.status, &answer.body, needs) {
            ApiError::NotFound if answer.after_loss => Ok(()),
            error => Err(error),
        }
    }

    async fn accepted(&self, call: &Call<'_>, needs: &'static str) -> Result<Answer, ApiError> {
        let answer = self.transport.send(call).await?;
        if answer.is_success() {
            Ok(answer)
        } else {
            Err(ApiError::from_answer(answer.status, &answer.body, needs))
        }
    }

    fn call(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<Value>,
        repeat: Repeat,
    ) -> Result<Call<'_>, ApiError> {
        Ok(Call {
            method,
            url: url(&self.endpoint().api, path, query)?,
            auth: Auth::Bearer(&self.token),
            body: body.map(Body::Json),
            accept: None,
            repeat,
            largest: Largest::Page,
        })
    }
}
