//! The plan in force: looking at it, and putting another one in its place.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use mainstay_access::{Account, Assignments, Duty, Email, Permission, Person, Role};
use mainstay_api::{PlanView, PlanWarning};
use mainstay_plan::{
    Cohort, Finding, FleetFacts, InForce, Members, PLAN_BYTES_MAX, Plan, Severity,
};
use mainstay_release::{Release, root_facts};
use mainstay_rollout::cohort::{self, Seen};
use mainstay_rollout::version;
use mainstay_store::{Store, StoreError};

use super::field::Field;
use crate::problem::Refused;
use crate::release_walk::ReleaseWalk;
use crate::{App, authenticate, body};

/// So many findings are told in one refusal; `mainstay plan check` tells them all.
const FINDINGS_TOLD_MAX: usize = 10;

/// `GET /plan`.
pub(super) async fn active(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Json<PlanView>, Refused> {
    authenticate::caller(&app, &headers, Permission::Read).await?;
    Ok(Json(in_force(&app).await?))
}

/// `PUT /plan`: the body is the plan's text. A rollout under way keeps the rules it started with. What was in
/// force before comes back whatever today's rules say: releases that were approved under it wait for it.
pub(super) async fn activate(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    request: Body,
) -> Result<Json<PlanView>, Refused> {
    let person = authenticate::person(&app, &headers, Permission::ActivatePlan).await?;
    let bytes = body::read(&headers, request, PLAN_BYTES_MAX).await?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Refused::malformed("it isn't UTF-8"))?;
    let fleet = Field::seen(&app, cohorts(text)).await?;
    let known = known(&app, fleet.facts).await?;
    let (plan, warnings) = match judge(text, &known, |cohort| {
        fleet.cohorts.get(&cohort.name).copied()
    }) {
        Err(findings) => return Err(refused(&findings)),
        Ok((plan, findings)) => {
            if is_in_the_way(&findings) && !app.store.was_in_force(plan.digest.0).await? {
                return Err(refused(&findings));
            }
            (plan, findings)
        }
    };
    check_duties(&plan, &*app.store, None).await?;
    app.store
        .activate_plan(text, plan.digest.0, &person.email, app.now())
        .await?;
    tracing::info!(by = %person.email, revision = %plan.digest, "plan activated");
    Ok(Json(PlanView {
        warnings: warnings.into_iter().map(warning).collect(),
        ..in_force(&app).await?
    }))
}

/// What the server knows that a plan's rules may ask for. A plan in force that this version can't read is
/// compared with nothing: putting another one in its place is the way out.
async fn known(app: &App, fleet: FleetFacts) -> Result<FleetFacts, Refused> {
    let in_force = match app.plan().await {
        Ok(active) => active.map(|active| InForce::of(&active.plan)),
        Err(error @ StoreError::Damaged { .. }) => {
            tracing::warn!(%error, "the plan in force can't be read: the next one is compared with none");
            None
        }
        Err(error) => return Err(error.into()),
    };
    let mut facts = fleet;
    let mut walk = ReleaseWalk::over(app.store());
    while let Some(page) = walk.page().await? {
        page.iter().for_each(|release| note(&mut facts, release));
    }
    let standing = app.standing().await?;
    let root = Some(root_facts(standing.root()?.get()));
    Ok(FleetFacts {
        in_force,
        root,
        ..facts
    })
}

/// Notes the version of a release that is there.
fn note(facts: &mut FleetFacts, release: &Release) {
    let versions = facts.versions_by_class.entry(release.facts.class.clone());
    let handed_in = &release.facts.version;
    // A pre-release is no proof that its release is there.
    if handed_in.pre.is_empty() && !release.is_withdrawn() {
        versions.or_default().insert(version::number(handed_in));
    }
}

/// The day on which a plan is judged.
pub(crate) fn day(now: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(now).date()
}

/// The cohorts of a plan in this text, if one can be made of it.
fn cohorts(text: &str) -> Vec<Cohort> {
    let read = mainstay_plan::check(text, &FleetFacts::default());
    read.plan.map_or_else(Vec::new, |plan| plan.cohorts)
}

/// The plan in this text with all that its rules say, or, if no plan can be made of it, that alone. `seen` is what was seen of a cohort in
/// the fleet, if anybody looked.
fn judge(
    text: &str,
    facts: &FleetFacts,
    seen: impl Fn(&Cohort) -> Option<Seen>,
) -> Result<(Plan, Vec<Finding>), Vec<Finding>> {
    let remarks = |cohort: &Cohort| cohort::remarks_seen(cohort, |_| seen(cohort));
    let checked = mainstay_plan::check_with_cohorts(text, facts, remarks);
    match checked.plan {
        Some(plan) => Ok((plan, checked.findings)),
        None => Err(checked.findings),
    }
}

fn is_in_the_way(findings: &[Finding]) -> bool {
    findings.iter().any(|one| one.severity == Severity::Error)
}

/// The plan in this text, if nothing of severity error stands against it.
///
/// # Errors
/// With the first findings, each with its place and its remedy.
pub(crate) fn acceptable(text: &str, facts: &FleetFacts) -> Result<Plan, Refused> {
    match judge(text, facts, |_| None) {
        Ok((plan, findings)) if !is_in_the_way(&findings) => Ok(plan),
        Ok((_, findings)) | Err(findings) => Err(refused(&findings)),
    }
}

fn refused(findings: &[Finding]) -> Refused {
    let errors = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error);
    let told: Vec<String> = errors
        .take(FINDINGS_TOLD_MAX)
        .map(|f| {
            format!(
                "{} ({}, line {}): {}",
                f.rule, f.place.section, f.place.line, f.message
            )
        })
        .collect();
    Refused::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "plan.errors",
        format_args!("The plan has errors. {}", told.join("; ")),
        "Run `mainstay plan check` on it and follow its remedies.",
    )
}

