//! Keeps all threads of a life on one processor.
//!
//! A life does one thing after the other, but its store answers from threads of its own: each query goes there and back. From one
//! processor to another that costs more than the query itself.

/// Lets this thread, and those that it starts from now on, run on one processor only: the one with this number among those that
/// it may use, counted around. Where that can't be had, everything only takes longer.
#[cfg(target_os = "linux")]
pub fn keep_to_one(number: usize) {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    let Ok(allowed) = sched_getaffinity(None) else {
        return;
    };
    let processors: Vec<usize> = (0..CpuSet::MAX_CPU)
        .filter(|processor| allowed.is_set(*processor))
        .collect();
    let mut chosen = CpuSet::new();
    if let Some(processor) = processors.iter().cycle().nth(number) {
        chosen.set(*processor);
        let _ = sched_setaffinity(None, &chosen);
    }
}

/// Other systems can't be told, or not like this.
#[cfg(not(target_os = "linux"))]
pub fn keep_to_one(_number: usize) {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::thread::sched_getaffinity;

    use super::*;

    #[test]
    fn a_life_and_what_it_starts_stay_on_one_processor() {
        for number in [0, 1, 1000] {
            let life = std::thread::spawn(move || {
                keep_to_one(number);
                let store =
                    std::thread::spawn(|| sched_getaffinity(None).expect("it can be asked"));
                store.join().expect("it only asks")
            });
            assert_eq!(life.join().expect("it only asks").count(), 1, "{number}");
        }
    }
}
