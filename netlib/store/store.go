package store

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Limits of one request, kept well below etcd's own (1.5 MiB, 128 operations) so
// that a cluster with stricter settings serves as well.
const (
	inlineLimit = 64 << 10  // bytes of an entry that is kept in its record
	chunkSize   = 512 << 10 // bytes of one chunk of a longer one
)

// answerTime bounds a request whose caller gave no deadline of its own.
const answerTime = 10 * time.Second

// Config says where the store is.
type Config struct {
	Dir       string       // folder of the embedded store; created, readable by its owner alone
	Endpoints []string     // of an etcd cluster, as URLs; Dir is then not used
	TLS       *tls.Config  // of https endpoints; nil: the system's roots
	Log       *slog.Logger // nil: discard
}

// Store is an open store. It may be used by many goroutines.
type Store struct {
	kv     *clientv3.Client
	log    *slog.Logger
	name   string // "embedded" or the cluster's URLs
	server *embedded
	chunk  int // bytes, chunkSize but in tests
	inline int // bytes, inlineLimit but in tests

	ctx  context.Context // ends with Close
	end  context.CancelFunc
	work sync.WaitGroup // snapshots under way
	once sync.Once
	err  error // of Close

	pace pace
}

// Open opens the store and returns when it answers. The embedded one is taken for
// this process alone; another that has the folder open is an error.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	s := &Store{log: cfg.Log, chunk: chunkSize, inline: inlineLimit}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.ctx, s.end = context.WithCancel(context.Background())
	var err error
	switch {
	case len(cfg.Endpoints) > 0:
		s.name = strings.Join(cfg.Endpoints, ",")
		s.kv, err = dial(ctx, cfg, s.log)
	case cfg.Dir != "":
		s.name = "embedded"
		s.server, err = startEmbedded(ctx, cfg.Dir, s.log)
		if err == nil {
			s.kv = s.server.client
		}
	default:
		err = errors.New("open store: neither a folder nor endpoints given: set Dir for the embedded store or Endpoints for a cluster")
	}
	if err != nil {
		s.end()
		return nil, err
	}
	if err := s.sweep(ctx, s.server != nil); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// String is "embedded", or the cluster's URLs.
func (s *Store) String() string { return s.name }

// Close waits for what is being written and ends the embedded store or the
// connections to the cluster. It may be called twice.
func (s *Store) Close() error {
	s.once.Do(func() {
		s.end()
		s.work.Wait()
		if s.server != nil {
			s.err = s.server.close()
			return
		}
		if err := s.kv.Close(); err != nil && !errors.Is(err, context.Canceled) {
			s.err = fmt.Errorf("close store: %w", err)
		}
	})
	return s.err
}

// dial connects to a cluster and proves that it answers.
func dial(ctx context.Context, cfg Config, log *slog.Logger) (*clientv3.Client, error) {
	kv, err := clientv3.New(clientv3.Config{
		Endpoints:          cfg.Endpoints,
		DialTimeout:        answerTime,
		DialKeepAliveTime:  10 * time.Second,
		MaxCallSendMsgSize: 4 << 20,
		TLS:                tlsFor(cfg),
		Logger:             zapTo(log),
	})
	if err != nil {
		return nil, fmt.Errorf("open store at %s: %w", strings.Join(cfg.Endpoints, ","), err)
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	if _, err := kv.Get(ctx, keyHead); err != nil {
		err = fmt.Errorf("open store: no answer from etcd at %s: %w: check the URLs and that the cluster has a leader", strings.Join(cfg.Endpoints, ","), err)
		return nil, errors.Join(err, kv.Close())
	}
	return kv, nil
}

func tlsFor(cfg Config) *tls.Config {
	if cfg.TLS != nil {
		return cfg.TLS
	}
	for _, e := range cfg.Endpoints {
		if strings.HasPrefix(e, "https://") {
			return &tls.Config{MinVersion: tls.VersionTLS12}
		}
	}
	return nil
}
