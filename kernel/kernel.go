package kernel

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"os/user"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/fabricbook/fabricbook/kernel/engine"
	"github.com/fabricbook/fabricbook/kernel/safety"
	"github.com/fabricbook/fabricbook/kernel/wire"
	"github.com/fabricbook/fabricbook/kernel/zmq"
)

// linger is how long an ending kernel waits for its last messages to be taken.
const linger = time.Second

// Config is what a kernel is made of.
type Config struct {
	// ConnectionFile is the path of the connection file. Ports that are 0 in it
	// are chosen and written back.
	ConnectionFile string
	Engine         engine.Factory // runs the cells
	Version        string         // of this program, shown to the front end
	Banner         string         // first line of a console; a default if empty
	// DataDir keeps the history from one kernel to the next; empty: in memory.
	DataDir string
	// Comms are the targets that a front end may open a comm to, by name.
	Comms map[string]CommTarget
	// Paced keeps output below the rates at which jupyter_server drops it. Serve
	// sets it where the environment shows that jupyter_server is the client.
	Paced bool
	// Notebook is the path of the notebook's file, empty where it is not known.
	// Serve takes it from what jupyter_server tells.
	Notebook string
	// OutputLimit is how much of a cell's streams is shown before the rest goes to
	// a file in DataDir: bytes as 500k or 2M, "off", or empty for 1M.
	OutputLimit string
	Log         *slog.Logger // nil: discarded
}

// Kernel is one running kernel. Make it by New.
type Kernel struct {
	cfg     Config
	log     *slog.Logger
	conn    wire.Connection
	signer  *wire.Signer
	session wire.Session

	shell, control, stdin *zmq.Router
	iopub                 *zmq.XPub
	heartbeat             *zmq.Rep

	handlers  map[string]handler
	out       *output
	engine    *engineSlot
	history   *history
	comms     *comms
	input     *input
	questions *queue // to the engine, while a cell may run
	usage     usage
	debugger  *debugger

	masker  safety.Masker
	journal *safety.Journal
	runbook *safety.Runbook

	mu     sync.Mutex
	shells map[string]*shell // by subshell id; "" is the parent shell
	count  int               // execution count of the last stored cell
	others int               // cells outside the count
	live   map[int]*running  // by engine.Cell.Number

	stop context.CancelFunc
}

// Serve runs a kernel until it is asked to shut down, its client is gone or ctx
// ends. SIGINT interrupts the running cell, SIGTERM ends the kernel.
func Serve(ctx context.Context, cfg Config) error {
	if path := os.Getenv("JPY_SESSION_NAME"); path != "" {
		cfg.Paced = true
		cfg.Notebook = cmp.Or(cfg.Notebook, path)
	}
	cfg.OutputLimit = cmp.Or(cfg.OutputLimit, os.Getenv("FABRICBOOK_OUTPUT_LIMIT"))
	k, err := New(cfg)
	if err != nil {
		return err
	}
	defer k.Close()
	ctx, cancel := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer cancel()
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-interrupts:
				k.Interrupt()
			}
		}
	}()
	if os.Getenv("JPY_PARENT_PID") != "" {
		go watchParent(ctx, os.Getppid(), cancel)
	}
	return k.Run(ctx)
}

// watchParent ends a kernel whose starter died without a word.
func watchParent(ctx context.Context, parent int, end func()) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if os.Getppid() != parent {
				end()
				return
			}
		}
	}
}

// New reads the connection file and opens the sockets' listeners; it serves
// nothing yet.
func New(cfg Config) (*Kernel, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Engine == nil {
		return nil, errors.New("kernel: Config.Engine is missing")
	}
	data, err := os.ReadFile(cfg.ConnectionFile)
	if err != nil {
		return nil, fmt.Errorf("kernel: connection file: %w", err)
	}
	conn, err := wire.ParseConnection(data)
	if err != nil {
		return nil, fmt.Errorf("kernel: %s: %w", cfg.ConnectionFile, err)
	}
	k := &Kernel{
		cfg: cfg, log: cfg.Log, conn: conn,
		session: wire.Session{ID: rand.Text(), Username: username()},
		shells:  map[string]*shell{}, live: map[int]*running{}, stop: func() {},
	}
	if k.signer, err = wire.NewSigner(conn.SignatureScheme, conn.Key); err != nil {
		return nil, err
	}
	k.out = newOutput(k.publish, cfg.Paced)
	k.guard()
	k.debugger = newDebugger(k)
	k.engine = newEngineSlot(k.debugger.watch(cfg.Engine), sink{k}, k.engineDied)
	k.history = newHistory(cfg.DataDir, k.log)
	k.comms = newComms(k, cfg.Comms)
	k.input = newInput()
	k.questions = newQueue()
	k.handlers = k.table()
	k.shells[""] = newShell(k, "")
	return k, k.listen(data)
}

func username() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "kernel"
}

