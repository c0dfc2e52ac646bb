package zmq

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime"
	"slices"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/go-zeromq/zmq4"
)

// testTime is how long something may take before a test gives it up.
const testTime = time.Minute

var null = greeting(mechanismNull)

var quiet = slog.New(slog.DiscardHandler)

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// serve runs a socket until the test ends and checks that Run returns nil.
func serve(t *testing.T, s interface {
	Run(context.Context) error
	Close() error
}) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("second Close: %v", err)
		}
	})
}

// raw is a peer by hand.
type raw struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func dial(t *testing.T, addr net.Addr) *raw {
	t.Helper()
	conn, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(testTime)); err != nil {
		t.Fatal(err)
	}
	return &raw{t: t, Conn: conn, r: bufio.NewReader(conn)}
}

// join performs the handshake as a peer of the given type.
func join(t *testing.T, addr net.Addr, kind, identity string) *raw {
	t.Helper()
	c := dial(t, addr)
	c.send(null)
	c.send(ready(kind, identity))
	if err := readGreeting(c.r, mechanismNull); err != nil {
		t.Fatal(err)
	}
	if name, _, err := readCommand(c.r); err != nil || name != "READY" {
		t.Fatalf("got %q, error %v, want READY", name, err)
	}
	return c
}

func ready(kind, identity string) []byte {
	body := appendProperty(appendName(nil, "READY"), "Socket-Type", kind)
	return appendFrame(nil, flagCommand, appendProperty(body, "Identity", identity))
}

func subscription(topic string) []byte {
	return appendFrame(nil, flagCommand, append(appendName(nil, "SUBSCRIBE"), topic...))
}

func (c *raw) send(p []byte) {
	c.t.Helper()
	if _, err := c.Write(p); err != nil {
		c.t.Fatal(err)
	}
}

func (c *raw) receive() [][]byte {
	c.t.Helper()
	frames, err := frameReader{r: c.r, max: maxMessage}.message(func(string, []byte) error { return nil })
	if err != nil {
		c.t.Fatal(err)
	}
	return frames
}

