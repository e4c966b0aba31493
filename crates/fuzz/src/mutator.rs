//! A bounded, repeatable mutator: the same seed gives the same inputs on every machine.
//!
//! It follows no coverage, unlike libFuzzer; it is for every test run, where the same properties are
//! asked of some thousand inputs that lie near good ones. Read [`Mutator`] first.

/// Changes made to one input: one finds what a field does alone, several what fields do together.
const CHANGES_MAX: usize = 4;

/// Bytes that mean something to the formats at hand: the heads and bounds of CBOR, the ends of
/// integers, the marks of TOML and headers.
const TELLING: &[u8] = b"\x00\x01\x17\x18\x19\x1a\x1b\x1f\x20\x3f\x40\x58\x59\x5f\x60\x7f\x80\x82\x84\x9f\xa0\xbf\xd2\xd8\xf4\xf6\xf7\xf9\xff\n\"'-=,.[]{}#\\0129";

/// Draws inputs near its seeds.
pub struct Mutator {
    seeds: Vec<Vec<u8>>,
    bytes_max: usize,
    state: u64,
}

impl Mutator {
    /// A mutator around `seeds`, whose inputs have at most `bytes_max` bytes.
    pub fn new(seeds: Vec<Vec<u8>>, bytes_max: usize) -> Self {
        Self {
            seeds,
            bytes_max,
            state: 0,
        }
    }

    /// The next input.
    pub fn input(&mut self) -> Vec<u8> {
        let mut input = self.seed();
        for _ in 0..=self.below(CHANGES_MAX) {
            self.change(&mut input);
        }
        input.truncate(self.bytes_max);
        input
    }

    fn seed(&mut self) -> Vec<u8> {
        match self.below(self.seeds.len()) {
            _ if self.seeds.is_empty() => Vec::new(),
            place => self.seeds[place].clone(),
        }
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        let end = (at + 1 + self.below(16)).min(input.len());
        match self.below(8) {
            0 => input.truncate(at),
            1 => input.insert(at, self.telling()),
            2 => drop(input.drain(at..end)),
            3 => {
                let copy = input[at..end].to_vec();
                let to = self.below(input.len() + 1);
                input.splice(to..to, copy);
            }
            4 => {
                let other = self.seed();
                let from = self.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            change => self.change_byte(input, at, change),
        }
    }

    fn change_byte(&mut self, input: &mut [u8], at: usize, change: usize) {
        let (bit, step, telling) = (self.below(8), self.below(3), self.telling());
        let Some(byte) = input.get_mut(at) else {
            return;
        };
        *byte = match change {
            5 => *byte ^ 1 << bit,
            6 => byte.wrapping_add([1, 0xff, 0x20][step]),
            _ => telling,
        };
    }

    fn telling(&mut self) -> u8 {
        TELLING[self.below(TELLING.len())]
    }

    /// A number below `end`, or 0 if there is none. SplitMix64: small, and good enough to pick places.
    fn below(&mut self, end: usize) -> usize {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        let drawn = (z ^ z >> 31) % (end.max(1) as u64);
        usize::try_from(drawn).expect("below a usize")
    }
}
