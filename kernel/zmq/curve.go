package zmq

import (
	"bufio"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"

	"golang.org/x/crypto/nacl/box"
)

// Sizes of RFC 26/CurveZMQ, in bytes. A box is longer than what it holds by
// box.Overhead.
const (
	keySize    = 32
	nonceSize  = 8 // of a short nonce, which counts up; a long one has 16
	cookieSize = 96
	helloZeros = 72 // of HELLO's body, so that it is longer than its answer
	vouchSize  = 16 + box.Overhead + 2*keySize
	helloSize  = 2 + helloZeros + keySize + nonceSize + box.Overhead + 64
)

// Prefixes that make a short or long nonce one of 24 bytes.
const (
	nonceHello    = "CurveZMQHELLO---"
	nonceWelcome  = "WELCOME-"
	nonceInitiate = "CurveZMQINITIATE"
	nonceVouch    = "VOUCH---"
	nonceReady    = "CurveZMQREADY---"
	nonceClient   = "CurveZMQMESSAGEC"
	nonceServer   = "CurveZMQMESSAGES"
)

// Flags inside a sealed frame.
const (
	sealedMore    = 0x01
	sealedCommand = 0x02
)

var messageName = appendName(nil, "MESSAGE")

// sealedOverhead is how much longer a sealed frame's body is than what it holds.
var sealedOverhead = uint64(len(messageName) + nonceSize + box.Overhead + 1)

// CurveKeys is the long-term key pair of a server that speaks CURVE. Who knows
// its public half may connect, with any key of his own: Jupyter keeps both in
// the connection file.
type CurveKeys struct {
	secret *ecdh.PrivateKey
}

// ParseCurveKeys reads a key pair from its Z85 form (RFC 32), and nil from two
// empty strings.
func ParseCurveKeys(public, secret string) (*CurveKeys, error) {
	switch {
	case public == "" && secret == "":
		return nil, nil
	case public == "" || secret == "":
		return nil, errors.New("zmq: one half of the CURVE key pair is missing")
	}
	p, err := decodeZ85(public)
	if err != nil {
		return nil, fmt.Errorf("zmq: CURVE public key: %w", err)
	}
	s, err := decodeZ85(secret)
	if err != nil {
		return nil, fmt.Errorf("zmq: CURVE secret key: %w", err)
	}
	key, err := ecdh.X25519().NewPrivateKey(s)
	if err != nil {
		return nil, fmt.Errorf("zmq: CURVE secret key: %w", err)
	}
	if subtle.ConstantTimeCompare(key.PublicKey().Bytes(), p) == 0 {
		return nil, errors.New("zmq: the CURVE public key does not belong to the secret key")
	}
	return &CurveKeys{secret: key}, nil
}

// errCurve is all that is said of a box that does not open: the wrong key and a
// changed message look the same.
var errCurve = errors.New("CURVE: wrong key, or changed on the way")

// boxKey is what seal and open use between two keys. A point of low order, with
// which anybody could know it, is an error: box alone takes it.
func boxKey(own *ecdh.PrivateKey, other []byte) (*[keySize]byte, error) {
	public, err := ecdh.X25519().NewPublicKey(other)
	if err != nil {
		return nil, errCurve
	}
	if _, err := own.ECDH(public); err != nil {
		return nil, errCurve
	}
	var key [keySize]byte
	box.Precompute(&key, (*[keySize]byte)(other), (*[keySize]byte)(own.Bytes()))
	return &key, nil
}

func seal(dst []byte, key *[keySize]byte, prefix string, nonce, plain []byte) []byte {
	return box.SealAfterPrecomputation(dst, plain, fullNonce(prefix, nonce), key)
}

func open(key *[keySize]byte, prefix string, nonce, sealed []byte) ([]byte, error) {
	plain, ok := box.OpenAfterPrecomputation(nil, sealed, fullNonce(prefix, nonce), key)
	if !ok {
		return nil, errCurve
	}
	return plain, nil
}

func fullNonce(prefix string, nonce []byte) *[24]byte {
	var n [24]byte
	copy(n[copy(n[:], prefix):], nonce)
	return &n
}

// curveHandshake is one connection on its way from HELLO to READY. Its transient
// key lives as long as the connection, so that the long-term key opens nothing of
// what was recorded.
type curveHandshake struct {
	long   *ecdh.PrivateKey
	own    *ecdh.PrivateKey // transient
	client []byte           // its transient public key
	cookie []byte           // what INITIATE has to bring back
	key    *[keySize]byte   // between the two transient keys
}

// handshake performs what follows the greetings. The socket's type and those it
// accepts are as for the NULL mechanism.
func (k *CurveKeys) handshake(conn net.Conn, r *bufio.Reader, own string, accepted []string) (peerInfo, *curveSession, error) {
	h := &curveHandshake{long: k.secret}
	hello, err := expectCommand(r, "HELLO")
	if err != nil {
		return peerInfo{}, nil, err
	}
	welcome, err := h.welcome(hello)
	if err != nil {
		return peerInfo{}, nil, fmt.Errorf("HELLO: %w", err)
	}
	if err := writeCommand(conn, "WELCOME", welcome); err != nil {
		return peerInfo{}, nil, err
	}
	initiate, err := expectCommand(r, "INITIATE")
	if err != nil {
		return peerInfo{}, nil, err
	}
	metadata, nonce, err := h.initiated(initiate)
	if err != nil {
		return peerInfo{}, nil, fmt.Errorf("INITIATE: %w", err)
	}
	peer, err := parseMetadata(metadata)
	if err != nil {
		return peerInfo{}, nil, err
	}
	if !slices.Contains(accepted, peer.socketType) {
		return peerInfo{}, nil, refuse(conn, peer.socketType, own)
	}
	s := &curveSession{key: h.key, received: nonce}
	short := s.nonce()
	return peer, s, writeCommand(conn, "READY", seal(short, h.key, nonceReady, short, socketMetadata(own)))
}

