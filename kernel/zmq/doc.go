// Package zmq serves the kernel's end of ZeroMQ connections: ROUTER, XPUB and
// REP over TCP and Unix sockets, in ZMTP 3.1 (RFC 37) with the NULL mechanism or,
// given keys, as the server of CURVE (RFC 26). It moves frames and knows nothing of
// what they mean.
//
// What it promises: no message is dropped; a peer that does not read, does not
// finish its handshake or sends garbage harms no other peer. Each connection has
// its own reader and writer; a peer whose unread messages exceed the limit is
// disconnected, and so is one that asks again and again without reading. What
// unfinished messages take is bounded for all peers together. Among too many
// connections those that have said nothing make room.
//
// # Why go-zeromq/zmq4 is the peer and not the wire
//
// Neither its sockets nor its exported Conn (v0.17.0) can keep that promise:
//
//   - Conn.read makes a slice as long as the frame header claims before a byte of
//     the body has come (conn.go), so nine bytes of garbage end the process with
//     "out of memory", before or after the handshake.
//   - Property.Write, which reads the peer's metadata, indexes past its input
//     (protocol.go).
//   - The answer to a PING is written by the reading goroutine without the lock
//     of a message that another one is writing, and without the context that
//     ZMTP 3.1 wants back.
//   - Accepting waits for each handshake, without a deadline: one idle connection
//     blocks all that come later.
//   - XPUB swallows subscriptions, so no iopub_welcome can be sent; beyond 1,000
//     messages that wait for a subscriber the next are dropped without a word, and
//     a lost "idle" hangs a front end.
//   - A ROUTER writes to all peers under one mutex: who does not read stops all.
//
// So the framing is written here, in zmtp.go. The module is the peer that the Go
// tests talk to, an implementation that is not ours: zmq_test.go connects its
// DEALER, SUB and REQ to the three sockets, and the kernel's own tests
// (client_test.go in kernel) are a whole front end on its sockets. libzmq is the
// other peer, by pyzmq in kernel/conformance.
package zmq
