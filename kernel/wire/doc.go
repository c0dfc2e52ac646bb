// Package wire is the Jupyter messaging protocol as bytes: messages to and from
// ZeroMQ frames with their HMAC signature, the JSON content of each message
// type, and connection files. It knows neither sockets nor what the messages
// make a kernel do.
//
// The text followed is the specification's version 5.5.
package wire