// ended waits until the other side has closed the connection.
func (c *raw) ended() {
	c.t.Helper()
	if _, err := io.Copy(io.Discard, c.r); errors.Is(err, context.DeadlineExceeded) || isTimeout(err) {
		c.t.Fatal("the connection was not closed")
	}
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// echoRouter answers each message with the same frames.
func echoRouter(t *testing.T) *Router {
	var r *Router
	r = NewRouter(listen(t), nil, quiet, func(frames [][]byte) {
		if err := r.Send(frames); err != nil {
			t.Logf("send: %v", err)
		}
	})
	return r
}

func TestTalksToZMQ4(t *testing.T) {
	router := echoRouter(t)
	serve(t, router)
	pub := NewXPub(listen(t), nil, quiet, func(topic string) [][]byte { return [][]byte{[]byte(topic), []byte("welcome")} })
	serve(t, pub)
	echo := NewEcho(listen(t), nil, quiet)
	serve(t, echo)
	ctx, cancel := context.WithTimeout(context.Background(), testTime)
	defer cancel()

	dealer := zmq4.NewDealer(ctx, zmq4.WithID(zmq4.SocketIdentity("me")))
	defer dealer.Close()
	req := zmq4.NewReq(ctx)
	defer req.Close()
	sub := zmq4.NewSub(ctx)
	defer sub.Close()
	for s, addr := range map[zmq4.Socket]net.Addr{dealer: router.Addr(), req: echo.Addr(), sub: pub.Addr()} {
		if err := s.Dial("tcp://" + addr.String()); err != nil {
			t.Fatal(err)
		}
	}
	for s, size := range map[zmq4.Socket]int{dealer: 3 << 20, req: 300 << 10} {
		big := bytes.Repeat([]byte("x"), size)
		if err := s.SendMulti(zmq4.NewMsgFrom([]byte("a"), nil, big)); err != nil {
			t.Fatal(err)
		}
		m, err := s.Recv()
		if err != nil || len(m.Frames) != 3 || string(m.Frames[0]) != "a" || !bytes.Equal(m.Frames[2], big) {
			t.Fatalf("%s: %d frames back, error %v", s.Type(), len(m.Frames), err)
		}
	}
	if err := sub.SetOption(zmq4.OptionSubscribe, "top"); err != nil {
		t.Fatal(err)
	}
	if m, err := sub.Recv(); err != nil || string(m.Frames[1]) != "welcome" {
		t.Fatalf("first message %v, error %v, want the welcome", m, err)
	}
	pub.Send([][]byte{[]byte("other"), []byte("no")})
	pub.Send([][]byte{[]byte("topic"), []byte("yes")})
	if m, err := sub.Recv(); err != nil || string(m.Frames[1]) != "yes" {
		t.Fatalf("message %v, error %v, want that of the topic", m, err)
	}
}

func TestIdleHandshakesBlockNobody(t *testing.T) {
	r := echoRouter(t)
	r.patience = time.Hour
	serve(t, r)
	for range 50 {
		dial(t, r.Addr())
	}
	c := join(t, r.Addr(), "DEALER", "")
	c.send(appendFrame(nil, 0, []byte("hello")))
	if got := c.receive(); string(got[0]) != "hello" {
		t.Errorf("got %q", got)
	}
}

func TestIdleHandshakesEnd(t *testing.T) {
	r := echoRouter(t)
	r.patience = 200 * time.Millisecond
	serve(t, r)
	var idle []*raw
	for range 50 {
		idle = append(idle, dial(t, r.Addr()))
	}
	for _, i := range idle {
		i.ended()
	}
}

func TestStrangersAreRefused(t *testing.T) {
	r := echoRouter(t)
	serve(t, r)
	curve := greeting(mechanismCurve)
	old := greeting(mechanismNull)
	old[10] = 2
	for name, bytes := range map[string][]byte{
		"HTTP":              []byte("GET / HTTP/1.1\r\n\r\n"),
		"zeros":             make([]byte, 64),
		"ZMTP 2":            old,
		"CURVE":             curve,
		"wrong type":        slices.Concat(null, ready("PUB", "")),
		"no command":        slices.Concat(null, appendFrame(nil, 0, []byte("READY"))),
		"other command":     slices.Concat(null, appendFrame(nil, flagCommand, appendName(nil, "HELLO"))),
		"huge command":      slices.Concat(null, []byte{flagCommand | flagLong, 0x7F, 255, 255, 255, 255, 255, 255, 255}),
		"name cut":          slices.Concat(null, appendFrame(nil, flagCommand, []byte{200, 'R'})),
		"metadata cut":      slices.Concat(null, appendFrame(nil, flagCommand, append(appendName(nil, "READY"), 11, 'S'))),
		"metadata lies":     slices.Concat(null, appendFrame(nil, flagCommand, append(appendName(appendName(nil, "READY"), "Identity"), 255, 255, 255, 255))),
		"reserved identity": slices.Concat(null, ready("DEALER", "\x00\x00\x00\x00\x01")),
		"reserved flags":    slices.Concat(null, ready("DEALER", ""), []byte{0xF8, 0}),
		"huge frame":        slices.Concat(null, ready("DEALER", ""), []byte{flagLong, 0x7F, 255, 255, 255, 255, 255, 255, 255}),
		"bad ping":          slices.Concat(null, ready("DEALER", ""), appendFrame(nil, flagCommand, appendName(nil, "PING"))),
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, r.Addr())
			c.send(bytes)
			c.ended()
		})
	}
}

func TestPingGetsItsContextBack(t *testing.T) {
	r := echoRouter(t)
	serve(t, r)
	c := join(t, r.Addr(), "DEALER", "")
	c.send(appendFrame(nil, flagCommand, append(appendName(nil, "PING"), 0, 100, 'c', 't', 'x')))
	if name, body, err := readCommand(c.r); err != nil || name != "PONG" || string(body) != "ctx" {
		t.Errorf("got %q %q, error %v, want PONG ctx", name, body, err)
	}
}

