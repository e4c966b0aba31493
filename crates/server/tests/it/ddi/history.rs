//! What was said of an order, told again to its client.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::gateway::{Gateway, offered};
use crate::house::{self, House};

/// What is told beside an order at this address, if anything.
async fn history(house: &House, one: &Gateway, rest: &str) -> Option<Value> {
    let response = one.get(house, rest).await;
    assert_eq!(response.status(), StatusCode::OK, "{rest}");
    let said: Value = house::read(response).await;
    said.get("actionHistory").cloned()
}

#[tokio::test]
async fn what_was_said_is_told_again_the_newest_first() {
    let (house, _, [one, _]) = offered().await;
    let number = one.order(&house).await.number;
    for execution in ["scheduled", "proceeding"] {
        let heard = one.reports(&house, number, execution, "none").await;
        assert_eq!(heard.0, 200);
    }
    let newest = "proceeding/none: so\\u{7} it is";
    let both = vec![newest, "scheduled/none: so\\u{7} it is"];
    for (asked, status, messages) in [
        ("?c=1&actionHistory=1", "SCHEDULED", Some(vec![newest])),
        // It has read by now what it is to do.
        ("?actionHistory=-1", "RETRIEVED", Some(both.clone())),
        ("?actionHistory=100000", "RETRIEVED", Some(both)),
        ("?actionHistory=0", "RETRIEVED", None),
        ("?actionHistory=all", "RETRIEVED", None),
        ("", "RETRIEVED", None),
    ] {
        let told = history(&house, &one, &format!("/deploymentBase/{number}{asked}")).await;
        let expected = messages.map(|it| json!({"status": status, "messages": it}));
        assert_eq!(told, expected, "{asked:?}");
    }
    one.begins(&house).await;
    let rest = format!("/deploymentBase/{number}?actionHistory=1");
    let told = history(&house, &one, &rest).await.unwrap();
    assert_eq!(told["status"], "RUNNING");
}

/// Also of what is over, at the one address that it has then.
#[tokio::test]
async fn what_is_installed_has_its_history() {
    let (house, _, [one, _]) = offered().await;
    let number = one.order(&house).await.number;
    one.installs(&house).await;
    one.says_it_runs(&house, "1.1.0").await;
    let rest = format!("/installedBase/{number}");
    assert_eq!(history(&house, &one, &rest).await, None);
    let told = history(&house, &one, &format!("{rest}?actionHistory=-1")).await;
    let told = told.unwrap();
    assert_eq!(told["status"], "FINISHED");
    let messages = ["closed/success", "proceeding/none: downloading"];
    assert_eq!(told["messages"], json!(messages));
}
