//! Which server does the jobs that one does for all, for monitoring systems. Read [`JobLine`].

use crate::metrics_text::Text;

/// A job that one server does for all that share its store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobLine {
    /// Its name.
    pub job: String,
    /// The name of the server that took it last.
    pub holder: String,
    /// How often it was taken.
    pub generation: u64,
    /// How long its lease still holds, in milliseconds; nought if nobody does the job.
    pub left_ms: u64,
    /// Whether the server that is asked does it.
    pub is_here: bool,
}

/// The jobs in Prometheus' text format.
#[must_use]
pub fn prometheus(jobs: &[JobLine]) -> String {
    let mut text = Text::default();
    text.family(
        "mainstay_job_lease_here",
        "1 if this server does the job for all that share its store.",
    );
    for job in jobs {
        let here = u8::from(job.is_here).to_string();
        text.sample(&[("job", job.job.as_str())], &here);
    }
    text.family(
        "mainstay_job_lease_left_seconds",
        "How long the server that does the job may go on without renewing; 0 if nobody does it.",
    );
    for job in jobs {
        let left = format!("{}.{:03}", job.left_ms / 1000, job.left_ms % 1000);
        let labels = [("job", job.job.as_str()), ("holder", job.holder.as_str())];
        text.sample(&labels, &left);
    }
    text.family(
        "mainstay_job_lease_generation",
        "How often the job was taken, by whichever server.",
    );
    for job in jobs {
        let labels = [("job", job.job.as_str())];
        text.sample(&labels, &job.generation.to_string());
    }
    text.into_text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_job_says_who_does_it() {
        let job = JobLine {
            job: "rollouts".to_owned(),
            holder: "db-1:/srv/\"a\"".to_owned(),
            generation: 7,
            left_ms: 4056,
            is_here: true,
        };
        let text = prometheus(&[job]);
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        let expected = [
            r#"mainstay_job_lease_here{job="rollouts"} 1"#,
            r#"mainstay_job_lease_left_seconds{job="rollouts",holder="db-1:/srv/\"a\""} 4.056"#,
            r#"mainstay_job_lease_generation{job="rollouts"} 7"#,
        ];
        assert_eq!(samples.collect::<Vec<_>>(), expected);
    }
}
