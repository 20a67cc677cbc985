//! The objects: one ordered map per resource, one counter of changes for the cluster.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::watch;

use super::kinds::Kind;

/// How many changes a resource remembers for watches.
const HISTORY: usize = 1024;

/// How many lists in progress a resource keeps for their next page.
const SNAPSHOTS: usize = 64;

/// Versions start here, as in a cluster that has lived a little.
const FIRST_VERSION: u64 = 200;

/// An object as it is stored; never changed in place.
pub(super) struct Object {
    pub(super) value: Value,
    /// The object as JSON, `kind` and `apiVersion` first, with the newline that ends an answer.
    pub(super) body: Bytes,
    /// Where in `json` the fields after those two begin.
    fields_at: usize,
    pub(super) version: u64,
}

impl Object {
    pub(super) fn new(value: Value, version: u64) -> Self {
        let mut json = value.to_string();
        let text = |key: &str| value.get(key).map(Value::to_string).unwrap_or_default();
        let head = format!(
            "{{\"kind\":{},\"apiVersion\":{},",
            text("kind"),
            text("apiVersion")
        );
        let fields_at = if json.starts_with(&head) {
            head.len()
        } else {
            1
        };
        json.push('\n');
        Self {
            fields_at,
            body: Bytes::from(json),
            value,
            version,
        }
    }

    /// The object's JSON.
    pub(super) fn json(&self) -> &[u8] {
        self.body.trim_ascii_end()
    }

    /// The object's JSON without `{`, `kind` and `apiVersion`.
    pub(super) fn fields_json(&self) -> &[u8] {
        self.json().get(self.fields_at..).unwrap_or_default()
    }

    pub(super) fn namespace(&self) -> &str {
        text(&self.value, "/metadata/namespace")
    }

    pub(super) fn name(&self) -> &str {
        text(&self.value, "/metadata/name")
    }
}

/// The text at a JSON pointer; "" where there is none.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// What happened to an object.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Added,
    Modified,
    Deleted,
}

/// One change of one object.
#[derive(Clone)]
pub(super) struct Event {
    pub(super) change: Change,
    pub(super) object: Arc<Object>,
    /// The object before a modification.
    pub(super) previous: Option<Arc<Object>>,
}

/// The object is not what the writer has read.
pub(super) struct Raced;

/// The version asked for is older than what is remembered.
pub(super) struct TooOld {
    /// The oldest version a watch can start from.
    pub(super) oldest: u64,
}

/// Every collection, and the counter all their versions come from.
pub(super) struct Store {
    version: Arc<AtomicU64>,
    collections: RwLock<HashMap<(String, String), Arc<Collection>>>,
}

impl Store {
    pub(super) fn new() -> Self {
        Self {
            version: Arc::new(AtomicU64::new(FIRST_VERSION)),
            collections: RwLock::default(),
        }
    }

    /// The objects of a resource, whatever version they are asked for in.
    pub(super) fn collection(&self, kind: &Kind) -> Arc<Collection> {
        self.of(&kind.group, &kind.plural)
    }

    pub(super) fn of(&self, group: &str, plural: &str) -> Arc<Collection> {
        let key = (group.to_owned(), plural.to_owned());
        let known = self
            .collections
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(collection) = known.get(&key) {
            return Arc::clone(collection);
        }
        drop(known);
        let mut known = self
            .collections
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(
            known
                .entry(key)
                .or_insert_with(|| Arc::new(Collection::new(Arc::clone(&self.version)))),
        )
    }

    /// The collections there are, by group and plural.
    pub(super) fn all(&self) -> Vec<((String, String), Arc<Collection>)> {
        let known = self
            .collections
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        known
            .iter()
            .map(|(key, collection)| (key.clone(), Arc::clone(collection)))
            .collect()
    }
}

/// The objects of one resource.
pub(super) struct Collection {
    version: Arc<AtomicU64>,
    inner: Mutex<Inner>,
    changed: watch::Sender<u64>,
}

#[derive(Default)]
struct Inner {
    /// By `namespace/name`: the order etcd keeps keys in.
    objects: BTreeMap<String, Arc<Object>>,
    events: VecDeque<Event>,
    forgotten: u64,
    snapshots: VecDeque<(u64, Arc<Vec<Arc<Object>>>)>,
}

