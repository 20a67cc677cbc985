//! What a repository holds: tags, manifests and blobs, for who may pull.

use serde_json::json;

use super::answer::Answer;
use super::dispatch::{Context, Handled};
use super::errors::Failure;
use super::model::Repository;
use super::registry::pulled;
use crate::image::{Blob, Image};

/// The tag of the image that every seeded repository holds.
pub(super) const TAG: &str = "v1";

/// `GET /v2/<repository>/tags/list`.
pub(super) fn tags(context: &mut Context<'_>) -> Handled {
    let name = pulled(context)?;
    let tags = repository(context, &name).map(|repository| &repository.tags);
    let tags: Vec<&String> = tags.into_iter().flatten().collect();
    Ok(Answer::compact(&json!({ "name": name, "tags": tags })))
}

/// `GET /v2/<repository>/manifests/<tag or digest>`.
pub(super) fn manifest(context: &mut Context<'_>) -> Handled {
    let name = pulled(context)?;
    let reference = context.param(1);
    let image = repository(context, &name).filter(|repository| !repository.tags.is_empty());
    let image = image.map(|repository| (Image::named(&name).manifest, &repository.tags));
    let found = image.filter(|(manifest, tags)| {
        manifest.digest == reference || tags.iter().any(|tag| tag == reference)
    });
    match found {
        Some((manifest, _)) => Ok(serve(manifest)),
        None => Err(Failure::registry(404, "MANIFEST_UNKNOWN", "manifest unknown").into()),
    }
}

/// `GET /v2/<repository>/blobs/<digest>`.
pub(super) fn blob(context: &mut Context<'_>) -> Handled {
    let name = pulled(context)?;
    let image = repository(context, &name).filter(|repository| !repository.tags.is_empty());
    let blobs = image.map(|_| Image::named(&name));
    let blobs = blobs.map(|image| [image.config, image.layer]);
    let mut blobs = blobs.into_iter().flatten();
    match blobs.find(|blob| blob.digest == context.param(1)) {
        Some(mut blob) => {
            blob.media_type = "application/octet-stream";
            Ok(serve(blob).header("accept-ranges", "bytes"))
        }
        None => Err(Failure::registry(404, "BLOB_UNKNOWN", "blob unknown to registry").into()),
    }
}

fn repository<'a>(context: &'a Context<'_>, name: &str) -> Option<&'a Repository> {
    let (namespace, name) = name.split_once('/')?;
    context.state.repository(namespace, name)
}

fn serve(blob: Blob) -> Answer {
    Answer::new(200, blob.media_type, blob.content).header("docker-content-digest", blob.digest)
}
