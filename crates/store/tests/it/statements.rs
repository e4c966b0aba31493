//! The statements in PostgreSQL's sources: that each is one, and how the walks find their pages.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cluster;

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/postgres")
}

/// The texts between quotes in a source, each with what stands before it; comments are left out.
fn literals(source: &str) -> Vec<(String, String)> {
    let code = source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let code: Vec<_> = code.collect();
    let code = code.join("\n");
    let parts: Vec<_> = code.split('"').collect();
    let pairs = parts.chunks_exact(2);
    pairs
        .map(|pair| (pair[0].to_owned(), pair[1].to_owned()))
        .collect()
}

/// Every statement in a source. Those of a `select!` have the beginning that it gives them.
fn statements(source: &str) -> Vec<String> {
    let literals = literals(source);
    let is_beginning = |before: &str| before.trim_end().ends_with("concat!(");
    let beginning = literals.iter().find(|(before, _)| is_beginning(before));
    let beginning = beginning.map_or("", |(_, text)| text);
    let statement = |(before, text): &(String, String)| {
        let verbs = ["SELECT ", "INSERT ", "UPDATE ", "DELETE "];
        match before.trim_end().ends_with("select!(") {
            true => Some(format!("{beginning}{text}")),
            false if is_beginning(before) => None,
            false => verbs
                .iter()
                .any(|verb| text.starts_with(verb))
                .then(|| text.clone()),
        }
    };
    literals.iter().filter_map(statement).collect()
}

#[tokio::test]
async fn every_statement_can_be_prepared() {
    let mut database = cluster::connect(&cluster::database(cluster::WITH_TABLES).await).await;
    let (mut prepared, mut used) = (0, 0);
    for file in fs::read_dir(sources()).expect("it is there") {
        let path = file.expect("readable").path();
        if path.is_dir() {
            continue;
        }
        let source = fs::read_to_string(&path).expect("readable");
        used += source.matches("sqlx::query").count();
        for statement in statements(&source) {
            let sql = sqlx::AssertSqlSafe(format!("PREPARE one AS {statement}; DEALLOCATE one"));
            let done = sqlx::raw_sql(sql).execute(&mut database).await;
            done.unwrap_or_else(|error| panic!("{}: {error}: {statement}", path.display()));
            prepared += 1;
        }
    }
    assert!(used > 80, "{used}");
    assert!(prepared >= used, "{prepared} of {used}");
}

/// A page that is read from a table's beginning on makes a walk as long as the square of the fleet. So the place where it begins is a
/// condition of each table that the walk goes through by key, also in plans that join whole tables.
#[tokio::test]
async fn each_page_of_a_walk_begins_at_its_place_in_each_table() {
    let mut database = cluster::connect(&cluster::database(cluster::WITH_TABLES).await).await;
    let whole_tables =
        "SET enable_nestloop = off; SET enable_hashjoin = off; SET enable_seqscan = off;
                        SET plan_cache_mode = force_generic_plan";
    let set = sqlx::raw_sql(whole_tables).execute(&mut database).await;
    set.expect("known settings");
    let source = fs::read_to_string(sources().join("walks.rs")).expect("readable");
    let walks = statements(&source);
    assert_eq!(walks.len(), 2);
    for walk in walks {
        let prepare = sqlx::AssertSqlSafe(format!("PREPARE walk AS {walk}"));
        let prepared = sqlx::raw_sql(prepare).execute(&mut database).await;
        prepared.expect("a statement");
        let explain = match walk.contains("$3") {
            true => "EXPLAIN (COSTS OFF) EXECUTE walk (1, 1, 1)",
            false => "EXPLAIN (COSTS OFF) EXECUTE walk (1, 1)",
        };
        let plan: Vec<String> = sqlx::query_scalar(explain)
            .fetch_all(&mut database)
            .await
            .expect("a plan");
        let plan = plan.join("\n");
        for table in ["on devices", "on contacts"] {
            let (_, scan) = plan.split_once(table).expect("it is read");
            let (scan, _) = scan.split_once("->").unwrap_or((scan, ""));
            assert!(scan.contains("> $"), "{table}: {plan}");
        }
        let forgotten = sqlx::raw_sql("DEALLOCATE walk")
            .execute(&mut database)
            .await;
        forgotten.expect("it was prepared");
    }
}
