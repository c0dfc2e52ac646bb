// Package zmq serves the kernel's end of ZeroMQ connections: ROUTER, XPUB and
// REP over TCP and Unix sockets, in ZMTP 3.1 with the NULL mechanism
// (RFC 37/ZMTP). It moves frames and knows nothing of what they mean.
//
// What it promises: no message is dropped; a peer that does not read, does not
// finish its handshake or sends garbage harms no other peer. Each connection has
// its own reader and writer; a peer whose unread messages exceed the limit is
// disconnected.
//
// The framing is written here and not taken from go-zeromq/zmq4 (v0.17.0), whose
// exported Conn was the first choice. Its reader allocates as much memory as a
// frame header claims, so nine bytes of garbage end the process with "out of
// memory", before or after the handshake; its metadata parser indexes past its
// input; its answers to PING are written without regard to a message that
// another goroutine is writing, and without the context that ZMTP 3.1 wants
// back; and each frame costs two or three system calls. The module stays the
// peer that the tests talk to, beside libzmq.
package zmq
