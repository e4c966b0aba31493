//! Milliseconds since the start, from TIMER0, without interrupts.
//!
//! Source: nRF51 Reference Manual 3.0, chapter "Timer/counter (TIMER)"; QEMU source `hw/timer/nrf51_timer.c`.

use super::register::Register;

const TASKS_START: Register = Register::at(0x4000_8000);
const TASKS_CLEAR: Register = Register::at(0x4000_800C);
const TASKS_CAPTURE0: Register = Register::at(0x4000_8040);
const BITMODE: Register = Register::at(0x4000_8508);
const PRESCALER: Register = Register::at(0x4000_8510);
const CC0: Register = Register::at(0x4000_8540);

const BITMODE_32: u32 = 3;
/// The timer counts at 16 MHz divided by two to this power: 31,250 Hz.
const PRESCALER_MAX: u32 = 9;
const TICKS_PER_SECOND: u64 = 16_000_000 >> PRESCALER_MAX;

/// A clock that has been started.
#[derive(Debug)]
pub struct Clock {
    ticks: u64,
    last: u32,
}

impl Clock {
    /// Starts at 0.
    pub fn start() -> Self {
        BITMODE.write(BITMODE_32);
        PRESCALER.write(PRESCALER_MAX);
        TASKS_CLEAR.write(1);
        TASKS_START.write(1);
        Self { ticks: 0, last: 0 }
    }

    /// Milliseconds since the start. To be asked at least once in the 38 hours in which the timer comes round.
    pub fn now_ms(&mut self) -> u64 {
        TASKS_CAPTURE0.write(1);
        let counted = CC0.read();
        self.ticks += u64::from(counted.wrapping_sub(self.last));
        self.last = counted;
        self.ticks * 1000 / TICKS_PER_SECOND
    }
}
