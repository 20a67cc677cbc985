//! Paths that are not about objects: health, discovery, OpenAPI.

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use bytes::Bytes;

use super::{Api, Call, no_such_page, plain, typed};
use crate::cluster::status::{Outcome, json_response};
use crate::cluster::{discovery, openapi};

impl Api {
    /// Answers a request for such a path.
    pub(super) fn about(&self, call: &Call) -> Outcome<Response<Body>> {
        let path = call.path.trim_end_matches('/');
        let document = match path
            .trim_start_matches('/')
            .split('/')
            .collect::<Vec<_>>()
            .as_slice()
        {
            ["healthz" | "readyz" | "livez"] => return Ok(plain(StatusCode::OK, "ok")),
            ["version"] => Some(discovery::version()),
            [root @ ("api" | "apis")] => {
                let host = call
                    .headers
                    .get(header::HOST)
                    .and_then(|host| host.to_str().ok());
                let address = host.unwrap_or("127.0.0.1");
                let (document, media_type) =
                    discovery::roots(&self.kinds, *root == "api", &call.headers, address);
                return Ok(typed(media_type, document.to_string().into()));
            }
            ["api", version] => discovery::resources(&self.kinds, "", version),
            ["apis", group] => discovery::one_group(&self.kinds, group),
            ["apis", group, version] => discovery::resources(&self.kinds, group, version),
            ["openapi", "v2"] => {
                return Ok(typed(openapi::V2_TYPE, Bytes::from_static(openapi::V2)));
            }
            ["openapi", "v3"] => Some(openapi::index(&self.kinds)),
            ["openapi", "v3", rest @ ..] => openapi::group_version(&self.kinds, &rest.join("/")),
            _ => None,
        };
        Ok(document.map_or_else(no_such_page, |document| {
            json_response(StatusCode::OK, &document)
        }))
    }
}
