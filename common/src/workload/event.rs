//! Events, as the API server keeps them.

use crate::kubelet::PullEvent;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Event;

/// What an event tells of a pull, if it does.
pub fn pull_event(event: &Event) -> Option<PullEvent> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    PullEvent::of(&text(&event.reason), &text(&event.message))
}

/// When it was last seen, whichever of the API's two ways says so.
pub fn last_seen(event: &Event) -> Option<Timestamp> {
    let series = event.series.as_ref();
    let moments = [
        event.event_time.as_ref().map(|time| time.0),
        event.last_timestamp.as_ref().map(|time| time.0),
        series.and_then(|series| Some(series.last_observed_time.as_ref()?.0)),
    ];
    moments.into_iter().flatten().max()
}