impl Collection {
    fn new(version: Arc<AtomicU64>) -> Self {
        Self {
            version,
            inner: Mutex::default(),
            changed: watch::Sender::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, namespace: &str, name: &str) -> Option<Arc<Object>> {
        let key = format!("{namespace}/{name}");
        self.lock().objects.get(&key).cloned()
    }

    /// The objects of a namespace, or of all, in order, and the version they are at.
    pub(super) fn list(&self, namespace: Option<&str>) -> (Vec<Arc<Object>>, u64) {
        let inner = self.lock();
        let version = self.version.load(Ordering::SeqCst);
        let objects = match namespace {
            None => inner.objects.values().cloned().collect(),
            Some(namespace) => {
                let start = format!("{namespace}/");
                inner
                    .objects
                    .range(start.clone()..)
                    .take_while(|(key, _)| key.starts_with(&start))
                    .map(|(_, object)| Arc::clone(object))
                    .collect()
            }
        };
        (objects, version)
    }

    /// Keeps what a paged list began with.
    pub(super) fn keep_snapshot(&self, version: u64, objects: Vec<Arc<Object>>) {
        let mut inner = self.lock();
        if inner.snapshots.len() == SNAPSHOTS {
            inner.snapshots.pop_front();
        }
        inner.snapshots.push_back((version, Arc::new(objects)));
    }

    pub(super) fn snapshot(&self, version: u64) -> Option<Arc<Vec<Arc<Object>>>> {
        let inner = self.lock();
        let found = inner.snapshots.iter().rfind(|(of, _)| *of == version);
        found.map(|(_, objects)| Arc::clone(objects))
    }

    /// Stores an object, if the one there is still at the version `seen` (`None`: there is none).
    ///
    /// # Errors
    /// [`Raced`] if it is not.
    pub(super) fn put(
        &self,
        (namespace, name): (&str, &str),
        seen: Option<u64>,
        mut value: Value,
    ) -> Result<Arc<Object>, Raced> {
        let key = format!("{namespace}/{name}");
        let mut inner = self.lock();
        let previous = inner.objects.get(&key).cloned();
        if previous.as_ref().map(|object| object.version) != seen {
            return Err(Raced);
        }
        let version = self.next(&mut value);
        let object = Arc::new(Object::new(value, version));
        inner.objects.insert(key, Arc::clone(&object));
        let change = if previous.is_some() {
            Change::Modified
        } else {
            Change::Added
        };
        self.publish(
            &mut inner,
            Event {
                change,
                object: Arc::clone(&object),
                previous,
            },
        );
        Ok(object)
    }

    /// Removes an object that is still at the version `seen`.
    ///
    /// # Errors
    /// [`Raced`] if it is not.
    pub(super) fn remove(&self, (namespace, name): (&str, &str), seen: u64) -> Result<(), Raced> {
        let key = format!("{namespace}/{name}");
        let mut inner = self.lock();
        let Some(object) = inner
            .objects
            .get(&key)
            .filter(|object| object.version == seen)
        else {
            return Err(Raced);
        };
        let mut value = object.value.clone();
        inner.objects.remove(&key);
        let version = self.next(&mut value);
        let object = Arc::new(Object::new(value, version));
        self.publish(
            &mut inner,
            Event {
                change: Change::Deleted,
                object,
                previous: None,
            },
        );
        Ok(())
    }

    /// Gives a value the next version.
    fn next(&self, value: &mut Value) -> u64 {
        let version = self.version.fetch_add(1, Ordering::SeqCst) + 1;
        if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("resourceVersion".into(), version.to_string().into());
        }
        version
    }

    fn publish(&self, inner: &mut Inner, event: Event) {
        let version = event.object.version;
        if inner.events.len() == HISTORY
            && let Some(oldest) = inner.events.pop_front()
        {
            inner.forgotten = oldest.object.version;
        }
        inner.events.push_back(event);
        self.changed.send_replace(version);
    }

    /// The changes after a version, and the version they reach to.
    ///
    /// # Errors
    /// [`TooOld`] when some of them are forgotten.
    pub(super) fn since(&self, version: u64) -> Result<(Vec<Event>, u64), TooOld> {
        let inner = self.lock();
        if version < inner.forgotten {
            return Err(TooOld {
                oldest: inner.forgotten,
            });
        }
        let from = inner
            .events
            .partition_point(|event| event.object.version <= version);
        let events = inner.events.range(from..).cloned().collect();
        Ok((events, self.version.load(Ordering::SeqCst)))
    }

    /// Tells when the collection changes.
    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}

#[cfg(test)]
mod tests;
