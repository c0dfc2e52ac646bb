package store

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fabricbook/fabricbook/netlib"
)

// crashFolder makes the test binary the writer that TestKilledWriter kills.
const crashFolder = "FABRICBOOK_TEST_CRASH_FOLDER"

// testTime is how long something may take before a test gives it up.
const testTime = 2 * time.Minute

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashFolder); dir != "" {
		fmt.Fprintln(os.Stderr, commitForEver(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// crashSize is how many objects the edit of a revision replaces: mostly a few,
// each seventh time so many that they need chunks.
func crashSize(rev uint64) int {
	if rev%7 == 0 {
		return 300
	}
	return 5
}

// commitForEver appends generations and says before and after each what it does.
func commitForEver(dir string) error {
	ctx := context.Background()
	s, err := Open(ctx, Config{Dir: dir})
	if err != nil {
		return err
	}
	s.inline, s.chunk = 4<<10, 4<<10 // an edit of 300 takes about ten chunks
	f, err := s.Load(ctx)
	for err == nil {
		e := generation(f.Revision+1, crashSize(f.Revision+1))
		if f, err = Replay(f, e); err != nil {
			break
		}
		fmt.Println("begin", e.Revision)
		if err = s.Commit(ctx, e, f); err == nil {
			fmt.Println("done", e.Revision)
		}
	}
	return err
}

// TestKilledWriter kills a writer with SIGKILL at random moments, again and again
// on the same folder. What was acknowledged must be there, what was only begun may
// be, and never a part of an edit.
func TestKilledWriter(t *testing.T) {
	if testing.Short() {
		t.Skip("starts 20 processes")
	}
	dir := t.TempDir()
	want := netlib.Fabric{ASN: netlib.DefaultASN}
	unanswered, each := 0, time.Duration(0)
	for round := range 20 {
		nth := 1 // at the first edit of a session and at a later one in turn
		if round%2 == 0 {
			nth = 3 + rand.IntN(8)
		}
		var begun, done uint64
		begun, done, each = runAndKill(t, dir, nth, each)
		done = max(done, want.Revision)
		s := open(t, dir)
		got, err := s.Load(t.Context())
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if got.Revision != done && got.Revision != begun {
			t.Fatalf("round %d: revision %d; the writer was told of %d and had begun %d", round, got.Revision, done, begun)
		}
		if begun > done {
			unanswered++
		}
		for want.Revision < got.Revision {
			rev := want.Revision + 1
			if want, err = Replay(want, generation(rev, crashSize(rev))); err != nil {
				t.Fatal(err)
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("round %d: revision %d is a mixture", round, got.Revision)
		}
		checkNoOrphans(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if want.Revision < 20 {
		t.Errorf("only %d edits in 20 rounds: the test proved little", want.Revision)
	}
	t.Logf("%d edits; %d of 20 kills came in the middle of one", want.Revision, unanswered)
}

// runAndKill kills a writer at a random moment of the edit that it begins as its nth, or
// soon after. It returns the last revisions that the writer began and that it was told
// are stored, and how long an edit took; each is that of the session before.
func runAndKill(t *testing.T, dir string, nth int, each time.Duration) (begun, done uint64, took time.Duration) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashFolder+"="+dir)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	hung := time.AfterFunc(testTime, func() { cmd.Process.Kill() })
	defer hung.Stop()
	edits, began := 0, time.Now()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		word, number, _ := strings.Cut(lines.Text(), " ")
		var rev uint64
		fmt.Sscan(number, &rev)
		if word == "done" {
			done = rev
			continue
		}
		switch edits++; edits {
		case 1:
			began = time.Now()
		case nth:
			each = time.Since(began) / time.Duration(nth-1)
		}
		if edits == nth {
			time.AfterFunc(rand.N(each+each/2+1), func() { cmd.Process.Kill() })
		}
		begun = rev
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.Exited() {
		t.Fatalf("the writer ended by itself: %v: %s", err, complaints.String())
	}
	if edits < nth {
		t.Fatalf("the writer began %d edits, want %d: %s", edits, nth, complaints.String())
	}
	return begun, done, each
}

// checkNoOrphans proves that every chunk belongs to a record.
func checkNoOrphans(t *testing.T, s *Store) {
	t.Helper()
	owned := map[string]bool{}
	for _, k := range keys(t, s, keyOwner) {
		owned[strings.TrimPrefix(k, "owner/")] = true
	}
	for _, k := range keys(t, s, keyChunks) {
		if id := strings.Split(k, "/")[1]; !owned[id] {
			t.Fatalf("chunk %s belongs to no record", k)
		}
	}
}
