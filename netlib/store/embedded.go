package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/fileutil"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"
	"go.etcd.io/etcd/server/v3/storage/wal"
)

// embedded is an etcd server of one member in this process. It is called without
// a socket, so nothing else on the machine can reach it.
type embedded struct {
	lock   *fileutil.LockedFile
	etcd   *embed.Etcd
	client *clientv3.Client
	once   sync.Once
	err    error
}

// startEmbedded starts the server on its folder and waits until it answers.
func startEmbedded(ctx context.Context, dir string, log *slog.Logger) (*embedded, error) {
	lock, err := own(dir)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	smallSegments()
	e := &embedded{lock: lock}
	if e.etcd, err = embed.StartEtcd(embeddedConfig(filepath.Join(dir, "etcd"), log)); err != nil {
		return nil, errors.Join(fmt.Errorf("open store in %s: %w", dir, err), lock.Close())
	}
	select {
	case <-e.etcd.Server.ReadyNotify():
	case <-e.etcd.Server.StopNotify():
		err = errors.New("the embedded etcd ended while starting")
	case <-ctx.Done():
		err = ctx.Err()
	}
	e.client = v3client.New(e.etcd.Server)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open store in %s: %w", dir, err), e.close())
	}
	return e, nil
}

// own makes dir, readable by its owner alone, and takes it for this process.
func own(dir string) (*fileutil.LockedFile, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return nil, err
	}
	lock, err := fileutil.TryLockFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if errors.Is(err, fileutil.ErrLocked) {
		return nil, fmt.Errorf("%s is in use by another process: end the controller that runs on it, or choose another folder", dir)
	}
	return lock, err
}

// smallSegments makes etcd reserve 16 MiB of disk for a new store instead of 128.
// The setting is of the whole process, in which only this package runs etcd.
var smallSegments = sync.OnceFunc(func() { wal.SegmentSizeBytes = 8 << 20 })

// embeddedConfig is a single member that elects itself at once: there is nobody
// to wait for, so short ticks cost nothing but a few wake-ups.
func embeddedConfig(dir string, log *slog.Logger) *embed.Config {
	cfg := embed.NewConfig()
	cfg.Dir, cfg.Name = dir, "fabricbook"
	cfg.ListenPeerUrls, cfg.ListenClientUrls = nil, nil
	cfg.AdvertiseClientUrls = nil
	peer := url.URL{Scheme: "http", Host: "127.0.0.1:2380"} // a name in the member list; nothing listens
	cfg.AdvertisePeerUrls = []url.URL{peer}
	cfg.InitialCluster = cfg.Name + "=" + peer.String()
	cfg.TickMs, cfg.ElectionMs = 20, 100
	cfg.AutoCompactionMode, cfg.AutoCompactionRetention = embed.CompactorModePeriodic, "10m"
	cfg.QuotaBackendBytes = 8 << 30
	cfg.WarningApplyDuration = time.Second
	cfg.WarningUnaryRequestDuration = 2 * time.Second
	cfg.ZapLoggerBuilder = embed.NewZapLoggerBuilder(zapTo(log))
	return cfg
}

func (e *embedded) close() error {
	e.once.Do(func() {
		err := e.client.Close()
		if errors.Is(err, context.Canceled) {
			err = nil
		}
		e.etcd.Close()
		if err = errors.Join(err, e.lock.Close()); err != nil {
			e.err = fmt.Errorf("close store: %w", err)
		}
	})
	return e.err
}
