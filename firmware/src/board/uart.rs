//! The serial port: sends lines of text at 115,200 baud and never receives.
//!
//! Source: nRF51 Reference Manual 3.0, chapter "Universal Asynchronous Receiver/Transmitter
//! (UART)"; QEMU source `hw/char/nrf51_uart.c`.

use core::fmt::{self, Write};

use super::register::Register;

const TASKS_STARTTX: Register = Register::at(0x4000_2008);
const EVENTS_TXDRDY: Register = Register::at(0x4000_211C);
const ENABLE: Register = Register::at(0x4000_2500);
const PSELTXD: Register = Register::at(0x4000_250C);
const TXD: Register = Register::at(0x4000_251C);
const BAUDRATE: Register = Register::at(0x4000_2524);

const ENABLED: u32 = 4;
const BAUD_115200: u32 = 0x01D7_E000;

/// The micro:bit wires pin P0.24 to its USB interface chip (micro:bit V1 schematic, net TGT_TX).
const TX_PIN: u32 = 24;

/// A started transmitter.
#[derive(Debug)]
pub struct Uart(());

impl Uart {
    /// Switches the transmitter on. Harmless when it already is.
    pub fn start() -> Self {
        PSELTXD.write(TX_PIN);
        BAUDRATE.write(BAUD_115200);
        ENABLE.write(ENABLED);
        TASKS_STARTTX.write(1);
        Self(())
    }

    /// Sends one line and returns when its last byte has left.
    pub fn line(&mut self, text: fmt::Arguments<'_>) {
        // Sending cannot fail, and the texts format only integers and strings; so there is no error
        // to report.
        let _ = self.write_fmt(text);
        self.send(b'\n');
    }

    fn send(&mut self, byte: u8) {
        EVENTS_TXDRDY.write(0);
        TXD.write(u32::from(byte));
        while EVENTS_TXDRDY.read() == 0 {}
    }
}

impl Write for Uart {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(|byte| self.send(byte));
        Ok(())
    }
}
