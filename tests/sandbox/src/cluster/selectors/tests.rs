use serde_json::json;

use super::Selector;
use crate::cluster::kinds::Kinds;
use crate::cluster::store::Object;

fn matches(plural: &str, labels: &str, fields: &str) -> Result<bool, String> {
    let kind = Kinds::new().find("", "v1", plural).unwrap();
    let object = Object::new(
        json!({
            "kind": "Secret", "apiVersion": "v1", "type": "Opaque",
            "metadata": {"name": "s", "namespace": "ns", "labels": {"app": "web", "size": "3"}},
            "status": {"phase": "Running"},
        }),
        1,
    );
    Selector::parse(&kind, labels, fields)
        .map(|selector| selector.matches(&object))
        .map_err(|status| status.message)
}

#[test]
fn labels_are_selected_by_every_operator() {
    for (selector, expected) in [
        ("app=web", true),
        ("app==web,size=3", true),
        ("app!=web", false),
        ("other!=web", true),
        ("app in (web, db)", true),
        ("app notin (web,db)", false),
        ("other notin (web)", true),
        ("app", true),
        ("!app", false),
        ("!other", true),
        ("size>2", true),
        ("size<3", false),
        ("", true),
    ] {
        assert_eq!(matches("secrets", selector, ""), Ok(expected), "{selector}");
    }
}

#[test]
fn selectors_that_cannot_be_read_are_refused() {
    for selector in ["app in", "app in (web", "app web", "-a=b", "app=a b"] {
        assert!(matches("secrets", selector, "").is_err(), "{selector}");
    }
}

#[test]
fn fields_are_selected_where_the_resource_has_them() {
    assert_eq!(
        matches("secrets", "", "type=Opaque,metadata.name!=x"),
        Ok(true)
    );
    assert_eq!(
        matches("secrets", "", "metadata.namespace=other"),
        Ok(false)
    );
    assert_eq!(matches("pods", "", "status.phase==Running"), Ok(true));
    assert_eq!(
        matches("secrets", "", "data.x=1"),
        Err("field label not supported: data.x".to_owned())
    );
    assert!(matches("serviceaccounts", "", "type=Opaque").is_err());
}

#[test]
fn a_list_of_one_name_is_asked_for_by_that_name() {
    assert_eq!(Selector::name_in("metadata.name=s"), "s");
    assert_eq!(Selector::name_in("type=Opaque"), "");
}
