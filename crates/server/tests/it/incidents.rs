//! An incident from its halt to its close, over HTTP.

use mainstay_access::{Duty, Email};
use mainstay_api::IncidentView;
use mainstay_artifact::{Approval, Member, RootDraft, Signer as _, add_approval};
use mainstay_keys::HostPrimitives;
use mainstay_plan::PlanDigest;
use mainstay_server::{PagesAccess, SeededEntropy, admin};
use mainstay_trust::root::Role;
use mainstay_trust::{Digest, Primitives as _, verify};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::gadget::register;
use crate::house::{
    self, Artifact, House, PLAN, packed, problem, read, root_draft, signer, status_key,
};
use crate::papers::publish_root;

pub const INCIDENT: &str = "/api/v1/incidents/INC-1";
const REVIEW: &str = "/api/v1/incidents/INC-1/review";
pub const CLOSE: &str = "/api/v1/incidents/INC-1/close";
pub const REOPEN: &str = "/api/v1/incidents/INC-1/reopen";
const LEE: &str = "lee@northwind.example";

/// Kim has halted 1.1.0, which ana had handed in and sam approved.
pub async fn halted() -> House {
    let house = House::with(PagesAccess::Anyone).await;
    roll_out(&house, &house.built("1.1.0", 2, &[])).await;
    halt(&house).await;
    house
}

/// Two devices run 1.0.0, and the rollout of `new` has begun.
pub async fn roll_out(house: &House, new: &Artifact) {
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let mut gadgets = register(house, &["th-1", "th-2"], &old).await;
    for gadget in &mut gadgets {
        gadget.check_in(house, &[]).await;
    }
    house.roll_out(new).await;
    house.advance().await;
    house.later(1);
}

pub async fn halt(house: &House) {
    let why = br#"{"why": "displays stay dark"}"#.to_vec();
    let path = "/api/v1/rollouts/1/halt";
    let halted = house.post(path, &house.tokens.operations, why).await;
    assert_eq!(halted.status(), StatusCode::OK);
    house.later(1);
}

/// A release manager who had no part in the release.
async fn lee(house: &House) -> String {
    let lee = Email::new(LEE).unwrap();
    let entropy = SeededEntropy::new(78);
    let lee = admin::add_person(house.app.store(), &entropy, lee, Duty::ReleaseManager);
    lee.await.unwrap().reveal()
}

pub async fn write(house: &House, token: &str, words: Value) -> Response {
    house.post(REVIEW, token, words.to_string().into()).await
}

pub async fn written(house: &House, token: &str, words: Value) -> IncidentView {
    let response = write(house, token, words).await;
    assert_eq!(response.status(), StatusCode::OK);
    read(response).await
}

/// Writes all three parts, with reasons where none need be checked.
pub async fn reviewed(house: &House, token: &str) -> IncidentView {
    let words = json!({
        "root_cause": "a register of the display moved",
        "test": "switch the display on, on the rig",
        "no_plan_change": "the canary stopped it at two devices",
    });
    written(house, token, words).await
}

pub async fn refusal(house: &House, token: &str, words: Value) -> (u16, String) {
    problem(write(house, token, words).await).await
}

pub async fn activate(house: &House, plan: &str) -> String {
    let request = house.request(Method::PUT, "/api/v1/plan", &house.tokens.manager);
    let answer = request.body(plan.to_owned()).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    house.later(1);
    PlanDigest::of(plan.as_bytes()).to_string()
}

#[tokio::test]
async fn it_closes_only_with_its_three_parts_and_by_somebody_else() {
    let house = halted().await;
    let (ana, kim) = (&house.tokens.engineer, &house.tokens.operations);
    let view: IncidentView = house.get(INCIDENT, ana).await;
    assert_eq!(view.state, "open");
    assert_eq!(view.missing, ["root-cause", "test-gap", "plan-change"]);
    let close = || house.refused(CLOSE, kim, Vec::new());
    assert_eq!(
        close().await,
        (409, "incident.root-cause-missing".to_owned())
    );
    written(&house, ana, json!({"root_cause": "a register moved"})).await;
    assert_eq!(close().await, (409, "incident.test-gap-missing".to_owned()));
    written(&house, ana, json!({"no_test": "no rig has the new panel"})).await;
    assert_eq!(
        close().await,
        (409, "incident.plan-change-missing".to_owned())
    );
    let same = activate(&house, PLAN).await;
    assert_eq!(
        refusal(&house, ana, json!({"plan": same})).await,
        (409, "incident.plan-unchanged".to_owned()),
        "the same plan once more is none"
    );
    let view = written(
        &house,
        ana,
        json!({"no_plan_change": "it was stopped in time"}),
    )
    .await;
    assert_eq!((view.missing.len(), view.state.as_str()), (0, "open"));
    let closed: IncidentView = read(house.post(CLOSE, kim, Vec::new()).await).await;
    assert_eq!(closed.state, "closed");
    assert_eq!(closed.closed_by.as_deref(), Some("kim@northwind.example"));
    assert_eq!(closed.log.len(), 4);
    let kept: IncidentView = house.get(INCIDENT, ana).await;
    assert_eq!(kept, closed);
}

