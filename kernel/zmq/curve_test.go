package zmq

import (
	"bufio"
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// The server's key pair of libzmq's manual (zmq_curve), in Z85.
const (
	testPublic = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
	testSecret = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"
)

func testKeys(t testing.TB) *CurveKeys {
	t.Helper()
	keys, err := ParseCurveKeys(testPublic, testSecret)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// curveClient is the other side of the handshake. Its hooks change what it
// sends, to be refused.
type curveClient struct {
	server   []byte // long-term public key that it believes in
	kind     string
	metadata []byte // instead of the kind's

	hello    func(body []byte) []byte
	initiate func(body []byte) []byte
	plain    func(plain []byte) []byte // of INITIATE's box
	vouched  func(plain []byte) []byte // of the vouch
}

func changed(hook func([]byte) []byte, body []byte) []byte {
	if hook == nil {
		return body
	}
	return hook(body)
}

func newKey(t testing.TB) *ecdh.PrivateKey {
	t.Helper()
	key, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// agree is boxKey for keys that have to fit.
func agree(t testing.TB, own *ecdh.PrivateKey, other []byte) *[keySize]byte {
	t.Helper()
	key, err := boxKey(own, other)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func short(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// handshake plays the client's part on conn as far as READY.
func (c curveClient) handshake(t testing.TB, conn io.Writer, r *bufio.Reader) (*curvePeer, error) {
	t.Helper()
	long, transient := newKey(t), newKey(t)
	if err := readGreeting(r, mechanismCurve); err != nil { // first: a net.Pipe has no room
		return nil, err
	}
	if _, err := conn.Write(greeting(mechanismCurve)); err != nil {
		return nil, err
	}
	outer := agree(t, transient, c.server)
	body := slices.Concat([]byte{1, 0}, make([]byte, helloZeros), transient.PublicKey().Bytes(), short(1))
	body = seal(body, outer, nonceHello, short(1), make([]byte, 64))
	if err := writeCommand(conn, "HELLO", changed(c.hello, body)); err != nil {
		return nil, err
	}
	welcome, err := expectCommand(r, "WELCOME")
	if err != nil {
		return nil, err
	}
	answer, err := open(outer, nonceWelcome, welcome[:16], welcome[16:])
	if err != nil || len(answer) != keySize+cookieSize {
		return nil, fmt.Errorf("WELCOME of %d bytes: %w", len(answer), err)
	}
	inner := agree(t, transient, answer[:keySize])
	if err := writeCommand(conn, "INITIATE", c.initiation(t, long, transient, inner, answer)); err != nil {
		return nil, err
	}
	body, err = expectCommand(r, "READY")
	if err != nil {
		return nil, err
	}
	p := &curvePeer{t: t, key: inner, w: conn, r: r, sent: 2, received: binary.BigEndian.Uint64(body)}
	_, err = open(inner, nonceReady, body[:nonceSize], body[nonceSize:])
	return p, err
}

func (c curveClient) initiation(t testing.TB, long, transient *ecdh.PrivateKey, inner *[keySize]byte, welcome []byte) []byte {
	t.Helper()
	server, cookie := cutAt(welcome, keySize)
	metadata := appendProperty(appendProperty(nil, "Socket-Type", c.kind), "Identity", "")
	if c.metadata != nil {
		metadata = c.metadata
	}
	nonce := make([]byte, 16)
	rand.Read(nonce)
	vouched := changed(c.vouched, slices.Concat(transient.PublicKey().Bytes(), c.server))
	vouch := seal(nonce, agree(t, long, server), nonceVouch, nonce, vouched)
	plain := changed(c.plain, slices.Concat(long.PublicKey().Bytes(), vouch, metadata))
	return changed(c.initiate, seal(slices.Concat(cookie, short(2)), inner, nonceInitiate, short(2), plain))
}

// curvePeer is a client after its handshake.
type curvePeer struct {
	t              testing.TB
	key            *[keySize]byte
	w              io.Writer
	r              *bufio.Reader
	sent, received uint64
}

// sealed is one frame as a MESSAGE, with the next nonce.
func (p *curvePeer) sealed(flags byte, body []byte) []byte {
	p.sent++
	message := slices.Concat(messageName, short(p.sent))
	return appendFrame(nil, 0, seal(message, p.key, nonceClient, short(p.sent), append([]byte{flags}, body...)))
}

func (p *curvePeer) send(frames ...string) {
	p.t.Helper()
	for i, f := range frames {
		flags := byte(sealedMore)
		if i == len(frames)-1 {
			flags = 0
		}
		if _, err := p.w.Write(p.sealed(flags, []byte(f))); err != nil {
			p.t.Fatal(err)
		}
	}
}

// next reads one frame and checks that its nonce is fresh.
func (p *curvePeer) next() (flags byte, body []byte) {
	p.t.Helper()
	outer, size, err := readFrameHeader(p.r)
	if err != nil || outer&^flagLong != 0 {
		p.t.Fatalf("frame with flags %#x, error %v", outer, err)
	}
	message, err := readBody(p.r, size, nil)
	if err != nil || !bytes.HasPrefix(message, messageName) {
		p.t.Fatalf("got %.20q, error %v, want a MESSAGE", message, err)
	}
	nonce, box := cutAt(message[len(messageName):], nonceSize)
	if n := binary.BigEndian.Uint64(nonce); n <= p.received {
		p.t.Fatalf("nonce %d after %d", n, p.received)
	} else {
		p.received = n
	}
	plain, err := open(p.key, nonceServer, nonce, box)
	if err != nil {
		p.t.Fatal(err)
	}
	return plain[0], plain[1:]
}

func (p *curvePeer) receive() (frames []string) {
	p.t.Helper()
	for {
		flags, body := p.next()
		frames = append(frames, string(body))
		if flags&sealedMore == 0 {
			return frames
		}
	}
}

// joinCurve connects a client of the given type that has to be let in.
func joinCurve(t *testing.T, addr net.Addr, kind string) (*raw, *curvePeer) {
	t.Helper()
	conn := dial(t, addr)
	p, err := curveClient{server: testKeys(t).secret.PublicKey().Bytes(), kind: kind}.handshake(t, conn, conn.r)
	if err != nil {
		t.Fatal(err)
	}
	return conn, p
}

func sealedRouter(t *testing.T) *Router {
	var r *Router
	r = NewRouter(listen(t), testKeys(t), quiet, func(frames [][]byte) {
		if err := r.Send(frames); err != nil {
			t.Logf("send: %v", err)
		}
	})
	serve(t, r)
	return r
}

func TestCurveCarriesMessages(t *testing.T) {
	r := sealedRouter(t)
	_, c := joinCurve(t, r.Addr(), "DEALER")
	big := strings.Repeat("x", 3<<20)
	for _, want := range [][]string{{"one"}, {"", "two", ""}, {"a", big, "b", strings.Repeat("y", 300)}} {
		c.send(want...)
		if got := c.receive(); !slices.Equal(got, want) {
			t.Errorf("sent %d frames, got back %d that differ", len(want), len(got))
		}
	}
	if _, err := c.w.Write(c.sealed(sealedCommand, append(appendName(nil, "PING"), 0, 9, 'c'))); err != nil {
		t.Fatal(err)
	}
	if flags, body := c.next(); flags != sealedCommand || string(body) != "\x04PONGc" {
		t.Errorf("flags %#x, body %q, want the command PONG", flags, body)
	}
}

func TestCurveSubscribersAndHeartbeat(t *testing.T) {
	x := NewXPub(listen(t), testKeys(t), quiet, func(topic string) [][]byte { return [][]byte{[]byte("welcome")} })
	serve(t, x)
	echo := NewEcho(listen(t), testKeys(t), quiet)
	serve(t, echo)
	for _, subscribe := range [][]byte{append([]byte{sealedCommand}, appendName(nil, "SUBSCRIBE")...), {0, 1}} {
		_, c := joinCurve(t, x.Addr(), "SUB")
		if _, err := c.w.Write(c.sealed(subscribe[0], subscribe[1:])); err != nil {
			t.Fatal(err)
		}
		if got := c.receive(); got[0] != "welcome" {
			t.Errorf("first message %q", got)
		}
		x.Send([][]byte{[]byte("topic"), []byte("body")})
		if got := c.receive(); len(got) != 2 || got[1] != "body" {
			t.Errorf("got %q", got)
		}
	}
	_, c := joinCurve(t, echo.Addr(), "REQ")
	c.send("", "ping")
	if got := c.receive(); !slices.Equal(got, []string{"", "ping"}) {
		t.Errorf("echoed %q", got)
	}
}

func flip(at int) func([]byte) []byte {
	return func(p []byte) []byte {
		if at < 0 {
			at += len(p)
		}
		p = bytes.Clone(p)
		p[at] ^= 1
		return p
	}
}

// zeroed puts a key of low order at an offset: with it the shared secret is
// known to everybody.
func zeroed(at int) func([]byte) []byte {
	return func(p []byte) []byte {
		p = bytes.Clone(p)
		clear(p[at : at+keySize])
		return p
	}
}

func TestCurveRefuses(t *testing.T) {
	r := sealedRouter(t)
	right := testKeys(t).secret.PublicKey().Bytes()
	cutShort := func(p []byte) []byte { return p[:len(p)-1] }
	for name, c := range map[string]curveClient{
		"wrong server key":      {server: newKey(t).PublicKey().Bytes()},
		"HELLO short":           {hello: cutShort},
		"HELLO version":         {hello: flip(0)},
		"HELLO changed":         {hello: flip(-1)},
		"HELLO nonce":           {hello: flip(2 + helloZeros + keySize)},
		"transient key is zero": {hello: zeroed(2 + helloZeros)},
		"cookie":                {initiate: flip(0)},
		"INITIATE short":        {initiate: func(p []byte) []byte { return p[:cookieSize+40] }},
		"INITIATE changed":      {initiate: flip(-1)},
		"INITIATE nonce":        {initiate: flip(cookieSize)},
		"long key is zero":      {plain: zeroed(0)},
		"long key of another":   {plain: flip(0)},
		"vouch changed":         {plain: flip(keySize + vouchSize - 1)},
		"vouch for another key": {vouched: flip(0)},
		"vouch to another":      {vouched: flip(keySize)},
		"metadata cut":          {metadata: []byte{11, 'S'}},
		"wrong type":            {kind: "PUB"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.server == nil {
				c.server = right
			}
			if c.kind == "" {
				c.kind = "DEALER"
			}
			conn := dial(t, r.Addr())
			if _, err := c.handshake(t, conn, conn.r); err == nil {
				t.Fatal("was let in")
			}
			conn.ended()
		})
	}
	t.Run("a plain client", func(t *testing.T) {
		conn := dial(t, r.Addr())
		conn.send(slices.Concat(null, ready("DEALER", "")))
		conn.ended()
	})
}

func TestCurveRefusesAReplay(t *testing.T) {
	r := sealedRouter(t)
	var hello, initiate []byte
	record := curveClient{
		server: testKeys(t).secret.PublicKey().Bytes(), kind: "DEALER",
		hello:    func(p []byte) []byte { hello = p; return p },
		initiate: func(p []byte) []byte { initiate = p; return p },
	}
	conn := dial(t, r.Addr())
	if _, err := record.handshake(t, conn, conn.r); err != nil {
		t.Fatal(err)
	}
	again := dial(t, r.Addr())
	again.send(greeting(mechanismCurve))
	if err := errors.Join(readGreeting(again.r, mechanismCurve), writeCommand(again, "HELLO", hello)); err != nil {
		t.Fatal(err)
	}
	if _, err := expectCommand(again.r, "WELCOME"); err != nil {
		t.Fatal(err)
	}
	if err := writeCommand(again, "INITIATE", initiate); err != nil {
		t.Fatal(err)
	}
	if body, err := expectCommand(again.r, "READY"); err == nil {
		t.Errorf("a recorded handshake was accepted: %q", body)
	}
}

func TestCurveEndsWhatIsChanged(t *testing.T) {
	r := sealedRouter(t)
	for name, spoil := range map[string]func(c *curvePeer) []byte{
		"plain frame":   func(*curvePeer) []byte { return appendFrame(nil, 0, []byte("hello")) },
		"short MESSAGE": func(*curvePeer) []byte { return appendFrame(nil, 0, messageName) },
		"changed":       func(c *curvePeer) []byte { return flip(-1)(c.sealed(0, []byte("hello"))) },
		"nonce twice":   func(c *curvePeer) []byte { m := c.sealed(sealedMore, nil); return append(m, m...) },
		"nonce back": func(c *curvePeer) []byte {
			m := c.sealed(sealedMore, nil)
			c.sent -= 2
			return append(m, c.sealed(0, nil)...)
		},
		"outer more":   func(c *curvePeer) []byte { m := c.sealed(0, nil); m[0] |= flagMore; return m },
		"bad command":  func(c *curvePeer) []byte { return c.sealed(sealedCommand, []byte{200}) },
		"long command": func(c *curvePeer) []byte { return c.sealed(sealedCommand, make([]byte, maxCommand+1)) },
		"claims too much": func(*curvePeer) []byte {
			return appendFrameHeader(nil, 0, maxMessage+int(sealedOverhead)+1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			conn, c := joinCurve(t, r.Addr(), "DEALER")
			conn.send(spoil(c))
			conn.ended()
		})
	}
}

func TestCurveIdleHandshakesEnd(t *testing.T) {
	r := NewRouter(listen(t), testKeys(t), quiet, func([][]byte) {})
	r.patience = 200 * time.Millisecond
	serve(t, r)
	idle := dial(t, r.Addr())
	idle.send(greeting(mechanismCurve))
	idle.ended()
}

func TestParseCurveKeys(t *testing.T) {
	if keys, err := ParseCurveKeys("", ""); keys != nil || err != nil {
		t.Errorf("no keys: %v, error %v", keys, err)
	}
	for _, c := range []struct{ public, secret, want string }{
		{testPublic, "", "missing"},
		{"", testSecret, "missing"},
		{testPublic[1:], testSecret, "public key: 39 characters"},
		{testPublic, testSecret[:39] + "~", "secret key: character 40"},
		{testPublic, testSecret[:35] + "#####", "characters 36 to 40"},
		{testSecret, testPublic, "does not belong"},
	} {
		_, err := ParseCurveKeys(c.public, c.secret)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s and %s: error %v, want %q", c.public, c.secret, err, c.want)
		} else if c.secret != "" && strings.Contains(err.Error(), c.secret[:10]) {
			t.Errorf("the error tells the secret: %v", err)
		}
	}
}

func FuzzDecodeZ85(f *testing.F) {
	f.Add(testPublic)
	f.Add("#########################################")
	f.Fuzz(func(t *testing.T, s string) {
		if key, err := decodeZ85(s); err == nil && len(key) != keySize {
			t.Fatalf("%q is %d bytes", s, len(key))
		}
	})
}

// FuzzCurveInitiate seals whatever the client's box may hold as a client does
// that has the keys.
func FuzzCurveInitiate(f *testing.F) {
	f.Add([]byte{}, false)
	f.Add(make([]byte, keySize+vouchSize), false)
	f.Add(appendProperty(appendProperty(nil, "Socket-Type", "DEALER"), "Identity", "me"), true)
	f.Add([]byte{11, 'S'}, true)
	f.Fuzz(func(t *testing.T, data []byte, vouched bool) {
		c := curveClient{server: testKeys(t).secret.PublicKey().Bytes(), plain: func([]byte) []byte { return data }}
		if vouched {
			c.plain, c.metadata = nil, append([]byte{}, data...)
		}
		client, server := net.Pipe()
		deadline := time.Now().Add(testTime)
		if err := errors.Join(client.SetDeadline(deadline), server.SetDeadline(deadline)); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			defer server.Close()
			peer, _, err := handshake(server, bufio.NewReader(server), testKeys(t), "ROUTER", []string{"DEALER"})
			if err == nil && (peer.socketType != "DEALER" || len(peer.identity) > 255) {
				t.Errorf("accepted %+v", peer)
			}
		}()
		_, _ = c.handshake(t, client, bufio.NewReader(client)) // refused, as a rule
		client.Close()
		<-ended
	})
}

func FuzzCurveHandshake(f *testing.F) {
	f.Add(slices.Concat(greeting(mechanismCurve), appendFrame(nil, flagCommand, append(appendName(nil, "HELLO"), make([]byte, helloSize)...))))
	f.Add(slices.Concat(null, ready("DEALER", "me")))
	f.Fuzz(func(t *testing.T, stream []byte) {
		if peer, _, err := handshake(discard{}, bufio.NewReader(bytes.NewReader(stream)), testKeys(t), "ROUTER", []string{"DEALER"}); err == nil {
			t.Fatalf("accepted %+v without the key", peer)
		}
	})
}

// FuzzCurveMessage reads frames as they come and what a peer with the key may
// put inside them.
func FuzzCurveMessage(f *testing.F) {
	key := new([keySize]byte)
	message := func(plain []byte) []byte {
		return appendFrame(nil, 0, seal(slices.Concat(messageName, short(1)), key, nonceClient, short(1), plain))
	}
	f.Add([]byte{0, 'a'}, true)
	f.Add([]byte{sealedCommand, 200}, true)
	f.Add(message([]byte{0}), false)
	f.Fuzz(func(t *testing.T, data []byte, inside bool) {
		if inside {
			data = message(data)
		}
		r := frameReader{r: bufio.NewReader(bytes.NewReader(data)), curve: &curveSession{key: key}, max: maxMessage}
		for {
			frames, err := r.message(func(string, []byte) error { return nil })
			if err != nil {
				return
			}
			if len(frames) == 0 {
				t.Fatal("a message without frames")
			}
		}
	})
}

func BenchmarkCurveSeal(b *testing.B) {
	for _, size := range []int{300, 64 << 10, 8 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s := &curveSession{key: new([keySize]byte)}
			f := frame{body: make([]byte, size)}
			var dst []byte
			b.SetBytes(int64(size))
			for b.Loop() {
				dst = s.seal(dst[:0], f)
			}
		})
	}
}
