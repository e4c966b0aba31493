//! How much is downloaded at once. Read [`Flow`].

use std::collections::VecDeque;

/// The downloads under way. All take equally long, so that whoever began first ends first.
#[derive(Debug)]
pub(super) struct Flow {
    download_ms: i64,
    began_ms: VecDeque<i64>,
    most: usize,
    most_at_ms: Option<i64>,
}

impl Flow {
    /// No download yet; each will take so long.
    pub(super) fn new(download_ms: i64) -> Self {
        Self {
            download_ms,
            began_ms: VecDeque::new(),
            most: 0,
            most_at_ms: None,
        }
    }

    /// A download begins, not earlier than the one before.
    pub(super) fn begin(&mut self, now_ms: i64) {
        let ended = |began: &i64| began.saturating_add(self.download_ms) <= now_ms;
        while self.began_ms.front().is_some_and(ended) {
            self.began_ms.pop_front();
        }
        self.began_ms.push_back(now_ms);
        if self.began_ms.len() > self.most {
            self.most = self.began_ms.len();
            self.most_at_ms = Some(now_ms);
        }
    }

    /// The most downloads at one moment, and when that was first.
    pub(super) fn most(&self) -> (usize, Option<i64>) {
        (self.most, self.most_at_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn downloads_overlap_until_the_first_has_ended() {
        let mut flow = Flow::new(100);
        assert_eq!(flow.most(), (0, None));
        for ms in [0, 50, 99, 100, 160, 500] {
            flow.begin(ms);
        }
        // At 99 three; at 100 the first has just ended.
        assert_eq!(flow.most(), (3, Some(99)));
    }
}