// listen opens the five sockets and writes ports that the system chose into the
// connection file.
func (k *Kernel) listen(file []byte) error {
	before := k.conn
	keys, err := zmq.ParseCurveKeys(k.conn.CurvePublicKey, k.conn.CurveSecretKey)
	if err != nil {
		return fmt.Errorf("kernel: %s: curve_publickey, curve_secretkey: %w", k.cfg.ConnectionFile, err)
	}
	hb, err := k.conn.Listen(&k.conn.HBPort)
	if err == nil {
		k.heartbeat = zmq.NewEcho(hb, keys, k.log)
	}
	open := func(port *int, receive func([][]byte)) *zmq.Router {
		if err != nil {
			return nil
		}
		l, failed := k.conn.Listen(port)
		if failed != nil {
			err = failed
			return nil
		}
		return zmq.NewRouter(l, keys, k.log, receive)
	}
	k.shell = open(&k.conn.ShellPort, func(f [][]byte) { k.receive(k.shell, f) })
	k.control = open(&k.conn.ControlPort, func(f [][]byte) { k.receive(k.control, f) })
	k.stdin = open(&k.conn.StdinPort, k.receiveInput)
	if err == nil {
		l, failed := k.conn.Listen(&k.conn.IOPubPort)
		if err = failed; err == nil {
			k.iopub = zmq.NewXPub(l, keys, k.log, k.welcome)
		}
	}
	if err == nil && k.conn != before {
		err = k.conn.Store(k.cfg.ConnectionFile)
	}
	if err != nil {
		k.closeSockets()
		return fmt.Errorf("kernel: %w", err)
	}
	return nil
}

// Connection is the kernel's connection with the ports in use.
func (k *Kernel) Connection() wire.Connection { return k.conn }

// Run serves until shut down by a client or by ctx. It returns nil then.
func (k *Kernel) Run(ctx context.Context) error {
	ctx, k.stop = context.WithCancel(ctx)
	defer k.stop()
	var tasks sync.WaitGroup
	serving, stopServing := context.WithCancel(context.WithoutCancel(ctx))
	for _, s := range []interface{ Run(context.Context) error }{k.heartbeat, k.control, k.shell, k.stdin, k.iopub} {
		tasks.Go(func() {
			if err := s.Run(serving); err != nil {
				k.log.Error("socket", "err", err)
				k.stop()
			}
		})
	}
	tasks.Go(func() { k.questions.run(ctx) })
	tasks.Go(func() { k.debugger.queue.run(ctx) })
	tasks.Go(func() { k.engine.run(ctx) })
	tasks.Go(func() { k.mainShell().run(ctx) })
	tasks.Go(func() { k.out.run(serving) })
	k.status(nil, wire.Starting)
	<-ctx.Done()
	k.Interrupt()
	k.engine.close()
	k.out.flush()
	k.shutdownSockets()
	stopServing()
	tasks.Wait()
	k.history.close()
	return k.journal.Close()
}

// Close releases what New opened, for a kernel that is not run. It may be
// called twice.
func (k *Kernel) Close() error {
	k.engine.close()
	k.closeSockets()
	return nil
}

func (k *Kernel) closeSockets() {
	for _, s := range []*zmq.Router{k.shell, k.control, k.stdin} {
		if s != nil {
			s.Close()
		}
	}
	if k.iopub != nil {
		k.iopub.Close()
	}
	if k.heartbeat != nil {
		k.heartbeat.Close()
	}
}

// shutdownSockets lets clients take what is queued for them.
func (k *Kernel) shutdownSockets() {
	ctx, cancel := context.WithTimeout(context.Background(), linger)
	defer cancel()
	var all sync.WaitGroup
	for _, s := range []interface{ Shutdown(context.Context) }{k.shell, k.control, k.stdin, k.iopub, k.heartbeat} {
		all.Go(func() { s.Shutdown(ctx) })
	}
	all.Wait()
}

// info is the content of kernel_info_reply.
func (k *Kernel) info() wire.KernelInfo {
	banner := k.cfg.Banner
	if banner == "" {
		banner = "Fabricbook " + k.cfg.Version + ": Go cells for the network fabric (" + runtime.Version() + ")"
	}
	return wire.KernelInfo{
		Status:                "ok",
		ProtocolVersion:       wire.Version,
		Implementation:        "fabricbook",
		ImplementationVersion: k.cfg.Version,
		Banner:                banner,
		LanguageInfo: wire.LanguageInfo{
			Name: "go", Version: runtime.Version()[len("go"):], MIMEType: "text/x-go",
			FileExtension: ".go", PygmentsLexer: "go", CodeMirrorMode: "go",
		},
		HelpLinks: []wire.Link{
			{Text: "Go", URL: "https://go.dev/ref/spec"},
			{Text: "Go standard library", URL: "https://pkg.go.dev/std"},
		},
		Debugger:          true,
		SupportedFeatures: []string{"debugger", "kernel subshells"},
	}
}
