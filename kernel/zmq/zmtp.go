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
	maxMessage  = 1 << 29 // bytes of one message, all frames together
	maxSmall    = 1 << 20 // the same, where only subscriptions or heartbeats come
	maxFrames   = 1 << 16 // frames of one message
	maxCommand  = 1 << 16 // bytes of one command
	readAtOnce  = 1 << 20 // bytes allocated ahead of what has arrived
	greetingLen = 64

	maxFrameHeader = 9 // bytes
)

// Frame flags, RFC 37 section "Framing".
const (
	flagMore    = 0x01
	flagLong    = 0x02
	flagCommand = 0x04
)

// Security mechanisms.
const (
	mechanismNull  = "NULL"
	mechanismCurve = "CURVE"
)

// greeting is ours: signature, version 3.1, mechanism, and as-server where the
// mechanism knows a server.
func greeting(mechanism string) []byte {
	g := make([]byte, greetingLen)
	g[0], g[8], g[9] = 0xFF, 0x01, 0x7F
	g[10], g[11] = 3, 1
	copy(g[12:32], mechanism)
	if mechanism != mechanismNull {
		g[32] = 1
	}
	return g
}

// frame is one frame of a message, or a command: its flags without flagLong, and
// its body.
type frame struct {
	flags byte
	body  []byte
}

// peerInfo is what the handshake tells of the other side.
type peerInfo struct {
	socketType string
	identity   string
}

// handshake performs greeting and READY as the side that was connected to, sealed
// if keys is not nil; the frames that follow are the session's then. The caller
// sets a deadline. Peers whose socket type is not accepted are told so.
func handshake(conn net.Conn, r *bufio.Reader, keys *CurveKeys, own string, accepted []string) (peerInfo, *curveSession, error) {
	mechanism := mechanismNull
	if keys != nil {
		mechanism = mechanismCurve
	}
	if _, err := conn.Write(greeting(mechanism)); err != nil {
		return peerInfo{}, nil, fmt.Errorf("send greeting: %w", err)
	}
	if err := readGreeting(r, mechanism); err != nil {
		return peerInfo{}, nil, err
	}
	if keys != nil {
		return keys.handshake(conn, r, own, accepted)
	}
	if err := writeCommand(conn, "READY", socketMetadata(own)); err != nil {
		return peerInfo{}, nil, err
	}
	body, err := expectCommand(r, "READY")
	if err != nil {
		return peerInfo{}, nil, err
	}
	peer, err := parseMetadata(body)
	if err != nil {
		return peerInfo{}, nil, err
	}
	if !slices.Contains(accepted, peer.socketType) {
		return peerInfo{}, nil, refuse(conn, peer.socketType, own)
	}
	return peer, nil, nil
}

// refuse tells a peer that its socket type does not fit, and returns that.
func refuse(conn net.Conn, theirs, own string) error {
	reason := fmt.Sprintf("socket type %.32q cannot talk to %s", theirs, own)
	_ = writeCommand(conn, "ERROR", appendName(nil, reason))
	return errors.New(reason)
}

func socketMetadata(socketType string) []byte {
	return appendProperty(appendProperty(nil, "Socket-Type", socketType), "Identity", "")
}

func writeCommand(w io.Writer, name string, body []byte) error {
	if _, err := w.Write(appendFrame(nil, flagCommand, append(appendName(nil, name), body...))); err != nil {
		return fmt.Errorf("send %s: %w", name, err)
	}
	return nil
}

// expectCommand reads the command that has to come next.
func expectCommand(r *bufio.Reader, want string) (body []byte, err error) {
	name, body, err := readCommand(r)
	if err != nil {
		return nil, fmt.Errorf("receive %s: %w", want, err)
	}
	if name == "ERROR" {
		return nil, fmt.Errorf("peer reports error %q instead of %s", body, want)
	}
	if name != want {
		return nil, fmt.Errorf("peer sent %q, want %s", name, want)
	}
	return body, nil
}

func readGreeting(r io.Reader, mechanism string) error {
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
	if theirs := strings.TrimRight(string(g[12:32]), "\x00"); theirs != mechanism {
		return fmt.Errorf("peer wants security mechanism %q, only %s is served", theirs, mechanism)
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
	frame, err := readBody(r, size, nil)
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

// readBody reads size bytes and allocates no more than about four times what has
// arrived, whatever size claims.
func readBody(r *bufio.Reader, size uint64, h *holding) ([]byte, error) {
	room := int(min(size, readAtOnce))
	body := make([]byte, 0, room)
	for {
		if err := h.take(room - len(body)); err != nil {
			return nil, err
		}
		n, err := io.ReadFull(r, body[len(body):room])
		body = body[:len(body)+n]
		if err != nil {
			return nil, cut(err)
		}
		if uint64(room) == size {
			return body, nil
		}
		room = int(min(size, 4*uint64(room)))
		body = append(make([]byte, 0, room), body...)
	}
}

// frameReader reads frames after the handshake, opened where they are sealed.
type frameReader struct {
	r     *bufio.Reader
	curve *curveSession // nil: frames are plain
	max   uint64        // bytes of one message
}

// next reads one frame of at most limit bytes. A command is at most maxCommand
// long and stands alone.
func (f frameReader) next(limit uint64, h *holding) (frame, error) {
	flags, size, err := readFrameHeader(f.r)
	if err != nil {
		return frame{}, err
	}
	flags &^= flagLong
	if f.curve != nil {
		return f.open(flags, size, limit, h)
	}
	if err := checkFrame(flags, size, limit); err != nil {
		return frame{}, err
	}
	body, err := readBody(f.r, size, h)
	return frame{flags, body}, err
}

func (f frameReader) open(flags byte, size, limit uint64, h *holding) (frame, error) {
	if flags&flagMore != 0 || size > limit+sealedOverhead {
		return frame{}, fmt.Errorf("CURVE: sealed frame of %d bytes with flags %#02x", size, flags)
	}
	message, err := readBody(f.r, size, h)
	if err != nil {
		return frame{}, err
	}
	opened, err := f.curve.open(message)
	if err != nil {
		return frame{}, err
	}
	return opened, checkFrame(opened.flags, uint64(len(opened.body)), limit)
}

func checkFrame(flags byte, size, limit uint64) error {
	switch {
	case flags&flagCommand != 0 && (size > maxCommand || flags&flagMore != 0):
		return errors.New("malformed command frame")
	case size > limit:
		return fmt.Errorf("a frame of %d bytes, where %d may still come", size, limit)
	}
	return nil
}

// message reads one message. Commands that come before it or between its frames
// go to command.
func (f frameReader) message(command func(name string, body []byte) error) ([][]byte, error) {
	var frames [][]byte
	var h holding
	defer h.release()
	left := f.max
	for {
		next, err := f.next(left, &h)
		if err != nil {
			if len(frames) > 0 {
				err = cut(err)
			}
			return nil, err
		}
		if next.flags&flagCommand != 0 {
			name, body, err := splitCommand(next.body)
			if err == nil {
				err = command(name, body)
			}
			if err != nil {
				return nil, err
			}
			continue
		}
		if len(frames) == maxFrames {
			return nil, fmt.Errorf("message of more than %d frames", maxFrames)
		}
		left -= uint64(len(next.body))
		frames = append(frames, next.body)
		if next.flags&flagMore == 0 {
			return frames, nil
		}
	}
}
