// SPDX-License-Identifier: Apache-2.0

// Command tessera-bench drives Tessera's POSIX storage with the workloads of bench/log_append.c and prints the
// same JSON line. An entry counts once its future resolved: Tessera has made it durable. It is not made
// to wait for a checkpoint, which our side is.
package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sort"
	"sync"
	"syscall"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

const entrySize = 256

type result struct {
	Entries    int     `json:"entries"`
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"cpu_seconds"`
	P50        float64 `json:"p50_us"`
	P99        float64 `json:"p99_us"`
	RSS        int64   `json:"rss_kb"`
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "tessera-bench:", err)
	os.Exit(1)
}

func usage() (float64, int64) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		fail(err)
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(u.Utime) + seconds(u.Stime), u.Maxrss
}

func newEntry(n uint64, seed []byte) []byte {
	entry := make([]byte, entrySize)
	copy(entry, seed)
	binary.BigEndian.PutUint64(entry, n)
	return entry
}

// run keeps inFlight entries on their way until the time is over or limit entries were handed in.
func run(ctx context.Context, appender *tessera.Appender, inFlight int, seconds float64, limit uint64, acks bool) []float64 {
	var mu sync.Mutex
	var wg sync.WaitGroup
	var next uint64
	var all []float64
	seed := make([]byte, entrySize)
	if _, err := rand.Read(seed); err != nil {
		fail(err)
	}
	end := time.Now().Add(time.Duration(seconds * float64(time.Second)))
	for i := 0; i < inFlight; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			var mine []float64
			for time.Now().Before(end) {
				mu.Lock()
				n := next
				next++
				mu.Unlock()
				if limit > 0 && n >= limit {
					break
				}
				start := time.Now()
				index, err := appender.Add(ctx, tessera.NewEntry(newEntry(n, seed)))()
				if err != nil {
					fail(err)
				}
				if acks {
					fmt.Println(index.Index)
				}
				mine = append(mine, float64(time.Since(start).Nanoseconds())/1000)
			}
			mu.Lock()
			all = append(all, mine...)
			mu.Unlock()
		}()
	}
	wg.Wait()
	return all
}

func main() {
	dir := flag.String("dir", "", "folder of the log")
	inFlight := flag.Int("in-flight", 1, "entries on their way at once")
	batch := flag.Uint("batch", 256, "entries of one batch at most")
	age := flag.Duration("age", time.Millisecond, "longest wait for a batch to fill")
	seconds := flag.Float64("seconds", 2, "how long")
	limit := flag.Uint64("limit", 0, "entries at most; 0 for no limit")
	acks := flag.Bool("acks", false, "print each index when it is durable")
	serve := flag.Bool("http", false, "no workload of its own: answer POST /add")
	check := flag.String("fsck", "", "no workload: recompute the static log in dir, signed by this verifier key")
	prove := flag.Int("prove", 0, "no workload: so many proofs of each kind from the static log in dir")
	flag.Parse()

	ctx := context.Background()
	if *check != "" {
		checkLog(ctx, *dir, *check)
		return
	}
	if *prove > 0 {
		proveFrom(*dir, *prove)
		return
	}
	secret, _, err := note.GenerateKey(rand.Reader, "bench.example/log")
	if err != nil {
		fail(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		fail(err)
	}
	driver, err := posix.New(ctx, posix.Config{Path: *dir})
	if err != nil {
		fail(err)
	}
	options := tessera.NewAppendOptions().
		WithCheckpointSigner(signer).
		WithBatching(*batch, *age).
		WithPushback(uint(*inFlight) * 4)
	appender, shutdown, _, err := tessera.NewAppender(ctx, driver, options)
	if err != nil {
		fail(err)
	}

	if *serve {
		serveHTTP(ctx, appender)
	}
	cpuBefore, _ := usage()
	start := time.Now()
	latencies := run(ctx, appender, *inFlight, *seconds, *limit, *acks)
	elapsed := time.Since(start).Seconds()
	cpuAfter, rss := usage()
	if *acks {
		return
	}
	if err := shutdown(ctx); err != nil {
		fail(err)
	}
	sort.Float64s(latencies)
	n := len(latencies)
	if n == 0 {
		fail(fmt.Errorf("no entry was appended"))
	}
	line, err := json.Marshal(result{
		Entries: n, Seconds: elapsed, CPUSeconds: cpuAfter - cpuBefore,
		P50: latencies[n/2], P99: latencies[n*99/100], RSS: rss,
	})
	if err != nil {
		fail(err)
	}
	fmt.Println(string(line))
}