func TestRouterKnowsItsPeers(t *testing.T) {
	r := echoRouter(t)
	serve(t, r)
	named := join(t, r.Addr(), "DEALER", "leaf")
	nameless := join(t, r.Addr(), "DEALER", "")
	for _, c := range []*raw{named, nameless} {
		c.send(appendFrame(nil, 0, []byte("one")))
		if got := c.receive(); len(got) != 1 || string(got[0]) != "one" {
			t.Errorf("got %q", got)
		}
	}
	if err := r.Send([][]byte{[]byte("leaf"), []byte("two")}); err != nil {
		t.Fatal(err)
	}
	if got := named.receive(); string(got[0]) != "two" {
		t.Errorf("got %q", got)
	}
	if err := r.Send([][]byte{[]byte("nobody"), []byte("x")}); err == nil {
		t.Error("a message to nobody was sent")
	}
	again := join(t, r.Addr(), "DEALER", "leaf")
	again.send(appendFrame(nil, 0, []byte("back")))
	if got := again.receive(); string(got[0]) != "back" {
		t.Errorf("got %q", got)
	}
	named.ended()
}

func TestStalledSubscriberHarmsNobody(t *testing.T) {
	x := NewXPub(listen(t), nil, quiet, nil)
	x.limit = 4 << 20
	serve(t, x)
	stalled := join(t, x.Addr(), "SUB", "")
	stalled.send(subscription(""))
	reader := join(t, x.Addr(), "SUB", "")
	reader.send(appendFrame(nil, 0, []byte("\x01"))) // as ZMTP 3.0 subscribes
	waitFor(t, "two subscriptions", func() bool { return x.subscribers() == 2 })

	const messages = 3000
	payload := bytes.Repeat([]byte("y"), 10<<10)
	sent := make(chan struct{})
	ahead := make(chan struct{}, 200) // as far that a reader whom a busy machine stops for a while does not look stalled
	go func() {
		defer close(sent)
		for i := range messages {
			ahead <- struct{}{}
			x.Send([][]byte{[]byte("t"), binary.BigEndian.AppendUint64(nil, uint64(i)), payload})
			x.Wait(context.Background(), 1<<20)
		}
	}()
	for i := range messages {
		got := reader.receive()
		<-ahead
		if n := binary.BigEndian.Uint64(got[1]); n != uint64(i) {
			t.Fatalf("message %d came, want %d: lost or out of order", n, i)
		}
	}
	<-sent
	waitFor(t, "the stalled one to be disconnected", func() bool { return x.subscribers() == 1 })
}

// TestSlowSubscriberHoldsNobodyUp has one subscriber read 600 kB a second. Another
// gets everything at once, where waiting for the slow one would take longer than
// testTime; the slow one is still connected.
func TestSlowSubscriberHoldsNobodyUp(t *testing.T) {
	x := NewXPub(listen(t), nil, quiet, nil)
	serve(t, x)
	slow, reader := join(t, x.Addr(), "SUB", ""), join(t, x.Addr(), "SUB", "")
	if err := slow.Conn.(*net.TCPConn).SetReadBuffer(32 << 10); err != nil { // it takes little at a time, and often
		t.Fatal(err)
	}
	slow.send(subscription(""))
	reader.send(subscription(""))
	waitFor(t, "two subscriptions", func() bool { return x.subscribers() == 2 })
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	go func() {
		piece := make([]byte, 30<<10)
		for pause(ctx, 50*time.Millisecond) {
			if _, err := io.ReadFull(slow.r, piece); err != nil {
				return
			}
		}
	}()
	const messages = 900
	payload := bytes.Repeat([]byte("y"), 100<<10)
	go func() {
		for i := range messages {
			x.Send([][]byte{[]byte("t"), binary.BigEndian.AppendUint64(nil, uint64(i)), payload})
			x.Wait(ctx, 1<<20)
		}
	}()
	for i := range messages {
		if n := binary.BigEndian.Uint64(reader.receive()[1]); n != uint64(i) {
			t.Fatalf("message %d came, want %d", n, i)
		}
	}
	if n := x.subscribers(); n != 2 {
		t.Errorf("%d subscribers are left, want 2", n)
	}
}

func TestWhoCountsAsReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPeer(nil, frameReader{}, peerInfo{}, outputLimit)
		if err := p.send([][]byte{make([]byte, 100<<20)}); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			each  time.Duration
			bytes int
			want  bool
		}{
			{10 * time.Millisecond, 20 << 10, true},
			{100 * time.Millisecond, 60 << 10, false},
			{100 * time.Millisecond, 300 << 10, true},
			{2 * time.Second, 300 << 10, false},
		} {
			for range 50 {
				time.Sleep(c.each)
				p.took(c.bytes)
			}
			if _, reads := p.backlog(); reads != c.want {
				t.Errorf("%d bytes each %v: counts as reading: %v, want %v", c.bytes, c.each, reads, c.want)
			}
		}
	})
}

// TestWaitIsForThoseThatRead has a sender wait for a subscriber as long as that one
// takes a megabyte a second, and no longer.
func TestWaitIsForThoseThatRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := &XPub{topics: map[*peer]*topics{}}
		p := newPeer(nil, frameReader{}, peerInfo{}, outputLimit)
		x.topics[p] = &topics{}
		if err := p.send([][]byte{make([]byte, 20<<20)}); err != nil {
			t.Fatal(err)
		}
		waited := func() (time.Duration, chan struct{}) {
			began, done := time.Now(), make(chan struct{})
			go func() { defer close(done); x.Wait(t.Context(), 1<<20) }()
			for range 10 {
				time.Sleep(500 * time.Millisecond)
				select {
				case <-done:
					return time.Since(began), done
				default:
					p.took(600 << 10)
				}
			}
			return time.Since(began), done
		}
		took, done := waited()
		if took != 5*time.Second {
			t.Errorf("one that takes 1.2 MB a second was waited for %v", took)
		}
		began := time.Now()
		<-done // nothing is taken any more
		if d := time.Since(began); d > patient {
			t.Errorf("one that takes nothing was waited for %v more", d)
		}
		p.took(2 << 20)
		p.took(2 << 20)
		p.wrote(19<<20 + 2*frameCost)
		began = time.Now()
		if x.Wait(t.Context(), 2<<20); time.Since(began) != 0 {
			t.Error("waited though less than the limit waits")
		}
	})
}

func (x *XPub) subscribers() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.topics)
}