#[tokio::test]
async fn who_may_close_it() {
    let house = halted().await;
    let tokens = &house.tokens;
    let (ana, sam, kim) = (&tokens.engineer, &tokens.manager, &tokens.operations);
    reviewed(&house, kim).await;
    let cases = [(kim, "incident.needs-another"), (ana, "access.denied")];
    for (token, id) in cases {
        let refused = house.refused(CLOSE, token, Vec::new()).await;
        assert_eq!(refused, (403, id.to_owned()));
    }
    // Ana handed it in and sam approved it: between them they don't close it.
    reviewed(&house, ana).await;
    let refused = house.refused(CLOSE, sam, Vec::new()).await;
    assert_eq!(refused, (403, "incident.needs-outsider".to_owned()));
    let lee = lee(&house).await;
    let closed: IncidentView = read(house.post(CLOSE, &lee, Vec::new()).await).await;
    assert_eq!(closed.closed_by.as_deref(), Some(LEE));
}

/// The history names one who approved; the release bears the signatures of all.
#[tokio::test]
async fn who_approved_beside_another_is_no_outsider() {
    let house = House::with(PagesAccess::Anyone).await;
    let signer = signer(LEE);
    let mut draft = RootDraft {
        version: 2,
        ..root_draft(&status_key().signer().unwrap())
    };
    draft.members.push(Member {
        role: Role::Release,
        holder: LEE.to_owned(),
        public_key: signer.public_key().into(),
    });
    let root = publish_root(&house, &draft).await;
    let root = verify::pinned_root(&root, &HostPrimitives).unwrap();
    let approval = Approval {
        plan: Digest(PlanDigest::of(PLAN.as_bytes()).0),
        evidence: HostPrimitives.digest(b""),
    };
    let mut new = house.built("1.1.0", 2, &[]);
    new.envelope = add_approval(&new.envelope, &signer, approval, &root, &HostPrimitives).unwrap();
    roll_out(&house, &new).await;
    halt(&house).await;
    reviewed(&house, &house.tokens.engineer).await;
    let lee = lee(&house).await;
    let refused = house.refused(CLOSE, &lee, Vec::new()).await;
    assert_eq!(refused, (403, "incident.needs-outsider".to_owned()));
    let closed = house
        .post(CLOSE, &house.tokens.operations, Vec::new())
        .await;
    assert_eq!(closed.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_closed_one_stays_and_another_takes_it_up() {
    let house = halted().await;
    let (ana, kim) = (&house.tokens.engineer, &house.tokens.operations);
    let why = || json!({"why": "it came back"}).to_string().into_bytes();
    let open = house.refused(REOPEN, ana, why()).await;
    assert_eq!(open, (409, "incident.still-open".to_owned()));
    reviewed(&house, ana).await;
    let closed: IncidentView = read(house.post(CLOSE, kim, Vec::new()).await).await;
    let edited = refusal(&house, ana, json!({"root_cause": "something else"})).await;
    assert_eq!(edited, (409, "incident.closed".to_owned()));
    let again = house.refused(CLOSE, kim, Vec::new()).await;
    assert_eq!(again, (409, "incident.closed".to_owned()));
    let opened = house.post(REOPEN, ana, why()).await;
    assert_eq!(opened.status(), StatusCode::CREATED);
    let next: IncidentView = read(opened).await;
    assert_eq!((next.id.as_str(), next.state.as_str()), ("INC-2", "open"));
    assert_eq!(next.reopens.as_ref().unwrap().incident, "INC-1");
    assert_eq!((&next.timeline, next.log.len()), (&closed.timeline, 0));
    let kept: IncidentView = house.get("/api/v1/incidents/INC-2", ana).await;
    assert_eq!(kept, next);
    let twice = house.refused(REOPEN, ana, why()).await;
    assert_eq!(twice, (409, "incident.reopened".to_owned()));
    let first: IncidentView = house.get(INCIDENT, ana).await;
    assert_eq!(first.reopened_as.as_deref(), Some("INC-2"));
    assert_eq!((first.review, first.state), (closed.review, closed.state));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let house = halted().await;
    let ana = &house.tokens.engineer;
    let cases = [
        (json!({}), "incident.nothing-said"),
        (json!({"root_cause": " "}), "incident.words"),
        (json!({"root_cause": "x".repeat(4001)}), "incident.words"),
        (
            json!({"root_cause": "fine", "no_test": ""}),
            "incident.words",
        ),
        (
            json!({"test": "a", "no_test": "b"}),
            "incident.contradiction",
        ),
        (
            json!({"plan": "00", "no_plan_change": "b"}),
            "incident.plan-digest",
        ),
        (json!({"plan": "zz"}), "incident.plan-digest"),
        (json!({"cause": "a"}), "request.malformed"),
        (json!("a register moved"), "request.malformed"),
    ];
    for (words, id) in cases {
        let refused = refusal(&house, ana, words.clone()).await;
        assert_eq!(refused, (400, id.to_owned()), "{words}");
    }
    let view: IncidentView = house.get(INCIDENT, ana).await;
    assert!(view.log.is_empty());
    for id in ["INC-7", "INC-01", "1", "INC-99999999999999999999"] {
        for verb in ["review", "close", "reopen"] {
            let path = format!("/api/v1/incidents/{id}/{verb}");
            let words = match verb {
                "review" => json!({"root_cause": "a"}),
                _ => json!({"why": "a"}),
            };
            let kim = &house.tokens.operations;
            let refused = house.refused(&path, kim, words.to_string().into()).await;
            assert_eq!(refused, (404, "request.not-found".to_owned()), "{path}");
        }
    }
}

#[tokio::test]
async fn pages_say_what_is_missing_what_was_learnt_and_that_it_is_over() {
    let house = halted().await;
    let (ana, kim) = (&house.tokens.engineer, &house.tokens.operations);
    let page = async |path: &str| {
        let page = house.http.get(format!("{}{path}", house.base)).send();
        page.await.unwrap().text().await.unwrap()
    };
    assert!(page("/").await.contains("Nobody has reviewed it yet."));
    let lacks = "The review lacks its root cause, test gap, plan change.";
    assert!(page("/incidents/1").await.contains(lacks));
    reviewed(&house, ana).await;
    let home = page("/").await;
    assert!(home.contains("mainstay incident close INC-1"), "{home}");
    house.post(CLOSE, kim, Vec::new()).await;
    let home = page("/").await;
    assert!(home.contains("Nothing needs you"), "{home}");
    let opened = "Closed</span> <span class=\"quiet\">opened <time";
    assert!(
        home.contains(opened),
        "it isn't closed since it opened: {home}"
    );
    let incident = page("/incidents/1").await;
    let expected = [
        opened,
        "Closed by kim@northwind.example",
        "<dt>Root cause</dt><dd>a register of the display moved",
        "<dt>Missing test</dt><dd>switch the display on, on the rig",
        "<dt>The plan stays as it was</dt>",
        "ana@northwind.example wrote the test gap",
        "kim@northwind.example closed it",
    ];
    for text in expected {
        assert!(incident.contains(text), "{text:?} is missing:\n{incident}");
    }
    let why = json!({"why": "it came back"}).to_string().into_bytes();
    house.post(REOPEN, ana, why).await;
    assert!(page("/incidents/2").await.contains("it came back"));
    assert!(page("/incidents/1").await.contains("/incidents/2"));
}

/// Two people who write at the same moment: nothing is lost.
#[tokio::test]
async fn of_many_who_write_at_once_nobody_overwrites_another() {
    let house = halted().await;
    let (ana, sam) = (&house.tokens.engineer, &house.tokens.manager);
    let one = |token, n: usize| write(&house, token, json!({"root_cause": format!("cause {n}")}));
    let answers = tokio::join!(one(ana, 1), one(sam, 2), one(ana, 3), one(sam, 4));
    let statuses = [answers.0, answers.1, answers.2, answers.3].map(|answer| answer.status());
    let good = statuses.iter().filter(|status| status.is_success()).count();
    assert!(good >= 1, "{statuses:?}");
    let others = statuses.iter().filter(|status| !status.is_success());
    assert!(
        others.clone().all(|status| *status == StatusCode::CONFLICT),
        "{statuses:?}"
    );
    let view: IncidentView = house.get(INCIDENT, ana).await;
    assert_eq!(view.log.len(), good);
}

/// One who writes while two close: what is closed was whole before, and nothing comes after.
#[tokio::test]
async fn of_words_and_two_closes_at_once_no_closed_one_changes() {
    let house = halted().await;
    let (ana, kim, lee) = (
        &house.tokens.engineer,
        &house.tokens.operations,
        lee(&house).await,
    );
    reviewed(&house, ana).await;
    let close = |token| house.post(CLOSE, token, Vec::new());
    let words = write(&house, ana, json!({"root_cause": "something else"}));
    let answers = tokio::join!(close(kim), words, close(&lee));
    let closes = [&answers.0, &answers.2].map(|answer| answer.status());
    let closed = closes.iter().filter(|status| status.is_success()).count();
    let written = usize::from(answers.1.status().is_success());
    let view: IncidentView = house.get(INCIDENT, ana).await;
    let what: Vec<_> = view.log.iter().map(|deed| deed.what.as_str()).collect();
    let is_close = |what: &&&str| what.ends_with("closed it");
    assert!(closed <= 1, "{closes:?}");
    assert_eq!(what.len(), 3 + written + closed, "{what:?}");
    assert_eq!(what.iter().filter(is_close).count(), closed, "{what:?}");
    assert_eq!(
        what.last().filter(is_close).is_some(),
        closed == 1,
        "{what:?}"
    );
}
