//! Tables that an older program left in PostgreSQL, brought up to date by the command for it before a server is started.

use std::str::FromStr as _;

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::database::PASSWORD;
use crate::older::taken_back;
use crate::{House, said};

/// The format that they are set back to: of the steps behind it, one bears no older server beside it.
const OLDER: usize = 5;

/// A connection as every program of ours has it.
async fn connect(house: &House) -> PgConnection {
    let options = PgConnectOptions::from_str(&house.database.address()).expect("an address");
    let options = options.password(PASSWORD).application_name("mainstay");
    let connected = PgConnection::connect_with(&options).await;
    connected.expect("it runs")
}

async fn set_back(house: &House) {
    let mut database = connect(house).await;
    let tables = taken_back("postgres", OLDER);
    let sql = format!("{tables} UPDATE schema SET version = {OLDER}, min_reader = 3");
    let done = sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&mut database)
        .await;
    done.expect("the owner may");
    database.close().await.expect("it is open");
}

/// They are told, not taken beside an older server, and then taken.
pub async fn are_taken(house: &House, settings: &str) {
    set_back(house).await;
    let migrate = ["store", "migrate", "--settings", settings];
    let look = ["store", "migrate", "--settings", settings, "--look"];
    let missing = said(0, &look);
    let begins = format!(
        "The tables have format {OLDER}. Missing:\n  {}  ",
        OLDER + 1
    );
    assert!(missing.starts_with(&begins), "{missing}");
    assert!(
        missing.contains("; older servers must be stopped before"),
        "{missing}"
    );
    assert_eq!(said(0, &look), missing, "only looked at");
    let older = connect(house).await;
    let told = said(2, &migrate);
    assert!(told.contains("error store.in-use"), "{told}");
    assert_eq!(said(0, &look), missing, "nothing was taken");
    older.close().await.expect("it is open");
    let told = said(0, &migrate);
    assert!(told.contains("All steps are taken."), "{told}");
    let told = said(0, &look);
    assert!(told.contains("no step is missing"), "{told}");
    let told = said(0, &["store", "check", "--settings", settings]);
    assert!(told.contains("nothing is wrong"), "{told}");
}
