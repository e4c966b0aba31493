//! The fake beside [`Environment`]: variables in memory.

use super::{Environment, Variables};
use crate::fault::Fault;

/// An environment that a test can look into.
#[derive(Debug, Clone, Default)]
pub struct FakeEnvironment {
    /// What it holds.
    pub variables: Variables,
    /// How often it was written.
    pub writes: usize,
}

impl Environment for FakeEnvironment {
    fn read(&self) -> Result<Variables, Fault> {
        Ok(self.variables.clone())
    }

    fn write(&mut self, variables: &Variables) -> Result<(), Fault> {
        self.variables.clone_from(variables);
        self.writes += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_doesnt_change_isnt_written() {
        let mut environment = FakeEnvironment::default();
        let change = [("a".to_owned(), "1".to_owned())];
        environment.set(&change).expect("sets");
        environment.set(&change).expect("sets");
        assert_eq!(environment.writes, 1);
    }
}
