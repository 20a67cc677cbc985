//! A merge as the kubelet's own code sees it.

use super::super::difference;
use super::super::kubelet::Kubelet;
use super::edit::{Done, keys};
use quay_common::dockerconfig::{Credential, Document};
use quay_common::kubelet::ImageReference;
use quay_kubelet::{Answer, Bytes, Credential as Tried, Question};
use secrecy::ExposeSecret;

/// For the question's image, and for one of each entry that is or was there.
pub fn to_the_kubelet(
    kubelet: &mut Kubelet,
    question: &Question,
    (before, after): (&Document, &Document),
    done: &Done,
) -> Result<(), String> {
    let images = keys(before, &done.edited)
        .into_iter()
        .filter_map(|key| image_of(&key));
    let images = images.chain([question.image.clone()]);
    let replaced: Vec<Credential> = credentials(before, done);
    let set: Vec<Credential> = credentials(after, done);
    for image in images.collect::<Vec<_>>() {
        let was = ask(kubelet, question, &image, None)?;
        let is = ask(kubelet, question, &image, Some(&done.content))?;
        let Some(was) = was else { continue };
        let Some(is) = is else {
            return Err(format!(
                "{image}: the kubelet refuses what it did not refuse"
            ));
        };
        if tries_docker_hub_last(&image) {
            continue;
        }
        let lost = was.iter().filter(|tried| !is.contains(tried));
        if let Some(lost) = lost.clone().find(|tried| !is_one_of(tried, &replaced)) {
            return Err(format!("{image}: the kubelet has lost {lost:?}"));
        }
        let gained = is.iter().filter(|tried| !was.contains(tried));
        if let Some(gained) = gained.clone().find(|tried| !is_one_of(tried, &set)) {
            return Err(format!("{image}: the kubelet has gained {gained:?}"));
        }
    }
    Ok(())
}

/// What it tries, which has to be what we say; `None` if it refuses the secret.
fn ask(
    kubelet: &mut Kubelet,
    question: &Question,
    image: &str,
    content: Option<&[u8]>,
) -> Result<Option<Vec<Tried>>, String> {
    let mut asked = question.clone();
    asked.image = image.to_owned();
    if let Some(content) = content {
        let values = asked.secrets.iter_mut();
        for value in values.flat_map(|secret| secret.data.values_mut()) {
            *value = Bytes(content.to_vec());
        }
    }
    let answer = kubelet.ask(&asked);
    if let Some(difference) = difference(&asked, &answer) {
        return Err(format!("{image}: {difference}"));
    }
    let Answer { credentials, error } = answer;
    Ok(error.is_none().then_some(credentials))
}

/// What the edited entries hold.
fn credentials(document: &Document, done: &Done) -> Vec<Credential> {
    let entries = document.entries();
    let edited = entries.filter(|(key, _)| done.edited.contains_key(*key));
    // An entry that holds nothing is tried with empty names.
    let nothing = || Credential::new("", String::new().into());
    edited
        .map(|(_, read)| read.unwrap_or_else(|_| nothing()))
        .collect()
}

fn is_one_of(tried: &Tried, credentials: &[Credential]) -> bool {
    let is = |credential: &Credential| {
        credential.username == tried.username
            && credential.password.expose_secret() == tried.password
    };
    credentials.iter().any(is)
}

/// Docker Hub's entry is tried where nothing matches: what is set or removed beside it counts.
fn tries_docker_hub_last(image: &str) -> bool {
    let image = image.parse::<ImageReference>();
    image.is_ok_and(|image| {
        image.registry() == "docker.io" || !image.registry().contains(['.', ':'])
    })
}

/// An image that a kubelet would use the key for, where there is a plain one.
fn image_of(key: &str) -> Option<String> {
    let schemes = ["https://", "http://"];
    let bare = schemes.iter().find_map(|scheme| key.strip_prefix(scheme));
    let bare = bare.unwrap_or(key).replace('*', "a");
    let bare = bare.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = bare.split_once('/').unwrap_or((bare, ""));
    let path = path.trim_start_matches("v1/").trim_start_matches("v2/");
    let image = format!("{host}/{}/x", path.trim_matches('/')).replace("//", "/");
    image.parse::<ImageReference>().ok().map(|_| image)
}
