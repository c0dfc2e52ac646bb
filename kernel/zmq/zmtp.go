package zmq

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
)

// Bounds of what a peer may send.
const (
	maxMessage  = 1 << 30 // bytes of one message, all frames together
	maxFrames   = 1 << 16 // frames of one message
	maxCommand  = 1 << 16 // bytes of one command
	readAtOnce  = 1 << 20 // bytes allocated ahead of what has arrived
	greetingLen = 64
)

// Frame flags, RFC 37 section "Framing".
const (
	flagMore    = 0x01
	flagLong    = 0x02
	flagCommand = 0x04
)

// greeting is ours: signature, version 3.1, mechanism NULL, not as-server.
var greeting = func() (g [greetingLen]byte) {
	g[0], g[8], g[9] = 0xFF, 0x01, 0x7F
	g[10], g[11] = 3, 1
	copy(g[12:], "NULL")
	return g
}()

// peerInfo is what the handshake tells of the other side.
type peerInfo struct {
	socketType string
	identity   string
}

// handshake performs greeting and READY as the side that was connected to. The
// caller sets a deadline. Peers whose socket type is not accepted are told so.
func handshake(conn net.Conn, r *bufio.Reader, own string, accepted []string) (peerInfo, error) {
	if _, err := conn.Write(greeting[:]); err != nil {
		return peerInfo{}, fmt.Errorf("send greeting: %w", err)
	}
	if err := readGreeting(r); err != nil {
		return peerInfo{}, err
	}
	ready := appendProperty(appendName(nil, "READY"), "Socket-Type", own)
	ready = appendProperty(ready, "Identity", "")
	if _, err := conn.Write(appendFrame(nil, flagCommand, ready)); err != nil {
		return peerInfo{}, fmt.Errorf("send READY: %w", err)
	}
	name, body, err := readCommand(r)
	if err != nil {
		return peerInfo{}, fmt.Errorf("receive READY: %w", err)
	}
	if name != "READY" {
		return peerInfo{}, fmt.Errorf("peer sent %q, want READY", name)
	}
	peer, err := parseMetadata(body)
	if err != nil {
		return peerInfo{}, err
	}
	if !slices.Contains(accepted, peer.socketType) {
		reason := "socket type " + peer.socketType + " cannot talk to " + own
		refusal := append(appendName(nil, "ERROR"), byte(min(len(reason), 255)))
		_, _ = conn.Write(appendFrame(nil, flagCommand, append(refusal, reason[:min(len(reason), 255)]...)))
		return peerInfo{}, errors.New(reason)
	}
	return peer, nil
}

func readGreeting(r io.Reader) error {
	var g [greetingLen]byte
	// The first byte alone tells most strangers; waiting for all 64 would keep
	// their connection until the deadline.
	if _, err := io.ReadFull(r, g[:1]); err != nil {
		return fmt.Errorf("receive greeting: %w", err)
	}
	if g[0] != 0xFF {
		return fmt.Errorf("peer does not speak ZMTP (first byte %#02x)", g[0])
	}
	if _, err := io.ReadFull(r, g[1:11]); err != nil {
		return fmt.Errorf("receive greeting: %w", err)
	}
	if g[9] != 0x7F || g[10] < 3 {
		return fmt.Errorf("peer speaks ZMTP %d, want 3 or later", g[10])
	}
	if _, err := io.ReadFull(r, g[11:]); err != nil {
		return fmt.Errorf("receive greeting: %w", err)
	}
	if mechanism := strings.TrimRight(string(g[12:32]), "\x00"); mechanism != "NULL" {
		return fmt.Errorf("peer wants security mechanism %q, only NULL is served", mechanism)
	}
	return nil
}

// readCommand reads one frame that must be a command.
func readCommand(r *bufio.Reader) (name string, body []byte, err error) {
	flags, size, err := readFrameHeader(r)
	if err != nil {
		return "", nil, err
	}
	if flags&flagCommand == 0 || size > maxCommand {
		return "", nil, errors.New("frame is no command")
	}
	frame, err := readBody(r, size)
	if err != nil {
		return "", nil, err
	}
	return splitCommand(frame)
}

func splitCommand(frame []byte) (name string, body []byte, err error) {
	if len(frame) == 0 || len(frame) < 1+int(frame[0]) {
		return "", nil, errors.New("command without name")
	}
	n := int(frame[0])
	return string(frame[1 : 1+n]), frame[1+n:], nil
}

