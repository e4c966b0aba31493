//! What a server finds in its database and didn't write itself.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};

use crate::house::House;

/// Changes the server's database behind its back.
pub async fn change(house: &House, sql: &'static str) {
    let file = SqliteConnectOptions::new().filename(house.data.database());
    let mut database = SqliteConnection::connect_with(&file).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut database).await.unwrap();
    database.close().await.unwrap();
}
