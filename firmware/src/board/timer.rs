//! Seconds from TIMER0, by compare event. Between two seconds the processor sleeps and never polls.
//!
//! Source: nRF51 Reference Manual 3.0, chapter "Timer/counter (TIMER)"; QEMU source
//! `hw/timer/nrf51_timer.c`. The real-time counter (RTC) would need less power on a real board, but
//! QEMU 7.2 does not emulate it.

use super::processor::{mask_interrupts, wait_for_interrupt};
use super::register::Register;

const TASKS_START: Register = Register::at(0x4000_8000);
const TASKS_CLEAR: Register = Register::at(0x4000_800C);
const EVENTS_COMPARE0: Register = Register::at(0x4000_8140);
const SHORTS: Register = Register::at(0x4000_8200);
const INTENSET: Register = Register::at(0x4000_8304);
const BITMODE: Register = Register::at(0x4000_8508);
const PRESCALER: Register = Register::at(0x4000_8510);
const CC0: Register = Register::at(0x4000_8540);

/// NVIC set-enable and clear-pending registers (ARMv6-M Architecture Reference Manual, NVIC_ISER
/// and NVIC_ICPR).
const NVIC_ISER: Register = Register::at(0xE000_E100);
const NVIC_ICPR: Register = Register::at(0xE000_E280);

/// TIMER0 is peripheral 8, and a peripheral's number is its interrupt's (nRF51 Reference Manual
/// 3.0, chapter "Peripheral interface").
const TIMER0_INTERRUPT: u32 = 1 << 8;

const COMPARE0_CLEARS_COUNTER: u32 = 1 << 0;
const COMPARE0_INTERRUPTS: u32 = 1 << 16;
const BITMODE_32: u32 = 3;

/// The timer counts at 16 MHz divided by two to this power, which is 31,250 Hz with the largest
/// prescaler.
const PRESCALER_MAX: u32 = 9;
const TICKS_PER_SECOND: u32 = 16_000_000 >> PRESCALER_MAX;

/// Source of one event each second since [`Seconds::start`].
#[derive(Debug)]
pub struct Seconds(());

impl Seconds {
    /// Starts counting. The timer clears itself at each compare, so no second is lost to slow work
    /// in between.
    pub fn start() -> Self {
        mask_interrupts();
        BITMODE.write(BITMODE_32);
        PRESCALER.write(PRESCALER_MAX);
        CC0.write(TICKS_PER_SECOND);
        SHORTS.write(COMPARE0_CLEARS_COUNTER);
        INTENSET.write(COMPARE0_INTERRUPTS);
        NVIC_ISER.write(TIMER0_INTERRUPT);
        TASKS_CLEAR.write(1);
        TASKS_START.write(1);
        Self(())
    }

    /// Sleeps until the second ends. The event is cleared before the pending bit that it would
    /// otherwise set again.
    pub fn wait_for_next(&mut self) {
        while EVENTS_COMPARE0.read() == 0 {
            wait_for_interrupt();
        }
        EVENTS_COMPARE0.write(0);
        NVIC_ICPR.write(TIMER0_INTERRUPT);
    }
}
