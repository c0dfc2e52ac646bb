package kernel

import (
	"os"
	"runtime"
	"testing"
	"time"
)

func TestUsage(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("what is measured here is read from Linux's /proc")
	}
	var u usage
	first, err := u.measure(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if first["pid"] != os.Getpid() || first["cpu_count"] != runtime.NumCPU() || first["hostname"] == "" {
		t.Errorf("who and where: %v", first)
	}
	if first["kernel_cpu"] != 0.0 || first["host_cpu_percent"] != nil {
		t.Errorf("shares since a question that was not asked: %v", first)
	}
	memory, host := first["kernel_memory"].(uint64), first["host_virtual_memory"].(map[string]any)
	if total := host["total"].(uint64); memory < 1<<20 || memory > total || total < 64<<20 {
		t.Errorf("%d bytes of %d", memory, total)
	}
	if p := host["percent"].(float64); p <= 0 || p >= 100 {
		t.Errorf("%v %% of the memory in use", p)
	}

	// Until the share of a busy process shows: /proc counts in steps of 10 ms.
	for end := time.Now().Add(testTime); ; {
		for spin := time.Now().Add(30 * time.Millisecond); time.Now().Before(spin); {
		}
		now, err := u.measure(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		own, _ := now["kernel_cpu"].(float64)
		all, _ := now["host_cpu_percent"].(float64)
		if own > 0 && own <= 100*float64(runtime.NumCPU())+100 && all > 0 && all <= 100 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("a busy process has the shares %v of one and %v of all processors", own, all)
		}
	}
}

func TestUsageOfWhatIsGone(t *testing.T) {
	var u usage
	found, err := u.measure(1 << 30)
	if err != nil || found["kernel_memory"] != nil || found["kernel_cpu"] != nil {
		t.Errorf("of no process: %v %v", found, err)
	}
}

func TestHostShare(t *testing.T) {
	before := hostTicks{idle: 500, all: 1000}
	for now, want := range map[hostTicks]float64{
		{550, 1100}: 50,
		{600, 1100}: 0,
		{610, 1100}: 0,
		{498, 1100}: 100, // the idle time went back
	} {
		if got, ok := now.busySince(before); !ok || got != want {
			t.Errorf("%v: %v %%, want %v", now, got, want)
		}
	}
	for _, now := range []hostTicks{before, {400, 900}} {
		if got, ok := now.busySince(before); ok {
			t.Errorf("%v: %v %% of no time", now, got)
		}
	}
	if got, ok := before.busySince(hostTicks{}); ok {
		t.Errorf("%v %% since no reading", got)
	}
}

func TestProcFields(t *testing.T) {
	got := fieldsOf([]byte("MemTotal:  16 kB\nHugePages_Total:  3\nbroken\nMemFree: x kB\nPss: 2 kB"))
	if len(got) != 2 || got["MemTotal"] != 16<<10 || got["Pss"] != 2<<10 {
		t.Errorf("%v", got)
	}
}
