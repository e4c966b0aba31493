//! Randomness takes time: AWS-LC seeds itself from the jitter of the processor's clock when it is first
//! asked, some 40 milliseconds that a signature would wait for. See [`gather_randomness`].

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};

/// Lets the library seed itself beside whatever is done before a signature is made. Without it the
/// same happens later; if it fails here, it fails there too, and is told there.
pub fn gather_randomness() {
    std::thread::spawn(|| SystemRandom::new().fill(&mut [0]));
}
