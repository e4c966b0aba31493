//! Whole fleets in virtual time: what a preview says of them, that they live the same life again, and the written worlds.

mod preview;
mod replay;
mod scenarios;
