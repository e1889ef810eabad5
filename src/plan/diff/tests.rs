use serde_json::json;

use super::*;

fn told(old: &Value, new: &Value) -> Vec<String> {
    compare(old, new)
        .into_iter()
        .map(|change| {
            let what = match change.what {
                What::Added { new } => format!("+{new}"),
                What::Removed { old } => format!("-{old}"),
                What::Changed { old, new } => format!("{old}>{new}"),
                What::Items { added, removed } => format!("+{added:?} -{removed:?}"),
                What::Order => "order".to_owned(),
                What::Lines { lines } => format!("{lines:?}"),
            };
            format!("{} ({}) {what}", change.path, change.pointer)
        })
        .collect()
}

#[test]
fn a_moved_key_and_a_moved_container_are_no_change() {
    let old = json!({"a": 1, "b": {"containers": [{"name": "x", "image": "1"}, {"name": "y", "image": "2"}]}});
    let new = json!({"b": {"containers": [{"image": "2", "name": "y"}, {"image": "1", "name": "x"}]}, "a": 1});
    assert_eq!(told(&old, &new), [""; 0]);
}

#[test]
fn items_are_told_by_their_merge_keys() {
    let old = json!({"containers": [{"name": "api", "image": "1"}, {"name": "old"}],
                     "ports": [{"port": 53, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]});
    let new = json!({"containers": [{"name": "new"}, {"name": "api", "image": "2"}],
                     "ports": [{"port": 53, "protocol": "UDP", "x": 1}, {"port": 53, "protocol": "TCP"}]});
    assert_eq!(
        told(&old, &new),
        [
            r#"containers[old] (/containers/1) -{"name":"old"}"#,
            r#"containers[new] (/containers/0) +{"name":"new"}"#,
            r#"containers[api].image (/containers/1/image) "1">"2""#,
            r"ports[53/UDP].x (/ports/0/x) +1",
        ]
    );
}

#[test]
fn order_counts_where_programs_see_it() {
    let old = json!({"initContainers": [{"name": "a"}, {"name": "b"}], "verbs": ["get", "list"], "args": ["a", "b"]});
    let new = json!({"initContainers": [{"name": "b"}, {"name": "a"}], "verbs": ["list", "get"], "args": ["b", "a"]});
    assert_eq!(
        told(&old, &new),
        [
            r#"args (/args) ["a","b"]>["b","a"]"#,
            "initContainers (/initContainers) order",
        ]
    );
}

#[test]
fn items_without_names_are_matched_by_content() {
    let rule = |group: &str, verb: &str| json!({"apiGroups": [group], "verbs": [verb]});
    let old = json!({"rules": [rule("a", "get"), rule("b", "get")]});
    let new = json!({"rules": [rule("a", "get"), rule("b", "watch")]});
    assert_eq!(
        told(&old, &new),
        [r#"rules[1].verbs (/rules/1/verbs) +[String("watch")] -[String("get")]"#]
    );
    let new = json!({"rules": [rule("a", "get")]});
    assert_eq!(told(&old, &new).len(), 1);
}

#[test]
fn texts_are_compared_by_line_and_json_in_them_by_field() {
    let old = json!({"data": {"my.cnf": "[a]\nx=1\ny=2\n", "c.json": "{\"keep\": 7,\n\"z\": 1}"}});
    let new = json!({"data": {"my.cnf": "[a]\nx=3\ny=2\n", "c.json": "{\"z\": 1,\n\"keep\": 6}"}});
    assert_eq!(
        told(&old, &new),
        [
            r#"data["c.json"]:.keep (/data/c.json) 7>6"#,
            r#"data["my.cnf"] (/data/my.cnf) Some([Removed("x=1"), Added("x=3")])"#,
        ]
    );
}

#[test]
fn strange_keys_are_quoted_and_escaped() {
    let (old, new) = (json!({"a/b~c": {"": 1}}), json!({"a/b~c": {"": 2}}));
    assert_eq!(told(&old, &new), [r#"["a/b~c"][""] (/a~1b~0c/) 1>2"#]);
}