fn warning(finding: Finding) -> PlanWarning {
    PlanWarning {
        rule: finding.rule.to_owned(),
        section: finding.place.section,
        line: finding.place.line,
        message: finding.message,
        fix: finding.fix,
    }
}

/// One person, one duty: over the plan's roles, the people who have tokens, the accounts (closed ones too), and whoever is about to
/// become one of them, taken together.
///
/// # Errors
/// `access.two-duties`, naming the first of them.
pub(crate) async fn check_duties(
    plan: &Plan,
    store: &dyn Store,
    newcomer: Option<Person>,
) -> Result<(), Refused> {
    let people = store.people().await?;
    let accounts = store.accounts().await?;
    let accounts = accounts.iter().filter_map(Account::person);
    let people = people.into_iter().chain(accounts).chain(newcomer);
    match Assignments::new(all_planned(plan).into_iter().chain(people)) {
        Ok(_) => Ok(()),
        Err(conflicts) => Err(conflicts
            .into_iter()
            .next()
            .map_or_else(Refused::no_plan, Into::into)),
    }
}

/// That an address may get an account of `role`: nobody gets two duties by it, and nobody whom the plan gives one a role without, which
/// would be theirs for good.
///
/// # Errors
/// `access.two-duties` or `access.planned-duty`.
pub(crate) async fn check_newcomer(
    plan: &Plan,
    store: &dyn Store,
    email: &Email,
    role: Role,
) -> Result<(), Refused> {
    if let Some(duty) = role.duty() {
        let email = email.clone();
        return check_duties(plan, store, Some(Person { email, duty })).await;
    }
    let mut planned = all_planned(plan).into_iter();
    match planned.find(|person| person.email == *email) {
        None => Ok(()),
        Some(Person { email, duty }) => Err(Refused::new(
            StatusCode::CONFLICT,
            "access.planned-duty",
            format_args!(
                "The plan gives {email} the duty {duty}, and the role {role} has none; an address keeps its role for good."
            ),
            format_args!("Give them the role {duty}, or another address."),
        )),
    }
}

/// Whom the plan gives a duty.
fn all_planned(plan: &Plan) -> Vec<Person> {
    let roles = [
        (Duty::Engineer, &plan.roles.engineers),
        (Duty::ReleaseManager, &plan.roles.release_managers),
        (Duty::Operations, &plan.roles.operations),
    ];
    let planned = roles
        .into_iter()
        .flat_map(|(duty, members)| planned(duty, members));
    planned.collect()
}

fn planned(duty: Duty, members: &Members) -> Vec<Person> {
    // The plan has checked its addresses by a rule that is at least as strict.
    let email = |address: &mainstay_plan::Email| Email::new(address.as_str()).ok();
    members
        .all()
        .filter_map(email)
        .map(|email| Person { email, duty })
        .collect()
}

async fn in_force(app: &App) -> Result<PlanView, Refused> {
    let active = app.active_plan().await?;
    let stored = app.store.active_plan().await?;
    let stored = stored.ok_or_else(Refused::no_plan)?;
    Ok(PlanView {
        revision: hex::encode(stored.digest),
        name: active.plan.name.clone(),
        text: stored.text,
        by: stored.by,
        at: stored.at,
        warnings: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use mainstay_access::{PasswordHash, SecretHash, SetupLink};
    use mainstay_store::{Accounts as _, SetupLinks as _, SqliteStore};

    use super::*;

    /// The plan names Noor as a release manager, and Kim for operations.
    const PLAN: &str = include_str!("../../tests/it/plan.toml");

    fn email(name: &str) -> Email {
        Email::new(&format!("{name}@northwind.example")).unwrap()
    }

    async fn make_account(store: &SqliteStore, n: u8, name: &str, role: Role) {
        let hash = SecretHash([n; 32]);
        let account = Account {
            email: email(name),
            role,
            password: PasswordHash::new("$argon2id$x".to_owned()).unwrap(),
            second_factor: None,
            since: Timestamp::UNIX_EPOCH,
            closed: None,
        };
        let link = SetupLink::on_the_machine(hash, email(name), role, account.since);
        store.add_setup_link(&link, None).await.unwrap();
        let used = store.use_setup_link(&hash, &account, account.since).await;
        used.unwrap();
    }

    #[tokio::test]
    async fn an_account_counts_like_a_name_in_the_plan() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::create(&folder.path().join("mainstay.sqlite")).await;
        let store = store.unwrap();
        let plan = mainstay_plan::parse(PLAN).unwrap();
        make_account(&store, 1, "kim", Role::Operations).await;
        make_account(&store, 2, "ana", Role::Viewer).await;
        assert_eq!(check_duties(&plan, &store, None).await, Ok(()));
        let newcomer = |duty| {
            let email = email("noor");
            Some(Person { email, duty })
        };
        let same = check_duties(&plan, &store, newcomer(Duty::ReleaseManager)).await;
        assert_eq!(same, Ok(()));
        let other = check_duties(&plan, &store, newcomer(Duty::Engineer)).await;
        assert_eq!(other.unwrap_err().id(), "access.two-duties");

        make_account(&store, 3, "noor", Role::Engineer).await;
        for closes in [false, true] {
            if closes {
                let noor = email("noor");
                let closed = store.close_account(&noor, Timestamp::UNIX_EPOCH).await;
                closed.unwrap();
            }
            let refused = check_duties(&plan, &store, None).await;
            assert_eq!(refused.unwrap_err().id(), "access.two-duties", "{closes}");
        }
    }
}