func waitFor(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline := time.Now().Add(testTime)
	for !is() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestUnsubscribe(t *testing.T) {
	x := NewXPub(listen(t), nil, quiet, func(topic string) [][]byte { return [][]byte{[]byte("welcome " + topic)} })
	serve(t, x)
	c := join(t, x.Addr(), "SUB", "")
	c.send(subscription("a"))
	c.receive()
	c.send(subscription("b"))
	c.receive()
	c.send(appendFrame(nil, flagCommand, append(appendName(nil, "CANCEL"), 'a')))
	c.send(subscription("c"))
	c.receive() // so that the CANCEL has been served
	x.Send([][]byte{[]byte("a1")})
	x.Send([][]byte{[]byte("b1")})
	if got := c.receive(); string(got[0]) != "b1" {
		t.Errorf("got %q, want b1", got)
	}
}

func TestShutdownLetsPeersReadOn(t *testing.T) {
	x := NewXPub(listen(t), nil, quiet, nil)
	serve(t, x)
	c := join(t, x.Addr(), "SUB", "")
	c.send(subscription(""))
	waitFor(t, "the subscription", func() bool { return x.subscribers() == 1 })
	const messages = 500
	for range messages {
		x.Send([][]byte{bytes.Repeat([]byte("z"), 20<<10)})
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		ctx, cancel := context.WithTimeout(context.Background(), testTime)
		defer cancel()
		x.Shutdown(ctx)
	}()
	for range messages {
		c.receive()
	}
	<-ended
	c.ended()
}

func TestCloseEndsEverything(t *testing.T) {
	before := runtime.NumGoroutine()
	r := echoRouter(t)
	done := make(chan error, 1)
	go func() { done <- r.Run(context.Background()) }()
	for i := range 10 {
		join(t, r.Addr(), "DEALER", fmt.Sprint("peer", i))
		dial(t, r.Addr())
	}
	for range 2 {
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
	waitFor(t, "goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
}

func TestReadBodyAllocatesWhatArrives(t *testing.T) {
	r := bufio.NewReader(io.LimitReader(zeros{}, 3<<20))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := readBody(r, 1<<40, nil)
	runtime.ReadMemStats(&after)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v, want an unexpected end", err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 32<<20 {
		t.Errorf("3 MiB arrived, %d bytes were allocated", took)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestUnfinishedMessagesAreBounded lets peers hold the beginnings of messages: all
// together may not take more than maxHeld, and small messages pass all the same.
func TestUnfinishedMessagesAreBounded(t *testing.T) {
	r := echoRouter(t)
	serve(t, r)
	held.Add(maxHeld - 8<<20)
	t.Cleanup(func() { held.Add(8<<20 - maxHeld) })
	small := join(t, r.Addr(), "DEALER", "")
	var holders []*raw
	for range 2 {
		c := join(t, r.Addr(), "DEALER", "")
		c.send(appendFrameHeader(nil, 0, 100<<20))
		c.send(make([]byte, 5<<20))
		holders = append(holders, c)
	}
	for _, c := range holders { // each asks for 16 MiB where 8 are left
		c.ended()
	}
	waitFor(t, "what they held to be given back", func() bool { return held.Load() == maxHeld-8<<20 })
	for range 100 {
		small.send(appendFrame(nil, 0, make([]byte, 60<<10)))
		small.receive()
	}
	held.Add(8 << 20)
	small.send(appendFrame(nil, 0, make([]byte, 60<<10)))
	small.receive()
	if held.Load() != maxHeld {
		t.Errorf("%d bytes are held after all messages are complete", held.Load()-maxHeld)
	}
	held.Add(-8 << 20)
}

// TestAskingWithoutReadingEnds floods sockets with what is answered each time.
func TestAskingWithoutReadingEnds(t *testing.T) {
	x := NewXPub(listen(t), nil, quiet, func(string) [][]byte { return [][]byte{make([]byte, 500)} })
	serve(t, x)
	for kind, question := range map[string][]byte{
		"PING":      appendFrame(nil, flagCommand, append(appendName(nil, "PING"), 0, 9, 'c')),
		"SUBSCRIBE": subscription("topic"),
	} {
		t.Run(kind, func(t *testing.T) {
			c := join(t, x.Addr(), "SUB", "")
			flood := bytes.Repeat(question, 10_000)
			for sent := 0; ; sent += len(flood) {
				_, err := c.Write(flood)
				if isTimeout(err) {
					t.Fatalf("the connection was not closed after %d bytes", sent)
				}
				if err != nil {
					return
				}
			}
		})
	}
}

func TestTooManySubscriptionsEnd(t *testing.T) {
	x := NewXPub(listen(t), nil, quiet, nil)
	serve(t, x)
	same := join(t, x.Addr(), "SUB", "")
	for range 2 * maxTopics {
		same.send(subscription("topic"))
	}
	many, long := join(t, x.Addr(), "SUB", ""), join(t, x.Addr(), "SUB", "")
	for i := range maxTopics + 1 {
		many.send(subscription(fmt.Sprint(i)))
	}
	for i := range 3 {
		long.send(subscription(fmt.Sprint(i, string(make([]byte, maxTopicBytes/2)))))
	}
	many.ended()
	long.ended()
	waitFor(t, "one subscriber to be left", func() bool { return x.subscribers() == 1 })
	x.Send([][]byte{[]byte("topic")})
	if got := same.receive(); string(got[0]) != "topic" {
		t.Errorf("got %q", got)
	}
}

func TestStrangersKeepNobodyOut(t *testing.T) {
	r := echoRouter(t)
	r.patience = time.Hour
	serve(t, r)
	client := join(t, r.Addr(), "DEALER", "")
	say := func(c *raw) {
		t.Helper()
		c.send(appendFrame(nil, 0, []byte("hello")))
		if got := c.receive(); string(got[0]) != "hello" {
			t.Errorf("got %q", got)
		}
	}
	say(client)
	for range maxPeers + 10 { // who connects, and who shakes hands and no more
		dial(t, r.Addr())
	}
	say(join(t, r.Addr(), "DEALER", ""))
	for range maxPeers + 10 {
		join(t, r.Addr(), "DEALER", "")
	}
	say(join(t, r.Addr(), "DEALER", ""))
	say(client)
	waitFor(t, "the identities of those that are gone to be forgotten", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.byID) <= maxPeers
	})
}

// TestWhatWaitsGoesToTheNewConnection stalls a client's connection; the one that
// takes its place gets what the first has not been sent, whole and in order.
func TestWhatWaitsGoesToTheNewConnection(t *testing.T) {
	r := NewRouter(listen(t), nil, quiet, func([][]byte) {})
	serve(t, r)
	old := join(t, r.Addr(), "DEALER", "me")
	waitFor(t, "the client", func() bool { return r.Send([][]byte{[]byte("me"), []byte("start")}) == nil })
	old.receive()
	const messages = 200
	for i := range messages {
		number := binary.BigEndian.AppendUint64(nil, uint64(i))
		if err := r.Send([][]byte{[]byte("me"), number, make([]byte, 200<<10)}); err != nil {
			t.Fatal(err)
		}
	}
	again := join(t, r.Addr(), "DEALER", "me")
	waitFor(t, "the new connection", func() bool { return len(r.peers()) == 1 })
	if err := r.Send([][]byte{[]byte("me"), binary.BigEndian.AppendUint64(nil, messages), nil}); err != nil {
		t.Fatal(err)
	}
	want := uint64(0)
	for first := true; want <= messages; first = false {
		got := again.receive()
		n := binary.BigEndian.Uint64(got[0])
		if first {
			want = n // what came before went out on the old connection
		}
		if n != want || len(got) != 2 {
			t.Fatalf("message %d of %d frames, want %d of 2", n, len(got), want)
		}
		want++
	}
}

func TestReadMessageInPieces(t *testing.T) {
	var stream []byte
	stream = appendFrame(stream, flagMore, []byte("one"))
	stream = appendFrame(stream, flagCommand, appendName(nil, "PONG"))
	stream = appendFrame(stream, flagMore, bytes.Repeat([]byte("2"), 300))
	stream = appendFrame(stream, 0, nil)
	commands := 0
	frames, err := frameReader{r: bufio.NewReader(iotest.OneByteReader(bytes.NewReader(stream))), max: maxMessage}.message(func(string, []byte) error {
		commands++
		return nil
	})
	if err != nil || len(frames) != 3 || len(frames[1]) != 300 || len(frames[2]) != 0 || commands != 1 {
		t.Errorf("frames %q, %d commands, error %v", frames, commands, err)
	}
}

func FuzzReadMessage(f *testing.F) {
	f.Add(appendFrame(appendFrame(nil, flagMore, []byte("a")), 0, bytes.Repeat([]byte("b"), 300)))
	f.Add(appendFrame(nil, flagCommand, append(appendName(nil, "PING"), 0, 1)))
	f.Add([]byte{flagLong, 0x7F, 255, 255, 255, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := bufio.NewReader(bytes.NewReader(stream))
		for {
			frames, err := frameReader{r: r, max: maxMessage}.message(func(string, []byte) error { return nil })
			if err != nil {
				return
			}
			if len(frames) == 0 {
				t.Fatal("a message without frames")
			}
		}
	})
}

func FuzzHandshake(f *testing.F) {
	f.Add(slices.Concat(null, ready("DEALER", "me")))
	f.Add([]byte("GET / HTTP/1.1\r\n"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		peer, _, err := handshake(discard{}, bufio.NewReader(bytes.NewReader(stream)), nil, "ROUTER", []string{"DEALER"})
		if err == nil && (peer.socketType != "DEALER" || len(peer.identity) > 255) {
			t.Fatalf("accepted %+v", peer)
		}
	})
}

// discard is a connection that takes everything and gives nothing.
type discard struct{ net.Conn }

func (discard) Write(p []byte) (int, error) { return len(p), nil }
