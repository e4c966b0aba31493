//! Where the database and the payloads may be said to be.

use super::*;

fn homes(variable: &str, value: &str) -> Result<HomePlaces, Vec<Finding>> {
    let asked = in_variables(&[("MAINSTAY_DATA", "d"), (variable, value)]);
    read(&asked).settled().map(|(settings, _)| settings.homes)
}

#[test]
fn a_database_is_the_folders_own_or_an_address() {
    let store = |value| homes("MAINSTAY_STORE", value).map(|homes| homes.store);
    assert_eq!(
        homes("MAINSTAY_STORE", "").unwrap().store,
        StorePlace::Sqlite
    );
    assert_eq!(store("sqlite").unwrap(), StorePlace::Sqlite);
    let address = "postgres://mainstay@db.northwind.example/mainstay";
    match store(address).unwrap() {
        StorePlace::Postgres(taken) => assert_eq!(taken.as_str(), address),
        StorePlace::Sqlite => panic!("it is an address"),
    }
    for wrong in [
        "postgres",
        "mainstay.sqlite",
        "mysql://db/mainstay",
        "postgres://db:x/m",
    ] {
        let found = store(wrong).unwrap_err();
        assert_eq!(
            (found[0].id, &*found[0].setting),
            ("settings.value", "store")
        );
        assert!(
            found[0].cure.contains("postgres://user@host/database"),
            "{found:?}"
        );
    }
}

#[test]
fn payloads_are_in_the_folder_or_in_a_bucket() {
    let blobs = |value| homes("MAINSTAY_BLOBS", value).map(|homes| homes.blobs);
    let bucket = |bucket: &str, prefix: &str| BlobsPlace::Bucket {
        bucket: bucket.to_owned(),
        prefix: prefix.to_owned(),
    };
    assert_eq!(blobs("folder").unwrap(), BlobsPlace::Folder);
    for (value, taken) in [
        ("s3://mainstay", bucket("mainstay", "")),
        ("s3://mainstay/", bucket("mainstay", "")),
        ("s3://north.wind-2/a/b_c", bucket("north.wind-2", "a/b_c/")),
        ("s3://north.wind-2/a/b_c/", bucket("north.wind-2", "a/b_c/")),
    ] {
        assert_eq!(blobs(value).unwrap(), taken, "{value}");
    }
    for wrong in [
        "blobs",
        "s3://",
        "s3://ab",
        "s3://Mainstay",
        "s3://-ab",
        "s3://a_b",
        "s3://mainstay/../x",
        "s3://mainstay//x",
        "s3://mainstay/a b",
        "https://s3.example/mainstay",
    ] {
        let found = blobs(wrong).unwrap_err();
        assert_eq!(
            (found[0].id, &*found[0].setting),
            ("settings.value", "blobs"),
            "{wrong}"
        );
    }
    for region in ["", "eu-central-1", "auto"] {
        let taken = homes("MAINSTAY_BLOBS_REGION", region).unwrap().blobs_region;
        assert_eq!(
            taken,
            if region.is_empty() {
                "us-east-1"
            } else {
                region
            }
        );
    }
    homes("MAINSTAY_BLOBS_REGION", "EU 1").unwrap_err();
    let endpoint = homes("MAINSTAY_BLOBS_ENDPOINT", "http://127.0.0.1:9000/").unwrap();
    assert_eq!(
        endpoint.blobs_endpoint.as_deref(),
        Some("http://127.0.0.1:9000")
    );
}

/// Whoever says where a bucket's server is, and not which bucket, would fill the disk.
#[test]
fn what_has_no_effect_is_warned_of() {
    let endpoint = ("MAINSTAY_BLOBS_ENDPOINT", "https://s3.example");
    let data = ("MAINSTAY_DATA", "d");
    let ids = |pairs: &[(&str, &str)]| {
        let found = found(&in_variables(pairs));
        found
            .into_iter()
            .map(|(severity, id, setting, _)| (severity, id, setting))
            .collect::<Vec<_>>()
    };
    let warning = (
        Severity::Warning,
        "settings.no-effect",
        "blobs_endpoint".to_owned(),
    );
    assert_eq!(ids(&[data, endpoint]), [warning]);
    assert_eq!(
        ids(&[data, endpoint, ("MAINSTAY_BLOBS", "s3://mainstay")]),
        []
    );
    let refused = ids(&[data, endpoint, ("MAINSTAY_BLOBS", "s3")]);
    assert_eq!(refused.len(), 1, "what it meant isn't known: {refused:?}");
}
