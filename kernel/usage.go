package kernel

import (
	"bufio"
	"bytes"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

// userHz is the unit of the processor times in /proc: ticks a second (proc(5)).
const userHz = 100

// usage measures what the kernel uses of its machine, by Linux's /proc; what a
// system does not tell is left out of the answers. Shares of processors are those
// since the question before.
type usage struct {
	mu    sync.Mutex
	asked time.Time
	ticks map[int]uint64 // of each process of the kernel
	host  hostTicks
}

// hostTicks are the ticks of all processors since the machine started.
type hostTicks struct{ idle, all uint64 }

// measure is the content of usage_reply; pids are the kernel's processes, its
// own first.
func (u *usage) measure(pids ...int) (map[string]any, error) {
	name, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	found := map[string]any{"hostname": name, "pid": os.Getpid(), "cpu_count": runtime.NumCPU()}
	var memory uint64
	for _, pid := range pids {
		memory += residentBytes(pid)
	}
	if memory > 0 {
		found["kernel_memory"] = memory
	}
	if host := hostMemory(); host != nil {
		found["host_virtual_memory"] = host
	}
	u.shares(found, pids)
	return found, nil
}

// shares adds the percentages of processors: of one for the kernel, so that it
// can be more than 100, and of all for the host. The first answer has no share
// of the host.
func (u *usage) shares(found map[string]any, pids []int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	now, ticks, known := time.Now(), map[int]uint64{}, false
	var used uint64
	for _, pid := range pids {
		t, ok := processTicks(pid)
		if !ok {
			continue
		}
		known, ticks[pid] = true, t
		if before, measured := u.ticks[pid]; measured && t > before {
			used += t - before
		}
	}
	if known {
		share := 0.0
		if span := now.Sub(u.asked).Seconds(); !u.asked.IsZero() && span > 0 {
			share = float64(used) / userHz / span * 100
		}
		found["kernel_cpu"] = share
	}
	if host, ok := readHostTicks(); ok {
		if share, ok := host.busySince(u.host); ok {
			found["host_cpu_percent"] = share
		}
		u.host = host
	}
	u.asked, u.ticks = now, ticks
}

// busySince is the share of all processors, in percent, that was used since an
// earlier reading; the zero value is none. The idle time may go back: what waits
// for input and output is not counted exactly (proc(5)).
func (t hostTicks) busySince(before hostTicks) (percent float64, ok bool) {
	if before.all == 0 || t.all <= before.all {
		return 0, false
	}
	all := t.all - before.all
	idle := min(all, max(t.idle, before.idle)-before.idle)
	return 100 - 100*float64(idle)/float64(all), true
}

// proc reads a file below /proc, empty where there is none.
func proc(name string) []byte {
	data, err := os.ReadFile("/proc/" + name)
	if err != nil {
		return nil
	}
	return data
}

// residentBytes is a process's resident memory. What processes share, as this
// kernel's two do with their program, counts in parts that add up.
func residentBytes(pid int) uint64 {
	dir := strconv.Itoa(pid)
	if share, ok := fieldsOf(proc(dir + "/smaps_rollup"))["Pss"]; ok {
		return share
	}
	fields := strings.Fields(string(proc(dir + "/statm")))
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseUint(fields[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * uint64(os.Getpagesize())
}

// processTicks is the processor time of a process since its start.
func processTicks(pid int) (ticks uint64, ok bool) {
	stat := proc(strconv.Itoa(pid) + "/stat")
	// The second field is the program's name in parentheses and may hold any byte.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const utime, stime = 11, 12
	if len(fields) <= stime {
		return 0, false
	}
	user, err1 := strconv.ParseUint(fields[utime], 10, 64)
	system, err2 := strconv.ParseUint(fields[stime], 10, 64)
	return user + system, err1 == nil && err2 == nil
}

func readHostTicks() (t hostTicks, ok bool) {
	line, _, _ := strings.Cut(string(proc("stat")), "\n")
	fields := strings.Fields(line)
	const idle, iowait, last = 4, 5, 8 // what follows is counted in user time as well
	if len(fields) <= last || fields[0] != "cpu" {
		return t, false
	}
	for i, field := range fields[1 : last+1] {
		n, err := strconv.ParseUint(field, 10, 64)
		if err != nil {
			return t, false
		}
		if t.all += n; i+1 == idle || i+1 == iowait {
			t.idle += n
		}
	}
	return t, true
}

// hostMemory is the machine's memory in bytes, by the names that front ends know;
// nil where the system does not tell.
func hostMemory() map[string]any {
	info := fieldsOf(proc("meminfo"))
	total, available := info["MemTotal"], info["MemAvailable"]
	if total == 0 || available > total {
		return nil
	}
	return map[string]any{
		"total": total, "available": available, "used": total - available,
		"percent": 100 * float64(total-available) / float64(total),
		"free":    info["MemFree"], "active": info["Active"], "inactive": info["Inactive"],
		"buffers": info["Buffers"], "cached": info["Cached"], "shared": info["Shmem"], "slab": info["Slab"],
	}
}

// fieldsOf reads lines such as "MemTotal: 16 kB" as bytes by name.
func fieldsOf(data []byte) map[string]uint64 {
	found := map[string]uint64{}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), ":")
		number, isSize := strings.CutSuffix(strings.TrimSpace(value), " kB")
		if n, err := strconv.ParseUint(number, 10, 64); ok && isSize && err == nil {
			found[name] = n << 10
		}
	}
	return found
}
