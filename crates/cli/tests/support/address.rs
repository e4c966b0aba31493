//! Where a test's server may listen.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// An address that nobody listens at.
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("bound")
}
