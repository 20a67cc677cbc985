//! A registry that says of itself what is not so.

use http::Method;
use quay_sandbox::http::{Fault, FaultAction, Faults};
use serde_json::json;
use std::time::Duration;

/// This answer, as JSON, in the place of the real one.
pub fn answer(code: u16, body: &str, headers: &[(&str, &str)]) -> FaultAction {
    let headers = headers.iter();
    let headers = headers.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    FaultAction::Status {
        code,
        content_type: "application/json".to_owned(),
        body: body.to_owned(),
        headers: headers.collect(),
    }
}

/// From now on the registry calls itself `name`, and wants credentials sent to `realm`.
pub fn claim(faults: &Faults, name: &str, realm: &str) {
    let config = json!({"config": {"SERVER_HOSTNAME": name}}).to_string();
    let challenge = format!(r#"Bearer realm="{realm}/v2/auth",service="{name}""#);
    let challenge = answer(401, "true", &[("Www-Authenticate", &challenge)]);
    // Tokens are handed out as before: the first rule that applies decides.
    let unchanged = FaultAction::Delay(Duration::ZERO);
    faults.add(Fault::always(Method::GET, "/v2/auth", unchanged));
    faults.add(Fault::always(
        Method::GET,
        "/config",
        answer(200, &config, &[]),
    ));
    faults.add(Fault::always(Method::GET, "/v2/", challenge));
}