func parseMetadata(p []byte) (peerInfo, error) {
	var peer peerInfo
	for len(p) > 0 {
		n := int(p[0])
		if len(p) < 1+n+4 {
			return peer, errors.New("metadata cut short")
		}
		name := string(p[1 : 1+n])
		size := binary.BigEndian.Uint32(p[1+n:])
		p = p[1+n+4:]
		if uint64(size) > uint64(len(p)) {
			return peer, fmt.Errorf("metadata %q claims %d bytes, %d left", name, size, len(p))
		}
		switch strings.ToLower(name) {
		case "socket-type":
			peer.socketType = string(p[:size])
		case "identity":
			peer.identity = string(p[:size])
		}
		p = p[size:]
	}
	if len(peer.identity) > 255 || strings.HasPrefix(peer.identity, "\x00") {
		return peer, errors.New("identity longer than 255 bytes or with a leading zero byte")
	}
	return peer, nil
}

func appendName(b []byte, name string) []byte { return append(append(b, byte(len(name))), name...) }

func appendProperty(b []byte, name, value string) []byte {
	b = binary.BigEndian.AppendUint32(appendName(b, name), uint32(len(value)))
	return append(b, value...)
}

func appendFrameHeader(b []byte, flags byte, size int) []byte {
	if size > 255 {
		return binary.BigEndian.AppendUint64(append(b, flags|flagLong), uint64(size))
	}
	return append(b, flags, byte(size))
}

func appendFrame(b []byte, flags byte, body []byte) []byte {
	return append(appendFrameHeader(b, flags, len(body)), body...)
}

func readFrameHeader(r *bufio.Reader) (flags byte, size uint64, err error) {
	if flags, err = r.ReadByte(); err != nil {
		return 0, 0, err
	}
	if flags&^(flagMore|flagLong|flagCommand) != 0 {
		return 0, 0, fmt.Errorf("frame with reserved flags %#02x", flags)
	}
	if flags&flagLong == 0 {
		n, err := r.ReadByte()
		return flags, uint64(n), cut(err)
	}
	var long [8]byte
	if _, err = io.ReadFull(r, long[:]); err != nil {
		return 0, 0, cut(err)
	}
	return flags, binary.BigEndian.Uint64(long[:]), nil
}

// cut marks an end of input inside a frame as such.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// readBody reads size bytes and allocates no more than about twice what has
// arrived, whatever size claims.
func readBody(r *bufio.Reader, size uint64) ([]byte, error) {
	if size <= readAtOnce {
		body := make([]byte, size)
		_, err := io.ReadFull(r, body)
		return body, cut(err)
	}
	body := make([]byte, 0, readAtOnce)
	for uint64(len(body)) < size {
		n := int(min(size-uint64(len(body)), uint64(max(len(body), readAtOnce))))
		body = slices.Grow(body, n)
		if _, err := io.ReadFull(r, body[len(body):len(body)+n]); err != nil {
			return nil, cut(err)
		}
		body = body[:len(body)+n]
	}
	return body, nil
}

// readMessage reads one message. Commands that come before it or between its
// frames go to command.
func readMessage(r *bufio.Reader, command func(name string, body []byte) error) ([][]byte, error) {
	var frames [][]byte
	total := uint64(0)
	for {
		flags, size, err := readFrameHeader(r)
		if err != nil {
			if len(frames) > 0 {
				err = cut(err)
			}
			return nil, err
		}
		if flags&flagCommand != 0 {
			if err := readOneCommand(r, flags, size, command); err != nil {
				return nil, err
			}
			continue
		}
		if size > maxMessage || total+size > maxMessage || len(frames) == maxFrames {
			return nil, fmt.Errorf("message larger than %d bytes or %d frames", maxMessage, maxFrames)
		}
		total += size
		body, err := readBody(r, size)
		if err != nil {
			return nil, err
		}
		frames = append(frames, body)
		if flags&flagMore == 0 {
			return frames, nil
		}
	}
}

func readOneCommand(r *bufio.Reader, flags byte, size uint64, command func(string, []byte) error) error {
	if size > maxCommand || flags&flagMore != 0 {
		return errors.New("malformed command frame")
	}
	frame, err := readBody(r, size)
	if err != nil {
		return err
	}
	name, body, err := splitCommand(frame)
	if err != nil {
		return err
	}
	return command(name, body)
}
