//! Makes tests of promises: of each that is about one server, and of each that is about two at one database.

/// A module of tests for one back end. The function of that name opens a store.
macro_rules! each {
    ($backend:ident: $($noun:ident::{ $($promise:ident,)* })*
        ; of two servers: $($race_noun:ident::{ $($race:ident,)* })*) => {
        mod $backend {
            $($(
                #[tokio::test]
                async fn $promise() {
                    let opened = super::$backend().await;
                    super::$noun::$promise(&*opened.store).await;
                    opened.leave().await;
                }
            )*)*
            $($(
                #[tokio::test]
                async fn $race() {
                    let opened = super::$backend().await;
                    let other = opened.elsewhere().await;
                    super::$race_noun::$race(&*opened.store, &*other).await;
                    opened.leave().await;
                }
            )*)*
        }
    };
}
