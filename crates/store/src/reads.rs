//! In whose line for a connection a read stands. A page reads many times, one after the other; where many check-ins are at work it would stand
//! behind all of them each time. Read [`of_people`].

use tokio::task_local;

task_local! {
    static OF_PEOPLE: ();
}

/// What `work` reads, it reads by connections that people alone use. Not so what it has done in a task of its own, such as a count over a fleet,
/// which goes on when nobody waits for it any more.
pub async fn of_people<T>(work: impl Future<Output = T>) -> T {
    OF_PEOPLE.scope((), work).await
}

/// Whether what asks here is a person's.
#[must_use]
pub fn are_of_people() -> bool {
    OF_PEOPLE.try_with(|()| ()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_persons_reads_are_people_s_and_what_goes_on_without_them_is_not() {
        assert!(!are_of_people());
        let (own, aside) = of_people(async {
            let aside = tokio::spawn(async { are_of_people() });
            (are_of_people(), aside.await.expect("it ends"))
        })
        .await;
        assert!(own && !aside);
        assert!(!are_of_people());
    }
}
