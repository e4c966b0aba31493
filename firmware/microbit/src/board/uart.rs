//! The serial port, polled: 115,200 baud, no flow control.
//!
//! Source: nRF51 Reference Manual 3.0, chapter "Universal Asynchronous Receiver/Transmitter (UART)"; QEMU source
//! `hw/char/nrf51_uart.c`.

use super::register::Register;

const TASKS_STARTRX: Register = Register::at(0x4000_2000);
const TASKS_STARTTX: Register = Register::at(0x4000_2008);
const EVENTS_RXDRDY: Register = Register::at(0x4000_2108);
const EVENTS_TXDRDY: Register = Register::at(0x4000_211C);
const ENABLE: Register = Register::at(0x4000_2500);
const PSELTXD: Register = Register::at(0x4000_250C);
const PSELRXD: Register = Register::at(0x4000_2514);
const RXD: Register = Register::at(0x4000_2518);
const TXD: Register = Register::at(0x4000_251C);
const BAUDRATE: Register = Register::at(0x4000_2524);

const ENABLED: u32 = 4;
const BAUD_115200: u32 = 0x01D7_E000;

/// The micro:bit wires these pins to its USB interface chip (micro:bit V1 schematic, nets TGT_TX and TGT_RX).
const TX_PIN: u32 = 24;
const RX_PIN: u32 = 25;

/// A started port.
#[derive(Debug)]
pub struct Uart(());

impl Uart {
    /// Switches the port on. Harmless when it already is.
    pub fn start() -> Self {
        PSELTXD.write(TX_PIN);
        PSELRXD.write(RX_PIN);
        BAUDRATE.write(BAUD_115200);
        ENABLE.write(ENABLED);
        TASKS_STARTTX.write(1);
        TASKS_STARTRX.write(1);
        Self(())
    }

    /// The next byte, if one has come.
    pub fn receive(&mut self) -> Option<u8> {
        if EVENTS_RXDRDY.read() == 0 {
            return None;
        }
        EVENTS_RXDRDY.write(0);
        Some(RXD.read() as u8)
    }

    /// Sends bytes, and returns when the last one has left.
    pub fn send(&mut self, bytes: &[u8]) {
        for byte in bytes {
            EVENTS_TXDRDY.write(0);
            TXD.write(u32::from(*byte));
            while EVENTS_TXDRDY.read() == 0 {}
        }
    }

    /// Sends text.
    pub fn text(&mut self, text: &str) {
        self.send(text.as_bytes());
    }
}