// welcome checks HELLO's body and answers it: [S' + cookie](S->C').
func (h *curveHandshake) welcome(hello []byte) ([]byte, error) {
	if len(hello) != helloSize {
		return nil, fmt.Errorf("%d bytes, want %d", len(hello), helloSize)
	}
	if hello[0] != 1 || hello[1] != 0 {
		return nil, fmt.Errorf("CurveZMQ version %d.%d, want 1.0", hello[0], hello[1])
	}
	client, rest := cutAt(hello[2+helloZeros:], keySize)
	nonce, sealed := cutAt(rest, nonceSize)
	key, err := boxKey(h.long, client)
	if err != nil {
		return nil, err
	}
	if _, err := open(key, nonceHello, nonce, sealed); err != nil {
		return nil, err
	}
	if h.own, err = ecdh.X25519().GenerateKey(rand.Reader); err != nil {
		return nil, err
	}
	h.client = client
	if h.key, err = boxKey(h.own, client); err != nil {
		return nil, err
	}
	// The RFC seals both transient keys in the cookie for servers that forget the
	// client until INITIATE. This one holds the connection, so chance will do.
	random := make([]byte, 16+cookieSize)
	rand.Read(random)
	long, cookie := cutAt(random, 16)
	h.cookie = cookie
	return seal(long, key, nonceWelcome, long, slices.Concat(h.own.PublicKey().Bytes(), cookie)), nil
}

// initiated checks INITIATE's body: cookie, nonce and
// [C + vouch nonce + [C' + S](C->S') + metadata](C'->S').
func (h *curveHandshake) initiated(body []byte) (metadata []byte, nonce uint64, err error) {
	if len(body) < cookieSize+nonceSize+box.Overhead+keySize+vouchSize {
		return nil, 0, fmt.Errorf("only %d bytes", len(body))
	}
	cookie, rest := cutAt(body, cookieSize)
	short, sealed := cutAt(rest, nonceSize)
	if subtle.ConstantTimeCompare(cookie, h.cookie) == 0 {
		return nil, 0, errCurve
	}
	plain, err := open(h.key, nonceInitiate, short, sealed)
	if err != nil {
		return nil, 0, err
	}
	client, rest := cutAt(plain, keySize)
	vouch, metadata := cutAt(rest, vouchSize)
	key, err := boxKey(h.own, client)
	if err != nil {
		return nil, 0, err
	}
	vouched, err := open(key, nonceVouch, vouch[:16], vouch[16:])
	if err != nil {
		return nil, 0, err
	}
	if subtle.ConstantTimeCompare(vouched, slices.Concat(h.client, h.long.PublicKey().Bytes())) == 0 {
		return nil, 0, errCurve
	}
	return metadata, binary.BigEndian.Uint64(short), nil
}

// cutAt splits p, whose length has been checked, with no room to grow into the
// second part.
func cutAt(p []byte, n int) (head, tail []byte) { return p[:n:n], p[n:] }

// curveSession seals and opens the frames of one connection. seal is for its
// writer alone and open for its reader.
type curveSession struct {
	key      *[keySize]byte
	sent     uint64 // last nonce used
	received uint64 // last nonce seen
}

// nonce returns the next short nonce; each is used once.
func (c *curveSession) nonce() []byte {
	c.sent++
	return binary.BigEndian.AppendUint64(nil, c.sent)
}

// seal appends one frame to dst as a MESSAGE.
func (c *curveSession) seal(dst []byte, f frame) []byte {
	inner := byte(0)
	if f.flags&flagMore != 0 {
		inner |= sealedMore
	}
	if f.flags&flagCommand != 0 {
		inner |= sealedCommand
	}
	plain := make([]byte, 1+len(f.body))
	plain[0] = inner
	copy(plain[1:], f.body)
	dst = appendFrameHeader(dst, 0, len(f.body)+int(sealedOverhead))
	nonce := c.nonce()
	dst = append(append(dst, messageName...), nonce...)
	return seal(dst, c.key, nonceServer, nonce, plain)
}

// open returns the frame that a MESSAGE holds.
func (c *curveSession) open(message []byte) (frame, error) {
	if uint64(len(message)) < sealedOverhead || string(message[:len(messageName)]) != string(messageName) {
		return frame{}, errors.New("CURVE: frame is no MESSAGE")
	}
	short, sealed := cutAt(message[len(messageName):], nonceSize)
	nonce := binary.BigEndian.Uint64(short)
	if nonce <= c.received {
		return frame{}, errors.New("CURVE: a nonce came twice")
	}
	plain, err := open(c.key, nonceClient, short, sealed)
	if err != nil {
		return frame{}, err
	}
	c.received = nonce
	f := frame{body: plain[1:]}
	if plain[0]&sealedMore != 0 {
		f.flags |= flagMore
	}
	if plain[0]&sealedCommand != 0 {
		f.flags |= flagCommand
	}
	return f, nil
}
