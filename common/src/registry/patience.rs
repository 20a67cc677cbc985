//! How long registries are waited for that nobody but pull secrets name: there may be many of
//! them, and each as slow as it likes.

use crate::cluster::parse_duration;
use crate::web::ApiError;
use clap::Args;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// A registry has so many times the time of one answer for all that it is asked.
const ANSWERS_OF_ONE: u32 = 3;
/// All registries together have so many times the time of one answer.
const ANSWERS_OF_ALL: u32 = 6;

/// How long registries are waited for.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Quay options")]
pub struct ProbeArgs {
    /// Time for one answer of a registry without a login (0: no limit)
    ///
    /// If an answer takes longer, the registry is not asked again. All answers of one registry
    /// together have three times as long, all such registries together six times as long.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = parse_duration, hide_short_help = true)]
    pub probe_timeout: Duration,
}

/// The time of one run.
#[derive(Debug)]
pub(super) struct RunPatience {
    answer: Duration,
    /// Counted from the first question.
    ends: OnceLock<Instant>,
}

impl RunPatience {
    /// Zero is no limit, as it is for kubectl.
    pub(super) fn new(answer: Duration) -> Option<Arc<Self>> {
        let ends = OnceLock::new();
        (!answer.is_zero()).then(|| Arc::new(Self { answer, ends }))
    }
}

/// The time of one registry, and what is known of how it uses it.
#[derive(Debug, Default)]
pub(super) struct Patience {
    run: Option<Arc<RunPatience>>,
    /// Counted from its first question.
    ends: OnceLock<Instant>,
    /// It did not answer in time.
    is_silent: AtomicBool,
    /// Why it hands out no tokens.
    no_tokens: OnceLock<ApiError>,
}

impl Patience {
    /// That of a registry without a login.
    pub(super) fn within(run: Option<&Arc<RunPatience>>) -> Self {
        Self {
            run: run.cloned(),
            ..Self::default()
        }
    }

    /// Waits for an answer, as long as there is time.
    ///
    /// # Errors
    /// The question's own, or that there is no time for it.
    pub(super) async fn wait_for<T>(
        &self,
        asked: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, ApiError> {
        if self.is_silent.load(Ordering::Relaxed) {
            return Err(ApiError::GivenUp);
        }
        let answer = match &self.run {
            None => asked.await,
            Some(run) => self.wait_within(run, asked).await,
        };
        if answer.as_ref().is_err_and(ApiError::is_timeout) {
            self.is_silent.store(true, Ordering::Relaxed);
        }
        answer
    }

    async fn wait_within<T>(
        &self,
        run: &RunPatience,
        asked: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, ApiError> {
        let now = Instant::now();
        let own = *self.ends.get_or_init(|| now + run.answer * ANSWERS_OF_ONE);
        let all = *run.ends.get_or_init(|| now + run.answer * ANSWERS_OF_ALL);
        let (ends, answer) = (own.min(all), now + run.answer);
        if ends <= now {
            return Err(ApiError::OutOfTime);
        }
        match timeout_at(ends.min(answer), asked).await {
            Ok(answer) => answer,
            Err(_) if answer <= ends => Err(ApiError::Timeout),
            Err(_) => Err(ApiError::OutOfTime),
        }
    }

    /// Asks where tokens are handed out; where that cannot be found out, it is asked once.
    pub(super) async fn once<T>(
        &self,
        asked: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, ApiError> {
        if let Some(error) = self.no_tokens.get() {
            return Err(error.clone());
        }
        let answer = asked.await;
        if let (Some(_), Err(error)) = (&self.run, &answer)
            && !error.is_timeout()
        {
            // Whoever asked at the same time heard the same.
            let _ = self.no_tokens.set(error.clone());
        }
        answer
    }
}
