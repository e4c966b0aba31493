//! Clients of others are never sent elsewhere: they have nobody to ask next, and report what a mirror did as a failed installation.

use reqwest::Method;

use super::{header, house, plan};
use crate::ddi::gateway::{self, offer, strangers_in};
use crate::house::PLAN;

#[tokio::test]
async fn clients_of_others_are_served_here_whatever_they_call_themselves() {
    // The same plan, with the word by which these clients say what they run.
    let said = gateway::plan();
    let mirrored = plan("plain").replace(PLAN, &said);
    let house = house(&mirrored).await;
    let (house, old, gateways) = strangers_in(house, ["02:00:5e:10:00:01", "Gate way 2+"]).await;
    for one in &gateways {
        one.says_it_runs(&house, "1.0.0").await;
    }
    let (house, new, [one, _]) = offer(house, old, gateways).await;
    let number = one.order(&house).await.number;
    let told = one.deployment(&house, number).await;
    let links = &told["deployment"]["chunks"][0]["artifacts"][0]["_links"];
    for name in ["download", "download-http", "md5sum", "md5sum-http"] {
        let href = links[name]["href"].as_str().unwrap();
        assert!(href.starts_with(&house.base), "{name}: {href}");
    }
    let path = format!("/softwaremodules/{number}/artifacts/thermo-v2-1.1.0.bin");
    for agent in [
        "libcurl-agent/1.0",
        "rauc-hawkbit-c-agent/1.0",
        "zephyr/4.1",
        "other",
    ] {
        let asked = one
            .request(&house, Method::GET, &path)
            .header("user-agent", agent)
            .header("mainstay-elsewhere", "sha-256")
            .header("range", "bytes=0-99");
        let served = asked.send().await.unwrap();
        assert_eq!(served.status(), 206, "{agent}");
        assert_eq!(header(&served, "location"), "");
        assert_eq!(served.bytes().await.unwrap(), new.image[..100], "{agent}");
    }
}
