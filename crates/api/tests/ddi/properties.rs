//! What holds of every answer, whatever it is about.

use mainstay_api::ddi::artifact::ArtifactLinks;
use mainstay_api::ddi::links::DEPLOYMENT_CHARS_MAX;
use mainstay_api::ddi::{
    ActionHistory, ActionNumber, Artifact, ArtifactSize, BaseLinks, Chunk, ControllerBase,
    Deployment, DeploymentBase, Errand, Handling, Hashes, Links, MaintenanceWindow, Metadata,
    Sleep, USUAL_TENANT, change_hash,
};
use proptest::option;
use proptest::prelude::*;
use serde_json::Value;

fn handling() -> impl Strategy<Value = Handling> {
    use Handling::{Attempt, Forced, Skip};
    prop_oneof![Just(Skip), Just(Attempt), Just(Forced)]
}

fn window() -> impl Strategy<Value = Option<MaintenanceWindow>> {
    use MaintenanceWindow::{Available, Unavailable};
    option::of(prop_oneof![Just(Available), Just(Unavailable)])
}

fn number() -> impl Strategy<Value = ActionNumber> {
    (1..=2_147_483_647_u32).prop_map(|number| number.try_into().expect("within what clients read"))
}

fn artifact() -> impl Strategy<Value = Artifact> {
    let sizes = 1..=2_147_483_647_u64;
    let parts = (
        ".{1,48}",
        any::<u64>(),
        "\\PC{1,24}",
        sizes,
        any::<([u8; 20], [u8; 16])>(),
        any::<[u8; 32]>(),
    );
    parts.prop_map(
        |(controller, module, filename, bytes, (sha1, md5), sha256)| {
            let links = Links::of("https://h", USUAL_TENANT, &controller);
            Artifact {
                size: ArtifactSize::try_from(bytes).expect("within what clients read"),
                hashes: Hashes::of(&sha1, &md5, &sha256),
                links: ArtifactLinks::of(&links, module, &filename),
                filename,
            }
        },
    )
}

prop_compose! {
    fn deployment()(
        id in number(), download in handling(), update in handling(), maintenance_window in window(),
        (part, name, version) in any::<(String, String, String)>(), artifact in artifact(),
        pair in option::of(any::<(String, String)>()), history in option::of(any::<(String, [String; 2])>()),
    ) -> DeploymentBase {
        let metadata = pair.into_iter().map(|(key, value)| Metadata { key, value }).collect();
        let chunk = Chunk { part, name, version, artifacts: vec![artifact], metadata };
        DeploymentBase {
            id,
            deployment: Deployment { download, update, maintenance_window, chunks: vec![chunk] },
            action_history: history.map(|(status, messages)| ActionHistory { status, messages: messages.into() }),
        }
    }
}

/// No `null`; numbers within 32 bits with a sign; addresses absolute and in plain signs.
fn holds(value: &Value) {
    match value {
        Value::Null => panic!("a null"),
        Value::Number(number) => {
            let fits = number
                .as_i64()
                .is_some_and(|number| i32::try_from(number).is_ok());
            assert!(fits, "{number} is no number of 32 bits");
        }
        Value::Array(list) => list.iter().for_each(holds),
        Value::Object(map) => {
            if let Some(href) = map.get("href").and_then(Value::as_str) {
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/%?=".contains(&byte);
                assert!(
                    href.starts_with("https://h/DEFAULT/controller/v1/"),
                    "{href}"
                );
                assert!(href.bytes().all(plain), "{href}");
            }
            map.values().for_each(holds);
        }
        Value::Bool(_) | Value::String(_) => {}
    }
}

proptest! {
    #[test]
    fn a_deployment_is_read_back_and_holds(said in deployment()) {
        let text = serde_json::to_string(&said).expect("plain data");
        let read: DeploymentBase = serde_json::from_str(&text).expect("our own words");
        prop_assert_eq!(read, said);
        holds(&serde_json::from_str(&text).expect("JSON"));
    }

    #[test]
    fn a_poll_is_read_back_and_holds(
        controller in ".{1,48}", id in number(), how in handling(), when in window(),
        seconds in any::<u32>(), kind in 0..4, installed in any::<bool>(), wanted in any::<bool>(),
    ) {
        let links = Links::of("https://h", USUAL_TENANT, &controller);
        let change = change_hash(how, how, when, "ab");
        let errand = match kind {
            0 => Some(Errand::Deployment(links.deployment(id, change))),
            1 => Some(Errand::Cancel(links.cancel(id))),
            2 => Some(Errand::Confirmation(links.confirmation(id, change))),
            _ => None,
        };
        let rest = (installed.then(|| links.installed(id)), wanted.then(|| links.config_data()));
        let said = ControllerBase::new(Sleep::from_s(seconds), BaseLinks::new(errand, rest.0, rest.1));
        let text = serde_json::to_string(&said).expect("plain data");
        prop_assert_eq!(serde_json::from_str::<ControllerBase>(&text).expect("our own words"), said);
        let value: Value = serde_json::from_str(&text).expect("JSON");
        holds(&value);
        if let Some(href) = value["_links"]["deploymentBase"]["href"].as_str() {
            let (_, end) = href.rsplit_once("/deploymentBase/").expect("its path");
            prop_assert!("deploymentBase/".len() + end.len() <= DEPLOYMENT_CHARS_MAX, "{}", href);
        }
    }
}
